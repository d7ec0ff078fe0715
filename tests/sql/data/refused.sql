-- Questions that are refused, each under its code and the line:column of what is wrong. \x and \u are characters.

---- text before parsing
-- SQL_TEXT_REFUSED 1:10 a comment that some databases execute is not allowed
select 1 /*! union select 2 */
-- SQL_TEXT_REFUSED 1:10 a comment that some databases execute is not allowed
select 1 /*M!50000 union select 2 */
-- SQL_TEXT_REFUSED 1:13 comments cannot be nested
select /* a /* b */ 1 */ 2
-- SQL_SYNTAX 1:8 /* is never closed
select /* never closed
-- SQL_SYNTAX 1:8 ' is never closed
select 'never closed
-- SQL_SYNTAX 1:8 " is never closed
select "never closed
-- SQL_TEXT_REFUSED 1:8 the U&"…" form is not allowed; write the characters themselves
select U&"\0061" from h.t
-- SQL_TEXT_REFUSED 1:8 the U&"…" form is not allowed; write the characters themselves
select u&'\0061'
-- SQL_TEXT_REFUSED 1:8 a letter before a quote is not allowed; write a plain literal or name, or pass a parameter
select e'\n'
-- SQL_TEXT_REFUSED 1:8 a letter before a quote is not allowed; write a plain literal or name, or pass a parameter
select x'41'
-- SQL_TEXT_REFUSED 1:8 a letter before a quote is not allowed; write a plain literal or name, or pass a parameter
select b'01'
-- SQL_TEXT_REFUSED 1:8 dollar quoting is not allowed; write a literal in single quotes
select $$a$$
-- SQL_TEXT_REFUSED 1:8 dollar quoting is not allowed; write a literal in single quotes
select $tag$a$tag$
-- SQL_TEXT_REFUSED 1:9 the character '\u3000' (U+3000) is not allowed outside literals
select a　from h.t
-- SQL_TEXT_REFUSED 1:9 the character '\xa0' (U+00A0) is not allowed outside literals
select a\u00a0from h.t
-- SQL_TEXT_REFUSED 1:9 the character '\u200b' (U+200B) is not allowed outside literals
select a\u200bb from h.t
-- SQL_TEXT_REFUSED 1:10 the character U+3000 is not allowed in a quoted name
select "姓\u3000名" from 医保.参保人
-- SQL_TEXT_REFUSED 1:10 the character U+202E is not allowed in a quoted name
select "a\u202eb" from h.t
-- SQL_TEXT_REFUSED 1:13 invisible direction marks are not allowed in comments
select 1 -- \u202e
-- SQL_TEXT_REFUSED 1:9 the control character U+0000 is not allowed in SQL text
select a\x00 from h.t
-- SQL_TEXT_REFUSED 1:10 the control character U+0000 is not allowed in SQL text
select 'a\x00'
-- SQL_TEXT_REFUSED 1:9 the control character U+001B is not allowed in SQL text
select a\x1b from h.t
-- SQL_TEXT_REFUSED 1:20 the control character U+000D is not allowed in SQL text
select 1 -- comment\x0d, a
-- SQL_TEXT_REFUSED 1:8 the character '{' (U+007B) is not allowed outside literals
select {{ user }}
-- SQL_TEXT_REFUSED 1:8 the character '{' (U+007B) is not allowed outside literals
select {'a': 1}
-- SQL_TEXT_REFUSED 1:8 the character '#' (U+0023) is not allowed outside literals
select #1 from h.t
-- SQL_TEXT_REFUSED 1:8 the character '`' (U+0060) is not allowed outside literals
select `a` from h.t
-- SQL_TEXT_REFUSED 1:18 the character '@' (U+0040) is not allowed outside literals
select a from h.t@dblink
-- SQL_TEXT_REFUSED 1:8 the character '@' (U+0040) is not allowed outside literals
select @@version
-- SQL_TEXT_REFUSED 1:12 literals that stand side by side are not joined
select 'a' 'b'
-- SQL_TEXT_REFUSED 1:8 a number runs into a word
select 0xff
-- SQL_TEXT_REFUSED 1:8 a number runs into a word
select 1abc
-- SQL_TEXT_REFUSED 1:8 a number runs into a word
select 1e-3x
-- SQL_TEXT_REFUSED 1:8 a number runs into a word
select 1e-3.5
-- SQL_TEXT_REFUSED 1:8 a number runs into a word
select 1e - 3
-- SQL_TEXT_REFUSED 1:8 a number starts with a point; write 0.5 for .5
select .5
-- SQL_TEXT_REFUSED 1:8 a placeholder is ?, $1 or $name and stands alone
select a?
-- SQL_TEXT_REFUSED 1:8 a placeholder is ?, $1 or $name and stands alone
select ?1

---- one statement, and only SELECT
-- SQL_EMPTY 1:1 there is no statement
;
-- SQL_EMPTY 1:1 there is no statement
-- nothing but a comment
-- SQL_MULTIPLE_STATEMENTS 1:9 only one statement is allowed
select 1; select 2
-- SQL_MULTIPLE_STATEMENTS 1:9 only one statement is allowed
select 1; ; select 2
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
drop table h.t
-- SQL_MULTIPLE_STATEMENTS 1:7 only one statement is allowed
COMMIT; select 1
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
insert into h.t values (1)
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
update h.t set a = 1
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
delete from h.t
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
merge into h.t using k.u on true when matched then delete
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
create table x as select 1
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
drop table h.t
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
alter table h.t add column z int
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
truncate h.t
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
copy h.t to '/tmp/x'
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
copy (select 1) to '/tmp/x'
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
attach ':memory:' as x
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
install httpfs
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
load httpfs
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
pragma version
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
set memory_limit = '1TB'
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
reset all
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
use k
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
call pragma_version()
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
explain select 1
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
explain analyze delete from h.t
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
describe h.t
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
describe select 1
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
summarize h.t
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
show tables
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
prepare p as select 1
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
execute p
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
begin
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
vacuum
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
checkpoint
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
export database '/tmp/x'
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
pivot h.t on a using sum(b)
-- SQL_NOT_A_QUERY 1:1 only SELECT is answered
unpivot h.t on a, b into name n value v
-- SQL_NOT_A_QUERY 1:9 only SELECT is answered
values (1)
-- SQL_NOT_A_QUERY 1:14 only SELECT is answered
/* hidden */ delete from h.t
-- SQL_NOT_A_QUERY 1:6 WITH may hold SELECT only
with x as (delete from h.t returning *) select * from x
-- SQL_NOT_A_QUERY 1:6 only SELECT is answered
with x as (select 1) delete from h.t
-- SQL_NOT_A_QUERY 1:6 WITH may hold SELECT only
with x as (insert into h.t values (1) returning *) select * from x
-- SQL_SYNTAX 1:23 the text cannot be understood near 'from'
select * from (delete from h.t)
-- SQL_CONSTRUCT_REFUSED 1:25 describe is not supported
select * from (describe h.t)
-- SQL_CONSTRUCT_REFUSED 1:26 summarize is not supported
select * from (summarize h.t)
-- SQL_TABLE_UNKNOWN 1:16 there is no table show that you may see
select * from (show tables)
-- SQL_CONSTRUCT_REFUSED 1:22 pivot is not supported
select * from (pivot h.t on a using sum(b))
-- SQL_CONSTRUCT_REFUSED 1:15 SELECT INTO is not supported
select a into x from h.t
-- SQL_CONSTRUCT_REFUSED 1:8 FOR UPDATE is not supported
select * from h.t for update
-- SQL_CONSTRUCT_REFUSED 1:8 FOR UPDATE is not supported
select * from h.t for share

