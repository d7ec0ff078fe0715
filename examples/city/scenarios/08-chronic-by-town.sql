-- title: 各镇街慢性病患者数与控制率
-- principal: demo-health
-- purpose: public_health
-- why: Chronic disease by town and over the district, per thousand people of the population base.
-- expect: answered
WITH people AS (
    SELECT town_code, count(*) AS residents
    FROM public_security.person
    WHERE status = '正常'
    GROUP BY town_code
),
cases AS (
    SELECT
        town_code,
        disease,
        count(DISTINCT person_id) AS patients,
        count(*) FILTER (WHERE controlled) AS controlled,
        count(*) FILTER (WHERE last_visit_on < DATE '2026-05-01') AS not_visited_for_half_a_year
    FROM health.chronic_disease
    GROUP BY town_code, disease
)
SELECT
    coalesce(t.name, '全区') AS town,
    c.disease,
    sum(c.patients) AS patients,
    round(1000.0 * sum(c.patients) / sum(p.residents), 2) AS per_thousand,
    round(100.0 * sum(c.controlled) / sum(c.patients), 1) AS controlled_percent,
    sum(c.not_visited_for_half_a_year) AS not_visited_for_half_a_year
FROM cases AS c
JOIN people AS p ON p.town_code = c.town_code
JOIN district_office.town AS t ON t.town_code = c.town_code
GROUP BY GROUPING SETS ((t.name, c.disease), (c.disease))
ORDER BY c.disease, grouping(t.name), patients DESC, town
