-- Exact decimals and whole numbers: scale, division, averages, sums that need more room.
-- principal: demo-tax
-- purpose: tax_control

-- question: sum_is_exact
-- why: A sum of DECIMAL(16,2) is DECIMAL(38,2), to the cent.
SELECT tax, sum(amount) AS total, count(*) AS n FROM tax.payment GROUP BY tax ORDER BY tax;

-- question: average_is_floating_point
-- why: avg of a decimal is a DOUBLE.
SELECT period, avg(amount) AS mean, min(amount) AS least, max(amount) AS most FROM tax.payment GROUP BY period ORDER BY period;

-- question: division_of_decimals
-- why: Division is floating point; // is whole.
SELECT payment_id, amount / 3 AS third, amount // 1000 AS thousands, amount % 1000 AS rest FROM tax.payment WHERE period = '2026Q1' AND tax = '企业所得税' ORDER BY payment_id;

-- question: division_by_zero
-- why: In DuckDB a division by zero is infinite or not a number; other engines give NULL or an error.
SELECT t.name, 1 / 0 AS whole, -1.5 / 0 AS decimal_, t.area_km2 / 0 AS float_, 0 / 0 AS nothing, fmod(t.area_km2, 0) AS rest
FROM district_office.town AS t
ORDER BY t.name
LIMIT 2;

-- question: division_by_a_column_that_is_zero
-- principal: demo-market
-- purpose: enterprise_service
-- why: The same with zeros in the data.
SELECT e.credit_code, e.insured_count / e.arrears AS ratio FROM human_resources.employer AS e ORDER BY e.credit_code LIMIT 25;

-- question: multiplication_adds_scales
-- why: The scale of a product is the sum of scales.
SELECT payment_id, amount * 0.05 AS rate, amount * amount AS square, -amount AS negative FROM tax.payment WHERE amount > 50000 ORDER BY payment_id;

-- question: addition_aligns_scales
-- why: DECIMAL(18,4) and DECIMAL(16,2) meet.
SELECT e.name, e.registered_capital * 10000 - sum(p.amount) AS left_
FROM market_regulation.enterprise AS e
JOIN tax.payment AS p ON p.credit_code = e.credit_code
GROUP BY e.name, e.registered_capital
ORDER BY e.name
LIMIT 12;

-- question: rounding
-- why: Half away from zero for decimals.
SELECT round(2.5, 0) AS a, round(-2.5, 0) AS b, round(1.005, 2) AS c, round(12345.678, -2) AS d, trunc(-1.7) AS e, ceil(1.2) AS f, floor(-1.2) AS g
FROM district_office.town
WHERE town_code = '445403101';

-- question: rounding_of_columns
-- why: Rounded exactly, also below zero.
SELECT payment_id, round(amount, 1) AS r1, round(amount, -3) AS r3, round(-amount, 0) AS r0 FROM tax.payment WHERE period = '2025Q4' AND tax = '增值税' ORDER BY payment_id LIMIT 20;

-- question: casts_between_scales
-- why: A cast to fewer places rounds.
SELECT payment_id, CAST(amount AS DECIMAL(16, 1)) AS one, CAST(amount AS BIGINT) AS whole, CAST(amount AS VARCHAR) AS text, CAST(amount AS DOUBLE) AS float_
FROM tax.payment
WHERE tax = '城市维护建设税' AND period = '2026Q3'
ORDER BY payment_id
LIMIT 20;

-- question: cast_of_text_to_decimal
-- why: TRY_CAST gives NULL where CAST would fail.
SELECT x, try_cast(x AS DECIMAL(6, 2)) AS d, try_cast(x AS INTEGER) AS i, try_cast(x AS DATE) AS day
FROM (VALUES ('12.345'), ('-0.005'), ('一百'), (' 7 '), ('99999.99'), ('2026-10-01')) AS v(x)
ORDER BY x;

-- question: comparison_across_scales
-- why: 10, 10.0 and 10.00 are equal; 10.004 is not.
SELECT count(*) AS n FROM market_regulation.enterprise WHERE registered_capital = 10 AND registered_capital = 10.0 AND registered_capital < 10.00001 AND registered_capital <> 10.004;

-- question: distinct_decimals
-- why: Distinct by value.
SELECT DISTINCT registered_capital FROM market_regulation.enterprise ORDER BY registered_capital DESC LIMIT 15;