---- syntax that is not supported
-- SQL_CONSTRUCT_REFUSED 1:31 a sample is not supported
select * from h.t tablesample 10%
-- SQL_CONSTRUCT_REFUSED 1:32 a sample is not supported
select * from h.t using sample 5
-- SQL_CONSTRUCT_REFUSED 1:25 a percentage in LIMIT is not supported
select * from h.t limit 10%
-- SQL_CONSTRUCT_REFUSED 1:25 anything but a whole number in LIMIT is not supported
select * from h.t limit a
-- SQL_CONSTRUCT_REFUSED 1:33 anything but a whole number in LIMIT is not supported
select * from h.t limit (select 1)
-- SQL_CONSTRUCT_REFUSED 1:26 anything but a whole number in LIMIT is not supported
select * from h.t limit -1
-- SQL_CONSTRUCT_REFUSED 1:42 WITH TIES is not supported
select * from h.t order by a fetch first 1 rows with ties
-- SQL_FUNCTION_REFUSED 1:8 the function columns is not available
select columns('a.*') from h.t
-- SQL_FUNCTION_REFUSED 1:8 the function columns is not available
select columns(*) from h.t
-- SQL_CONSTRUCT_REFUSED 1:8 * is not supported here
select * like 'a%' from h.t
-- SQL_CONSTRUCT_REFUSED 1:18 RENAME is not supported
select * rename (a as z) from h.t
-- SQL_CONSTRUCT_REFUSED 1:19 EXCLUDE takes plain column names
select * exclude (t.a) from h.t
-- SQL_CONSTRUCT_REFUSED 1:16 * is not supported here
select count(t.*) from h.t
-- SQL_CONSTRUCT_REFUSED 1:10 * is not supported here
select t.*::varchar from h.t
-- SQL_CONSTRUCT_REFUSED 1:11 * is not supported here
select (t.*) from h.t
-- SQL_CONSTRUCT_REFUSED 1:8 t, a table, as a value is not supported
select t from h.t
-- SQL_FUNCTION_REFUSED 1:8 the function row_to_json is not available
select row_to_json(t) from h.t
-- SQL_CONSTRUCT_REFUSED 1:8 t, a table, as a value is not supported
select t::varchar from h.t
-- SQL_CONSTRUCT_REFUSED 1:9 a field of a row is not supported
select (t).a from h.t
-- SQL_FUNCTION_REFUSED 1:8 the function a is not available
select a(t) from h.t
-- SQL_TABLE_UNKNOWN 1:8 no table or alias t.a stands in this FROM
select t.a.b from h.t
-- SQL_CONSTRUCT_REFUSED 1:12 t, a table, as a value is not supported
select max(t) from h.t
-- SQL_CONSTRUCT_REFUSED 1:25 t, a table, as a value is not supported
select * from h.t where t is not null
-- SQL_CONSTRUCT_REFUSED 1:16 t, a table, as a value is not supported
select (select t) from h.t
-- SQL_FUNCTION_REFUSED 1:8 the function struct_pack is not available
select struct_pack(a := 1)
-- SQL_TEXT_REFUSED 1:8 the character '{' (U+007B) is not allowed outside literals
select {'a': 1}.a
-- SQL_FUNCTION_REFUSED 1:8 the function row is not available
select row(1, 2)
-- SQL_FUNCTION_REFUSED 1:8 the function map is not available
select map([1], [2])
-- SQL_FUNCTION_REFUSED 1:8 the function list_transform is not available
select list_transform([1], lambda x: x + 1)
-- SQL_CONSTRUCT_REFUSED 1:9 a comprehension is not supported
select [x for x in [1, 2]]
-- SQL_FUNCTION_REFUSED 1:10 the function collate is not available
select a collate nocase from h.t
-- SQL_CONSTRUCT_REFUSED 1:13 a cast to UUID is not supported
select cast(a as uuid) from h.t
-- SQL_CONSTRUCT_REFUSED 1:13 a cast to JSON is not supported
select cast(c as json) from h.t
-- SQL_CONSTRUCT_REFUSED 1:13 a cast to BIT is not supported
select cast(a as bit) from h.t
-- SQL_CONSTRUCT_REFUSED 1:13 a cast to STRUCT(x INT) is not supported
select cast(a as struct(x int)) from h.t
-- SQL_CONSTRUCT_REFUSED 1:8 this type is not supported
select c::regclass from h.t
-- SQL_CONSTRUCT_REFUSED 1:1 a fraction of a unit in an interval is not supported
select interval '1.5 days'
-- SQL_CONSTRUCT_REFUSED 1:17 this unit of time is not supported
select interval '1-2' year to month
-- SQL_CONSTRUCT_REFUSED 1:8 a list is subscripted by a whole number only
select c[1:2] from h.t
-- SQL_CONSTRUCT_REFUSED 1:9 a list is subscripted by a whole number only
select [1, 2][a] from h.t
-- SQL_CONSTRUCT_REFUSED 1:8 BY NAME is not supported
select a from h.t union by name select a from k.u
-- SQL_CONSTRUCT_REFUSED 1:16 WITH RECURSIVE is not supported
with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select * from r
-- SQL_CONSTRUCT_REFUSED 1:29 ASOF JOIN is not supported
select * from h.t asof join k.u on t.a >= u.a
-- SQL_CONSTRUCT_REFUSED 1:35 POSITIONAL JOIN is not supported
select * from h.t positional join k.u
-- SQL_CONSTRUCT_REFUSED 1:26 PIVOT is not supported
select * from h.t pivot (sum(b) for a in (1, 2))
-- SQL_CONSTRUCT_REFUSED 1:28 PIVOT is not supported
select * from h.t unpivot (v for n in (a, b))
-- SQL_FUNCTION_REFUSED 1:15 the function unnest is not available
select * from unnest([1, 2]) as x(i)
-- SQL_FUNCTION_REFUSED 1:8 the function unnest is not available
select unnest([1, 2])
-- SQL_CONSTRUCT_REFUSED 1:15 functions in FROM are not supported
select * from generate_series(1, 3)
-- SQL_CONSTRUCT_REFUSED 1:15 functions in FROM are not supported
select * from range(3)
-- SQL_CONSTRUCT_REFUSED 1:36 functions in FROM are not supported
select * from h.t, lateral unnest([1]) as x(i)
-- SQL_CONSTRUCT_REFUSED 1:15 a literal stands where a name is expected
select * from 'secret.csv'
-- SQL_CONSTRUCT_REFUSED 1:15 a literal stands where a name is expected
select * from '/etc/passwd'
-- SQL_TABLE_UNKNOWN 1:15 there is no table /etc/passwd that you may see
select * from "/etc/passwd"
-- SQL_CONSTRUCT_REFUSED 1:15 functions in FROM are not supported
select * from read_csv('/etc/passwd')
-- SQL_CONSTRUCT_REFUSED 1:15 functions in FROM are not supported
select * from read_parquet('x')
-- SQL_CONSTRUCT_REFUSED 1:15 functions in FROM are not supported
select * from glob('/*')
-- SQL_CONSTRUCT_REFUSED 1:15 functions in FROM are not supported
select * from query('select 1')
-- SQL_CONSTRUCT_REFUSED 1:15 functions in FROM are not supported
select * from query_table('h.t')
-- SQL_CONSTRUCT_REFUSED 1:15 functions in FROM are not supported
select * from duckdb_settings()
-- SQL_CONSTRUCT_REFUSED 1:34 time travel is not supported
select * from h.t at (version => 1)
-- SQL_CONSTRUCT_REFUSED 1:20 ONLY is not supported
select * from only h.t
-- SQL_CONSTRUCT_REFUSED 1:15 a name of three parts is not supported
select * from x.h.t
-- SQL_CONSTRUCT_REFUSED 1:8 a name of three parts is not supported
select x.h.t.a from h.t
-- SQL_CONSTRUCT_REFUSED 1:13 a literal stands where a name is expected
select 1 as 'a'
-- SQL_CONSTRUCT_REFUSED 1:36 WITH TOTALS is not supported
select a from h.t group by rollup (a) with totals
-- SQL_SYNTAX 1:13 SELECT names nothing to select
select from h.t
-- SQL_SYNTAX 1:12 the text cannot be understood near 'c'
select a b c from h.t
-- SQL_SYNTAX 1:19 the text cannot be understood near 'where'
select a from h.t where
-- SQL_SYNTAX 1:1 the text cannot be understood near 'select'
select :a

