-- title: 外来务工人员来源地与目的地
-- principal: demo-social
-- purpose: statistics
-- why: Social security plans its service windows: where workers come from, which town they go to, how many are insured.
-- expect: answered
SELECT
    m.origin_province,
    t.name AS town,
    count(DISTINCT upper(m.person_id)) AS workers,
    count(DISTINCT i.insurance_no) AS insured,
    round(100.0 * count(DISTINCT i.insurance_no) / count(DISTINCT upper(m.person_id)), 1) AS insured_percent,
    round(avg(i.monthly_base), 0) AS mean_monthly_base
FROM public_security.migrant AS m
JOIN district_office.town AS t ON t.town_code = m.destination_code
LEFT JOIN human_resources.insured_person AS i
    ON upper(trim(i.person_id)) = upper(m.person_id) AND i.insured_until IS NULL
WHERE NOT m.cancelled AND m.reason = '务工'
GROUP BY m.origin_province, t.name
HAVING count(DISTINCT upper(m.person_id)) >= 10
ORDER BY workers DESC, m.origin_province, town
