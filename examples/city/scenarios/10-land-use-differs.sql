-- title: 登记用途与规划用途不一致的企业用地
-- principal: demo-land
-- purpose: land_management
-- why: Land used otherwise than planned, who holds it, and what tax each square metre yields: where to begin renewal.
-- expect: answered
WITH yield AS (
    SELECT credit_code, sum(amount) AS tax_paid
    FROM tax.payment
    WHERE paid_at >= TIMESTAMP '2026-01-01 00:00:00'
    GROUP BY credit_code
)
SELECT
    p.parcel_no,
    p.registered_use,
    p.planned_use,
    p.area_m2,
    e.name AS holder,
    e.status,
    coalesce(y.tax_paid, 0) AS tax_paid,
    round(coalesce(y.tax_paid, 0) / p.area_m2, 2) AS tax_per_m2
FROM natural_resources.parcel AS p
JOIN market_regulation.enterprise AS e ON e.credit_code = upper(trim(p.holder_code))
LEFT JOIN yield AS y ON y.credit_code = e.credit_code
WHERE p.registered_use <> p.planned_use AND p.area_m2 >= 1000
ORDER BY p.area_m2 DESC, p.parcel_no
