-- The ends of every type's range, where the answer exists.

-- native: postgres mysql sqlite
SELECT x.id, y.id AS other, x.{i|s|b|f} {=|<} y.{b|f} AS v FROM extremes AS x CROSS JOIN extremes AS y;

-- native: postgres mysql
SELECT x.id, y.id AS other, x.{i|b|d|w|f} {=|<} y.{w|d} AS v FROM extremes AS x CROSS JOIN extremes AS y;

-- native: postgres mysql
SELECT x.id, y.id AS other, x.{d|w} {=|<} y.{b|f} AS v FROM extremes AS x CROSS JOIN extremes AS y;

-- native: postgres mysql
SELECT sum(i) AS v, sum(s) AS w, sum(b) AS x, sum(d) AS y, min(i) AS z, max(b) AS q, min(f) AS r, max(f) AS t FROM extremes;

-- native: postgres mysql
SELECT avg(i) AS v, avg(s) AS w, avg(b) AS x, avg(d) AS y FROM extremes;

-- native: postgres mysql sqlite
SELECT avg(i) AS v, avg(s) AS w, avg(b) AS x FROM extremes;

-- native: postgres mysql
SELECT stddev(i) AS v, var_pop(s) AS w, stddev_pop(b) AS x FROM extremes;

-- native: postgres mysql sqlite
SELECT {i|s|b|f} AS k, count(*) AS n FROM extremes GROUP BY 1 ORDER BY 1;

-- native: postgres mysql
SELECT {d|w} AS k, count(*) AS n FROM extremes GROUP BY 1 ORDER BY 1;

-- native: postgres mysql
SELECT id, CAST(i AS BIGINT) + 1 AS v, CAST(b AS HUGEINT) + 1 AS w, CAST(b AS DOUBLE) AS x, d * 1.1 AS y, CAST(s AS BIGINT) * i AS z FROM extremes WHERE id > 2;

-- native: postgres mysql
SELECT id, i % 7 AS v, b // 10 AS w, b % -10 AS x, CAST(d AS VARCHAR) AS y, CAST(b AS VARCHAR) AS z FROM extremes;

-- native: postgres mysql
SELECT id, b / 3 AS v, d / 7 AS w, i / 3 AS x, s / 3 AS y FROM extremes;

-- native: postgres mysql
SELECT id, i + 1 AS v, s + 1 AS w, abs(i) AS y FROM extremes WHERE i BETWEEN -10 AND 2147483646 AND s < 32767;

-- native: postgres mysql
SELECT id, CASE WHEN id > 2 THEN i + 1 END AS v FROM extremes WHERE id > 2;

-- native: postgres mysql
SELECT id FROM extremes WHERE id > 3 AND {i + 1 > 0|b * 2 > 0|abs(s) >= 0|-i < 5|s * s < 5|i * b <> 1};

-- native: postgres mysql
SELECT id, CASE WHEN id > 3 THEN i + 1 END AS v, coalesce(nullif(i, 2147483647), 0) - 1 AS w FROM extremes WHERE id <> 2;

-- native: postgres sqlite
SELECT id, avg(b) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS v FROM extremes;