-- question: sums_beyond_64_bits
-- why: Sums of BIGINT are HUGEINT, so large products still add up.
SELECT sum(payment_id * 10000000000) AS big, sum(payment_id) AS plain, max(payment_id) AS most FROM tax.payment;

-- question: decimals_of_38_digits
-- why: As wide as decimals go.
SELECT sum(CAST(amount AS DECIMAL(38, 4))) AS wide, sum(amount) * 1000000000000 AS shifted FROM tax.payment;

-- question: share_of_a_total
-- why: A ratio of two exact sums, compared as floats.
SELECT tax, 100 * sum(amount) / (SELECT sum(amount) FROM tax.payment) AS percent FROM tax.payment GROUP BY tax ORDER BY tax;

-- question: decimals_from_whole_cents
-- principal: demo-civil
-- purpose: benefit_review
-- why: SQLite keeps cents as integers; published they are yuan, exact.
SELECT kind, amount, count(*) AS n, sum(amount) AS total, sum(amount) * 12 AS year FROM civil_affairs.benefit GROUP BY kind, amount ORDER BY kind, amount;

-- question: decimal_and_float_compared
-- principal: demo-land
-- purpose: land_management
-- why: A decimal meets a double.
SELECT g.village_name, sum(p.area_m2) AS area, sum(p.area_m2) / (sum(DISTINCT g.area_km2) * 10000) AS percent
FROM natural_resources.parcel AS p
JOIN natural_resources.grid AS g ON g.grid_id = p.grid_id
GROUP BY g.village_name
HAVING sum(p.area_m2) > 1.5e3
ORDER BY g.village_name;

-- question: filter_by_decimal_literal
-- principal: demo-social
-- purpose: statistics
-- why: A literal with more places than the column, pushed or not.
SELECT count(*) AS n, sum(monthly_base) AS total FROM human_resources.insured_person WHERE monthly_base >= 4593.000 AND monthly_base < 8000.505;

-- question: filter_by_decimal_in_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: Compared as decimals, not as text or floats.
SELECT record_id, monthly_income FROM civil_affairs.low_income WHERE monthly_income BETWEEN 500.005 AND 1141.51 ORDER BY monthly_income, record_id;

-- question: integers_divide_to_floats
-- principal: demo-police
-- purpose: statistics
-- why: / of integers is not whole in DuckDB, as it is in PostgreSQL and SQLite.
SELECT member_count, member_count / 2 AS half, member_count // 2 AS whole, member_count % 2 AS odd, count(*) AS n FROM public_security.household GROUP BY member_count ORDER BY member_count;

-- question: integer_division_below_zero
-- why: // and % truncate towards zero.
SELECT -7 // 2 AS a, -7 % 2 AS b, 7 // -2 AS c, 7 % -2 AS d, abs(-7) AS e, sign(-0.5) AS f, 2 ** 10 AS g FROM tax.payment LIMIT 1;

-- question: integers_in_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: Division of integers from SQLite.
SELECT grade, count(*) AS n, sum(grade) / count(*) AS mean, grade / 2 AS half, grade // 2 AS whole FROM civil_affairs.disability GROUP BY grade ORDER BY grade;

-- question: floats_of_sensors
-- principal: demo-emergency
-- purpose: safety
-- why: Sums and means of doubles agree within the tolerance.
SELECT sensor_id, avg(value) AS mean, sum(value) AS total, max(value) - min(value) AS spread, stddev_pop(value) AS deviation FROM emergency.sensor_reading WHERE valid GROUP BY sensor_id ORDER BY sensor_id;

-- question: bits_and_powers
-- principal: demo-police
-- purpose: statistics
-- why: Functions over whole numbers.
SELECT member_count & 1 AS odd, member_count << 2 AS shifted, pow(member_count, 2) AS square, sqrt(member_count) AS root, ln(member_count) AS log_, bit_count(member_count) AS bits, count(*) AS n
FROM public_security.household
GROUP BY member_count
ORDER BY member_count;

-- question: decimal_parameters
-- why: Values arrive as they are, not as text.
-- parameters: [{decimal: "10000.50"}, 增值税]
SELECT count(*) AS n, sum(amount) AS total FROM tax.payment WHERE amount >= ? AND tax = ?;