---- functions that are not available
-- SQL_FUNCTION_REFUSED 1:8 the function random is not available
select random()
-- SQL_FUNCTION_REFUSED 1:8 the function uuid is not available
select uuid()
-- SQL_FUNCTION_REFUSED 1:8 the function gen_random_uuid is not available
select gen_random_uuid()
-- SQL_FUNCTION_REFUSED 1:8 the function getenv is not available
select getenv('HOME')
-- SQL_FUNCTION_REFUSED 1:8 the function current_setting is not available
select current_setting('memory_limit')
-- SQL_FUNCTION_REFUSED 1:8 the function getvariable is not available
select getvariable('x')
-- SQL_FUNCTION_REFUSED 1:8 the function version is not available
select version()
-- SQL_FUNCTION_REFUSED 1:8 the function current_user is not available
select current_user
-- SQL_FUNCTION_REFUSED 1:8 the function current_schema is not available
select current_schema()
-- SQL_FUNCTION_REFUSED 1:8 the function current_database is not available
select current_database()
-- SQL_FUNCTION_REFUSED 1:8 the function txid_current is not available
select txid_current()
-- SQL_FUNCTION_REFUSED 1:8 the function nextval is not available
select nextval('s')
-- SQL_FUNCTION_REFUSED 1:8 the function setseed is not available
select setseed(0.5)
-- SQL_FUNCTION_REFUSED 1:8 the function pg_sleep is not available
select pg_sleep(10)
-- SQL_FUNCTION_REFUSED 1:8 the function sleep_ms is not available
select sleep_ms(1000)
-- SQL_FUNCTION_REFUSED 1:8 the function error is not available
select error('x')
-- SQL_FUNCTION_REFUSED 1:8 the function write_log is not available
select write_log('x')
-- SQL_FUNCTION_REFUSED 1:8 the function first is not available
select first(a) from h.t
-- SQL_FUNCTION_REFUSED 1:8 the function last is not available
select last(a) from h.t
-- SQL_FUNCTION_REFUSED 1:8 the function typeof is not available
select typeof(a) from h.t
-- SQL_FUNCTION_REFUSED 1:8 the function query_to_xml is not available
select query_to_xml('select 1')
-- SQL_FUNCTION_REFUSED 1:8 the function dblink is not available
select dblink('x', 'y')
-- SQL_FUNCTION_REFUSED 1:8 the function load_file is not available
select load_file('x')
-- SQL_FUNCTION_REFUSED 1:8 the function pg_read_file is not available
select pg_read_file('x')
-- SQL_FUNCTION_REFUSED 1:8 the function in_search_path is not available
select in_search_path('a', 'b')
-- SQL_CONSTRUCT_REFUSED 1:8 a field of a row is not supported
select main.lower(c) from h.t
-- SQL_CONSTRUCT_REFUSED 1:8 a field of a row is not supported
select c.lower() from h.t
-- SQL_FUNCTION_REFUSED 1:8 the function nosuch is not available
select "nosuch"(c) from h.t
-- SQL_FUNCTION_REFUSED 1:8 the function lenght is not available
select lenght(c) from h.t
-- SQL_FUNCTION_REFUSED 1:8 the function nvl is not available
select nvl(a, 0) from h.t
-- SQL_CONSTRUCT_REFUSED 1:8 this function takes a whole number up to 10000, or a text's length
select repeat('x', 1000000000)
-- SQL_CONSTRUCT_REFUSED 1:8 this function takes a whole number up to 10000, or a text's length
select repeat('x', a) from h.t
-- SQL_CONSTRUCT_REFUSED 1:15 filling functions inside each other are not supported
select repeat(repeat('x', 10000), 10000)
-- SQL_CONSTRUCT_REFUSED 1:8 this function takes a whole number up to 10000, or a text's length
select lpad(c, 1000000000, ' ') from h.t

