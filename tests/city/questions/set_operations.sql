-- Set operations: with and without duplicates, nested, over departments mixed.
-- principal: demo-district
-- purpose: statistics

-- question: union_all_of_departments
-- why: Rows of three engines one after the other.
SELECT '企业' AS kind, town_code, count(*) AS n FROM market_regulation.enterprise GROUP BY town_code
UNION ALL
SELECT '宗地', town_code, count(*) FROM natural_resources.parcel GROUP BY town_code
UNION ALL
SELECT '低保', town_code, count(*) FROM civil_affairs.low_income GROUP BY town_code
ORDER BY kind, town_code;

-- question: union_drops_duplicates
-- why: NULL equals NULL in a set operation.
SELECT remark FROM district_office.town UNION SELECT NULL UNION SELECT '区政府驻地';

-- question: intersect
-- why: Villages' towns known to two departments.
SELECT town_code FROM natural_resources.school WHERE kind = '高级中学'
INTERSECT
SELECT town_code FROM civil_affairs.low_income;

-- question: intersect_all_counts
-- why: As many copies as both sides have.
SELECT town_code FROM natural_resources.school INTERSECT ALL SELECT town_code FROM civil_affairs.low_income;

-- question: except
-- why: Grids in which no resident lives.
-- principal: demo-civil
-- purpose: elderly_care
SELECT grid_id FROM natural_resources.grid EXCEPT SELECT grid_id FROM city.resident WHERE lives_alone;

-- question: except_all_leaves_copies
-- why: One copy less for each on the other side.
SELECT town_code FROM natural_resources.parcel EXCEPT ALL SELECT town_code FROM natural_resources.school;

-- question: nested_with_parentheses
-- why: Parentheses decide what is subtracted.
SELECT town_code FROM district_office.town
EXCEPT
(SELECT town_code FROM civil_affairs.low_income WHERE level = '三类'
 EXCEPT
 SELECT town_code FROM natural_resources.school WHERE kind = '高级中学');

-- question: intersect_binds_stronger
-- why: INTERSECT goes before UNION.
SELECT 1 AS n UNION SELECT 2 INTERSECT SELECT 3;

-- question: order_and_limit_over_all
-- why: ORDER BY and LIMIT belong to the whole operation.
SELECT name FROM district_office.town UNION ALL SELECT village_name FROM natural_resources.grid ORDER BY name LIMIT 12;

-- question: order_and_limit_in_an_arm
-- why: In parentheses they belong to one side.
(SELECT registered_capital AS amount FROM market_regulation.enterprise ORDER BY registered_capital DESC, industry_code LIMIT 3)
UNION ALL
(SELECT area_m2 FROM natural_resources.parcel ORDER BY area_m2 DESC LIMIT 3)
ORDER BY amount;

-- question: types_find_a_common_one
-- why: DECIMAL(18,4), DECIMAL(12,2) and INTEGER meet in one column.
SELECT max(registered_capital) AS v FROM market_regulation.enterprise
UNION ALL SELECT max(area_m2) FROM natural_resources.parcel
UNION ALL SELECT max(insured_count) FROM human_resources.employer;

-- question: names_come_from_the_first
-- why: Columns are named by the first arm.
SELECT town_code AS code, name FROM district_office.town WHERE name LIKE '龙%'
UNION
SELECT grid_id, grid_name FROM natural_resources.grid WHERE grid_name LIKE '龙潭镇潭边村%';

-- question: in_a_subquery_and_grouped
-- why: A set operation as a table.
SELECT u.source, count(*) AS n, count(DISTINCT u.code) AS towns
FROM (
    SELECT 'a' AS source, town_code AS code FROM public_security.person WHERE nation = '壮族'
    UNION ALL
    SELECT 'b', destination_code FROM public_security.migrant WHERE origin_province = '湖南省'
) AS u
GROUP BY u.source
ORDER BY u.source;

-- question: in_an_exists
-- why: A set operation inside a correlated subquery.
SELECT t.name
FROM district_office.town AS t
WHERE EXISTS (
    SELECT 1 FROM civil_affairs.low_income AS l WHERE l.town_code = t.town_code AND l.level = '一类'
    UNION ALL
    SELECT 1 FROM natural_resources.school AS s WHERE s.town_code = t.town_code AND s.kind = '高级中学'
)
ORDER BY t.name;

-- question: within_postgresql
-- principal: demo-police
-- why: A set operation that one database runs alone.
SELECT household_id FROM public_security.household WHERE member_count >= 5
EXCEPT
SELECT household_id FROM public_security.person WHERE residence_kind = '流动'
ORDER BY household_id;

-- question: within_mariadb
-- principal: demo-social
-- why: Codes differ by case and blanks, which MariaDB's own UNION would not see.
SELECT person_id FROM human_resources.insured_person UNION SELECT person_id FROM human_resources.pension_payment;

-- question: within_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: INTERSECT in a SQLite file.
SELECT person_id FROM civil_affairs.disability INTERSECT SELECT person_id FROM civil_affairs.elderly;

-- question: of_aggregates_from_all_engines
-- why: One line per engine.
SELECT 'postgresql' AS engine, count(*) AS n FROM market_regulation.enterprise
UNION ALL SELECT 'mariadb', count(*) FROM human_resources.employer
UNION ALL SELECT 'sqlite', count(*) FROM district_office.town
UNION ALL SELECT 'duckdb', count(*) FROM natural_resources.grid
UNION ALL SELECT 'all towns', count(*) FROM city.resident
ORDER BY engine;
