-- One question for each entry of the function tables that no other file asks for.

-- native: postgres mysql
SELECT id, extract('day' FROM ts) AS d, extract('quarter' FROM ts) AS q, extract('isodow' FROM ts) AS i, extract('doy' FROM ts) AS y FROM moments;

-- native: postgres mysql sqlite
SELECT id, extract('month' FROM d) AS m, extract('day' FROM d) AS x, day(e) AS y, month(e) AS z FROM moments;

-- native: postgres mysql
SELECT {min|max}(ts) AS t, {min|max}(tz) AS z FROM moments;

-- native: postgres mysql sqlite
SELECT min(d) AS v, max(d) AS w, max(e) FILTER (WHERE id > 2) AS x FROM moments;

-- native: postgres mysql sqlite
SELECT date_diff('day', d, e) AS v, e - d AS w FROM moments WHERE d > DATE '1000-01-01' AND e < DATE '3000-01-01';

-- native: postgres mysql
SELECT sum(CAST(s AS DOUBLE)) AS v, avg(CAST(s AS DOUBLE)) AS w FROM numbers;

-- native: postgres mysql
SELECT var_pop(d) AS v, var_samp(e) AS w, stddev_pop(d) AS x, stddev_samp(e) AS y FROM numbers;

-- native: postgres mysql sqlite
SELECT id, any_value(i) AS i, any_value(f) AS f, any_value(t) AS t FROM numbers GROUP BY id;

-- native: postgres mysql
SELECT id, any_value(d) AS d, any_value(w) AS w FROM numbers GROUP BY id;

-- native: postgres mysql sqlite
SELECT id, any_value(a) AS a FROM texts GROUP BY id;

-- native: postgres mysql sqlite
SELECT id, any_value(d) AS d FROM moments GROUP BY id;

-- native: postgres mysql
SELECT id, any_value(ts) AS t, any_value(tz) AS z FROM moments GROUP BY id;

-- native: postgres mysql sqlite
SELECT id, lead(level) OVER (ORDER BY id) AS v, lag(level, 2) OVER (ORDER BY id) AS w, lead(id, 3) OVER (ORDER BY id) AS x FROM people;

-- native: postgres sqlite
SELECT id, lead(level, 2, 7) OVER (ORDER BY id) AS v, lag(level, 1, 0) OVER (ORDER BY id) AS w FROM people;

-- native: postgres mysql sqlite
SELECT id, first_value(level) OVER (ORDER BY id) AS v, last_value(id) OVER (PARTITION BY level ORDER BY id) AS w FROM people;

-- native: postgres sqlite
SELECT id, nth_value(id, 2) OVER (ORDER BY id) AS v FROM people;

-- native: postgres mysql sqlite
SELECT id, row_number() OVER (ORDER BY id) AS a, dense_rank() OVER (ORDER BY level) AS b, percent_rank() OVER (ORDER BY level) AS c, cume_dist() OVER (ORDER BY level) AS d, ntile(3) OVER (ORDER BY id) AS e FROM people;

-- native: postgres mysql sqlite
SELECT id, replace(a, 'a', '') AS v, replace(b, '中', 'x') AS w FROM texts;

-- native: postgres mysql sqlite
SELECT id, strpos(a, 'b') AS v, contains(a, 'a') AS w, starts_with(a, '中') AS x, ends_with(b, 'a') AS y FROM texts;

-- native: postgres mysql sqlite
SELECT id, abs(f) AS v FROM numbers WHERE f IS NOT NULL;

-- native: postgres mysql sqlite
SELECT bool_and(t) AS v, bool_or(u) AS w, min(t) AS x, max(u) AS y FROM numbers;

-- native: postgres mysql sqlite
SELECT min(s) AS a, max(s) AS b, min(f) AS c, max(f) AS d, sum(CASE WHEN t THEN 1 ELSE 0 END) AS e FROM numbers;

-- native: postgres mysql sqlite
SELECT id, CAST(t AS INTEGER) AS v, CAST(s AS BIGINT) AS w FROM numbers;

-- native: postgres mysql sqlite
SELECT id, CAST(month(d) AS INTEGER) AS v, CAST(month(d) AS SMALLINT) AS w FROM moments;

-- native: postgres mysql sqlite
SELECT id, CASE WHEN id > 3 THEN CAST(1 AS HUGEINT) ELSE day(d) END AS v FROM moments;
