-- title: 各网格独居八十岁以上老人
-- principal: demo-civil
-- purpose: elderly_care
-- why: Which grids have most people over eighty living alone, how many of them need care, and which keeper to call.
-- expect: answered
SELECT
    g.grid_name,
    g.keeper,
    g.keeper_phone,
    count(DISTINCT r.person_id) AS alone_over_80,
    count(DISTINCT r.person_id) FILTER (WHERE e.care IN ('半自理', '失能')) AS of_them_in_care
FROM city.resident AS r
JOIN natural_resources.grid AS g ON g.grid_id = r.grid_id
LEFT JOIN civil_affairs.elderly AS e ON e.person_id = r.person_id
WHERE r.lives_alone AND r.birth_date <= DATE '1946-11-01'
GROUP BY g.grid_id, g.grid_name, g.keeper, g.keeper_phone
ORDER BY alone_over_80 DESC, g.grid_id
LIMIT 20
