-- title: 用工大户安全检查逾期清单
-- principal: demo-emergency
-- purpose: safety
-- why: Overdue inspections matter most where many people work: inspections, registration and social security together.
-- expect: answered
SELECT
    e.name,
    e.industry_code,
    h.insured_count,
    count(*) AS overdue_inspections,
    min(i.planned_on) AS overdue_since,
    max(DATE '2026-11-01' - i.planned_on) AS longest_days
FROM emergency.inspection AS i
JOIN market_regulation.enterprise AS e ON e.credit_code = i.credit_code
JOIN human_resources.employer AS h ON h.credit_code = i.credit_code
WHERE i.inspected_on IS NULL
    AND i.planned_on < DATE '2026-10-15'
    AND h.insured_count >= 10
GROUP BY e.name, e.industry_code, h.insured_count
ORDER BY h.insured_count DESC, e.name
