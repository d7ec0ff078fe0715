-- title: 在册残疾人建档就诊情况（假名关联）
-- principal: demo-district
-- purpose: statistics
-- why: How many registered disabled people the clinics know, by kind and sex. Two departments' people meet by pseudonym: no number leaves either.
-- expect: answered
SELECT d.kind, p.sex, count(DISTINCT p.person_id) AS people
FROM civil_affairs.disability AS d
JOIN health.patients AS p ON p.person_id = d.person_id
GROUP BY d.kind, p.sex
ORDER BY d.kind, p.sex
