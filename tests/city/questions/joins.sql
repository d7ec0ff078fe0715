-- Joins of every kind, within one department and across engines.
-- principal: demo-district
-- purpose: statistics

-- question: inner_join_on_three_engines
-- why: SQLite, DuckDB and PostgreSQL meet on one key.
SELECT t.name AS town, g.village_name, count(*) AS firms
FROM district_office.town AS t
JOIN natural_resources.grid AS g ON g.town_code = t.town_code
JOIN market_regulation.enterprise AS e ON e.town_code = g.town_code
WHERE g.grid_id LIKE '%001'
GROUP BY t.name, g.village_name
ORDER BY town, g.village_name;

-- question: left_join_keeps_towns_without_a_match
-- why: A town without large parcels keeps its row, and count(column) is 0 there.
SELECT t.town_code, t.name, count(p.area_m2) AS large_parcels, sum(p.area_m2) AS area
FROM district_office.town AS t
LEFT JOIN natural_resources.parcel AS p ON p.town_code = t.town_code AND p.area_m2 > 9000
GROUP BY t.town_code, t.name
ORDER BY t.town_code;

-- question: left_join_with_the_condition_in_where
-- why: The same condition in WHERE turns the left join into an inner one.
SELECT t.name, p.area_m2
FROM district_office.town AS t
LEFT JOIN natural_resources.parcel AS p ON p.town_code = t.town_code
WHERE p.area_m2 > 3000;

-- question: anti_join_by_null_test
-- why: Towns without any park: the rows that a left join fills with NULL.
SELECT t.name
FROM district_office.town AS t
LEFT JOIN natural_resources.parcel AS p ON p.town_code = t.town_code AND p.registered_use = '公园与绿地'
WHERE p.town_code IS NULL;

-- question: right_join_across_engines
-- why: The preserved side stands on the right, in another department.
SELECT e.status, t.name AS town, e.registered_capital
FROM market_regulation.enterprise AS e
RIGHT JOIN district_office.town AS t ON t.town_code = e.town_code AND e.status = '吊销';

-- question: full_join_of_two_counts
-- why: Each side has keys that the other lacks.
WITH migrants AS (
    SELECT destination_code AS code, count(*) AS migrants
    FROM public_security.migrant
    WHERE origin_province IN ('湖南省', '重庆市')
    GROUP BY 1
),
poor AS (
    SELECT town_code AS code, count(*) AS poor FROM civil_affairs.low_income WHERE level = '一类' GROUP BY 1
)
SELECT coalesce(m.code, p.code) AS code, m.migrants, p.poor
FROM migrants AS m
FULL JOIN poor AS p ON p.code = m.code
ORDER BY code;

-- question: full_join_with_a_condition_on_one_side
-- why: A condition in ON does not remove rows of a full join.
SELECT s.name AS school, t.name AS town
FROM natural_resources.school AS s
FULL JOIN district_office.town AS t ON t.town_code = s.town_code AND s.kind = '高级中学'
ORDER BY town NULLS FIRST, school;

-- question: cross_join_of_small_tables
-- why: Every town with every level of allowance, also those that nobody has.
SELECT t.name, l.level, count(i.level) AS households
FROM district_office.town AS t
CROSS JOIN (SELECT DISTINCT level FROM civil_affairs.low_income) AS l
LEFT JOIN civil_affairs.low_income AS i ON i.town_code = t.town_code AND i.level = l.level
GROUP BY t.name, l.level
ORDER BY t.name, l.level;

-- question: comma_join_with_where
-- why: The old way of joining, its conditions among others in WHERE.
SELECT t.name, count(*) AS people
FROM district_office.town t, public_security.person p
WHERE t.town_code = p.town_code AND p.status = '正常' AND p.nation <> '汉族'
GROUP BY t.name;

