-- The floor written out: groups of fewer than ten people are not there.
SELECT
    szxz AS town_code,
    CASE jbdm WHEN 'I10' THEN '高血压' WHEN 'E11' THEN '糖尿病' WHEN 'I25' THEN '冠心病' WHEN 'J44' THEN '慢阻肺'
        WHEN 'I63' THEN '脑卒中' WHEN 'F20' THEN '精神分裂症' ELSE jbdm END AS disease,
    count(DISTINCT upper(trim(sfzh))) AS patients,
    round(avg(nfy), 0) AS yearly_cost
FROM memory."raw health".t_mxbdj
GROUP BY 1, 2
HAVING count(DISTINCT upper(trim(sfzh))) >= 10
ORDER BY disease, town_code
