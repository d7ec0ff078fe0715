-- # A question over `t` and `u`, and under it what each dialect makes of it. The tables have the columns
-- # that test_rendering.py lists. {t} stands for the read of its columns, which the first question shows in full.

SELECT t.id AS a, t.name AS b, t.pay AS c, t.born AS d, t.ok AS e, t.size AS f, t.reading AS g FROM t
postgres: SELECT "t"."id" AS "a", "t"."name" AS "b", "t"."pay" AS "c", "t"."born" AS "d", "t"."ok" AS "e", "t"."size" AS "f", "t"."reading" AS "g" FROM "t" AS "t"
mysql: SELECT `t`.`id` AS `a`, CONVERT(`t`.`name` USING utf8mb4) COLLATE utf8mb4_nopad_bin AS `b`, `t`.`pay` AS `c`, CASE WHEN 9223372036854775807 + (DAYOFMONTH(`t`.`born`) = 0 OR MONTH(`t`.`born`) = 0) > 0 THEN `t`.`born` END AS `d`, CASE WHEN 9223372036854775807 + (`t`.`ok` NOT IN (0, 1)) > 0 THEN (`t`.`ok` <> 0) END AS `e`, `t`.`size` AS `f`, `t`.`reading` AS `g` FROM `t` AS `t`
sqlite: SELECT CASE WHEN typeof("t"."id") = 'integer' THEN "t"."id" WHEN "t"."id" IS NOT NULL THEN abs(-9223372036854775807 - ("t"."id" IS NOT NULL)) END AS "a", CASE WHEN typeof("t"."name") = 'text' THEN "t"."name" WHEN "t"."name" IS NOT NULL THEN abs(-9223372036854775807 - ("t"."name" IS NOT NULL)) END AS "b", "t"."pay" AS "c", CASE WHEN (typeof("t"."born") = 'text' AND length("t"."born") = 10 AND date("t"."born") = "t"."born") THEN "t"."born" WHEN "t"."born" IS NOT NULL THEN abs(-9223372036854775807 - ("t"."born" IS NOT NULL)) END AS "d", CASE WHEN (typeof("t"."ok") = 'integer' AND "t"."ok" IN (0, 1)) THEN "t"."ok" WHEN "t"."ok" IS NOT NULL THEN abs(-9223372036854775807 - ("t"."ok" IS NOT NULL)) END AS "e", CASE WHEN typeof("t"."size") = 'integer' THEN "t"."size" WHEN "t"."size" IS NOT NULL THEN abs(-9223372036854775807 - ("t"."size" IS NOT NULL)) END AS "f", CASE WHEN typeof("t"."reading") IN ('real', 'integer') THEN CAST("t"."reading" AS REAL) WHEN "t"."reading" IS NOT NULL THEN abs(-9223372036854775807 - ("t"."reading" IS NOT NULL)) END AS "g" FROM "t" AS "t"

SELECT t.id AS a FROM {t} WHERE t.name = '王伟' AND t.name <> 'it''s' AND t.name > 'b' ORDER BY t.name DESC
postgres: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE (("t"."name" = '王伟') AND ("t"."name" <> 'it''s') AND ("t"."name" COLLATE "C" > 'b')) ORDER BY "t"."name" COLLATE "C" DESC NULLS LAST
mysql: SELECT `t`.`id` AS `a` FROM {t} AS `t` WHERE ((`t`.`name` = '王伟') AND (`t`.`name` <> 'it''s') AND (`t`.`name` > 'b')) ORDER BY `t`.`name` DESC
sqlite: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE (("t"."name" = '王伟') AND ("t"."name" <> 'it''s') AND ("t"."name" > 'b')) ORDER BY "t"."name" DESC