-- question: semi_join
-- why: DuckDB's SEMI JOIN gives each left row at most once.
SELECT t.name
FROM district_office.town AS t
SEMI JOIN civil_affairs.low_income AS i ON i.town_code = t.town_code AND i.level = '二类';

-- question: anti_join
-- why: DuckDB's ANTI JOIN gives the left rows without a match.
SELECT g.grid_name
FROM natural_resources.grid AS g
ANTI JOIN (SELECT DISTINCT grid_id FROM city.resident WHERE lives_alone) AS r
    ON r.grid_id = g.grid_id
WHERE g.town_code = '445403106'
ORDER BY g.grid_name
LIMIT 5;

-- question: natural_join_has_one_column_for_two
-- why: NATURAL joins on town_code and name, of which only the code agrees, so the subquery drops the other.
SELECT *
FROM (SELECT town_code, name AS town FROM district_office.town) AS t
NATURAL JOIN (SELECT town_code, count(*) AS schools FROM natural_resources.school GROUP BY town_code) AS s
ORDER BY town_code;

-- question: using_gives_one_column
-- why: The joined column of USING is named without its table.
SELECT town_code, t.name, count(*) AS parcels
FROM district_office.town AS t
JOIN natural_resources.parcel AS p USING (town_code)
GROUP BY town_code, t.name
ORDER BY town_code;

-- question: using_in_a_full_join_takes_the_side_that_is_there
-- why: The column of USING in a full join is the value of either side.
SELECT code, a.people, b.firms
FROM (SELECT town_code AS code, count(*) AS people FROM public_security.person WHERE town_code < '445403104' GROUP BY 1) AS a
FULL JOIN (SELECT town_code AS code, count(*) AS firms FROM market_regulation.enterprise WHERE town_code > '445403102' GROUP BY 1) AS b
    USING (code)
ORDER BY code;

-- question: three_tables_using_one_column
-- why: USING twice over the same name.
SELECT town_code, count(*) AS combinations
FROM district_office.town
JOIN natural_resources.school USING (town_code)
JOIN civil_affairs.low_income USING (town_code)
GROUP BY town_code
ORDER BY town_code;

-- question: self_join_of_towns
-- why: One table under two names, compared with itself.
SELECT a.name AS larger, b.name AS smaller
FROM district_office.town AS a
JOIN district_office.town AS b ON a.revenue_target > b.revenue_target AND a.area_km2 <= b.area_km2
ORDER BY larger, smaller;

-- question: self_join_within_postgresql
-- principal: demo-police
-- why: Heads of households and their spouses, in one database.
SELECT h.sex AS head_sex, s.sex AS spouse_sex, count(*) AS couples, min(h.birth_date) AS eldest
FROM public_security.person AS h
JOIN public_security.person AS s ON s.household_id = h.household_id AND s.relation = '配偶'
WHERE h.relation = '户主'
GROUP BY h.sex, s.sex
ORDER BY couples DESC, head_sex;

-- question: left_join_within_postgresql
-- principal: demo-police
-- why: Households and those of their people who are over eighty, in one database.
SELECT h.town_code, count(*) AS rows_, count(p.record_id) AS aged, count(DISTINCT h.household_id) AS households
FROM public_security.household AS h
LEFT JOIN public_security.person AS p ON p.household_id = h.household_id AND p.birth_date < DATE '1946-11-01'
GROUP BY h.town_code
ORDER BY h.town_code;

-- question: join_within_mariadb
-- principal: demo-social
-- why: Insured people and their employers; codes are compared byte by byte.
SELECT e.name, e.insured_count, count(i.insurance_no) AS listed
FROM human_resources.employer AS e
LEFT JOIN human_resources.insured_person AS i ON i.credit_code = e.credit_code AND i.insured_until IS NULL
GROUP BY e.credit_code, e.name, e.insured_count
HAVING count(i.insurance_no) > 5
ORDER BY listed DESC, e.name;