---- tables and columns
-- SQL_TABLE_UNKNOWN 1:15 there is no table nosuch that you may see
select * from nosuch
-- SQL_TABLE_UNKNOWN 1:15 there is no table h.nosuch that you may see
select * from h.nosuch
-- SQL_TABLE_UNKNOWN 1:15 there is no table nosuch.t that you may see
select * from nosuch.t
-- SQL_TABLE_UNKNOWN 1:15 there is no table h.tt that you may see
select * from h.tt
-- SQL_TABLE_UNKNOWN 1:15 there is no table patient that you may see
select * from patient
-- SQL_AMBIGUOUS 1:15 several departments have a table t
select * from t
-- SQL_TABLE_UNKNOWN 1:15 there is no table information_schema.tables that you may see
select * from information_schema.tables
-- SQL_TABLE_UNKNOWN 1:15 there is no table pg_catalog.pg_class that you may see
select * from pg_catalog.pg_class
-- SQL_TABLE_UNKNOWN 1:15 there is no table sqlite_master that you may see
select * from sqlite_master
-- SQL_TABLE_UNKNOWN 1:15 there is no table main.t that you may see
select * from main.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column nosuch
select nosuch from h.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column bb
select bb from h.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column t.nosuch
select t.nosuch from h.t
-- SQL_TABLE_UNKNOWN 1:8 no table or alias x stands in this FROM
select x.a from h.t
-- SQL_TABLE_UNKNOWN 1:8 no table or alias h.u stands in this FROM
select h.u.a from h.t
-- SQL_TABLE_UNKNOWN 1:8 no table or alias k.t stands in this FROM
select k.t.a from h.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column rowid
select rowid from h.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column t.rowid
select t.rowid from h.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column ctid
select ctid, xmin, tableoid from h.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column filename
select filename from h.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column ａ
select ａ from h.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column Ａ
select "Ａ" from h.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column а
select а from h.t
-- SQL_TABLE_UNKNOWN 1:15 there is no table ｈ.t that you may see
select * from ｈ.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column K
select \u212a from (select 1 as k)
-- SQL_COLUMN_UNKNOWN 1:8 there is no column 姓名
select 姓名 from h.t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column 姓
select 姓 from 医保.参保人
-- SQL_COLUMN_UNKNOWN 1:8 there is no column x
select x from h.t where exists (select 1 from nosuch)
-- SQL_COLUMN_UNKNOWN 1:38 there is no column nosuch
select a from h.t where a in (select nosuch from k.u)
-- SQL_COLUMN_UNKNOWN 1:36 there is no column nosuch
select a from h.t order by (select nosuch from k.u)
-- SQL_COLUMN_UNKNOWN 1:30 there is no column nosuch
select sum(a) over (order by nosuch) from h.t
-- SQL_COLUMN_UNKNOWN 1:28 there is no column nosuch
select a from h.t group by nosuch
-- SQL_COLUMN_UNKNOWN 1:26 there is no column nosuch
select a from h.t having nosuch > 1
-- SQL_COLUMN_UNKNOWN 1:27 there is no column nosuch
select a from h.t qualify nosuch = 1
-- SQL_CONSTRUCT_REFUSED 1:25 anything but a whole number in LIMIT is not supported
select a from h.t limit nosuch
-- SQL_COLUMN_UNKNOWN 1:24 there is no column d on the left side of the join
select * from h.t join k.u using (d)
-- SQL_COLUMN_UNKNOWN 1:24 there is no column nosuch on the left side of the join
select * from h.t join k.u using (nosuch)
-- SQL_COLUMN_UNKNOWN 1:37 there is no column u.nosuch
select * from h.t join k.u on t.a = u.nosuch
-- SQL_COLUMN_UNKNOWN 1:15 4 column names for 3 columns
select * from h.t as x(a, b, c, d)
-- SQL_AMBIGUOUS 1:15 two columns are given the same name
select * from h.t as x(a, a)
-- SQL_COLUMN_UNKNOWN 1:23 3 column names for 2 columns
select * from (select 1, 2) as x(a, b, c)
-- SQL_COLUMN_UNKNOWN 1:28 position 2 does not stand for one of the 1 columns
select a from h.t order by 2
-- SQL_COLUMN_UNKNOWN 1:28 position 2 does not stand for one of the 1 columns
select a from h.t group by 2
-- SQL_COLUMN_UNKNOWN 1:49 there is no column at this position: the query returns 2
select a, a from h.t union select 1, 2 order by 3

