-- Numbers: types of results, rounding, signs, overflow and what division does.

-- native: postgres mysql sqlite
SELECT x.id, y.id AS other, x.{i|s|b|f} {=|<} y.{j|f} AS v FROM numbers AS x CROSS JOIN numbers AS y WHERE x.id <> 12 OR y.id <> 12;

-- native: postgres mysql
SELECT x.id, y.id AS other, x.{i|b|d|w|f} {=|<} y.d AS v FROM numbers AS x CROSS JOIN numbers AS y WHERE x.id <> 12 OR y.id <> 12;

-- native: postgres mysql
SELECT x.id, y.id AS other, x.{d|w} {=|<} y.{j|f} AS v FROM numbers AS x CROSS JOIN numbers AS y WHERE x.id <> 12 OR y.id <> 12;

-- native: postgres mysql
SELECT id, i + j AS v, i - j AS w, i * j AS x, -i AS y, s + 1 AS z, s - i AS q, b * 2 AS r, b + s AS t FROM numbers;

-- native: postgres mysql
SELECT id, d + e AS v, d - e AS w, d * e AS x, -d AS y, d * 2 AS z, d + i AS q, d * 1.5 AS r, 1 - e AS t, d * (1 - e) AS u FROM numbers;

-- native: postgres mysql
SELECT id, d % 3 AS v, i % 3 AS w, i // 3 AS x, b % 7 AS y, b // 7 AS z, s % 2 AS q, i // -2 AS r FROM numbers;

-- native: none
SELECT id, i % j AS v, i // j AS w FROM numbers WHERE j <> 0;

-- native: postgres mysql
SELECT id, i / 2 AS v, i / 4.0 AS w, d / 3 AS x, d / 0.5 AS y, b / 10 AS z, i / -2 AS q FROM numbers;

-- native: postgres
SELECT id, i / nullif(s, 0) AS v, d / nullif(e, 0) AS w, i / j AS x, d / s AS y, s / i AS z FROM numbers;

-- native: none
SELECT id, f + 1 AS v FROM numbers;

-- native: none
SELECT id, f {*|-|/} f AS v FROM numbers;

-- native: none
SELECT sum(f) AS v FROM numbers;

-- native: postgres mysql sqlite
SELECT i, count(*) AS n FROM numbers GROUP BY i;

-- native: postgres mysql sqlite
SELECT {s|b|f|t} AS k, count(*) AS n FROM numbers GROUP BY 1;

-- native: postgres mysql
SELECT {d|e|w} AS k, count(*) AS n FROM numbers GROUP BY 1;

-- native: postgres mysql sqlite
SELECT {i|s|b|f|t} AS k, id FROM numbers ORDER BY 1 {ASC|DESC|ASC NULLS FIRST|DESC NULLS FIRST}, id;

-- native: postgres mysql
SELECT {d|e|w} AS k, id FROM numbers ORDER BY 1 {ASC|DESC|ASC NULLS FIRST|DESC NULLS FIRST}, id;

-- native: postgres mysql
SELECT sum(i) AS v, sum(s) AS w, sum(b) AS x, sum(d) AS y, sum(w) AS z, count(i) AS n, count(DISTINCT d) AS m, sum(DISTINCT i) AS q FROM numbers;

-- native: postgres mysql
SELECT avg(i) AS v, avg(s) AS w, avg(b) AS x, avg(d) AS y, avg(e) AS z, avg(DISTINCT d) AS q FROM numbers;

-- native: postgres
SELECT j AS k, avg(d) AS v, sum(d) / count(d) AS w, sum(e) * 2 AS x, sum(i) + 1 AS y, count(*) * 2 AS z FROM numbers GROUP BY j;

-- native: postgres mysql
SELECT min(i) AS v, max(s) AS w, min(d) AS x, max(w) AS y, min(f) AS z, max(f) AS q, min(t) AS r, max(t) AS p FROM numbers;

-- native: postgres mysql
SELECT j AS k, min(f) AS v, max(d) AS w, bool_and(t) AS x, bool_or(t) AS y, count_if(t) AS z FROM numbers GROUP BY j;

-- native: postgres mysql sqlite
SELECT count_if(t) AS v, count_if(i > 0) AS w, count_if(t) FILTER (WHERE j IS NULL) AS x FROM numbers WHERE {id < 0|t IS NULL|id > 0};

-- native: none
SELECT count_if(DISTINCT t) AS v FROM numbers;

-- native: postgres mysql
SELECT id, round(d) AS v, round(e, 1) AS w, round(d, 5) AS x, round(e, 3) AS z, floor(e) AS q, ceil(e) AS r, abs(d) AS t, abs(i) AS u, abs(f) AS p FROM numbers;

-- native: postgres mysql
SELECT id, round(d, -1) AS y FROM numbers;

-- native: none
SELECT id, {round(f)|round(f, 1)|floor(f)|sqrt(d)|i ** 2|exp(i)|ln(i)|sign(i)|i & 1} AS v FROM numbers WHERE id = 4;

-- native: postgres mysql
SELECT id, CAST(d AS INTEGER) AS v, CAST(e AS DECIMAL(9,1)) AS w, CAST(i AS BIGINT) AS x, CAST(i AS DECIMAL(12,2)) AS y, CAST(d AS DOUBLE) AS z, CAST(s AS DOUBLE) AS q FROM numbers;

