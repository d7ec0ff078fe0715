-- Dates, timestamps with and without zone, intervals.
-- principal: demo-social
-- purpose: statistics

-- question: parts_of_dates
-- why: Year, month, quarter, weekday.
SELECT year(pay_month) AS y, month(pay_month) AS m, quarter(pay_month) AS q, count(*) AS n FROM human_resources.pension_payment GROUP BY ALL ORDER BY ALL;

-- question: parts_of_timestamps
-- why: Hours and minutes of a timestamp of MariaDB.
SELECT hour(paid_at) AS h, count(*) AS n, min(minute(paid_at)) AS first, extract(dow FROM min(paid_at)) AS dow, isodow(max(paid_at)) AS iso FROM human_resources.pension_payment GROUP BY h ORDER BY h;

-- question: date_minus_date_is_days
-- principal: demo-market
-- purpose: enterprise_service
-- why: A number of days, NULL while undecided.
SELECT item, max(decided_on - accepted_on) AS slowest, min(decided_on - accepted_on) AS fastest, count(*) FILTER (WHERE decided_on > due_on) AS late
FROM market_regulation.approval
GROUP BY item
ORDER BY item;

-- question: date_plus_days
-- principal: demo-market
-- purpose: enterprise_service
-- why: Days added as a number, months as an interval.
SELECT approval_id, accepted_on + 30 AS month, accepted_on + INTERVAL 1 MONTH AS calendar, accepted_on - INTERVAL 1 YEAR AS before_ FROM market_regulation.approval WHERE accepted_on >= DATE '2026-10-15' ORDER BY approval_id;

-- question: end_of_month
-- why: A month after the 31st of January, and the last day.
SELECT DATE '2026-01-31' + INTERVAL 1 MONTH AS a, DATE '2024-02-29' + INTERVAL 1 YEAR AS b, last_day(DATE '2024-02-10') AS c, DATE '2026-03-01' - 1 AS d, DATE '2026-03-31' - INTERVAL 1 MONTH AS e;

-- question: date_trunc
-- why: Truncated to months and weeks.
SELECT date_trunc('month', insured_from) AS month, count(*) AS n FROM human_resources.insured_person WHERE insured_from >= DATE '2024-01-01' GROUP BY month ORDER BY month;

-- question: date_trunc_of_timestamps
-- principal: demo-emergency
-- purpose: safety
-- why: Hours and days of readings.
SELECT date_trunc('day', read_at) AS day, date_trunc('hour', max(read_at)) AS last, count(*) AS n FROM emergency.sensor_reading GROUP BY day ORDER BY day;

-- question: date_diff
-- principal: demo-police
-- why: Boundaries crossed, not time elapsed.
SELECT date_diff('year', birth_date, DATE '2026-11-01') AS years, datediff('month', min(birth_date), DATE '2026-11-01') AS months, count(*) AS n FROM public_security.person WHERE birth_date < DATE '1940-01-01' GROUP BY years ORDER BY years;

-- question: timestamps_compare
-- principal: demo-auditor
-- purpose: audit
-- why: A date compared with a timestamp is its midnight.
SELECT count(*) AS n, count(*) FILTER (WHERE issued_on > died_at) AS after_, count(*) FILTER (WHERE issued_on = CAST(died_at AS DATE)) AS same_day, max(issued_on - CAST(died_at AS DATE)) AS longest FROM health.death_certificate;

-- question: timestamp_difference_is_an_interval
-- principal: demo-health
-- purpose: public_health
-- why: Seconds between two moments.
SELECT certificate_no, date_diff('hour', died_at, TIMESTAMP '2026-11-01 00:00:00') AS hours, epoch(died_at) AS seconds FROM health.death_certificate ORDER BY certificate_no;

-- question: timestamps_with_zone
-- principal: demo-land
-- purpose: land_management
-- why: Moments are UTC, and another zone's clock is asked for by name.
SELECT parcel_no, registered_at, registered_at AT TIME ZONE 'Asia/Shanghai' AS local, CAST(registered_at AT TIME ZONE 'Asia/Shanghai' AS DATE) AS local_day FROM natural_resources.parcel ORDER BY registered_at, parcel_no LIMIT 15;

