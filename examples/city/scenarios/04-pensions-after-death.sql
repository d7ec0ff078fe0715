-- title: 已故人员养老金发放核查
-- principal: demo-auditor
-- purpose: audit
-- why: A death that one register missed may stand in another: certificates and cremations together, against pensions and the population base.
-- expect: answered
WITH deaths AS (
    SELECT person_id, min(died_on) AS died_on, string_agg(source, '+' ORDER BY source) AS sources
    FROM (
        SELECT person_id, CAST(died_at AS DATE) AS died_on, '死亡证明' AS source FROM health.death_certificate
        UNION ALL
        SELECT person_id, cremated_on, '火化登记' FROM civil_affairs.cremation
    ) AS registered
    GROUP BY person_id
)
SELECT
    t.name AS town,
    d.sources,
    coalesce(r.status, '无户籍记录') AS population_status,
    count(DISTINCT d.person_id) AS persons,
    count(*) AS payments,
    sum(p.amount) AS overpaid
FROM human_resources.pension_payment AS p
JOIN deaths AS d ON d.person_id = upper(trim(p.person_id)) AND p.pay_month > d.died_on
LEFT JOIN public_security.person AS r ON r.person_id = d.person_id
LEFT JOIN district_office.town AS t ON t.town_code = p.town_code
GROUP BY t.name, d.sources, coalesce(r.status, '无户籍记录')
ORDER BY overpaid DESC, town, d.sources, population_status