---- WITH
-- SQL_TABLE_UNKNOWN 1:26 w refers to itself, or to a later WITH name
with w as (select * from w) select * from w
-- SQL_TABLE_UNKNOWN 1:26 t refers to itself, or to a later WITH name
with t as (select * from t) select * from t
-- SQL_COLUMN_UNKNOWN 1:36 there is no column one
with u as (select 1 as one) select one from k.u
-- SQL_TABLE_UNKNOWN 1:26 b refers to itself, or to a later WITH name
with a as (select * from b), b as (select 1 as x) select * from a
-- SQL_AMBIGUOUS 1:28 two WITH names are a
with a as (select 1 as x), a as (select 2 as x) select * from a
-- SQL_AMBIGUOUS 1:28 two WITH names are A
with a as (select 1 as x), A as (select 2 as x) select * from a
-- SQL_TABLE_UNKNOWN 1:68 there is no table once that you may see
select * from (with once as (select 1 as x) select * from once) q, once
-- SQL_COLUMN_UNKNOWN 1:62 there is no column x
(with w as (select 1 as x) select * from w) union all select x from w
-- SQL_COLUMN_UNKNOWN 1:6 w has 2 column names for 1 columns
with w(a, b) as (select 1) select * from w
-- SQL_COLUMN_UNKNOWN 1:34 there is no column w.y
with w as (select 1 as x) select w.y from w
-- SQL_TABLE_UNKNOWN 1:34 no table or alias h.w stands in this FROM
with w as (select 1 as x) select h.w.x from w
-- SQL_COLUMN_UNKNOWN 1:34 there is no column x
with t as (select 1 as x) select x from h.t

