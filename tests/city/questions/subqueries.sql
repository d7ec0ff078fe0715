-- Subqueries: correlated or not, with the traps of IN and NOT IN over NULLs.
-- principal: demo-civil
-- purpose: benefit_review

-- question: exists_across_engines
-- why: Elderly people of a SQLite table who stand in any town's register as living alone.
SELECT e.record_id, e.birth_date
FROM civil_affairs.elderly AS e
WHERE EXISTS (SELECT 1 FROM city.resident AS r WHERE r.person_id = e.person_id AND r.lives_alone)
ORDER BY e.record_id
LIMIT 20;

-- question: not_exists_with_two_conditions
-- why: Benefits to people who have no patient record of the same name.
SELECT count(*) AS payments, count(DISTINCT b.person_id) AS people
FROM civil_affairs.benefit AS b
WHERE NOT EXISTS (
    SELECT 1 FROM health.patients AS p WHERE p.person_id = b.person_id AND p.enrolled_on < b.pay_month
);

-- question: exists_within_sqlite
-- why: Correlated over one SQLite file.
SELECT e.care, count(*) AS people
FROM civil_affairs.elderly AS e
WHERE EXISTS (SELECT 1 FROM civil_affairs.benefit AS b WHERE upper(trim(b.person_id)) = e.person_id AND b.kind = '高龄津贴')
GROUP BY e.care
ORDER BY e.care;

-- question: not_exists_within_postgresql
-- principal: demo-police
-- purpose: statistics
-- why: Households of which nobody is registered as head.
SELECT count(*) AS headless
FROM public_security.household AS h
WHERE NOT EXISTS (
    SELECT 1 FROM public_security.person AS p WHERE p.household_id = h.household_id AND p.relation = '户主' AND p.status = '正常'
);

-- question: exists_within_mariadb
-- principal: demo-social
-- purpose: statistics
-- why: Employers with someone insured at a base above nine thousand.
SELECT e.name, e.arrears
FROM human_resources.employer AS e
WHERE EXISTS (SELECT 1 FROM human_resources.insured_person AS i WHERE i.credit_code = e.credit_code AND i.monthly_base > 9000)
ORDER BY e.name;

-- question: exists_within_duckdb
-- principal: demo-land
-- purpose: land_management
-- why: Grids with a parcel used otherwise than planned.
SELECT g.grid_name
FROM natural_resources.grid AS g
WHERE EXISTS (SELECT 1 FROM natural_resources.parcel AS p WHERE p.grid_id = g.grid_id AND p.registered_use <> p.planned_use)
ORDER BY g.grid_id;

-- question: in_subquery
-- why: IN over a column that may be NULL still finds its matches.
SELECT e.record_id
FROM civil_affairs.elderly AS e
WHERE e.person_id IN (SELECT r.person_id FROM city.resident AS r WHERE r.department = 'town_baisha')
ORDER BY e.record_id
LIMIT 10;

-- question: not_in_with_nulls_finds_nothing
-- why: One NULL in the list, and NOT IN is never true.
-- empty: the towns' registers have people without a number, so NOT IN excludes everybody
SELECT e.record_id
FROM civil_affairs.elderly AS e
WHERE e.person_id NOT IN (SELECT r.person_id FROM city.resident AS r);

-- question: not_in_without_nulls
-- why: The same with the NULLs taken out.
SELECT count(*) AS unlisted
FROM civil_affairs.elderly AS e
WHERE e.person_id NOT IN (SELECT r.person_id FROM city.resident AS r WHERE r.person_id IS NOT NULL AND r.lives_alone);

-- question: null_not_in_an_empty_list_is_true
-- why: NOT IN over no rows is true, also for NULL.
SELECT count(*) AS people, count(person_id) AS with_number
FROM city.resident
WHERE person_id NOT IN (SELECT cremation_no FROM civil_affairs.cremation WHERE parlour = '没有的殡仪馆')
    AND department = 'town_hekou';

-- question: in_list_with_null
-- why: A NULL in a list of literals makes NOT IN unknown, and IN only true or unknown.
SELECT care, care IN ('失能', NULL) AS one_of, care NOT IN ('失能', NULL) AS none_of, count(*) AS people
FROM civil_affairs.elderly
GROUP BY care
ORDER BY care;

-- question: row_value_in_subquery
-- why: Two columns compared at once.
SELECT count(*) AS payments
FROM civil_affairs.benefit AS b
WHERE (b.person_id, b.town_code) IN (SELECT d.person_id, d.town_code FROM civil_affairs.disability AS d WHERE d.grade <= 2);

