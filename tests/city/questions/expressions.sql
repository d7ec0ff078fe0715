-- Expressions of other kinds: CASE, casts, lists, booleans, queries without tables.
-- principal: demo-emergency
-- purpose: safety

-- question: no_table
-- why: A question that needs no department.
SELECT 1 AS one, 'x' || 'y' AS text, DATE '2026-11-01' AS day, NULL AS nothing, true AS yes, 1.50 AS exact, 1e3 AS float_;

-- question: values_as_a_table
-- why: A table that the question brings.
SELECT v.code, v.label, count(i.inspection_no) AS n FROM (VALUES ('合格', 1), ('不合格', 2), ('其他', 3)) AS v(label, code) LEFT JOIN emergency.inspection AS i ON i.result = v.label GROUP BY ALL ORDER BY v.code;

-- question: case_with_ranges
-- why: The first branch that holds.
SELECT CASE WHEN hazards IS NULL THEN '未检' WHEN hazards = 0 THEN '无' WHEN hazards < 3 THEN '少' ELSE '多' END AS level, count(*) AS n, sum(fine) AS fines FROM emergency.inspection GROUP BY level ORDER BY level;

-- question: boolean_columns
-- why: Booleans as values, in conditions and in groups.
SELECT valid, NOT valid AS invalid, count(*) AS n, bool_or(value > 100) AS high FROM emergency.sensor_reading GROUP BY valid ORDER BY valid;

-- question: boolean_as_number
-- why: A boolean cast to a number and summed.
SELECT sensor_id, sum(CAST(valid AS INTEGER)) AS good, count(*) AS all_ FROM emergency.sensor_reading GROUP BY sensor_id ORDER BY sensor_id;

-- question: between_and_not_between
-- why: Both ends belong to it.
SELECT count(*) FILTER (WHERE hazards BETWEEN 1 AND 3) AS inside, count(*) FILTER (WHERE hazards NOT BETWEEN 1 AND 3) AS outside, count(*) AS all_ FROM emergency.inspection;

-- question: lists
-- why: A list made by an aggregate, and a part of it.
SELECT kind, list(sensor_id ORDER BY sensor_id) AS ids, len(list(sensor_id)) AS n, list_contains(list(sensor_id), 'CGQ00001') AS first_ FROM emergency.sensor GROUP BY kind ORDER BY kind;

-- question: trigonometry
-- why: Distances from coordinates.
SELECT s.name, min(2 * 6371 * asin(sqrt(pow(sin(radians(s.latitude - e.latitude) / 2), 2) + cos(radians(s.latitude)) * cos(radians(e.latitude)) * pow(sin(radians(s.longitude - e.longitude) / 2), 2)))) AS km
FROM natural_resources.school AS s
CROSS JOIN emergency.sensor AS e
GROUP BY s.name
ORDER BY km
LIMIT 6;

-- question: hashes
-- why: The same digest on every engine.
SELECT md5(name) AS m, left(sha256(name), 12) AS s FROM district_office.town ORDER BY m;

-- question: casts_of_booleans_and_numbers
-- why: To text and back.
SELECT CAST(true AS VARCHAR) AS a, CAST('false' AS BOOLEAN) AS b, CAST(12 AS VARCHAR) AS c, CAST('0012' AS INTEGER) AS d, CAST(2.5 AS INTEGER) AS e, CAST(3.5 AS INTEGER) AS f, CAST(-1.5 AS INTEGER) AS g;

-- question: numbers_as_text
-- why: Floats and decimals printed.
SELECT CAST(value AS VARCHAR) AS text, count(*) AS n FROM emergency.sensor_reading WHERE sensor_id = 'CGQ00002' GROUP BY text ORDER BY text LIMIT 20;

-- question: conditional_functions
-- why: if, ifnull, nullif.
SELECT if(open_hazards > 0, '有', '无') AS open_, ifnull(result, '未检') AS result, count(*) AS n FROM emergency.inspection GROUP BY ALL ORDER BY ALL;

