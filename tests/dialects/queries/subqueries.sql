-- Subqueries: IN with NULLs, correlated EXISTS and scalars, WITH.

-- native: postgres mysql sqlite
SELECT id FROM people AS p WHERE p.id {IN|NOT IN} (SELECT v.person FROM visits AS v);

-- native: postgres mysql
SELECT id FROM people AS p WHERE p.id {IN|NOT IN} (SELECT v.person FROM visits AS v WHERE v.person IS NOT NULL AND v.cost >= p.level);

-- native: postgres mysql sqlite
SELECT id, p.boss IN (SELECT v.person FROM visits AS v) AS v, NULL IN (SELECT v.id FROM visits AS v) AS w FROM people AS p;

-- native: postgres mysql sqlite
SELECT id FROM people AS p WHERE {EXISTS|NOT EXISTS} (SELECT * FROM visits AS v WHERE v.person = p.id AND v.day > p.born);

-- native: postgres mysql
SELECT p.id, (SELECT sum(v.cost) FROM visits AS v WHERE v.person = p.id) AS cost, (SELECT count(*) FROM visits AS v WHERE v.person = p.id) AS n FROM people AS p;

-- native: postgres mysql
SELECT p.id FROM people AS p WHERE p.pay > (SELECT avg(q.pay) FROM people AS q WHERE q.town = p.town);

-- native: postgres
SELECT p.id FROM people AS p WHERE p.pay {>=|<} ALL (SELECT q.pay FROM people AS q WHERE q.level = p.level AND q.pay IS NOT NULL);

-- native: postgres
SELECT p.id FROM people AS p WHERE p.name {=|<>|<} ANY (SELECT q.name FROM people AS q WHERE q.id <> p.id);

-- native: postgres mysql
SELECT p.id, (SELECT q.name FROM people AS q WHERE q.id = p.boss) AS boss FROM people AS p;

-- native: postgres mysql
WITH paid AS (SELECT person, sum(cost) AS total FROM visits WHERE paid GROUP BY person), rich AS (SELECT * FROM paid WHERE total > 5) SELECT p.name AS name, r.total AS total FROM people AS p JOIN rich AS r ON p.id = r.person;

-- native: postgres sqlite
WITH t(k, n) AS (SELECT town, count(*) FROM people GROUP BY town) SELECT a.k AS k, b.n AS n FROM t AS a LEFT JOIN t AS b ON a.k = b.k WHERE a.n > 1;

-- native: none
WITH RECURSIVE chain(id, boss) AS (SELECT p.id, p.boss FROM people AS p WHERE p.id = 5 UNION ALL SELECT q.id, q.boss FROM people AS q JOIN chain AS c ON q.id = c.boss) SELECT id FROM chain;

-- native: postgres mysql
SELECT q.town AS town, q.n AS n FROM (SELECT p.town AS town, count(*) AS n, max(p.pay) AS pay FROM people AS p GROUP BY p.town HAVING count(*) > 1) AS q WHERE q.pay > 0 ORDER BY n DESC, town;

-- native: postgres sqlite
SELECT p.id FROM people AS p WHERE p.id IN (SELECT v.person FROM visits AS v ORDER BY v.id LIMIT 3);

-- native: postgres mysql
SELECT p.id FROM people AS p WHERE p.id = (SELECT max(v.person) FROM visits AS v WHERE v.person < 50) OR p.level = (SELECT 3);

-- native: postgres
SELECT p.id FROM people AS p WHERE EXISTS (SELECT 1 FROM (SELECT v.person AS person FROM visits AS v WHERE v.person = p.id) AS q);

-- native: postgres mysql sqlite
SELECT p.id, CASE WHEN EXISTS (SELECT 1 FROM visits AS v WHERE v.person = p.id AND v.kind = 'a') THEN 'yes' ELSE 'no' END AS v FROM people AS p;

-- native: postgres sqlite
SELECT p.level AS v, count(*) AS n FROM people AS p GROUP BY p.level HAVING count(*) {IN|NOT IN} (SELECT v.person FROM visits AS v WHERE v.person IS NOT NULL);

-- native: postgres sqlite
SELECT p.level AS v FROM people AS p GROUP BY p.level HAVING {EXISTS|NOT EXISTS} (SELECT 1 FROM visits AS v WHERE v.person = p.level);

-- native: postgres sqlite
SELECT p.level AS v FROM people AS p GROUP BY p.level HAVING (SELECT count(*) FROM visits AS v WHERE v.person = p.level) > 0;

-- native: postgres
SELECT p.id, (SELECT p.level + count(*) FROM visits AS v) AS v FROM people AS p;

-- native: postgres sqlite
SELECT p.id, (SELECT coalesce(min(v.kind), p.name) FROM visits AS v WHERE v.person = p.level AND v.id < 0) AS v FROM people AS p;

-- native: postgres mysql
SELECT p.id, (SELECT p.level + q.n FROM (SELECT count(*) AS n FROM visits AS v) AS q) AS v FROM people AS p;

-- native: postgres mysql sqlite
SELECT p.level AS v, count(*) AS n FROM people AS p GROUP BY p.level HAVING count(*) > (SELECT count(*) FROM visits AS v WHERE v.id < 2);

-- native: postgres sqlite
SELECT p.id, (SELECT DISTINCT coalesce(v.kind, p.name) AS v FROM visits AS v WHERE v.person = p.id ORDER BY 1 LIMIT 1) AS v FROM people AS p;

-- native: postgres sqlite
SELECT p.id FROM people AS p WHERE EXISTS (SELECT v.id AS v FROM visits AS v WHERE v.person = p.id UNION ALL SELECT p.level ORDER BY 1 LIMIT 1 OFFSET 1);

-- native: postgres mysql sqlite
SELECT p.id FROM people AS p WHERE EXISTS (SELECT DISTINCT v.kind AS v FROM visits AS v WHERE v.id < 4 ORDER BY 1 LIMIT 1 OFFSET 1);
