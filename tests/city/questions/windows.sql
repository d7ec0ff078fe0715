-- Window functions: ranks, frames, named windows, QUALIFY. Windows sort by a unique key wherever ties would matter.
-- principal: demo-social
-- purpose: statistics

-- question: row_number_per_group
-- why: The newest payment of each pensioner.
SELECT person_id, pay_month, amount
FROM (
    SELECT person_id, pay_month, amount, row_number() OVER (PARTITION BY person_id ORDER BY pay_month DESC, payment_id) AS n
    FROM human_resources.pension_payment
) AS p
WHERE n = 1 AND amount > 3000
ORDER BY person_id;

-- question: qualify_keeps_the_top_of_each_group
-- why: QUALIFY filters by a window after it is computed.
SELECT origin_province, origin_name, count(*) AS migrants
FROM public_security.migrant
GROUP BY origin_province, origin_name
QUALIFY row_number() OVER (PARTITION BY origin_province ORDER BY count(*) DESC, origin_name) = 1
ORDER BY origin_province;

-- question: ranks_with_ties
-- why: rank leaves gaps, dense_rank does not.
SELECT name, insured_count, rank() OVER (ORDER BY insured_count DESC) AS r, dense_rank() OVER (ORDER BY insured_count DESC) AS d
FROM human_resources.employer
ORDER BY insured_count DESC, name
LIMIT 20;

-- question: running_total
-- why: The default frame ends with the current row's peers.
SELECT pay_month, payment_id, sum(amount) OVER (ORDER BY pay_month) AS until_month, sum(amount) OVER (ORDER BY pay_month, payment_id) AS until_row
FROM human_resources.pension_payment
WHERE town_code = '445403106'
ORDER BY pay_month, payment_id;