---- types
-- SQL_TYPE 1:10 + does not take (INTEGER, VARCHAR)
select a + c from h.t
-- SQL_TYPE 1:8 Cannot concatenate types INTEGER and INTEGER[] - an explicit cast is required
select a || [1] from h.t
-- SQL_SYNTAX 1:18 the text cannot be understood near ')'
select lower(a, c) from h.t
-- SQL_TYPE 1:10 + takes (INTEGER, VARCHAR) in several ways; say which with casts, as in CAST(x AS INTEGER)
select 1 + '' from h.t
-- SQL_TYPE 1:8 sum does not take (VARCHAR)
select sum(c) from h.t
-- SQL_TYPE 1:8 Cannot mix values of type INTEGER[] and INTEGER in CASE expression - an explicit cast is required
select case when a then 1 else [1] end from h.t
-- SQL_TYPE 1:8 the two sides of UNION have 1 and 2 columns
select a from h.t union select a, b from h.t
-- SQL_TYPE 1:16 a subquery used as a value returns 2 columns
select (select a, b from h.t)
-- SQL_TYPE 1:38 a subquery used as a value returns 2 columns
select a from h.t where a in (select a, b from h.t)
-- SQL_TYPE 1:8 column "a" must appear in the GROUP BY clause or must be part of an aggregate function
select a, count(*) from h.t
-- SQL_TYPE 1:12 aggregate function calls cannot be nested
select sum(sum(a)) from h.t
-- SQL_TYPE 1:25 WHERE clause cannot contain aggregates
select a from h.t where sum(a) > 1
-- SQL_TYPE 1:25 WHERE clause cannot contain window functions
select a from h.t where row_number() over () = 1
-- SQL_SYNTAX 1:1 window functions are not allowed in window definitions
select sum(a) over (order by sum(b) over ()) from h.t
-- SQL_TYPE 1:28 GROUP BY clause cannot contain aggregates
select a from h.t group by sum(a)
-- SQL_TYPE 1:8 GROUPING child "b" must be a grouping column
select grouping(b) from h.t group by a