SELECT t.id AS a FROM {t} WHERE t.name LIKE '王%' OR t.name LIKE '%50\%%' OR t.name = 'a\b'
postgres: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE (("t"."name" LIKE '王%') OR ("t"."name" LIKE E'%50\\%%' ESCAPE '') OR ("t"."name" = E'a\\b'))
mysql: SELECT `t`.`id` AS `a` FROM {t} AS `t` WHERE ((`t`.`name` LIKE '王%') OR (`t`.`name` LIKE CONVERT(X'2535305c2525' USING utf8mb4) COLLATE utf8mb4_nopad_bin ESCAPE '!') OR (`t`.`name` = CONVERT(X'615c62' USING utf8mb4) COLLATE utf8mb4_nopad_bin))
sqlite: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE (likelihood((substr("t"."name", 1, 1) = '王'), 0.100000) OR likelihood((instr("t"."name", '50\') > 0), 0.100000) OR ("t"."name" = 'a\b'))

SELECT t.name AS k, count(*) AS n, min(t.name) AS m FROM {t} GROUP BY t.name ORDER BY n DESC, k NULLS FIRST LIMIT 3
postgres: SELECT "t"."name" AS "k", count(*) AS "n", min("t"."name" COLLATE "C") AS "m" FROM {t} AS "t" GROUP BY "t"."name" ORDER BY "n" DESC NULLS LAST, "t"."name" COLLATE "C" NULLS FIRST LIMIT 3
mysql: SELECT `t`.`name` AS `k`, COUNT(*) AS `n`, MIN(`t`.`name`) AS `m` FROM {t} AS `t` GROUP BY `t`.`name` ORDER BY COUNT(*) DESC, `t`.`name` LIMIT 3
sqlite: SELECT "t"."name" AS "k", count(*) AS "n", min("t"."name") AS "m" FROM {t} AS "t" GROUP BY "t"."name" ORDER BY coalesce(count(*), NULL) DESC, "t"."name" LIMIT 3

SELECT CASE WHEN t.ok THEN '是' ELSE '否' END AS v, coalesce(t.name, '') AS w, t.name || '*' AS x FROM {t}
postgres: SELECT CASE WHEN "t"."ok" THEN CAST('是' AS text) ELSE CAST('否' AS text) END AS "v", COALESCE("t"."name", CAST('' AS text)) AS "w", ("t"."name" || CAST('*' AS text)) AS "x" FROM {t} AS "t"
mysql: SELECT CASE WHEN `t`.`ok` THEN _utf8mb4'是' COLLATE utf8mb4_nopad_bin ELSE _utf8mb4'否' COLLATE utf8mb4_nopad_bin END AS `v`, COALESCE(`t`.`name`, _utf8mb4'' COLLATE utf8mb4_nopad_bin) AS `w`, CONCAT(`t`.`name`, _utf8mb4'*' COLLATE utf8mb4_nopad_bin) AS `x` FROM {t} AS `t`
sqlite: SELECT CASE WHEN "t"."ok" THEN '是' ELSE '否' END AS "v", COALESCE("t"."name", '') AS "w", ("t"."name" || '*') AS "x" FROM {t} AS "t"

SELECT t.id + 1 AS v, t.id * t.size AS w, t.size - 1 AS x, -t.id AS y, t.id // 7 AS z, t.size % 7 AS q FROM {t}
postgres: SELECT (CAST("t"."id" AS bigint) + 1) AS "v", (CAST(CAST("t"."id" AS bigint) AS numeric) * "t"."size") AS "w", (CAST("t"."size" AS numeric) - 1) AS "x", (CAST(0 AS bigint) - "t"."id") AS "y", div("t"."id", 7) AS "z", ("t"."size" % 7) AS "q" FROM {t} AS "t"
mysql: SELECT (`t`.`id` + 1) AS `v`, (CAST(`t`.`id` AS DECIMAL(39, 0)) * `t`.`size`) AS `w`, (CAST(`t`.`size` AS DECIMAL(39, 0)) - 1) AS `x`, (0 - `t`.`id`) AS `y`, (`t`.`id` DIV 7) AS `z`, (`t`.`size` % 7) AS `q` FROM {t} AS `t`
sqlite: -- integers overflow into doubles in SQLite

SELECT t.pay * 1.05 AS v, t.pay / 3 AS w, round(t.pay, 1) AS x, CAST(t.pay AS INTEGER) AS y, t.pay + t.id AS z FROM {t}
postgres: SELECT ("t"."pay" * 1.05) AS "v", (CAST("t"."pay" AS double precision) / CAST('3.0' AS double precision)) AS "w", round("t"."pay", 1) AS "x", round("t"."pay") AS "y", ("t"."pay" + "t"."id") AS "z" FROM {t} AS "t"
mysql: SELECT (`t`.`pay` * 1.05) AS `v`, (CAST(`t`.`pay` AS DOUBLE) / 3.0e0) AS `w`, ROUND(`t`.`pay`, 1) AS `x`, ROUND(`t`.`pay`) AS `y`, (`t`.`pay` + `t`.`id`) AS `z` FROM {t} AS `t`
sqlite: -- * of DECIMAL(15,2) and DECIMAL(3,2)

SELECT t.id / t.size AS v, t.pay / nullif(t.size, 0) AS w FROM {t}
postgres: SELECT CASE WHEN CAST("t"."size" AS double precision) = 0 THEN CASE WHEN CAST("t"."id" AS double precision) > 0 THEN CAST('Infinity' AS double precision) WHEN CAST("t"."id" AS double precision) < 0 THEN CAST('-Infinity' AS double precision) WHEN CAST("t"."id" AS double precision) = 0 THEN CAST('NaN' AS double precision) END ELSE (CAST("t"."id" AS double precision) / CAST("t"."size" AS double precision)) END AS "v", (CAST("t"."pay" AS double precision) / CAST(NULLIF("t"."size", 0) AS double precision)) AS "w" FROM {t} AS "t"
mysql: -- division by zero is NULL in MariaDB, an infinity in DuckDB
sqlite: -- division by zero is NULL in SQLite, an infinity in DuckDB

SELECT t.id AS a FROM {t} WHERE t.born >= DATE '1994-01-01' AND t.born < DATE '1994-01-01' + INTERVAL 1 YEAR
postgres: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE (("t"."born" >= CAST('1994-01-01' AS date)) AND ("t"."born" < CAST('1995-01-01' AS date)))
mysql: SELECT `t`.`id` AS `a` FROM {t} AS `t` WHERE ((`t`.`born` >= CAST('1994-01-01' AS DATE)) AND (`t`.`born` < CAST('1995-01-01' AS DATE)))
sqlite: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE (("t"."born" >= '1994-01-01') AND ("t"."born" < '1995-01-01'))

SELECT t.id AS a FROM {t} WHERE t.born = '2024-02-29'
postgres: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE ("t"."born" = CAST('2024-02-29' AS date))
mysql: SELECT `t`.`id` AS `a` FROM {t} AS `t` WHERE (`t`.`born` = CAST('2024-02-29' AS DATE))
sqlite: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE ("t"."born" = '2024-02-29')

SELECT year(t.born) AS v, extract(month FROM t.born) AS w, date_trunc('month', t.born) AS x FROM {t}
postgres: SELECT CASE WHEN isfinite("t"."born") THEN CAST(extract(year FROM "t"."born") + CASE WHEN "t"."born" < CAST('0001-01-01' AS date) THEN 1 ELSE 0 END AS bigint) END AS "v", CAST(extract(month FROM "t"."born") AS bigint) AS "w", date_trunc('month', CAST("t"."born" AS timestamp)) AS "x" FROM {t} AS "t"
mysql: SELECT YEAR(`t`.`born`) AS `v`, MONTH(`t`.`born`) AS `w`, CAST(DATE_FORMAT(CAST(`t`.`born` AS DATETIME(6)), '%Y-%m-01') AS DATETIME(6)) AS `x` FROM {t} AS `t`
sqlite: -- CAST from DATE to TIMESTAMP is not proven equal in SQLite

SELECT t.born + INTERVAL '1' MONTH AS v FROM (SELECT t.born AS born FROM {t} WHERE t.id > 5) AS t
postgres: SELECT ("t"."born" + INTERVAL '1 month') AS "v" FROM (SELECT "t"."born" AS "born" FROM {t} AS "t" WHERE ("t"."id" > 5) OFFSET 0) AS "t"
mysql: -- dates and intervals are not proven equal in MariaDB
sqlite: -- dates and intervals are not proven equal in SQLite

SELECT sum(t.pay) AS v, avg(t.pay) AS w, avg(t.id) AS x, sum(t.id) AS y, count(DISTINCT t.name) AS z FROM {t}
postgres: SELECT sum("t"."pay") AS "v", CAST(round(sum("t"."pay"), 30) / count("t"."pay") AS double precision) AS "w", CAST(round(CAST(sum("t"."id") AS numeric), 30) / count("t"."id") AS double precision) AS "x", CAST(sum("t"."id") AS numeric) AS "y", count(DISTINCT "t"."name") AS "z" FROM {t} AS "t"
mysql: SELECT SUM(`t`.`pay`) AS `v`, CAST((SUM(`t`.`pay`) * 1.00000000000000000000) / COUNT(`t`.`pay`) AS DOUBLE) AS `w`, CAST((SUM(`t`.`id`) * 1.00000000000000000000) / COUNT(`t`.`id`) AS DOUBLE) AS `x`, SUM(`t`.`id`) AS `y`, COUNT(DISTINCT `t`.`name`) AS `z` FROM {t} AS `t`
sqlite: -- sum(opaque) is not proven equal in SQLite

SELECT sum(t.pay) FILTER (WHERE t.ok) AS v, count(*) FILTER (WHERE NOT t.ok) AS w FROM {t}
postgres: SELECT sum("t"."pay") FILTER (WHERE "t"."ok") AS "v", count(*) FILTER (WHERE (NOT "t"."ok")) AS "w" FROM {t} AS "t"
mysql: SELECT SUM(CASE WHEN `t`.`ok` THEN `t`.`pay` END) AS `v`, COUNT(CASE WHEN (NOT `t`.`ok`) THEN 1 END) AS `w` FROM {t} AS `t`
sqlite: -- sum(opaque) is not proven equal in SQLite

SELECT t.id AS a, u.id AS b FROM {t} LEFT JOIN {u} ON t.id = u.size WHERE u.id IS NULL
postgres: SELECT "t"."id" AS "a", "u"."id" AS "b" FROM {t} AS "t" LEFT JOIN {u} AS "u" ON ("t"."id" = "u"."size") WHERE ("u"."id" IS NULL)
mysql: SELECT `t`.`id` AS `a`, `u`.`id` AS `b` FROM {t} AS `t` LEFT JOIN {u} AS `u` ON (`t`.`id` = `u`.`size`) WHERE (`u`.`id` IS NULL)
sqlite: SELECT "t"."id" AS "a", "u"."id" AS "b" FROM {t LIMIT -1} AS "t" LEFT JOIN {u LIMIT -1} AS "u" ON ("t"."id" = "u"."size") WHERE ("u"."id" IS NULL)

SELECT t.id AS a, u.id AS b FROM {t} JOIN {u} ON t.name = u.name
postgres: SELECT "t"."id" AS "a", "u"."id" AS "b" FROM {t} AS "t" INNER JOIN {u} AS "u" ON ("t"."name" = "u"."name")
mysql: -- no index serves a comparison of two text columns in MariaDB
sqlite: SELECT "t"."id" AS "a", "u"."id" AS "b" FROM {t LIMIT -1} AS "t" INNER JOIN {u LIMIT -1} AS "u" ON ("t"."name" = "u"."name")

SELECT t.id AS a FROM {t} FULL JOIN {u} ON t.id = u.id
postgres: SELECT "t"."id" AS "a" FROM {t} AS "t" FULL JOIN {u} AS "u" ON ("t"."id" = "u"."id")
mysql: -- MariaDB has no FULL JOIN
sqlite: -- SQLite makes no index of its own for a FULL JOIN

SELECT t.id AS a FROM {t} ANTI JOIN {u} ON t.id = u.id
postgres: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE (NOT EXISTS(SELECT 1 FROM {u} AS "u" WHERE ("t"."id" = "u"."id")))
mysql: SELECT `t`.`id` AS `a` FROM {t} AS `t` WHERE (NOT EXISTS(SELECT 1 FROM {u} AS `u` WHERE (`t`.`id` = `u`.`id`)))
sqlite: SELECT "t"."id" AS "a" FROM {t LIMIT -1} AS "t" WHERE (NOT EXISTS(SELECT 1 FROM {u LIMIT -1} AS "u" WHERE ("t"."id" = "u"."id")))

SELECT t.id AS a FROM {t} WHERE t.id IN (SELECT u.id FROM {u} GROUP BY u.id HAVING count(*) > 2)
postgres: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE ("t"."id" IN (SELECT "u"."id" AS "id" FROM {u} AS "u" GROUP BY "u"."id" HAVING (count(*) > 2) OFFSET 0))
mysql: SELECT `t`.`id` AS `a` FROM {t} AS `t` WHERE (`t`.`id` IN (SELECT `u`.`id` AS `id` FROM {u} AS `u` GROUP BY `u`.`id` HAVING (COUNT(*) > 2)))
sqlite: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE ("t"."id" IN (SELECT "u"."id" AS "id" FROM {u LIMIT -1} AS "u" GROUP BY "u"."id" HAVING (count(*) > 2)))

SELECT t.id AS a FROM {t} WHERE t.id NOT IN (SELECT u.id FROM {u} WHERE u.ok)
postgres: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE (NOT ("t"."id" IN (SELECT "u"."id" AS "id" FROM {u} AS "u" WHERE "u"."ok")))
mysql: SELECT `t`.`id` AS `a` FROM {t} AS `t` WHERE (NOT (`t`.`id` IN (SELECT `u`.`id` AS `id` FROM {u} AS `u` WHERE `u`.`ok`)))
sqlite: SELECT "t"."id" AS "a" FROM {t} AS "t" WHERE (NOT ("t"."id" IN (SELECT "u"."id" AS "id" FROM {u LIMIT -1} AS "u" WHERE "u"."ok")))

SELECT t.id AS a, (SELECT max(u.pay) FROM {u} WHERE u.id = t.id) AS m FROM {t}
postgres: SELECT "t"."id" AS "a", (SELECT max("u"."pay") AS "_c0" FROM {u} AS "u" WHERE ("u"."id" = "t"."id")) AS "m" FROM {t} AS "t"
mysql: SELECT `t`.`id` AS `a`, (SELECT MAX(`u`.`pay`) AS `_c0` FROM {u} AS `u` WHERE (`u`.`id` = `t`.`id`)) AS `m` FROM {t} AS `t`
sqlite: -- DECIMAL(15,2) is only handed on, not compared

SELECT t.id AS a, (SELECT u.name FROM {u} WHERE u.id = t.id) AS m FROM {t}
postgres: SELECT "t"."id" AS "a", (SELECT "u"."name" AS "name" FROM {u} AS "u" WHERE ("u"."id" = "t"."id")) AS "m" FROM {t} AS "t"
mysql: SELECT `t`.`id` AS `a`, (SELECT `u`.`name` AS `name` FROM {u} AS `u` WHERE (`u`.`id` = `t`.`id`)) AS `m` FROM {t} AS `t`
sqlite: -- SQLite takes the first of several rows of a scalar subquery

SELECT t.name AS k FROM {t} UNION SELECT u.name FROM {u} ORDER BY k DESC LIMIT 2
postgres: SELECT "_q"."k" AS "k" FROM ((SELECT "t"."name" AS "k" FROM {t} AS "t") UNION (SELECT "u"."name" AS "name" FROM {u} AS "u")) AS "_q" ORDER BY "_q"."k" COLLATE "C" DESC NULLS LAST LIMIT 2
mysql: SELECT `_q`.`k` AS `k` FROM ((SELECT `t`.`name` AS `k` FROM {t} AS `t`) UNION (SELECT `u`.`name` AS `name` FROM {u} AS `u`)) AS `_q` ORDER BY `_q`.`k` DESC LIMIT 2
sqlite: SELECT "_q"."k" AS "k" FROM (SELECT "_a"."k" AS "k" FROM (SELECT "t"."name" AS "k" FROM {t} AS "t") AS "_a" UNION SELECT "_a"."name" AS "name" FROM (SELECT "u"."name" AS "name" FROM {u} AS "u") AS "_a") AS "_q" ORDER BY "_q"."k" DESC LIMIT 2

SELECT t.id AS k FROM {t} EXCEPT ALL SELECT u.id FROM {u}
postgres: (SELECT "t"."id" AS "k" FROM {t} AS "t") EXCEPT ALL (SELECT "u"."id" AS "id" FROM {u} AS "u")
mysql: (SELECT `t`.`id` AS `k` FROM {t} AS `t`) EXCEPT ALL (SELECT `u`.`id` AS `id` FROM {u} AS `u`)
sqlite: -- EXCEPT ALL is not proven equal in SQLite

SELECT DISTINCT t.name AS k FROM {t} ORDER BY k
postgres: SELECT "_q"."k" AS "k" FROM (SELECT DISTINCT "t"."name" AS "k" FROM {t} AS "t") AS "_q" ORDER BY "_q"."k" COLLATE "C"
mysql: SELECT `_q`.`k` AS `k` FROM (SELECT DISTINCT `t`.`name` AS `k` FROM {t} AS `t`) AS `_q` ORDER BY (`_q`.`k` IS NULL), `_q`.`k`
sqlite: SELECT "_q"."k" AS "k" FROM (SELECT DISTINCT "t"."name" AS "k" FROM {t} AS "t") AS "_q" ORDER BY "_q"."k" NULLS LAST

SELECT DISTINCT ON (t.name) t.name AS k, t.id AS a FROM {t} ORDER BY t.name, t.id DESC
postgres: SELECT DISTINCT ON ("t"."name" COLLATE "C") "t"."name" AS "k", "t"."id" AS "a" FROM {t} AS "t" ORDER BY "t"."name" COLLATE "C", "t"."id" DESC NULLS LAST
mysql: -- DISTINCT ON is not proven equal in MariaDB
sqlite: -- DISTINCT ON is not proven equal in SQLite

SELECT t.id AS a, rank() OVER (PARTITION BY t.ok ORDER BY t.name, t.id) AS r FROM {t}
postgres: SELECT "t"."id" AS "a", rank() OVER (PARTITION BY "t"."ok" ORDER BY "t"."name" COLLATE "C", "t"."id") AS "r" FROM {t} AS "t"
mysql: SELECT `t`.`id` AS `a`, RANK() OVER (PARTITION BY `t`.`ok` ORDER BY (`t`.`name` IS NULL), `t`.`name`, (`t`.`id` IS NULL), `t`.`id`) AS `r` FROM {t} AS `t`
sqlite: SELECT "t"."id" AS "a", rank() OVER (PARTITION BY "t"."ok" ORDER BY "t"."name" NULLS LAST, "t"."id" NULLS LAST) AS "r" FROM {t} AS "t"

SELECT t.id AS a, avg(t.id) OVER (PARTITION BY t.ok) AS r FROM {t}
postgres: SELECT "t"."id" AS "a", CAST(round(CAST(sum("t"."id") OVER (PARTITION BY "t"."ok") AS numeric), 30) / count("t"."id") OVER (PARTITION BY "t"."ok") AS double precision) AS "r" FROM {t} AS "t"
mysql: -- avg() in a window is not proven equal in MariaDB
sqlite: SELECT "t"."id" AS "a", avg("t"."id") OVER (PARTITION BY "t"."ok") AS "r" FROM {t} AS "t"

SELECT t.name AS k, t.ok AS o, count(*) AS n FROM {t} GROUP BY ROLLUP (t.name, t.ok)
postgres: SELECT "t"."name" AS "k", "t"."ok" AS "o", count(*) AS "n" FROM {t} AS "t" GROUP BY ROLLUP ("t"."name", "t"."ok")
mysql: -- GROUPING SETS are not proven equal in MariaDB
sqlite: -- GROUPING SETS are not proven equal in SQLite

WITH big AS (SELECT t.id AS id FROM {t} WHERE t.size > 100) SELECT b.id AS id FROM big AS b
postgres: WITH "big" AS (SELECT "t"."id" AS "id" FROM {t} AS "t" WHERE ("t"."size" > 100)) SELECT "b"."id" AS "id" FROM "big" AS "b"
mysql: WITH `big` AS (SELECT `t`.`id` AS `id` FROM {t} AS `t` WHERE (`t`.`size` > 100)) SELECT `b`.`id` AS `id` FROM `big` AS `b`
sqlite: WITH "big" AS (SELECT "t"."id" AS "id" FROM {t} AS "t" WHERE ("t"."size" > 100) LIMIT -1) SELECT "b"."id" AS "id" FROM "big" AS "b"

SELECT lower(t.name) AS v FROM {t}
postgres: -- upper and lower case beyond ASCII depend on the database's locale
mysql: -- upper and lower case beyond ASCII differ
sqlite: -- SQLite changes the case of ASCII letters only

SELECT t.reading AS v FROM {t} WHERE t.reading > 1.5 ORDER BY t.reading
postgres: SELECT "t"."reading" AS "v" FROM {t} AS "t" WHERE ("t"."reading" > CAST('1.5' AS double precision)) ORDER BY "t"."reading"
mysql: SELECT `t`.`reading` AS `v` FROM {t} AS `t` WHERE (`t`.`reading` > 1.5e0) ORDER BY (`t`.`reading` IS NULL), `t`.`reading`
sqlite: SELECT "t"."reading" AS "v" FROM {t} AS "t" WHERE ("t"."reading" > 1.5) ORDER BY "t"."reading" NULLS LAST

SELECT t.reading * 2 AS v FROM {t}
postgres: -- arithmetic on doubles may leave their range
mysql: -- arithmetic on doubles may leave their range
sqlite: -- arithmetic on doubles may leave their range

SELECT left(t.name, 1) || repeat('*', length(t.name) - 1) AS v, trim(t.name) AS w FROM {t}
postgres: SELECT (left("t"."name", CAST(1 AS integer)) || repeat(CAST('*' AS text), CAST((CAST(CAST(char_length("t"."name") AS bigint) AS bigint) - 1) AS integer))) AS "v", btrim("t"."name", '                　') AS "w" FROM {t} AS "t"
mysql: SELECT CONCAT(LEFT(`t`.`name`, 1), REPEAT(_utf8mb4'*' COLLATE utf8mb4_nopad_bin, (CHAR_LENGTH(`t`.`name`) - 1))) AS `v`, REGEXP_REPLACE(`t`.`name`, '(?s)^[                　]+|[                　]+(?!.)', '') AS `w` FROM {t} AS `t`
sqlite: SELECT (CASE WHEN instr("t"."name", char(0)) > 0 THEN abs(-9223372036854775807 - ("t"."name" IS NOT NULL)) ELSE substr("t"."name", 1, 1) END || CASE WHEN (CASE WHEN instr("t"."name", char(0)) > 0 THEN abs(-9223372036854775807 - ("t"."name" IS NOT NULL)) ELSE length("t"."name") END - 1) > 0 THEN printf('%.*c', (CASE WHEN instr("t"."name", char(0)) > 0 THEN abs(-9223372036854775807 - ("t"."name" IS NOT NULL)) ELSE length("t"."name") END - 1), '*') WHEN (CASE WHEN instr("t"."name", char(0)) > 0 THEN abs(-9223372036854775807 - ("t"."name" IS NOT NULL)) ELSE length("t"."name") END - 1) <= 0 THEN '' END) AS "v", trim("t"."name", '                　') AS "w" FROM {t} AS "t"

SELECT greatest(t.id, t.size) AS v, nullif(t.name, '') AS w, t.name IS NOT DISTINCT FROM 'a' AS x FROM {t}
postgres: SELECT GREATEST(CAST("t"."id" AS bigint), "t"."size") AS "v", NULLIF("t"."name", '') AS "w", ("t"."name" IS NOT DISTINCT FROM 'a') AS "x" FROM {t} AS "t"
mysql: SELECT COALESCE(GREATEST(`t`.`id`, `t`.`size`), `t`.`id`, `t`.`size`) AS `v`, NULLIF(`t`.`name`, '') AS `w`, (`t`.`name` <=> 'a') AS `x` FROM {t} AS `t`
sqlite: SELECT coalesce(max("t"."id", "t"."size"), "t"."id", "t"."size") AS "v", NULLIF("t"."name", '') AS "w", ("t"."name" IS 'a') AS "x" FROM {t} AS "t"

SELECT t.id AS a FROM {t} LIMIT 5 OFFSET 2
postgres: SELECT "t"."id" AS "a" FROM {t} AS "t" LIMIT 5 OFFSET 2
mysql: SELECT `t`.`id` AS `a` FROM {t} AS `t` LIMIT 5 OFFSET 2
sqlite: SELECT "t"."id" AS "a" FROM {t} AS "t" LIMIT 5 OFFSET 2

SELECT t.id AS a FROM {t} OFFSET 2
postgres: SELECT "t"."id" AS "a" FROM {t} AS "t" OFFSET 2
mysql: SELECT `t`.`id` AS `a` FROM {t} AS `t` LIMIT 9223372036854775807 OFFSET 2
sqlite: SELECT "t"."id" AS "a" FROM {t} AS "t" LIMIT -1 OFFSET 2
