-- What the resolver makes of a question: the question, then the tree it becomes, each ended by a semicolon.
-- Tables: h.t(a, b, c), k.u(a, d), k.v(a, e), k.w(b, f), k.t(a, z), 医保.参保人(证件号, 姓名, 街道, 缴费, 年龄).

-- Names are spelled as in the catalog, and every item has an alias of its own.
SELECT A, T.B FROM H.T;
SELECT "t"."a" AS "a", "t"."b" AS "b" FROM "h"."t" AS "t";

SELECT d FROM u;
SELECT "u"."d" AS "d" FROM "k"."u" AS "u";

select 姓名, p.街道 from 参保人 as p;
SELECT "p"."姓名" AS "姓名", "p"."街道" AS "街道" FROM "医保"."参保人" AS "p";

select h.t.a, k.t.z from h.t, k.t;
SELECT "t"."a" AS "a", "t_2"."z" AS "z" FROM "h"."t" AS "t" CROSS JOIN "k"."t" AS "t_2";

select x.n from k.u as x(n);
SELECT "x"."a" AS "n" FROM "k"."u" AS "x";

-- Aliases stand for what they name: in WHERE and later outputs after columns, in ORDER BY before them.
select a + 1 as x, x * 2 as y from h.t where y > 4;
SELECT "t"."a" + 1 AS "x", ("t"."a" + 1) * 2 AS "y" FROM "h"."t" AS "t" WHERE (("t"."a" + 1) * 2) > 4;

select -b as b from h.t where b > 10 order by b;
SELECT -"t"."b" AS "b" FROM "h"."t" AS "t" WHERE "t"."b" > 10 ORDER BY -"t"."b";

select a as k, sum(b) as s from h.t group by k having s > 10 order by 2 desc;
SELECT "t"."a" AS "k", SUM("t"."b") AS "s" FROM "h"."t" AS "t" GROUP BY "t"."a" HAVING SUM("t"."b") > 10 ORDER BY SUM("t"."b") DESC;

select a, sum(b) as b from h.t group by a having b > 10;
SELECT "t"."a" AS "a", SUM("t"."b") AS "b" FROM "h"."t" AS "t" GROUP BY "t"."a" HAVING SUM("t"."b") > 10;

-- An alias of an outer block may be reached from inside, and never lands on an inner table of the same name.
select t.a as x, (select max(t.d) from k.u t where t.a <= x) as m from h.t;
SELECT "t"."a" AS "x", (SELECT MAX("t_2"."d") AS "column_1" FROM "k"."u" AS "t_2" WHERE "t_2"."a" <= "t"."a") AS "m" FROM "h"."t" AS "t";

-- Grouping.
select a + 0 as k, 5 as five, count(*) as n from h.t group by all;
SELECT "t"."a" + 0 AS "k", 5 AS "five", COUNT(*) AS "n" FROM "h"."t" AS "t" GROUP BY "t"."a" + 0;

select 5 as five, count(*) as n from h.t group by five;
SELECT 5 AS "five", COUNT(*) AS "n" FROM "h"."t" AS "t" GROUP BY 1;

select a as x, c, count(*) as n from h.t group by rollup (x, c), grouping sets ((1), ());
SELECT "t"."a" AS "x", "t"."c" AS "c", COUNT(*) AS "n" FROM "h"."t" AS "t" GROUP BY ROLLUP ("t"."a", "t"."c"), GROUPING SETS (("t"."a"), ());

-- Order.
select a, b from h.t order by all desc nulls first limit 2;
SELECT "t"."a" AS "a", "t"."b" AS "b" FROM "h"."t" AS "t" ORDER BY "t"."a" DESC NULLS FIRST, "t"."b" DESC NULLS FIRST LIMIT 2;

select (select max(d) from k.u) as m, 1 as one from h.t order by m, one, 2;
SELECT (SELECT MAX("u"."d") AS "column_1" FROM "k"."u" AS "u") AS "m", 1 AS "one" FROM "h"."t" AS "t" ORDER BY 1, 2, 2;

select distinct on (x) a as x, b from h.t order by x, b desc;
SELECT DISTINCT ON ("t"."a") "t"."a" AS "x", "t"."b" AS "b" FROM "h"."t" AS "t" ORDER BY "t"."a", "t"."b" DESC;

