-- Set operations, LIMIT, DISTINCT, grouping.

-- native: postgres mysql
SELECT name, pay FROM people {UNION|UNION ALL|INTERSECT|EXCEPT|INTERSECT ALL|EXCEPT ALL} SELECT kind, cost FROM visits;

-- native: postgres mysql
SELECT pay FROM people {EXCEPT|INTERSECT} SELECT cost FROM visits UNION ALL SELECT level FROM people;

-- native: postgres mysql
SELECT level AS k FROM people UNION ALL SELECT id FROM visits UNION ALL SELECT cost FROM visits UNION ALL SELECT NULL;

-- native: postgres mysql sqlite
SELECT id FROM people UNION SELECT person FROM visits ORDER BY 1 DESC;

-- native: postgres mysql sqlite
SELECT name AS k FROM people UNION SELECT kind FROM visits ORDER BY k {ASC|DESC} {LIMIT 3|LIMIT 2 OFFSET 4|OFFSET 5};

-- native: postgres mysql sqlite
SELECT k, count(*) AS n FROM (SELECT name AS k FROM people UNION ALL SELECT kind AS k FROM visits) AS u GROUP BY k;

-- native: postgres mysql sqlite
(SELECT id FROM people ORDER BY id DESC LIMIT 2) UNION ALL (SELECT id FROM visits ORDER BY id LIMIT 2);

-- native: postgres mysql sqlite
SELECT id, name FROM people ORDER BY id {LIMIT 3|LIMIT 3 OFFSET 2|OFFSET 5|LIMIT 0|LIMIT 100};

-- native: postgres mysql sqlite
SELECT DISTINCT town, level FROM people ORDER BY level DESC, town LIMIT 4;

-- native: postgres
SELECT DISTINCT ON (town) town, id, name FROM people ORDER BY town, id DESC;

-- native: none
SELECT DISTINCT ON (town) town, id, name FROM people ORDER BY id;

-- native: postgres
SELECT town, level, count(*) AS n, sum(pay) AS s, grouping(town) AS g, grouping(town, level) AS h FROM people GROUP BY {ROLLUP (town, level)|CUBE (town, level)|GROUPING SETS ((town), (level), ())|ROLLUP (town), level|GROUPING SETS ((town, level), (town))};

-- native: postgres mysql
SELECT count(*) AS n, sum(d) AS s, min(a) AS m, avg(d) AS v, bool_and(d > 0) AS b FROM empty;

-- native: postgres mysql sqlite
SELECT a AS k, count(*) AS n FROM empty GROUP BY a;

-- native: postgres mysql
SELECT town, sum(pay) FILTER (WHERE level > 1) AS s, count(*) FILTER (WHERE name IS NULL) AS n, count(DISTINCT name) FILTER (WHERE pay > 0) AS d, avg(pay) FILTER (WHERE level = 1) AS a FROM people GROUP BY town;

-- native: postgres mysql sqlite
SELECT town AS k FROM people GROUP BY town HAVING count(*) > 1 AND max(name) IS NOT NULL;

-- native: none
SELECT town, level FROM people GROUP BY ALL ORDER BY ALL;

-- native: none
SELECT town, id FROM people QUALIFY row_number() OVER (PARTITION BY town ORDER BY id) = 1;

-- native: none
SELECT {string_agg(name, ',' ORDER BY id)|median(pay)|mode(level)|approx_count_distinct(name)|array_agg(id ORDER BY id)|arg_max(name, pay)|quantile_cont(pay, 0.5)} AS v FROM people;

-- native: postgres mysql
SELECT town, id, row_number() OVER (PARTITION BY town ORDER BY pay DESC, id) AS v, rank() OVER (ORDER BY pay) AS w, dense_rank() OVER (ORDER BY level DESC NULLS FIRST) AS x, percent_rank() OVER (ORDER BY pay) AS y, cume_dist() OVER (ORDER BY pay) AS z, ntile(3) OVER (ORDER BY id) AS q FROM people;

-- native: postgres
SELECT id, lag(name) OVER (ORDER BY id) AS v, lead(pay, 2) OVER (ORDER BY id) AS w, lag(level, 1, 0) OVER (PARTITION BY town ORDER BY id) AS x, first_value(name) OVER (ORDER BY pay, id) AS y, last_value(name) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS z, nth_value(id, 2) OVER (ORDER BY id) AS q FROM people;

-- native: postgres mysql
SELECT id, sum(pay) OVER w AS v, count(*) OVER w AS n, sum(pay) OVER (ORDER BY level RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS x, sum(pay) OVER (ORDER BY id ROWS 2 PRECEDING) AS y FROM people WINDOW w AS (PARTITION BY town ORDER BY id);

-- native: postgres
SELECT id, sum(level) FILTER (WHERE pay > 0) OVER (PARTITION BY town) AS v, sum(pay) OVER (ORDER BY level GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) AS w FROM people;

-- native: none
SELECT id, {sum(pay) OVER (ORDER BY level RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)|last_value(name IGNORE NULLS) OVER (ORDER BY id)|count(DISTINCT level) OVER ()} AS v FROM people;

-- native: postgres mysql
SELECT town, rank() OVER (ORDER BY sum(pay) DESC) AS v, sum(sum(pay)) OVER () AS w FROM people GROUP BY town;

-- native: postgres mysql sqlite
SELECT id, name FROM people ORDER BY {2 IS NOT NULL|level IS NOT NULL AND 2 IS NULL|town IS NULL}, id DESC;

-- native: postgres mysql sqlite
SELECT count(*) AS n, max(id) AS m FROM people GROUP BY {level IS NULL|level IS NULL AND 2 IS NULL};

-- native: none
SELECT count(*) AS n, max(id) AS m FROM people GROUP BY {2 IS NULL|NOT TRUE};

-- native: postgres mysql sqlite
SELECT id, count(*) OVER (PARTITION BY 2 IS NULL ORDER BY level IS NULL, id) AS n FROM people;

-- native: postgres
SELECT 'x' AS v FROM people WHERE id < 0 HAVING count(*) {>|=} 0;

-- native: postgres mysql sqlite
SELECT count(*) AS v FROM people HAVING count(*) {>|=} 0;

-- native: postgres
SELECT 'x' AS v FROM people HAVING {true|max(id) > 0};

-- native: postgres
SELECT (SELECT count(*) FROM visits AS w) AS v FROM people HAVING {true|max(id) > 0};

-- native: postgres sqlite
SELECT p.id FROM people AS p WHERE p.id {IN|NOT IN} (SELECT v.person FROM visits AS v WHERE v.person IS NOT NULL {EXCEPT|INTERSECT} SELECT w.id FROM people AS w WHERE w.level > 1);

-- native: postgres mysql sqlite
SELECT p.id FROM people AS p WHERE p.id IN (SELECT q.person FROM (SELECT v.person AS person FROM visits AS v EXCEPT SELECT w.id FROM people AS w WHERE w.level > 1) AS q);
