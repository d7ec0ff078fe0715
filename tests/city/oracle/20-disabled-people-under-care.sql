-- Without pseudonyms: numbers are the same when they differ in blanks, full-width digits and the case of their X.
WITH patients AS (
    SELECT
        upper(trim(translate(sfzh, '０１２３４５６７８９Ｘｘ　', '0123456789XX '))) AS person_id,
        CASE xb WHEN '1' THEN '男' WHEN '2' THEN '女' ELSE xb END AS sex
    FROM memory."raw health".t_hzjbxx
),
disabled AS (
    SELECT
        upper(trim(translate(sfzh, '０１２３４５６７８９Ｘｘ　', '0123456789XX '))) AS person_id,
        CASE cjlb WHEN '1' THEN '视力' WHEN '2' THEN '听力' WHEN '3' THEN '言语' WHEN '4' THEN '肢体'
            WHEN '5' THEN '智力' WHEN '6' THEN '精神' WHEN '7' THEN '多重' ELSE cjlb END AS kind
    FROM memory."raw civil_affairs".t_cjr
)
SELECT d.kind, p.sex, count(DISTINCT p.person_id) AS people
FROM disabled AS d
JOIN patients AS p ON p.person_id = d.person_id
GROUP BY d.kind, p.sex
ORDER BY d.kind, p.sex