-- question: rows_frame
-- why: A moving sum over three rows.
SELECT payment_id, sum(amount) OVER (ORDER BY payment_id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS around,
    count(*) OVER (ORDER BY payment_id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS so_far
FROM human_resources.pension_payment
WHERE town_code = '445403105'
ORDER BY payment_id
LIMIT 40;

-- question: range_frame_over_numbers
-- why: RANGE takes all rows whose value lies within, however many.
SELECT insured_count, count(*) OVER (ORDER BY insured_count RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS similar
FROM human_resources.employer
ORDER BY insured_count
LIMIT 30;

-- question: range_frame_over_dates
-- why: A frame of thirty days.
SELECT registration_id, arrived_on, count(*) OVER (ORDER BY arrived_on RANGE BETWEEN INTERVAL 60 DAY PRECEDING AND CURRENT ROW) AS arrivals
FROM public_security.migrant
WHERE arrived_on >= DATE '2026-01-01'
ORDER BY arrived_on, registration_id;

-- question: frame_without_the_current_row
-- why: EXCLUDE leaves the row itself out.
SELECT credit_code, sum(insured_count) OVER (ORDER BY credit_code ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING EXCLUDE CURRENT ROW) AS neighbours
FROM human_resources.employer
ORDER BY credit_code
LIMIT 15;

-- question: lag_and_lead_with_defaults
-- why: The row before and after, and what stands in at the ends.
SELECT pay_month, total, lag(total) OVER (ORDER BY pay_month) AS before, lead(total, 1, 0) OVER (ORDER BY pay_month) AS after
FROM (SELECT pay_month, sum(amount) AS total FROM human_resources.pension_payment GROUP BY pay_month) AS m
ORDER BY pay_month;

-- question: first_last_and_nth
-- why: Last value needs a frame to the end.
SELECT DISTINCT kind,
    first_value(insurance_no) OVER w AS first,
    last_value(insurance_no) OVER (PARTITION BY kind ORDER BY insurance_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last,
    nth_value(insurance_no, 2) OVER (PARTITION BY kind ORDER BY insurance_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS second
FROM human_resources.insured_person
WINDOW w AS (PARTITION BY kind ORDER BY insurance_no)
ORDER BY kind;

-- question: ntile_and_percent_rank
-- why: Quartiles of employers by size.
SELECT quartile, min(insured_count) AS least, max(insured_count) AS most, count(*) AS employers
FROM (SELECT insured_count, ntile(4) OVER (ORDER BY insured_count, credit_code) AS quartile FROM human_resources.employer) AS q
GROUP BY quartile
ORDER BY quartile;

-- question: cume_dist
-- why: Shares in 0 to 1 are floats.
SELECT insured_count, cume_dist() OVER (ORDER BY insured_count) AS share, percent_rank() OVER (ORDER BY insured_count) AS p
FROM human_resources.employer
ORDER BY insured_count
LIMIT 20;

-- question: window_over_an_aggregate
-- why: The share of each town in the sum over all.
SELECT t.name, sum(p.amount) AS total, 100.0 * sum(p.amount) / sum(sum(p.amount)) OVER () AS percent
FROM human_resources.pension_payment AS p
JOIN district_office.town AS t ON t.town_code = p.town_code
GROUP BY t.name
ORDER BY total DESC;

-- question: aggregate_over_partition_without_order
-- why: All rows of the partition count.
SELECT registration_id, count(*) OVER (PARTITION BY destination_code, origin_province) AS fellows
FROM public_security.migrant
WHERE origin_province IN ('云南省', '重庆市')
ORDER BY registration_id;

-- question: filter_in_a_window
-- why: FILTER limits what a window aggregate takes.
SELECT registration_id, count(*) FILTER (WHERE cancelled) OVER (PARTITION BY destination_code) AS cancelled_here
FROM public_security.migrant
ORDER BY registration_id
LIMIT 25;

-- question: windows_sort_nulls
-- why: NULLs sort last unless told otherwise.
SELECT registration_id, row_number() OVER (ORDER BY employer_code, registration_id) AS last_,
    row_number() OVER (ORDER BY employer_code DESC NULLS FIRST, registration_id) AS first_
FROM public_security.migrant
ORDER BY registration_id
LIMIT 20;

-- question: ignore_nulls
-- why: The latest known employer up to each row.
SELECT registration_id, last_value(employer_code IGNORE NULLS) OVER (ORDER BY registration_id) AS known
FROM public_security.migrant
ORDER BY registration_id
LIMIT 20;

-- question: over_a_federated_table
-- principal: demo-auditor
-- purpose: audit
-- why: The newest entry of each person over all towns.
SELECT department, person_id, registered_on
FROM city.resident
WHERE person_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY registered_on DESC, department, record_id) = 1
    AND count(*) OVER (PARTITION BY person_id) > 1
ORDER BY person_id;

-- question: within_postgresql
-- principal: demo-police
-- why: A window that one database computes.
SELECT household_id, person_id, row_number() OVER (PARTITION BY household_id ORDER BY birth_date, record_id) AS place
FROM public_security.person
WHERE town_code = '445403106'
ORDER BY household_id, place;

-- question: within_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: Sums so far in a SQLite file, of amounts that it keeps as whole cents.
SELECT kind, pay_month, payment_id, sum(amount) OVER (PARTITION BY kind ORDER BY pay_month, payment_id) AS so_far
FROM civil_affairs.benefit
WHERE kind IN ('高龄津贴', '特困供养')
ORDER BY kind, pay_month, payment_id;

-- question: within_mariadb
-- principal: demo-tax
-- purpose: tax_control
-- why: Sums so far of exact decimals in MariaDB.
SELECT credit_code, period, payment_id, sum(amount) OVER (PARTITION BY credit_code ORDER BY period, payment_id) AS so_far
FROM tax.payment
WHERE tax = '企业所得税'
ORDER BY credit_code, period, payment_id;

-- question: within_duckdb
-- principal: demo-emergency
-- purpose: safety
-- why: Rises between readings, over files.
SELECT sensor_id, read_at, value - lag(value) OVER (PARTITION BY sensor_id ORDER BY read_at) AS rise
FROM emergency.sensor_reading
WHERE sensor_id <= 'CGQ00003'
QUALIFY rise > 20
ORDER BY sensor_id, read_at;
