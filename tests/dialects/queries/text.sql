-- Text: every pair of trap values, so that case, blanks, accents, width and emoji all meet.

-- native: postgres sqlite
SELECT x.id, y.id AS other, x.a {=|<>|<|<=|>|>=|IS DISTINCT FROM|IS NOT DISTINCT FROM} y.b AS v FROM texts AS x CROSS JOIN texts AS y;

-- native: postgres mysql sqlite
SELECT x.id, x.a BETWEEN x.b AND 'b' AS v, x.a IN ('a', 'A ', '中', 'é', '') AS w, x.a NOT IN ('a', NULL) AS z FROM texts AS x;

-- native: postgres mysql sqlite
SELECT id FROM texts WHERE a {= 'a'|<> 'a'|= 'A '|= ''|= ' '|> 'Z'|< 'a'|>= '中'|= 'it''s'|= '\'|= 'a\b'|= '"'|IS NULL|IS NOT NULL};

-- native: postgres mysql sqlite
SELECT a AS k, count(*) AS n FROM texts GROUP BY a;

-- native: postgres mysql sqlite
SELECT DISTINCT a, b FROM texts;

-- native: postgres mysql sqlite
SELECT count(DISTINCT a) AS v, count(a) AS w, min(a) AS x, max(a) AS y, min(b) AS z, count(*) AS n FROM texts;

-- native: postgres mysql sqlite
SELECT a, id FROM texts ORDER BY a {ASC|DESC|ASC NULLS FIRST|DESC NULLS FIRST}, id;

-- native: postgres mysql sqlite
SELECT a, b FROM texts ORDER BY b DESC, a, id;

-- native: postgres mysql sqlite
SELECT DISTINCT a AS k FROM texts ORDER BY k DESC;

-- native: postgres sqlite
SELECT x.id, y.id AS other FROM texts AS x JOIN texts AS y ON x.a = y.b;

-- native: postgres mysql sqlite
SELECT x.id, x.a LIKE '{a%|%a|%b%|%|%%|中%|%文%|a\%|\%|%\|%%%|it''s|é%|[a]|*|A%| %|% |}' AS v FROM texts AS x;

-- native: postgres mysql sqlite
SELECT x.id, x.a LIKE '{a_|_|__|\_|a%b|_́}' AS v FROM texts AS x;

-- native: postgres
SELECT x.id, y.id AS other, x.a LIKE y.b AS v, x.a NOT LIKE y.b AS w FROM texts AS x CROSS JOIN texts AS y;

-- native: none
SELECT x.id, x.a LIKE 'a!%%' ESCAPE '!' AS v FROM texts AS x;

-- native: none
SELECT x.id, x.a ILIKE 'A%' AS v FROM texts AS x;

-- native: postgres mysql sqlite
SELECT id, length(a) AS v, length(b) + 1 AS w, substring(a, 1, 1) AS x, substring(a, 2) AS y, substring(a, 2, 0) AS z FROM texts;

-- native: none
SELECT id, substring(a, {0|-1|-2}, 1) AS v FROM texts;

-- native: none
SELECT id, substring(a, 1, {-1|length(a)}) AS v FROM texts;

-- native: postgres mysql sqlite
SELECT id, left(a, {0|1|2}) AS v, right(a, {0|1|3}) AS w FROM texts;

-- native: postgres
SELECT id, left(a, -1) AS v, right(a, -1) AS w FROM texts;

-- native: postgres
SELECT id, left(a, length(a) - 1) AS v, right(a, 1 - length(b)) AS w, repeat('*', length(a) - 2) AS x FROM texts;

-- native: postgres sqlite
SELECT id, trim(a) AS v, ltrim(a) AS w, rtrim(a) AS x, trim(a, 'ab') AS y, ltrim(a, '中a') AS z, rtrim(a, ' ') AS q FROM texts;

-- native: postgres mysql sqlite
SELECT id, a || b AS v, a || '-' || b AS w, concat(a, b, '!') AS x, 'x' || 'y' AS y FROM texts;

-- native: postgres sqlite
SELECT id, replace(a, 'a', 'é') AS v, replace(a, b, '') AS w, replace(a, '', 'x') AS x FROM texts;

-- native: postgres mysql
SELECT id, strpos(a, b) AS v, position('b' IN a) AS w, instr(a, '文') AS x, contains(a, b) AS y, starts_with(a, b) AS z FROM texts;

-- native: postgres mysql
SELECT id, starts_with(a, 'a') AS v, prefix(a, b) AS w, ends_with(a, 'b') AS x, suffix(a, '文') AS y, contains(a, '%') AS z FROM texts;

-- native: postgres mysql
SELECT id, lpad(a, {0|1|3|5}, 'xy') AS v, rpad(a, 4, '中') AS w FROM texts;

-- native: none
SELECT id, {upper(a)|lower(a)|reverse(a)|ascii(a)|md5(a)|regexp_matches(a, 'a')|concat_ws('-', a, b)} AS v FROM texts;

-- native: none
SELECT id, a || id AS v FROM texts;

-- native: none
SELECT id, a || NULL AS v FROM texts;

-- native: postgres mysql sqlite
SELECT id, coalesce(a, b, 'none') AS v, nullif(a, b) AS w, nullif(a, 'a') AS x, greatest(a, b) AS y, least(a, b, 'b') AS z FROM texts;

-- native: postgres mysql sqlite
SELECT id, CASE WHEN a < b THEN 'less' WHEN a = b THEN 'equal' ELSE a END AS v, CASE a WHEN 'a' THEN 'A' WHEN 'A' THEN NULL END AS w FROM texts;

-- native: postgres mysql sqlite
SELECT CASE WHEN a > 'm' THEN 'high' ELSE 'low' END AS k, count(*) AS n, min(b) AS m FROM texts GROUP BY CASE WHEN a > 'm' THEN 'high' ELSE 'low' END HAVING min(b) < 'z' ORDER BY k;

-- native: postgres mysql sqlite
SELECT left(a, 1) AS k, count(*) AS n FROM texts GROUP BY 1 ORDER BY 1;

-- native: postgres mysql sqlite
SELECT a AS k FROM texts {UNION|INTERSECT|EXCEPT|UNION ALL} SELECT b FROM texts;

-- native: postgres mysql
SELECT a AS k FROM texts {INTERSECT ALL|EXCEPT ALL} SELECT b FROM texts;

-- native: postgres sqlite
SELECT id FROM texts AS x WHERE x.a {IN|NOT IN} (SELECT y.b FROM texts AS y WHERE y.b IS NOT NULL);

-- native: postgres sqlite
SELECT id FROM texts AS x WHERE {EXISTS|NOT EXISTS} (SELECT 1 FROM texts AS y WHERE y.b = x.a AND y.id <> x.id);

-- native: postgres mysql sqlite
SELECT id, rank() OVER (ORDER BY a) AS v, count(*) OVER (PARTITION BY a) AS w, lag(a) OVER (ORDER BY a DESC, id) AS x, max(a) OVER (ORDER BY b, id) AS y FROM texts;

-- native: postgres mysql sqlite
SELECT 'it''s "a" `test` \ 中文 😀' AS v, 'a' = 'A' AS w, 'a ' = 'a' AS x, 'a' < 'B' AS y, '' AS z;

-- native: postgres mysql sqlite
SELECT x.id, CAST(x.id AS VARCHAR) AS v, CAST(x.a AS VARCHAR) AS w, CAST(x.id AS VARCHAR) = x.a AS z FROM texts AS x;

-- native: postgres mysql sqlite
SELECT id, repeat('*', length(a) - 2) AS v, CASE WHEN length(a) <= 2 THEN repeat('*', length(a)) ELSE left(a, 2) || repeat('*', length(a) - 2) END AS w FROM texts;

-- native: postgres mysql sqlite
SELECT id, trim(a) AS v, ltrim(b) AS w, rtrim(a) AS x, trim(a || ' ' || b || ' ') AS y, length(trim(a)) AS z FROM texts;

-- native: postgres mysql
SELECT id, TRY_CAST(TRY_CAST(i AS HUGEINT) - (((TRY_CAST(i AS HUGEINT) % CAST(10 AS HUGEINT)) + CAST(10 AS HUGEINT)) % CAST(10 AS HUGEINT)) AS INTEGER) AS v FROM extremes;

-- native: postgres mysql
SELECT id, TRY_CAST(CAST(d AS DECIMAL(38,2)) - (((CAST(d AS DECIMAL(38,2)) % CAST(0.5 AS DECIMAL(38,2))) + CAST(0.5 AS DECIMAL(38,2))) % CAST(0.5 AS DECIMAL(38,2))) AS DECIMAL(15,2)) AS v, TRY_CAST(b AS SMALLINT) AS w, TRY_CAST(i AS DECIMAL(5,2)) AS x FROM extremes;

-- A condition that an index serves stands before the exact one, and neither decides for the other.
-- native: postgres mysql sqlite
SELECT id, a = 'a' AS e, a <> 'a' AS d, NOT (a = 'a') AS n, (a = 'A') IS NULL AS u, a IN ('a', 'A ', 'é') AS i FROM texts;

-- native: postgres mysql sqlite
SELECT id FROM texts WHERE {NOT a = 'a'|a IN ('a', 'Z')|NOT a IN ('a', 'Z')|a = 'a' AND b = 'A'|a = 'a' OR b = 'a'|a = '\\'|'ab' = a};

-- native: postgres mysql sqlite
SELECT a, count(*) AS n FROM texts WHERE a = 'a' OR a = 'A' GROUP BY a HAVING a = 'A';

-- native: postgres mysql sqlite
SELECT count(*) AS n FROM (SELECT a AS x FROM texts WHERE id < 30) AS t WHERE t.x = 'a' AND t.x = 'A';