-- question: join_of_dirty_codes_within_mariadb
-- principal: demo-tax
-- purpose: tax_control
-- why: Raw codes with blanks and lower case do not equal the clean ones, whatever the source's collation says.
SELECT t.kind, count(DISTINCT t.taxpayer_id) AS taxpayers, count(p.payment_id) AS payments
FROM tax.taxpayer AS t
LEFT JOIN tax.payment AS p ON p.credit_code = t.credit_code
GROUP BY t.kind
ORDER BY t.kind;

-- question: join_within_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: Three tables of one SQLite file.
SELECT e.care, d.kind AS disability, count(*) AS people, min(e.birth_date) AS eldest
FROM civil_affairs.elderly AS e
JOIN civil_affairs.disability AS d ON d.person_id = e.person_id
LEFT JOIN civil_affairs.low_income AS l ON l.person_id = e.person_id
WHERE l.person_id IS NULL
GROUP BY e.care, d.kind
ORDER BY e.care, disability;

-- question: join_within_duckdb
-- principal: demo-land
-- purpose: land_management
-- why: Parcels, their grids and the schools of the same town, in one DuckDB file.
SELECT g.village_name, count(DISTINCT p.parcel_no) AS parcels, count(DISTINCT s.school_id) AS schools, sum(DISTINCT p.area_m2) AS area
FROM natural_resources.parcel AS p
JOIN natural_resources.grid AS g ON g.grid_id = p.grid_id
LEFT JOIN natural_resources.school AS s ON s.town_code = p.town_code AND s.students > 1000
GROUP BY g.village_name
ORDER BY parcels DESC, g.village_name
LIMIT 8;

-- question: join_within_a_folder_of_files
-- principal: demo-emergency
-- purpose: safety
-- why: A CSV file and a Parquet file.
SELECT s.kind, count(*) AS readings, max(r.value) AS highest, count(*) FILTER (WHERE r.value > s.limit_value) AS above
FROM emergency.sensor AS s
JOIN emergency.sensor_reading AS r ON r.sensor_id = s.sensor_id
WHERE r.valid
GROUP BY s.kind
ORDER BY s.kind;

-- question: nested_join_in_parentheses
-- why: A left join to the result of an inner join is not two left joins.
SELECT t.name, count(*) AS rows_, count(s.school_id) AS schools
FROM district_office.town AS t
LEFT JOIN (natural_resources.school AS s JOIN civil_affairs.low_income AS l ON l.town_code = s.town_code AND l.level = '二类')
    ON s.town_code = t.town_code AND s.kind = '小学'
GROUP BY t.name
ORDER BY t.name;

-- question: nested_left_joins_on_the_right
-- why: The right side of a right join is a join itself.
SELECT t.name, p.people, f.firms
FROM (SELECT town_code, count(*) AS firms FROM market_regulation.enterprise WHERE status = '吊销' GROUP BY town_code) AS f
RIGHT JOIN (
    district_office.town AS t
    LEFT JOIN (SELECT town_code, count(*) AS people FROM public_security.person WHERE nation = '壮族' GROUP BY town_code) AS p
        ON p.town_code = t.town_code
) ON f.town_code = t.town_code
ORDER BY t.name;

-- question: lateral_join_takes_the_two_largest
-- why: A subquery in FROM that reads the table before it.
SELECT t.name, x.registered_capital, x.industry_code
FROM district_office.town AS t,
    LATERAL (
        SELECT e.registered_capital, e.industry_code
        FROM market_regulation.enterprise AS e
        WHERE e.town_code = t.town_code
        ORDER BY e.registered_capital DESC, e.industry_code
        LIMIT 2
    ) AS x
ORDER BY t.name, x.registered_capital DESC, x.industry_code;

-- question: left_lateral_join_keeps_all
-- why: LEFT JOIN LATERAL with an aggregate over the outer row.
SELECT t.name, x.oldest, x.n
FROM district_office.town AS t
LEFT JOIN LATERAL (
    SELECT min(l.approved_on) AS oldest, count(*) AS n FROM civil_affairs.low_income AS l WHERE l.town_code = t.town_code AND l.level = '三类'
) AS x ON true
ORDER BY t.name;

