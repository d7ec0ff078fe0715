-- title: 各镇街慢性病费用（不足十人的组不显示）
-- principal: demo-district
-- purpose: statistics
-- why: What chronic disease costs, by town and disease. A group of fewer than ten people is left out, and the answer says so.
-- expect: answered
SELECT
    town_code,
    disease,
    count(DISTINCT person_id) AS patients,
    round(avg(yearly_cost), 0) AS yearly_cost
FROM health.chronic_disease
GROUP BY town_code, disease
ORDER BY disease, town_code
