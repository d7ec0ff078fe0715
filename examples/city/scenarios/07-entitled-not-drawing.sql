-- title: 应享未享高龄津贴人员
-- principal: demo-civil
-- purpose: benefit_review
-- why: Locals of eighty and over whom the towns list, who did not die, and who drew no old-age allowance in October.
-- expect: answered
SELECT
    r.department,
    r.person_id,
    r.birth_date,
    r.lives_alone,
    g.village_name
FROM city.resident AS r
JOIN natural_resources.grid AS g ON g.grid_id = r.grid_id
WHERE r.residence_kind = '户籍'
    AND r.birth_date <= DATE '1946-10-01'
    AND NOT EXISTS (
        SELECT 1
        FROM civil_affairs.benefit AS b
        WHERE b.kind = '高龄津贴'
            AND b.pay_month = DATE '2026-10-01'
            AND upper(trim(b.person_id)) = r.person_id
    )
    AND NOT EXISTS (SELECT 1 FROM health.death_certificate AS d WHERE d.person_id = r.person_id)
ORDER BY r.birth_date, r.person_id, r.department