-- question: non_equi_join_by_range
-- why: Capital falls into classes that the question brings itself.
SELECT c.label, count(e.registered_capital) AS firms
FROM (VALUES (0, 10, '小'), (10, 100, '中'), (100, 1000000, '大')) AS c(low, high, label)
LEFT JOIN market_regulation.enterprise AS e ON e.registered_capital >= c.low AND e.registered_capital < c.high
GROUP BY c.label
ORDER BY c.label;

-- question: non_equi_join_on_dates
-- principal: demo-market
-- purpose: enterprise_service
-- why: Approvals accepted while an inspection of the same firm was planned within thirty days.
SELECT a.approval_id, i.planned_on
FROM market_regulation.approval AS a
JOIN emergency.inspection AS i
    ON i.credit_code = a.credit_code AND i.planned_on BETWEEN a.accepted_on - 30 AND a.accepted_on + 30
ORDER BY a.approval_id, i.planned_on;

-- question: join_on_an_expression_over_dirt
-- principal: demo-social
-- why: Raw numbers meet only once cleaned: case, blanks, full-width digits.
SELECT count(*) AS pairs, count(DISTINCT m.registration_id) AS migrants
FROM public_security.migrant AS m
JOIN human_resources.insured_person AS i
    ON upper(trim(translate(i.person_id, '０１２３４５６７８９Ｘ', '0123456789X'))) = upper(m.person_id);

-- question: join_on_raw_text_finds_fewer
-- principal: demo-social
-- why: Uncleaned, x is not X and a trailing blank counts, also where MariaDB would not care.
SELECT count(*) AS pairs
FROM public_security.migrant AS m
JOIN human_resources.insured_person AS i ON i.person_id = m.person_id;

-- question: join_with_or
-- why: A disjunction in ON cannot be a key.
SELECT t.name, count(*) AS matches
FROM district_office.town AS t
JOIN natural_resources.school AS s ON s.town_code = t.town_code OR (s.kind = '高级中学' AND t.remark IS NULL)
GROUP BY t.name
ORDER BY t.name;

-- question: outer_joins_in_a_row
-- principal: demo-tax
-- purpose: tax_control
-- why: NULLs made by the first outer join reach the condition of the second.
SELECT e.name, x.kind, p.parcel_no
FROM market_regulation.enterprise AS e
LEFT JOIN tax.taxpayer AS x ON x.credit_code = e.credit_code AND x.kind = '一般纳税人'
LEFT JOIN natural_resources.parcel AS p ON p.holder_code = x.credit_code
WHERE e.status = '存续' AND e.industry_code LIKE 'C%'
ORDER BY e.name, p.parcel_no
LIMIT 25;

-- question: five_departments_and_the_federated_table
-- principal: demo-civil
-- purpose: elderly_care
-- why: Six tables, four engines, one question.
SELECT t.name AS town, g.village_name, e.care, c.disease, count(*) AS people
FROM city.resident AS r
JOIN civil_affairs.elderly AS e ON e.person_id = r.person_id
JOIN health.chronic_disease AS c ON c.person_id = e.person_id
JOIN natural_resources.grid AS g ON g.grid_id = r.grid_id
JOIN district_office.town AS t ON t.town_code = r.town_code
WHERE e.lives_alone
GROUP BY t.name, g.village_name, e.care, c.disease
ORDER BY people DESC, town, g.village_name, e.care, c.disease
LIMIT 30;

-- question: two_columns_of_one_name
-- why: An answer may have two columns of one name.
SELECT t.town_code, g.town_code, g.grid_name
FROM district_office.town AS t
JOIN natural_resources.grid AS g ON g.town_code = t.town_code
WHERE g.grid_name LIKE '%第四网格' AND t.name LIKE '白%';
