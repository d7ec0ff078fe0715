-- title: 超目的使用死亡证明（拒绝）
-- principal: demo-social
-- purpose: statistics
-- why: Social security may see death certificates to stop pensions, under benefit_review; statistics on causes are another purpose.
-- expect: refused
SELECT d.cause, count(*) AS deaths
FROM health.death_certificate AS d
JOIN human_resources.pension_payment AS p ON upper(trim(p.person_id)) = d.person_id
GROUP BY d.cause
ORDER BY deaths DESC, d.cause
