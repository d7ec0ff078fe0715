-- Common table expressions: chained, used twice, shadowing tables and each other.
-- principal: demo-tax
-- purpose: tax_control

-- question: chained
-- why: Each step reads the one before.
WITH paid AS (SELECT credit_code, sum(amount) AS total FROM tax.payment GROUP BY credit_code),
ranked AS (SELECT credit_code, total, rank() OVER (ORDER BY total DESC) AS place FROM paid),
named AS (SELECT r.place, e.name, r.total FROM ranked AS r JOIN market_regulation.enterprise AS e ON e.credit_code = r.credit_code)
SELECT * FROM named WHERE place <= 10 ORDER BY place, name;

-- question: used_twice
-- why: One expression, read on both sides of a comparison.
WITH paid AS (SELECT credit_code, period, sum(amount) AS total FROM tax.payment GROUP BY credit_code, period)
SELECT a.credit_code, a.total AS then_, b.total AS now_, b.total - a.total AS growth
FROM paid AS a
JOIN paid AS b ON b.credit_code = a.credit_code
WHERE a.period = '2025Q4' AND b.period = '2026Q3' AND b.total > a.total
ORDER BY growth DESC, a.credit_code
LIMIT 10;

-- question: used_twice_across_departments
-- why: An expression over two departments, joined with an aggregate of itself.
WITH firms AS (
    SELECT e.town_code, e.credit_code, e.registered_capital
    FROM market_regulation.enterprise AS e
    JOIN tax.taxpayer AS t ON t.credit_code = e.credit_code
)
SELECT f.town_code, count(*) AS above_mean
FROM firms AS f
JOIN (SELECT town_code, avg(registered_capital) AS mean FROM firms GROUP BY town_code) AS m ON m.town_code = f.town_code
WHERE f.registered_capital > m.mean
GROUP BY f.town_code
ORDER BY f.town_code;

-- question: a_name_of_a_table
-- why: An expression named like a table stands for itself.
WITH taxpayer AS (SELECT taxpayer_id FROM tax.taxpayer WHERE kind = '一般纳税人')
SELECT count(*) AS general, (SELECT count(*) FROM tax.taxpayer) AS all_ FROM taxpayer;

-- question: an_inner_one_shadows_an_outer_one
-- why: The nearest expression of a name counts.
WITH x AS (SELECT 1 AS n)
SELECT n, (WITH x AS (SELECT count(*) AS n FROM tax.taxpayer) SELECT n FROM x) AS inner_n FROM x;

-- question: reads_the_table_it_is_named_like
-- why: Within its own body the name still means the table.
WITH payment AS (SELECT tax, amount FROM tax.payment WHERE period = '2026Q2')
SELECT tax, count(*) AS n, sum(amount) AS total FROM payment GROUP BY tax ORDER BY tax;

-- question: column_list
-- why: Columns renamed in the head.
WITH t(code, n) AS (SELECT town_code, count(*) FROM tax.taxpayer GROUP BY town_code)
SELECT d.name, t.n FROM t JOIN district_office.town AS d ON d.town_code = t.code ORDER BY t.n DESC, d.name;

-- question: unused
-- why: An expression that nothing reads does not matter.
WITH never AS (SELECT person_id FROM human_resources.insured_person)
SELECT count(*) AS firms FROM market_regulation.enterprise WHERE status = '存续';

-- question: materialized_hint
-- why: The hint changes nothing.
WITH p AS MATERIALIZED (SELECT credit_code, max(paid_at) AS last FROM tax.payment GROUP BY credit_code)
SELECT CAST(last AS DATE) AS day, count(*) AS firms FROM p GROUP BY day ORDER BY day DESC LIMIT 7;

-- question: inside_a_subquery
-- why: WITH below the top of the question.
SELECT s.kind, s.n
FROM (WITH k AS (SELECT kind, count(*) AS n FROM tax.taxpayer WHERE status = '正常' GROUP BY kind) SELECT kind, n FROM k WHERE n > 1) AS s
ORDER BY s.kind;

-- question: in_a_correlated_subquery
-- why: WITH in a subquery that reads the outer row.
SELECT t.name,
    (WITH own AS (SELECT e.registered_capital FROM market_regulation.enterprise AS e WHERE e.town_code = t.town_code)
     SELECT max(registered_capital) FROM own) AS largest
FROM district_office.town AS t
ORDER BY t.name;

-- question: set_operation_over_two
-- why: Expressions of different departments in one set operation.
WITH registered AS (SELECT credit_code FROM market_regulation.enterprise WHERE status = '存续'),
taxed AS (SELECT upper(trim(credit_code)) AS credit_code FROM tax.taxpayer WHERE status = '正常')
SELECT '未办税' AS finding, count(*) AS n FROM (SELECT * FROM registered EXCEPT SELECT * FROM taxed) AS a
UNION ALL
SELECT '未登记', count(*) FROM (SELECT * FROM taxed EXCEPT SELECT * FROM registered) AS b
ORDER BY finding;

-- question: chained_within_mariadb
-- why: The whole chain lies in one database.
WITH quarter AS (SELECT credit_code, period, sum(amount) AS total FROM tax.payment GROUP BY credit_code, period),
best AS (SELECT credit_code, max(total) AS best FROM quarter GROUP BY credit_code)
SELECT q.period, count(*) AS best_quarters
FROM quarter AS q
JOIN best AS b ON b.credit_code = q.credit_code AND b.best = q.total
GROUP BY q.period
ORDER BY q.period;

-- question: correlated_and_used_twice
-- why: WITH in a correlated subquery, read on both sides of a difference.
SELECT t.name,
    (WITH own AS (SELECT e.registered_capital FROM market_regulation.enterprise AS e WHERE e.town_code = t.town_code)
     SELECT max(a.registered_capital) - min(b.registered_capital) FROM own AS a, own AS b) AS spread
FROM district_office.town AS t
ORDER BY t.name;

-- question: correlated_chain_in_exists
-- why: A chain whose first step reads the outer row, in one department.
SELECT x.name
FROM tax.taxpayer AS x
WHERE EXISTS (
    WITH p AS (SELECT q.amount FROM tax.payment AS q WHERE q.credit_code = x.credit_code),
    r AS (SELECT amount FROM p WHERE amount > 30000)
    SELECT 1 FROM r
)
ORDER BY x.name;