-- question: scalar_subquery_in_select
-- why: One value per row, NULL where there is no row.
SELECT t.name,
    (SELECT count(*) FROM civil_affairs.disability AS d WHERE d.town_code = t.town_code AND d.grade = 1) AS gravest,
    (SELECT max(c.cremated_on) FROM civil_affairs.cremation AS c JOIN civil_affairs.elderly AS e ON e.person_id = c.person_id
     WHERE e.town_code = t.town_code) AS last_cremation
FROM district_office.town AS t
ORDER BY t.name;

-- question: scalar_subquery_in_where
-- why: Payments above the mean of their own kind.
SELECT b.kind, count(*) AS above_mean
FROM civil_affairs.benefit AS b
WHERE b.amount > (SELECT avg(x.amount) FROM civil_affairs.benefit AS x WHERE x.kind = b.kind)
GROUP BY b.kind
ORDER BY b.kind;

-- question: scalar_subquery_in_having_and_order
-- why: Subqueries where aggregates are compared and sorted.
SELECT d.town_code, count(*) AS certificates
FROM civil_affairs.disability AS d
GROUP BY d.town_code
HAVING count(*) > (SELECT count(*) FROM civil_affairs.low_income AS l WHERE l.town_code = d.town_code)
ORDER BY (SELECT t.name FROM district_office.town AS t WHERE t.town_code = d.town_code);

-- question: any_and_all
-- why: Quantified comparisons; over an empty set ANY is false and ALL is true.
SELECT t.name,
    t.area_km2 >= ALL (SELECT x.area_km2 FROM district_office.town AS x) AS largest,
    t.name = ANY (SELECT x.name FROM district_office.town AS x WHERE x.remark IS NOT NULL) AS remarked,
    t.town_code > ALL (SELECT d.town_code FROM civil_affairs.disability AS d WHERE d.grade = 9) AS over_nothing
FROM district_office.town AS t
ORDER BY t.name;

-- question: any_with_a_correlated_set
-- why: Some benefit of a disabled person is greater than another's of the same town.
SELECT count(*) AS certificates
FROM civil_affairs.disability AS d
WHERE d.issued_on <= ANY (SELECT e.birth_date + 26000 FROM civil_affairs.elderly AS e WHERE e.person_id = d.person_id);

-- question: nested_correlation_two_levels_up
-- why: The innermost query reads the outermost table.
SELECT t.name
FROM district_office.town AS t
WHERE EXISTS (
    SELECT 1
    FROM civil_affairs.elderly AS e
    WHERE e.town_code = t.town_code
        AND EXISTS (SELECT 1 FROM civil_affairs.benefit AS b WHERE b.town_code = t.town_code AND b.person_id = e.person_id AND b.kind = '残疾人护理补贴')
)
ORDER BY t.name;

-- question: subquery_in_from_with_its_own_order_and_limit
-- why: The latest ten cremations, whatever surrounds them.
SELECT c.parlour, count(*) AS lately, min(c.cremated_on) AS first
FROM (SELECT * FROM civil_affairs.cremation ORDER BY cremated_on DESC, cremation_no LIMIT 10) AS c
GROUP BY c.parlour
ORDER BY c.parlour;

-- question: subquery_with_limit_in_in
-- why: IN over a limited, ordered subquery of another department.
SELECT e.record_id, e.name
FROM civil_affairs.elderly AS e
WHERE e.person_id IN (SELECT p.person_id FROM human_resources.pension_payment AS p ORDER BY p.pay_month, p.person_id LIMIT 40)
ORDER BY e.record_id;

-- question: exists_over_an_aggregate_is_always_true
-- why: An aggregate without GROUP BY has one row, so EXISTS holds.
SELECT count(*) AS towns
FROM district_office.town AS t
WHERE EXISTS (SELECT count(*) FROM civil_affairs.low_income AS l WHERE l.town_code = t.name);

-- question: count_of_a_correlated_empty_set_is_zero
-- why: A correlated count is 0, not NULL, where nothing matches.
SELECT t.name, (SELECT count(*) FROM civil_affairs.low_income AS l WHERE l.town_code = t.town_code AND l.level = '一类') AS n
FROM district_office.town AS t
ORDER BY n, t.name;

-- question: inequality_correlation
-- why: A correlation by less-than: the number of older people in the same town.
SELECT e.record_id, (SELECT count(*) FROM civil_affairs.elderly AS o WHERE o.town_code = e.town_code AND o.birth_date < e.birth_date) AS older
FROM civil_affairs.elderly AS e
WHERE e.care = '失能'
ORDER BY older DESC, e.record_id
LIMIT 12;

-- question: case_over_exists
-- why: A condition with a subquery as a value.
SELECT CASE WHEN EXISTS (SELECT 1 FROM health.death_certificate AS d WHERE d.person_id = c.person_id) THEN '两处都有' ELSE '仅火化' END AS found,
    count(*) AS people
FROM civil_affairs.cremation AS c
GROUP BY found
ORDER BY found;