---- DuckDB's own rules about names, groups and joins
-- SQL_TYPE 1:8 column "b" must appear in the GROUP BY clause or must be part of an aggregate function
select b as a, count(*) from h.t group by a
-- SQL_COLUMN_UNKNOWN 1:47 the output z cannot be used here
select a+100 as z, count(*) from h.t group by z+1
-- SQL_TABLE_UNKNOWN 1:8 no table or alias h.t stands in this FROM
select h.t.a from h.t as z
-- SQL_TABLE_UNKNOWN 1:8 no table or alias t stands in this FROM
select t.a from h.t as z
-- SQL_AMBIGUOUS 1:8 a could mean several columns
select a from h.t, k.u
-- SQL_TABLE_UNKNOWN 1:8 no table or alias u stands in this FROM
select u.a from h.t semi join k.u using (a)
-- SQL_TABLE_UNKNOWN 1:15 no table or alias k.t stands in this FROM
select h.t.a, k.t.a from h.t, (select 1 a) as t
-- SQL_AMBIGUOUS 1:8 t.a could mean several columns
select t.a from h.t, k.t
-- SQL_AMBIGUOUS 1:8 t could mean several tables
select t.* from h.t, k.t
-- SQL_AMBIGUOUS 1:8 t.a could mean several columns
select t.a from h.t as t, k.u as t
-- SQL_COLUMN_UNKNOWN 1:8 there is no column a
select a from k.u as z(x)
-- SQL_CONSTRUCT_REFUSED 1:37 ordering SELECT DISTINCT by what it does not select is not supported
select distinct a from k.u order by d
-- SQL_COLUMN_UNKNOWN 1:56 the combined query returns no column a
select a from k.u union all select b from h.t order by k.u.a
-- SQL_CONSTRUCT_REFUSED 1:39 anything but a whole number in LIMIT is not supported
select a, b from h.t order by b limit 1+1 offset 1
-- SQL_TYPE 1:1 Cannot mix aggregates with non-aggregated columns
select a+0 as k1, sum(b)+b from h.t group by all
-- SQL_FUNCTION_REFUSED 1:8 the function grouping_id is not available
select grouping_id(a,c), a, c, sum(b) from h.t group by grouping sets ((a),(c),()) order by all
-- SQL_TYPE 1:16 a subquery used as a value returns 2 columns
select (select a, d from k.u limit 1)
-- SQL_TYPE 1:8 window function calls cannot be nested
select sum(b) over (order by b) as s, sum(s) over () from h.t
-- SQL_AMBIGUOUS 1:39 two outputs are called z
select a "z", b "Z" from h.t order by z
-- SQL_TABLE_UNKNOWN 1:69 no table or alias t stands in this FROM
select t.a ta, u.a ua, v.a va from h.t, k.u right join k.v on v.a = t.a
-- SQL_AMBIGUOUS 1:8 a could mean several columns
select a from h.t, k.u join k.v using (a)
-- SQL_AMBIGUOUS 1:67 a could mean several columns
select * from k.u join k.v using (a) join k.w on f = e, h.t where a = 1
-- SQL_AMBIGUOUS 1:49 a stands more than once on the left side of the join
select * from h.t t1 join h.t t2 using (b) join k.w using (b, a)
-- SQL_AMBIGUOUS 1:49 a stands more than once on the left side of the join
select * from h.t t1 join h.t t2 using (b) join k.v using (a)
-- SQL_COLUMN_UNKNOWN 1:32 NATURAL JOIN finds no column that both sides have
select * from k.u natural join k.w
-- SQL_SYNTAX 1:26 syntax error at or near "w"
select * from k.u join k.w
-- SQL_SYNTAX 1:31 syntax error at or near "w"
select * from k.u left join k.w
-- SQL_COLUMN_UNKNOWN 1:30 there is no column a on the right side of the join
select * from k.u inner join k.w using (a)
-- SQL_TYPE 1:52 column "b" must appear in the GROUP BY clause or must be part of an aggregate function
select a, max(b) as b from h.t group by a order by b + 0
-- SQL_TYPE 1:8 WHERE clause cannot contain aggregates
select count(*) as n from h.t where n > 1
-- SQL_TYPE 1:8 WHERE clause cannot contain window functions
select row_number() over (order by b) as rn from h.t where rn = 1
-- SQL_TYPE 1:81 column "b" must appear in the GROUP BY clause or must be part of an aggregate function
select a as b, count(*) from h.t group by a qualify row_number() over (order by b desc) = 1
-- SQL_COLUMN_UNKNOWN 1:37 there is no column é
select 'É' as "É" , 1 as a order by "é"
-- SQL_COLUMN_UNKNOWN 1:8 there is no column é
select "é" from (select 1 as "É")
-- SQL_COLUMN_UNKNOWN 1:31 position 3 does not stand for one of the 2 columns
select a, d from k.u order by 3
-- SQL_CONSTRUCT_REFUSED 1:28 ordering by a constant is not supported
select a from k.u order by 'x'
-- SQL_TYPE 1:1 Cannot group on a window clause
select a, sum(d) over () from k.u group by all
-- SQL_TYPE 1:1 Cannot mix aggregates with non-aggregated columns
select a + 1, a + 1 + count(*) from k.u group by all
-- SQL_AMBIGUOUS 1:24 two outputs are called x
select 1 as x, 2 as x, x+1
-- SQL_AMBIGUOUS 1:42 two outputs are called x
select a as x, -a as x from h.t order by x
-- SQL_CONSTRUCT_REFUSED 1:16 a name for a join in parentheses is not supported
select * from (k.u join k.v using (a)) x
-- SQL_TABLE_UNKNOWN 1:8 no table or alias unnamed_subquery stands in this FROM
select unnamed_subquery.z from (select 1 z)
-- SQL_COLUMN_UNKNOWN 1:19 there is no column nope to leave out or replace
select * exclude (nope) from k.u
-- SQL_COLUMN_UNKNOWN 1:19 there is no column nope to leave out or replace
select * replace (1 as nope) from k.u
-- SQL_AMBIGUOUS 1:31 a is both left out and replaced
select * exclude (a) replace (1 as a) from k.u
-- SQL_AMBIGUOUS 1:49 b could mean a column or an output
select sum(b) as b from h.t group by b+1 having b+1 > 20
-- SQL_TYPE 1:8 column "a" must appear in the GROUP BY clause or must be part of an aggregate function
select a b, count(*) from h.t group by b
-- SQL_COLUMN_UNKNOWN 1:52 the combined query returns no column a
select a from k.u union select a from k.v order by u.a
-- SQL_TYPE 1:1 column "a" must appear in the GROUP BY clause or must be part of an aggregate function
select (select count(*) from k.u where u.a = t.a) c, count(*) from h.t group by c order by all
-- SQL_COLUMN_UNKNOWN 1:8 there is no column x.a
select x.a from (k.u) as x(q, r), k.v x2(a)

-- SQL_AMBIGUOUS 1:8 two tables in FROM are called u
select * from k.u, k.u
-- SQL_CONSTRUCT_REFUSED 1:8 WITHIN GROUP
select count(a) within group (order by b) from h.t
-- SQL_SYNTAX 1:8 is never closed
select (a from h.t
-- SQL_SYNTAX 1:9 closes nothing
select a) from h.t
-- SQL_SYNTAX 1:10 closes nothing
select (a] from h.t
-- SQL_CONSTRUCT_REFUSED 1:23 DISTINCT over several arguments
select count(distinct a, b) from h.t