-- question: precedence
-- why: NOT, AND, OR, || and comparison in one expression.
SELECT count(*) AS n FROM emergency.inspection WHERE NOT result = '合格' AND hazards > 1 OR open_hazards >= 2 AND result || '' <> '合格';

-- question: constant_conditions
-- why: What is always true or false.
-- empty: 1 = 0
SELECT inspection_no FROM emergency.inspection WHERE 1 = 0 OR (true AND false);

-- question: unqualified_tables
-- why: A table may be named alone when only one visible has the name.
SELECT count(*) AS n, min(planned_on) AS first FROM inspection WHERE credit_code IN (SELECT credit_code FROM employer WHERE insured_count > 10);

-- question: names_in_any_case
-- why: Names are not case-sensitive; the answer's column is as it was asked.
SELECT Emergency.Inspection.RESULT, COUNT(*) AS N FROM EMERGENCY.inspection GROUP BY Result ORDER BY n DESC, result;

-- question: default_column_names
-- why: Names of columns without an alias.
SELECT count(*), max(planned_on), upper('x'), 1 + 1 FROM emergency.inspection;

-- question: parameters_of_all_types
-- why: Every type of parameter, by place.
-- parameters: [1, 2.5, true, 文本, 2026-10-01, {decimal: "1.25"}, null]
SELECT $1 + 1 AS whole, $2 * 2 AS float_, $3 AS yes, $4 || '!' AS text, CAST($5 AS DATE) + 1 AS day, $6 * 2 AS exact, $7 IS NULL AS nothing;

-- question: parameters_in_several_departments
-- why: One value used on both sides.
-- parameters: {least: 5, industry: C%}
SELECT e.name, h.insured_count, count(i.inspection_no) AS inspections FROM market_regulation.enterprise AS e JOIN human_resources.employer AS h ON h.credit_code = e.credit_code LEFT JOIN emergency.inspection AS i ON i.credit_code = e.credit_code AND i.hazards < $least WHERE h.insured_count >= $least AND e.industry_code LIKE $industry GROUP BY e.name, h.insured_count ORDER BY e.name;

-- question: licences_by_validity
-- why: Three departments and a boolean expression as a group.
SELECT l.kind, l.valid_until < DATE '2026-11-01' AS expired, count(*) AS n, count(i.inspection_no) AS inspections FROM market_regulation.licence AS l JOIN market_regulation.enterprise AS e ON e.credit_code = l.credit_code LEFT JOIN emergency.inspection AS i ON i.credit_code = e.credit_code AND i.inspected_on > l.issued_on GROUP BY ALL ORDER BY ALL;

-- question: within_postgresql
-- why: CASE, casts and arithmetic in one database.
SELECT kind, CASE WHEN status = '存续' THEN 1 ELSE 0 END AS live, count(*) AS n, max(CAST(longitude AS DOUBLE)) AS east, sum(latitude - 22) AS north FROM market_regulation.enterprise GROUP BY ALL ORDER BY ALL;

-- question: within_mariadb
-- principal: demo-tax
-- purpose: tax_control
-- why: The same in MariaDB.
SELECT CASE WHEN amount >= 10000 THEN '大' WHEN amount >= 1000 THEN '中' ELSE '小' END AS size, tax, count(*) AS n, sum(amount) AS total, CAST(min(paid_at) AS DATE) AS first FROM tax.payment GROUP BY ALL ORDER BY ALL;

-- question: within_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: The same in SQLite, with booleans that SQLite does not have.
SELECT lives_alone, care = '失能' AS disabled, count(*) AS n, min(birth_date) AS eldest, max(year(birth_date)) AS youngest FROM civil_affairs.elderly GROUP BY ALL ORDER BY ALL;

-- question: within_duckdb_files
-- why: The same over Parquet.
SELECT result, hazards > 2 AS many, count(*) AS n, sum(fine) AS fines, max(inspected_on - planned_on) AS latest FROM emergency.inspection GROUP BY ALL ORDER BY ALL;
