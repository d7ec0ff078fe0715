-- title: 失能独居老人上门随访名单（脱敏）
-- principal: demo-health
-- purpose: elderly_care
-- why: Health plans home visits and may know how many and roughly where, not who: names, numbers and addresses are masked.
-- expect: masked
SELECT
    g.village_name,
    e.name,
    e.birth_date,
    e.address,
    e.phone,
    e.care
FROM civil_affairs.elderly AS e
JOIN natural_resources.grid AS g ON g.grid_id = e.grid_id
WHERE e.lives_alone AND e.care = '失能'
ORDER BY g.grid_id, e.record_id
