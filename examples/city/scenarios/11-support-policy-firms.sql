-- title: 稳岗惠企政策免申即享企业名单
-- principal: demo-market
-- purpose: enterprise_service
-- why: Firms that qualify without applying: at work for three years, tax paid, many insured, nothing owed, no open hazard.
-- expect: answered
SELECT
    e.name,
    t.name AS town,
    h.insured_count,
    sum(p.amount) AS tax_paid
FROM market_regulation.enterprise AS e
JOIN human_resources.employer AS h ON h.credit_code = e.credit_code
JOIN tax.payment AS p ON p.credit_code = e.credit_code
JOIN district_office.town AS t ON t.town_code = e.town_code
WHERE e.status = '存续'
    AND e.industry_code LIKE 'C%'
    AND e.established_on <= DATE '2023-11-01'
    AND h.insured_count >= 15
    AND h.arrears = 0
    AND NOT EXISTS (
        SELECT 1
        FROM emergency.inspection AS i
        WHERE i.credit_code = e.credit_code
            AND (i.open_hazards > 0 OR (i.inspected_on IS NULL AND i.planned_on < DATE '2026-10-15'))
    )
GROUP BY e.credit_code, e.name, t.name, h.insured_count
HAVING sum(p.amount) >= 200000
ORDER BY tax_paid DESC, e.name
