-- Joins of every kind, and NULLs in their keys.

-- native: postgres mysql sqlite
SELECT p.name AS n, v.id AS v FROM people AS p {JOIN|LEFT JOIN} visits AS v ON p.id = v.person;

-- native: postgres mysql
SELECT p.name AS n, v.id AS v FROM people AS p RIGHT JOIN visits AS v ON p.id = v.person;

-- native: postgres
SELECT p.name AS n, v.id AS v FROM people AS p FULL JOIN visits AS v ON p.id = v.person;

-- native: postgres mysql
SELECT p.id AS p, v.id AS v FROM people AS p LEFT JOIN visits AS v ON p.id = v.person AND v.cost > 10 WHERE v.id IS NULL OR p.level > 1;

-- native: postgres mysql sqlite
SELECT p.id AS p, q.id AS q FROM people AS p {JOIN|LEFT JOIN} people AS q ON p.name = q.name AND p.id < q.id;

-- native: postgres mysql sqlite
SELECT p.id AS p, q.name AS boss, r.name AS top FROM people AS p LEFT JOIN people AS q ON p.boss = q.id LEFT JOIN people AS r ON q.boss = r.id;

-- native: postgres mysql
SELECT p.id AS p, v.id AS v FROM people AS p CROSS JOIN visits AS v WHERE p.born > v.day OR p.pay < v.cost;

-- native: postgres mysql
SELECT p.id AS p, v.id AS v FROM people AS p, visits AS v WHERE p.id = v.person AND p.pay BETWEEN 0 AND 950;

-- native: postgres mysql sqlite
SELECT p.id AS p, v.id AS v, q.id AS q FROM people AS p, visits AS v LEFT JOIN people AS q ON v.person = q.boss WHERE p.id = v.person;

-- native: postgres mysql sqlite
SELECT p.id AS p FROM people AS p {SEMI|ANTI} JOIN visits AS v ON p.id = v.person AND v.paid;

-- native: postgres mysql sqlite
SELECT p.id AS p, q.id AS q FROM people AS p SEMI JOIN visits AS v ON p.id = v.person LEFT JOIN people AS q ON q.boss = p.id;

-- native: none
SELECT p.id AS p, v.id AS v FROM people AS p FULL JOIN visits AS v ON p.id < v.person;

-- native: postgres mysql sqlite
SELECT p.id AS p, v.id AS v FROM people AS p LEFT JOIN visits AS v ON p.id < v.person AND p.level = 1;

-- native: postgres mysql
SELECT p.id AS p, v.id AS v FROM people AS p RIGHT JOIN visits AS v ON p.id < v.person AND p.level = 1;

-- native: postgres mysql sqlite
SELECT a.id AS a, b.id AS b, c.id AS c FROM people AS a JOIN (people AS b JOIN visits AS c ON b.id = c.person) ON a.id = b.boss;

-- native: postgres mysql
SELECT p.town AS town, count(*) AS n, sum(v.cost) AS cost, count(DISTINCT v.kind) AS kinds FROM people AS p JOIN visits AS v ON p.id = v.person GROUP BY p.town ORDER BY town NULLS FIRST;

-- native: postgres mysql sqlite
SELECT p.town AS town, v.kind AS kind FROM people AS p JOIN visits AS v ON p.level = v.id;

-- native: postgres mysql sqlite
SELECT town, length(town) AS n, town || '|' AS t FROM people WHERE town = '440605' OR town > '440605';

-- native: none
SELECT p.id AS p, v.id AS v FROM people AS p ASOF JOIN visits AS v ON p.id = v.person AND p.born <= v.day;

-- native: none
SELECT p.id AS p, v.day AS v FROM people AS p, LATERAL (SELECT w.day FROM visits AS w WHERE w.person = p.id) AS v;

-- native: postgres mysql sqlite
SELECT q.n AS n, v.id AS v FROM (SELECT p.id AS i, upper_name.a AS n FROM people AS p JOIN (SELECT id, a FROM texts WHERE id < 20) AS upper_name ON p.id = upper_name.id) AS q JOIN visits AS v ON v.person = q.i;

-- Texts are equal by their code points, whatever the collation of the columns that an index serves.
-- native: postgres mysql sqlite
SELECT t.id AS t, u.id AS u FROM texts AS t {JOIN|LEFT JOIN} texts AS u ON t.a = u.a;

-- native: postgres mysql sqlite
SELECT t.id AS t, count(*) AS n FROM texts AS t JOIN texts AS u ON t.b = u.b AND NOT (u.b = 'a') GROUP BY t.id;

-- native: postgres mysql sqlite
SELECT t.id AS t FROM texts AS t WHERE {EXISTS|NOT EXISTS} (SELECT 1 FROM texts AS u WHERE u.a = t.a AND u.id <> t.id);

-- native: postgres sqlite
SELECT t.id AS t, u.id AS u FROM texts AS t JOIN texts AS u ON t.a = u.b;
