-- title: 镇街办事员：本镇九十岁以上老人慰问名单
-- principal: demo-clerk
-- purpose: town_service
-- why: A clerk asks all towns' registers and gets the rows of their own town only: the row filter at work.
-- expect: answered
SELECT department, name, sex, birth_date, address, phone
FROM city.resident
WHERE birth_date <= DATE '1936-11-01'
ORDER BY birth_date, record_id