select a from h.t fetch first 3 rows only;
SELECT "t"."a" AS "a" FROM "h"."t" AS "t" LIMIT 3;

-- Stars.
select * from k.u;
SELECT "u"."a" AS "a", "u"."d" AS "d" FROM "k"."u" AS "u";

select u.*, d + 1 as e from k.u;
SELECT "u"."a" AS "a", "u"."d" AS "d", "u"."d" + 1 AS "e" FROM "k"."u" AS "u";

select * exclude (b) replace (c || '!' as c) from h.t;
SELECT "t"."a" AS "a", "t"."c" || '!' AS "c" FROM "h"."t" AS "t";

select count(*) as n from (select * from k.u);
SELECT COUNT(*) AS "n" FROM (SELECT "u"."a" AS "a", "u"."d" AS "d" FROM "k"."u" AS "u") AS "derived";

select a from h.t where exists (select * from k.u where u.a = t.a);
SELECT "t"."a" AS "a" FROM "h"."t" AS "t" WHERE EXISTS(SELECT 1 AS "column_1" FROM "k"."u" AS "u" WHERE "u"."a" = "t"."a");

-- Joins.
select a, d, e from k.u join k.v using (a);
SELECT "u"."a" AS "a", "u"."d" AS "d", "v"."e" AS "e" FROM "k"."u" AS "u" JOIN "k"."v" AS "v" ON "u"."a" = "v"."a";

select * from k.u natural full join k.v;
SELECT COALESCE("u"."a", "v"."a") AS "a", "u"."d" AS "d", "v"."e" AS "e" FROM "k"."u" AS "u" FULL JOIN "k"."v" AS "v" ON "u"."a" = "v"."a";

select a, u.a as left_a from k.u right join k.v using (a);
SELECT "v"."a" AS "a", "u"."a" AS "left_a" FROM "k"."u" AS "u" RIGHT JOIN "k"."v" AS "v" ON "u"."a" = "v"."a";

select u.a from k.u semi join k.v using (a) anti join k.w on b = d;
SELECT "u"."a" AS "a" FROM "k"."u" AS "u" SEMI JOIN "k"."v" AS "v" ON "u"."a" = "v"."a" ANTI JOIN "k"."w" AS "w" ON "w"."b" = "u"."d";

select d, f from k.u left join (k.v join k.w on e = f) on u.a = v.a;
SELECT "u"."d" AS "d", "joined"."f" AS "f" FROM "k"."u" AS "u" LEFT JOIN (SELECT "v"."a" AS "a", "w"."f" AS "f" FROM "k"."v" AS "v" JOIN "k"."w" AS "w" ON "v"."e" = "w"."f") AS "joined" ON "u"."a" = "joined"."a";

select t.b, q.m from h.t, (select max(d) as m from k.u where u.a = t.a) q;
SELECT "t"."b" AS "b", "q"."m" AS "m" FROM "h"."t" AS "t" CROSS JOIN LATERAL (SELECT MAX("u"."d") AS "m" FROM "k"."u" AS "u" WHERE "u"."a" = "t"."a") AS "q";

select t.b, e from h.t, k.u full join k.v on u.a = v.a;
SELECT "t"."b" AS "b", "joined"."e" AS "e" FROM "h"."t" AS "t" CROSS JOIN (SELECT "v"."e" AS "e" FROM "k"."u" AS "u" FULL JOIN "k"."v" AS "v" ON "u"."a" = "v"."a") AS "joined";

-- WITH: names are scoped, a name with a department is always a table.
with t as (select 1 as one) select t.one, x.a from t, h.t as x;
WITH "t" AS (SELECT 1 AS "one") SELECT "t"."one" AS "one", "x"."a" AS "a" FROM "t" AS "t" CROSS JOIN "h"."t" AS "x";

with t as (select a from h.t) select a from k.t;
WITH "t" AS (SELECT "t"."a" AS "a" FROM "h"."t" AS "t") SELECT "t_2"."a" AS "a" FROM "k"."t" AS "t_2";