-- question: timestamps_with_zone_filtered
-- principal: demo-land
-- purpose: land_management
-- why: A literal with an offset names a moment.
SELECT count(*) AS n, min(registered_at) AS first FROM natural_resources.parcel WHERE registered_at >= TIMESTAMPTZ '2015-01-01 00:00:00+08:00';

-- question: zone_cut_to_years
-- principal: demo-district
-- why: The mask shows the year only.
SELECT registered_at, count(*) AS n FROM natural_resources.parcel GROUP BY registered_at ORDER BY registered_at;

-- question: format_and_parse
-- principal: demo-police
-- why: Dates to text and back.
SELECT strftime(registered_at, '%Y年%m月') AS month, count(*) AS n, min(strptime('2026-' || strftime(registered_at, '%m-%d'), '%Y-%m-%d')) AS this_year FROM public_security.person WHERE registered_at >= TIMESTAMP '2026-01-01' GROUP BY month ORDER BY month;

-- question: cast_to_text
-- why: Dates and timestamps as text.
SELECT CAST(pay_month AS VARCHAR) AS month, CAST(paid_at AS VARCHAR) AS moment, CAST(paid_at AS DATE) AS day, CAST(pay_month AS TIMESTAMP) AS midnight FROM human_resources.pension_payment WHERE town_code = '445403106' ORDER BY payment_id LIMIT 10;

-- question: intervals_in_conditions
-- principal: demo-police
-- why: A moving limit.
SELECT count(*) AS n FROM public_security.migrant WHERE valid_until < DATE '2026-11-01' + INTERVAL 3 MONTH AND arrived_on + INTERVAL 2 YEAR > DATE '2026-11-01';

-- question: overlap_of_periods
-- why: Insured on a given day.
SELECT kind, count(*) AS n FROM human_resources.insured_person WHERE insured_from <= DATE '2025-06-30' AND (insured_until IS NULL OR insured_until > DATE '2025-06-30') GROUP BY kind ORDER BY kind;

-- question: age_in_years_and_days
-- principal: demo-police
-- why: Whole years, computed by the calendar.
SELECT min(date_sub('year', birth_date, DATE '2026-11-01')) AS youngest, max(date_sub('year', birth_date, DATE '2026-11-01')) AS eldest, count(*) FILTER (WHERE date_sub('year', birth_date, DATE '2026-11-01') >= 80) AS aged FROM public_security.person;

-- question: dates_from_text_columns
-- principal: demo-civil
-- purpose: elderly_care
-- why: Two towns keep dates as eight digits, some of them no dates.
SELECT department, count(*) AS n, count(birth_date) AS known, min(birth_date) AS first, max(birth_date) AS last FROM city.resident GROUP BY department ORDER BY department;

-- question: make_date
-- principal: demo-civil
-- purpose: benefit_review
-- why: A date from its parts.
SELECT make_date(year(cremated_on), month(cremated_on), 1) AS month, count(*) AS n, dayname(min(cremated_on)) AS weekday FROM civil_affairs.cremation GROUP BY month ORDER BY month;

-- question: date_parameters
-- principal: demo-police
-- why: Dates as parameters, by name.
-- parameters: {first: 2026-01-01, last: 2026-06-30, reason: 务工}
SELECT reason, count(*) AS n, min(arrived_on) AS earliest FROM public_security.migrant WHERE arrived_on BETWEEN $first AND $last AND reason <> $reason GROUP BY reason ORDER BY reason;

-- question: timestamp_and_numbered_parameters
-- principal: demo-emergency
-- purpose: safety
-- why: One parameter used twice.
-- parameters: [2026-10-25 00:00:00, 80.5]
SELECT count(*) AS n, max(read_at) AS last FROM emergency.sensor_reading WHERE read_at >= $1 AND value > $2 AND (value < $2 * 2 OR read_at > $1);
