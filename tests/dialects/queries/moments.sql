-- Dates and timestamps: calendars, intervals, comparisons between the two, and literals that take their type on.

-- native: postgres mysql
SELECT x.id, y.id AS other, x.d {=|<|>=|IS NOT DISTINCT FROM} y.e AS v, x.d {<|=} y.ts AS w, x.ts > y.ts AS z FROM moments AS x CROSS JOIN moments AS y;

-- native: postgres mysql sqlite
SELECT id FROM moments WHERE d {= DATE '1994-01-01'|= '1994-01-01'|>= DATE '1994-01-01'|< DATE '1994-01-01' + INTERVAL '1' YEAR|<= DATE '1998-12-01' - INTERVAL '90' DAY|BETWEEN '1994-01-01' AND '1996-12-31'|IN ('1994-01-01', '2024-02-29')|> DATE '1994-12-31' + INTERVAL '2 months'};

-- native: postgres mysql
SELECT id FROM moments WHERE d < TIMESTAMP '1994-01-31 12:00:00';

-- native: postgres mysql
SELECT id FROM moments WHERE ts {= TIMESTAMP '1994-01-01 00:00:00'|> DATE '1994-01-31'|< '1996-02-29 12:30:45.5'|>= TIMESTAMP '1994-01-31' + INTERVAL 23 HOUR|<> '1970-01-01'};

-- native: postgres mysql
SELECT id FROM moments WHERE tz {>= TIMESTAMPTZ '1994-01-31 23:59:59.999999+00'|= TIMESTAMPTZ '1994-01-01 00:00:00Z'|< TIMESTAMPTZ '1996-02-29 12:30:45+00:00'};

-- native: postgres mysql
SELECT id, year(d) AS v, month(d) AS w, extract(day FROM d) AS x, quarter(d) AS y, date_part('year', e) AS z, dayofyear(d) AS q, extract(dow FROM d) AS r, isodow(d) AS s FROM moments;

-- native: postgres mysql
SELECT id, extract(year FROM ts) AS v, extract(hour FROM ts) AS w, extract(minute FROM ts) AS x, extract(month FROM ts) AS y, dayofweek(ts) AS z FROM moments;

-- native: none
SELECT id, {extract(second FROM ts)|extract(week FROM d)|extract(epoch FROM ts)|extract(year FROM tz)|strftime(d, '%Y')|last_day(d)|dayname(d)|make_date(2020, 1, 1)|age(ts)} AS v FROM moments WHERE id < 8;

-- native: postgres mysql
SELECT id, date_trunc('{year|month|day}', d) AS v, date_trunc('year', ts) AS w, date_trunc('month', ts) AS x, date_trunc('day', ts) AS y FROM moments;

-- native: postgres
SELECT id, date_trunc('{week|quarter}', d) AS v, date_trunc('{hour|minute|second|week|quarter}', ts) AS w FROM moments;

-- native: postgres mysql
SELECT id, CAST(date_trunc('month', d) AS DATE) AS v, CAST(d AS TIMESTAMP) AS w, CAST(ts AS DATE) AS x FROM moments;

-- native: none
SELECT id, {CAST(d AS VARCHAR)|CAST(ts AS VARCHAR)|CAST(tz AS DATE)|date_trunc('month', tz)|CAST(a AS DATE)} AS v FROM moments JOIN (SELECT '2020-01-01' AS a) AS q ON TRUE;

-- native: postgres
SELECT id, d + INTERVAL '1' MONTH AS v, d - INTERVAL 1 YEAR AS w, ts + INTERVAL '36' HOUR AS x, e + INTERVAL 2 WEEK AS y, date_add(d, INTERVAL 3 DAY) AS z FROM moments WHERE id <> 8;

-- native: postgres
SELECT id, d + 1 AS v, d - 40 AS w, d - e AS x, e - DATE '2000-01-01' AS y, date_diff('day', d, e) AS z FROM moments WHERE id <> 8;

-- native: none
SELECT id, {ts - ts|date_diff('month', d, e)|date_diff('day', ts, ts)|d + INTERVAL '1 month 2 days'|d + INTERVAL (id) DAY} AS v FROM moments;

-- native: postgres mysql sqlite
SELECT DATE '2024-01-31' + INTERVAL '1' MONTH AS v, DATE '2024-02-29' - INTERVAL '1' YEAR AS w, TIMESTAMP '2024-01-01 10:11:12.7' AS x, DATE '2024-03-01' AS y, CAST('2024-03-01' AS TIMESTAMP) AS z;

-- native: postgres mysql
SELECT d AS k, count(*) AS n, min(e) AS v, max(ts) AS w, min(tz) AS x, count(DISTINCT ts) AS y FROM moments GROUP BY d;

-- native: postgres mysql sqlite
SELECT id, d, ts, tz FROM moments ORDER BY {d|d DESC NULLS LAST|d DESC NULLS FIRST|d NULLS FIRST}, id;

-- native: postgres mysql
SELECT id, d, ts, tz FROM moments ORDER BY {ts DESC|tz DESC NULLS FIRST}, id;

-- native: postgres mysql sqlite
SELECT year(d) AS k, count(*) AS n FROM moments GROUP BY year(d) ORDER BY k;

-- native: postgres mysql
SELECT id, coalesce(d, e) AS v, coalesce(d, '2000-01-01') AS w, coalesce(d, ts) AS x, greatest(d, e) AS y, CASE WHEN d < e THEN d END AS z FROM moments;

-- native: postgres mysql
SELECT id, lag(d) OVER (ORDER BY d, id) AS v, max(ts) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS w FROM moments;

-- native: none
SELECT id FROM moments WHERE d {= '1994-1-1'|> '10000-01-01'|= '0044-03-15 (BC)'};