with w(x) as (select d from k.u) select x from w where exists (with w as (select 1 as y) select y from w);
WITH "w" AS (SELECT "u"."d" AS "d" FROM "k"."u" AS "u") SELECT "w"."d" AS "x" FROM "w" AS "w" WHERE EXISTS(WITH "w_2" AS (SELECT 1 AS "y") SELECT "w_2"."y" AS "y" FROM "w_2" AS "w_2");

with "T" as materialized (select 1 as x) select x from t;
WITH "T" AS (SELECT 1 AS "x") SELECT "t"."x" AS "x" FROM "T" AS "t";

-- Set operations are ordered by position; an expression needs a block around them.
select a from k.u union select e from k.v order by e desc limit 3;
SELECT "u"."a" AS "a" FROM "k"."u" AS "u" UNION SELECT "v"."e" AS "e" FROM "k"."v" AS "v" ORDER BY 1 DESC LIMIT 3;

select a as x from k.u union all select e from k.v order by -x;
SELECT "derived"."x" AS "x" FROM (SELECT "u"."a" AS "x" FROM "k"."u" AS "u" UNION ALL SELECT "v"."e" AS "e" FROM "k"."v" AS "v") AS "derived" ORDER BY -"derived"."x";

(select a from k.u order by a limit 2) order by 1 desc limit 1;
SELECT "derived"."a" AS "a" FROM (SELECT "u"."a" AS "a" FROM "k"."u" AS "u" ORDER BY "u"."a" LIMIT 2) AS "derived" ORDER BY 1 DESC LIMIT 1;

-- Windows.
-- A rank among all rows without order is 1 for all, also where it is dense: DuckDB may end its process over the dense one.
select dense_rank() over () as r, dense_rank() over (order by b) as s, dense_rank() over (partition by b) as u from h.t;
SELECT RANK() OVER () AS "r", DENSE_RANK() OVER (ORDER BY "t"."b") AS "s", DENSE_RANK() OVER (PARTITION BY "t"."b") AS "u" FROM "h"."t" AS "t";

select * from (select dense_rank() over w, a from h.t window w as () order by dense_rank() over (), a) qualify dense_rank() over () = 1;
SELECT "derived"."dense_rank() OVER ()" AS "dense_rank() OVER ()", "derived"."a" AS "a" FROM (SELECT RANK() OVER () AS "dense_rank() OVER ()", "t"."a" AS "a" FROM "h"."t" AS "t" ORDER BY RANK() OVER (), "t"."a") AS "derived" QUALIFY RANK() OVER () = 1;

select sum(b) over w as s, rank() over (w order by b) as r from h.t window w as (partition by a);
SELECT SUM("t"."b") OVER (PARTITION BY "t"."a") AS "s", RANK() OVER (PARTITION BY "t"."a" ORDER BY "t"."b") AS "r" FROM "h"."t" AS "t";

select a, row_number() over (order by b) as n from h.t qualify n = 1;
SELECT "t"."a" AS "a", ROW_NUMBER() OVER (ORDER BY "t"."b") AS "n" FROM "h"."t" AS "t" QUALIFY ROW_NUMBER() OVER (ORDER BY "t"."b") = 1;

-- Outputs without an alias get DuckDB's names; inside, they get them where they can be asked for.
select count(*), a + 1, max(b) filter (where a = 1) from h.t group by a;
SELECT COUNT(*) AS "count_star()", "t"."a" + 1 AS "(a + 1)", MAX("t"."b") FILTER(WHERE "t"."a" = 1) AS "max(b) FILTER (WHERE (a = 1))" FROM "h"."t" AS "t" GROUP BY "t"."a";

select "count_star()" + 1 as n from (select count(*) from h.t) q;
SELECT "q"."count_star()" + 1 AS "n" FROM (SELECT COUNT(*) AS "count_star()" FROM "h"."t" AS "t") AS "q";

select * from (select a, a, d from k.u) q;
SELECT "q"."a" AS "a", "q"."a_1" AS "a_1", "q"."d" AS "d" FROM (SELECT "u"."a" AS "a", "u"."a" AS "a_1", "u"."d" AS "d" FROM "k"."u" AS "u") AS "q";

-- VALUES keep their names.
select i, col1 from (values (1, 'x'), (2, 'y')) v(i);
SELECT "v"."i" AS "i", "v"."col1" AS "col1" FROM (VALUES (1, 'x'), (2, 'y')) AS "v"("i", "col1");