-- native: postgres mysql
SELECT id, CAST(i AS VARCHAR) AS v, CAST(d AS VARCHAR) AS w, CAST(e * d AS VARCHAR) AS x, CAST(t AS VARCHAR) AS y, CAST(t AS INTEGER) AS z, CAST(w AS VARCHAR) AS q FROM numbers;

-- native: none
SELECT id, {CAST(f AS INTEGER)|CAST(f AS VARCHAR)|CAST(f AS DECIMAL(10,2))|CAST(i AS BOOLEAN)|CAST('12' AS DECIMAL(5,2))|TRY_CAST(d AS INTEGER)} AS v FROM numbers WHERE id < 12;

-- native: postgres mysql
SELECT id, CASE WHEN i > 0 THEN d ELSE 0 END AS v, CASE WHEN i > 0 THEN 1 ELSE 0.5 END AS w, CASE WHEN t THEN s ELSE b END AS x, CASE WHEN t THEN 1 ELSE 100000 END AS y, CASE WHEN t THEN d ELSE f END AS z FROM numbers;

-- native: postgres mysql
SELECT id, coalesce(i, 0) AS v, coalesce(d, 0) AS w, coalesce(s, 1) AS x, coalesce(e, d) AS y, coalesce(i, d, f) AS z, coalesce(NULL, s) AS q FROM numbers;

-- native: postgres mysql
SELECT id, nullif(i, 1) AS v, nullif(d, 0) AS w, nullif(f, 0) AS x, nullif(i, s) AS z, nullif(i, b) AS q FROM numbers;

-- native: postgres mysql
SELECT id, greatest(i, j) AS v, least(i, s, 3) AS w, greatest(d, e) AS x, least(d, i) AS y, greatest(f, d) AS z FROM numbers;

-- native: postgres mysql sqlite
SELECT id FROM numbers WHERE {i IN (1, 7, 10)|s IN (1, 2, 40000)|b = 3037000499|i = '7'};

-- native: postgres mysql sqlite
SELECT id FROM numbers WHERE {f = 0.1|f = 2.5|f >= 0.3|f IN (0.1, 1)};

-- native: postgres mysql
SELECT id FROM numbers WHERE {d = 0.1|d > 0.01 AND d < 2.51|e BETWEEN 0.0001 AND 0.5|d IN (1, 2.5)|i BETWEEN -1 AND 1.5|w = 0.1};

-- native: postgres mysql sqlite
SELECT id, t AND u AS v, t OR u AS w, NOT t AS x, t = u AS y, t IS TRUE AS z, t IS NOT FALSE AS q, t IS NULL AS r, t <> u AS p, t < u AS o FROM numbers;

-- native: postgres mysql sqlite
SELECT id FROM numbers WHERE {t|NOT t|t AND i > 0|t OR d IS NULL|(t AND u) OR NOT u|t IS NOT TRUE|NOT (t AND u)|t = TRUE|t IN (TRUE, NULL)};

-- native: postgres mysql
SELECT 1 AS a, -1 AS b, 1.50 AS c, 0.05 AS d, 1e3 AS e, TRUE AS f, 2147483648 AS g, -2147483648 AS h, CAST(NULL AS DATE) AS i, -9223372036854775808 AS j, 1 + 2 * 3 AS k, 0.1 + 0.2 AS l, 7 / 2 AS m, 5 % 3 AS n;

-- native: postgres mysql
SELECT id, CAST(NULL AS DECIMAL(5,2)) AS w, CAST(NULL AS VARCHAR) AS x, CAST(NULL AS BOOLEAN) AS y FROM numbers;

-- native: none
SELECT id, NULL AS v FROM numbers;

-- native: postgres mysql
SELECT avg(d) > 1 AS v, avg(d) < max(d) AS w, sum(d) > 10.5 AS x, sum(i) = 0 AS y FROM numbers;

-- native: none
SELECT {avg(d) = 1|count(DISTINCT w / 3)|avg(f)} AS v FROM numbers;

-- native: none
SELECT w / 3 AS k, count(*) AS n FROM numbers GROUP BY 1;

-- native: postgres mysql
SELECT d / 3 AS k, count(*) AS n FROM numbers GROUP BY 1;

-- native: postgres
SELECT id, sum(d) OVER (ORDER BY id) AS v, avg(i) OVER (PARTITION BY j) AS w, sum(i) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS x, count(*) OVER () AS y, max(e) OVER (PARTITION BY t ORDER BY id DESC) AS z FROM numbers;

-- native: postgres mysql
SELECT j AS k, var_pop(i) AS v, var_samp(i) AS w, stddev_pop(d) AS x, stddev(d) AS y, variance(s) AS z, stddev_samp(i) AS q FROM numbers GROUP BY j;

-- native: postgres mysql
SELECT var_pop(i) FILTER (WHERE id > 3) AS v, stddev(d) FILTER (WHERE id > 1000) AS w FROM numbers;

-- native: none
SELECT {var_pop(f)|stddev(f)|var_samp(DISTINCT i)|stddev(i) OVER (PARTITION BY j)} AS v FROM numbers;

-- native: postgres mysql sqlite
SELECT j AS k, avg(i) AS v, avg(b) AS w, avg(DISTINCT i) AS x, avg(s) FILTER (WHERE id > 3) AS y FROM numbers GROUP BY j;

-- native: postgres sqlite
SELECT id, avg(b) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS v, avg(i) OVER (PARTITION BY j) AS w FROM numbers;
