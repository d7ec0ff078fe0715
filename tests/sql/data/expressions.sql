-- Expressions on the allow-list, one a line, over one table of
-- a INTEGER, b BIGINT, c VARCHAR, d DECIMAL(10,2), f DOUBLE, dt DATE, ts TIMESTAMP, tz TIMESTAMPTZ, flag BOOLEAN.
-- Each must mean the same after resolution, and each known type must be DuckDB's.
count(*)
count(a)
count(distinct a)
count(distinct (a,b))
count()
sum(a)
sum(distinct a)
sum(d)
avg(a)
mean(a)
min(a)
max(c)
max(a, 2)
stddev(a)
stddev_samp(a)
stddev_pop(a)
variance(a)
var_samp(a)
var_pop(a)
median(a)
median(dt)
mode(a)
quantile_cont(a, 0.5)
quantile_disc(a, 0.5)
quantile(a, 0.5)
quantile_cont(d, [0.25, 0.75])
percentile_cont(0.5) within group (order by a)
percentile_disc(0.5) within group (order by a desc)
bool_and(a > 1)
bool_or(a > 1)
bit_and(a)
bit_or(a)
bit_xor(a)
string_agg(c, ',' order by c)
string_agg(c order by c)
string_agg(distinct c, ',' order by c)
group_concat(c, ';' order by c)
listagg(c, ',' order by c)
array_agg(a order by a)
array_agg(distinct a order by a)
list(a order by a)
any_value(1)
arg_min(c, b)
arg_max(c, b)
min_by(c, b)
max_by(c, b)
argmax(c, b)
corr(a,b)
covar_pop(a,b)
covar_samp(a,b)
regr_slope(a,b)
regr_intercept(a,b)
regr_r2(a,b)
regr_count(a,b)
regr_avgx(a,b)
regr_avgy(a,b)
count_if(a > 1)
countif(a > 1)
sum_no_overflow(a)
product(a)
geomean(a)
geometric_mean(a)
skewness(a)
kurtosis(a)
kurtosis_pop(a)
entropy(a)
mad(a)
regr_sxx(a, b)
regr_syy(a, b)
regr_sxy(a, b)
favg(a)
fsum(a)
kahan_sum(a)
sem(a)
sum(a) filter (where b > 10)
row_number() over (order by b)
row_number() over (partition by c order by b desc nulls first)
rank() over (order by c)
dense_rank() over (order by c)
percent_rank() over (order by b)
cume_dist() over (order by b)
ntile(2) over (order by b)
lag(b) over (order by b)
lag(b, 2, 0) over (order by b)
lead(b, 1) over (order by b)
lead(b ignore nulls) over (order by b)
first_value(b) over (order by b)
last_value(b) over (order by b rows between unbounded preceding and unbounded following)
nth_value(b, 2) over (order by b)
first_value(a ignore nulls) over (order by b)
sum(b) over (order by b rows between 1 preceding and 1 following)
sum(b) over (order by b range between 10 preceding and current row)
sum(b) over (order by b groups between 1 preceding and current row exclude current row)
sum(b) over (order by dt range between interval 1 month preceding and current row)
sum(distinct a) over (order by b)
count(*) filter (where a = 1) over (order by b)
coalesce(a, 0)
coalesce(a)
nullif(a, 2)
ifnull(a, 0)
if(a > 1, 'x', 'y')
greatest(a, b, 5)
least(a, b)
case when a > 1 then 1 else 0 end
case a when 1 then 'one' when 2 then 'two' end
lower(c)
lcase(c)
upper(c)
ucase(c)
trim(c)
trim(c, 'x')
trim(both 'x' from c)
trim(leading 'x' from c)
trim(trailing from c)
ltrim(c)
ltrim(c, 'x')
rtrim(c)
rtrim(c, 'xy')
substring(c, 1, 1)
substring(c from 1 for 1)
substr(c, 2)
substring(c, -1)
left(c, 1)
right(c, 1)
left(c, -1)
length(c)
len(c)
char_length(c)
character_length(c)
strlen(c)
octet_length(c::blob)
bit_length(c)
replace(c, 'x', 'z')
concat(c, 'a', a)
concat(c)
concat_ws('-', c, a, null)
c || 'x'
c || null
c || a
position('x' in c)
strpos(c, 'x')
instr(c, 'x')
contains(c, 'x')
starts_with(c, 'x')
prefix(c, 'x')
ends_with(c, 'x')
suffix(c, 'x')
lpad(c, 5, '0')
rpad(c, 5, '0')
lpad(c, 0, ' ')
repeat(c, 3)
reverse(c)
split_part(c, 'x', 1)
regexp_matches(c, '^x')
regexp_matches(c, '^X', 'i')
regexp_full_match(c, 'x.*')
regexp_replace(c, 'x', 'z')
regexp_replace(c, 'x', 'z', 'g')
regexp_extract(c, '(x)', 1)
regexp_extract(c, 'x')
regexp_extract(c, 'q')
c ~ 'x.*'
c !~ 'x.*'
c similar to 'x.*'
translate(c, 'xy', 'ab')
ascii(c)
chr(65)
unicode(c)
ord(c)
levenshtein(c, 'xx')
editdist3(c, 'xx')
damerau_levenshtein(c, 'xx')
hamming(c, c)
jaccard(c, 'xx')
jaro_similarity(c, 'xx')
jaro_winkler_similarity(c, 'xx')
md5(c)
hash(c)
hash(a, c)
sha1(c)
sha256(c)
string_split(c, 'x')
str_split(c, 'x')
split(c, 'x')
string_to_array(c, 'x')
array_to_string(['a','b'], ',')
list_contains([1,2], a)
array_contains([1,2], a)
list_has([1,2], a)
len([1,2,3])
array_length([1,2,3])
list_distinct([1,1])
list_sum([1,2])
list_concat([1],[2])
list_extract([5,6], 1)
[5,6][1]
list_value(1,2)
[a,b]
array[1,2]
list_position([1,2],2)
nfc_normalize(c)
strip_accents(c)
hex(c)
to_hex(5)
bin(5)
abs(b)
abs(-b)
round(f)
round(f, 1)
round(d, 1)
round(d)
round(b, -1)
floor(f)
ceil(f)
ceiling(f)
ceil(d)
trunc(f)
trunc(d)
trunc(f, 1)
sqrt(b)
cbrt(b)
power(b, 2)
pow(b, 2)
b ^ 2
b ** 2
mod(b, 3)
b % 3
b // 3
b / 3
fmod(b, 3)
fdiv(b, 3)
divide(b, 3)
sign(b)
exp(a)
ln(b)
log(b)
log(2, b)
log2(b)
log10(b)
pi()
degrees(1)
radians(180)
sin(1)
cos(1)
tan(1)
asin(1)
acos(1)
atan(1)
atan2(1,2)
cot(1)
isnan(f)
isinf(f)
isfinite(f)
even(3)
factorial(5)
gcd(6,4)
lcm(6,4)
xor(5,3)
5 & 3
5 | 3
~5
5 << 1
5 >> 1
bit_count(5)
gamma(3)
lgamma(3)
extract(year from dt)
extract(month from ts)
extract(epoch from ts)
extract(dow from dt)
extract(week from dt)
extract(isodow from dt)
extract('year' from dt)
date_part('year', dt)
date_part('month', ts)
datepart('day', dt)
year(dt)
month(dt)
day(dt)
dayofmonth(dt)
quarter(dt)
week(dt)
weekofyear(dt)
yearweek(dt)
isoyear(dt)
dayofweek(dt)
weekday(dt)
isodow(dt)
dayofyear(dt)
hour(ts)
minute(ts)
second(ts)
millisecond(ts)
microsecond(ts)
epoch(ts)
epoch_us(ts)
dayname(dt)
monthname(dt)
century(dt)
decade(dt)
era(dt)
date_trunc('month', dt)
date_trunc('day', ts)
datetrunc('year', dt)
date_trunc('hour', tz)
date_diff('day', dt, date '2024-03-01')
datediff('month', dt, date '2024-03-01')
date_diff('week', dt, date '2024-03-01')
date_sub('month', dt, date '2024-03-01')
datesub('day', dt, date '2024-03-01')
date_add(dt, interval 1 month)
dt + interval 1 day
dt + interval '1 day'
dt + interval '1' month
dt - interval '2 years 3 months'
dt + 1
dt - 1
dt - date '2020-01-01'
ts - timestamp '2020-01-01'
dt + interval (a) day
dt + to_days(a)
dt + to_months(a)
dt + to_years(1)
ts + to_hours(1)
ts + to_minutes(1)
ts + to_seconds(1)
to_weeks(1)
strftime(dt, '%Y-%m-%d')
strftime(ts, '%d/%m/%y %H:%M:%S')
strftime(dt, '%Y年%m月')
strftime('%Y', dt)
strptime('2024-01-02', '%Y-%m-%d')
try_strptime('x', '%Y-%m-%d')
make_date(2024, 1, 2)
make_timestamp(2024,1,2,3,4,5.5)
make_time(3,4,5)
last_day(dt)
age(ts, timestamp '2020-01-01')
age(dt, date '2020-01-01')
time_bucket(interval 1 week, dt)
date '2024-01-01'
timestamp '2024-01-01 10:00:00'
timestamptz '2024-01-01 10:00:00+08'
time '10:00:00'
interval 3 month
interval '1 year'
interval '1' year
ts at time zone 'Asia/Shanghai'
tz at time zone 'Asia/Shanghai'
timezone('Asia/Shanghai', tz)
cast(a as varchar)
a::varchar
a::decimal(10,2)
cast('2024-01-01' as date)
try_cast(c as integer)
cast(a as double)
cast(c as blob)
cast(a as bigint)
cast(a as hugeint)
cast(a as smallint)
cast(a as tinyint)
cast(a as utinyint)
cast(f as float)
cast(a as real)
cast(ts as timestamp_ms)
cast(ts as timestamptz)
cast(ts as time)
cast(a as text)
cast(c as char(3))
cast(c as varchar(3))
cast(a as int4)
cast(a as numeric)
cast(a as decimal)
cast(a as numeric(12))
cast('1 day' as interval)
cast(a as boolean)
cast([1] as bigint[])
c like 'x%'
c not like 'x%'
c ilike 'X%'
c like 'x\%' escape '\'
c not ilike 'X%'
c glob 'x*'
a between 1 and 2
a not between 1 and 2
a in (1, 2)
a not in (1, 2)
a in (1, null)
(a, b) in ((1, 10))
a is null
a is not null
a isnull
a notnull
a is distinct from 1
a is not distinct from null
(a > 1) is true
(a > 1) is not true
(a > 1) is unknown
(a > 1) is not false
not a > 1
a = 1 and b = 10 or c = 'x'
a <> 1
a != 1
a == 1
a < b
a >= b
-a
+a
- - a
1_000
1e3
1e-3
2.5E+3
5.
1.50
12345678901234567890
123456789012345678901234567890.5
'it''s'
''
'中文'
true
null
a > any(select 1)
a = any([1,2])
a >= all(select 1)
exists (select 1)
(select max(a) from h.t)
a in (select 1)
grouping(a)
json_extract_string('{"a": 1}', '$.a')
'{"a": 1}' ->> '$.a'
array_agg(a order by a)[1]
(array_agg(a order by a))[1]
c[1]
ifnull(null, 5)
date(ts)
datetime '2024-01-01'
least(c, 'y')
replace(c, 'x', '')
regexp_escape('a.b')
list_avg([1, 2])
epoch_ns(ts)
json_extract_string('{"a": [1, 2]}', '$.a[1]')
'{"a": {"b": "x"}}' ->> '$.a.b'
[[1, 2], [3]][2][1]
string_split(c, 'x')[1]
(c)[2]
date_add(dt, interval 1 month) - dt
2 * date_part('day', date_add(dt, interval 1 day))
if(flag, 1, 2) + 1
not flag and c is null or a in (select b from h.t)
- (a + b) * 2
(a + b) * (a - b) / (a - -b)
a - (b - 1) - 2
not (flag or a > 1)
(a = 1) = (b = 10)
a in (1, 2) = true
c || (d + 1)
(c like 'x%') is null
a between 1 and 2 and b > 1
case when a = 1 or b = 1 and flag then 1 end
(a > 1)::integer + 1
(-a)::varchar
interval (a) day + dt
sum(a) filter (where flag) over (partition by c order by b)
count(*) over (partition by a order by b desc rows unbounded preceding)
string_agg(c, '' order by b desc)
array_agg(distinct a order by a desc nulls last)
count(distinct case when flag then a end)
