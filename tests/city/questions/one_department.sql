-- Questions that one database could answer alone, where its own idea of text, numbers or time would differ.
-- principal: demo-social
-- purpose: statistics

-- question: extremes_of_text_in_mariadb
-- why: The smallest and greatest text by code point.
SELECT min(person_id) AS a, max(person_id) AS b, min(name) AS c, max(name) AS d FROM human_resources.insured_person;

-- question: order_of_dirty_text_in_mariadb
-- why: Case and trailing blanks decide the order.
SELECT person_id, name FROM human_resources.insured_person ORDER BY person_id DESC, insurance_no LIMIT 50;

-- question: text_in_a_list_in_mariadb
-- why: Neither the small letter nor the trailing blank is the same number.
SELECT count(*) AS n FROM human_resources.insured_person WHERE person_id IN (SELECT person_id || ' ' FROM human_resources.pension_payment) OR person_id <> upper(person_id);

-- question: blank_and_empty_text_in_mariadb
-- why: Empty, blank and padded text are three things.
SELECT count(*) FILTER (WHERE name = '') AS empty, count(*) FILTER (WHERE name = ' ') AS blank, count(*) FILTER (WHERE person_id = trim(person_id) || ' ') AS padded FROM human_resources.insured_person;

-- question: quotients_in_mariadb
-- why: A quotient of decimals is a double, and cast it rounds half away from zero.
SELECT insurance_no, monthly_base * 1.005 AS product, monthly_base / 7 AS quotient, CAST(monthly_base / 7 AS DECIMAL(10, 2)) AS rounded FROM human_resources.insured_person ORDER BY insurance_no LIMIT 60;

-- question: moments_in_mariadb
-- why: Truncated, moved, and subtracted.
SELECT payment_id, paid_at, date_trunc('month', paid_at) AS month, paid_at + INTERVAL 1 DAY AS next_day, CAST(paid_at AS DATE) - pay_month AS days FROM human_resources.pension_payment ORDER BY payment_id LIMIT 40;

-- question: weekdays_in_mariadb
-- why: Sunday is 0.
SELECT dayofweek(insured_from) AS weekday, quarter(insured_from) AS q, count(*) AS n FROM human_resources.insured_person GROUP BY ALL ORDER BY ALL;

-- question: numbers_as_text_in_mariadb
-- why: A decimal compared with a text literal that is a number.
SELECT count(*) AS n FROM human_resources.insured_person WHERE monthly_base = 4593 OR monthly_base = '4546.00';

-- question: dirty_duplicates_in_mariadb
-- principal: demo-tax
-- purpose: tax_control
-- why: Distinct raw, and distinct once upper case.
SELECT t.status, t.kind, count(*) AS n, count(DISTINCT t.credit_code) AS raw, count(DISTINCT upper(t.credit_code)) AS upper_ FROM tax.taxpayer AS t GROUP BY ALL ORDER BY ALL;

-- question: padded_literal_in_mariadb
-- principal: demo-tax
-- purpose: tax_control
-- why: A literal with a trailing blank equals only text with one.
-- empty: no name ends in a blank
SELECT t.name FROM tax.taxpayer AS t WHERE t.name = '澜州市新盛铝型材厂 ';

-- question: months_in_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: SQLite has no dates; the question does.
SELECT pay_month, pay_month + 1 AS next_day, pay_month + INTERVAL 1 MONTH AS next_month, year(pay_month) * 100 + month(pay_month) AS number, count(*) AS n FROM civil_affairs.benefit GROUP BY ALL ORDER BY ALL;

-- question: money_in_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: Money times a decimal stays exact; its remainder too.
SELECT payment_id, amount * 3.14159 AS product, round(amount * 0.333, 2) AS rounded, amount % 7 AS rest FROM civil_affairs.benefit ORDER BY payment_id LIMIT 40;

-- question: money_in_a_list_in_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: Whole and decimal literals against money.
SELECT amount, count(*) AS n FROM civil_affairs.benefit WHERE amount IN (100, 280.00, 200.5) OR (kind = '高龄津贴') = (amount > 150) GROUP BY amount ORDER BY amount;

-- question: booleans_in_sqlite
-- principal: demo-civil
-- purpose: elderly_care
-- why: Booleans compared with booleans.
SELECT lives_alone = (care = '失能') AS same, count(*) AS n, max(lives_alone) AS any_ FROM civil_affairs.elderly GROUP BY same ORDER BY same;

-- question: like_in_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: LIKE minds the case, which SQLite's own does not.
SELECT lower(person_id) AS low, person_id FROM civil_affairs.benefit WHERE person_id LIKE '%x' OR person_id LIKE '% ' ORDER BY payment_id;

-- question: dates_subtracted_in_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: Days between the first and the last.
SELECT parlour, count(*) AS n, min(cremated_on) AS first, max(cremated_on) - min(cremated_on) AS days FROM civil_affairs.cremation GROUP BY parlour ORDER BY parlour;

-- question: latest_payments_in_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: A scalar subquery over the same file, and NOT IN beside it.
SELECT b.person_id FROM civil_affairs.benefit AS b WHERE b.pay_month = (SELECT max(pay_month) FROM civil_affairs.benefit) AND b.person_id NOT IN (SELECT person_id FROM civil_affairs.elderly) ORDER BY b.person_id;

-- question: decimals_in_postgresql
-- principal: demo-market
-- purpose: enterprise_service
-- why: Quotients, products and weighted means of numerics.
SELECT registered_capital, registered_capital / 7 AS quotient, round(registered_capital / 3, 1) AS rounded, registered_capital * 1.13 AS product, CAST(registered_capital AS DECIMAL(20, 1)) AS cut FROM market_regulation.enterprise ORDER BY credit_code LIMIT 60;

-- question: smallint_in_postgresql
-- principal: demo-market
-- purpose: enterprise_service
-- why: Small integers grow before they overflow, and their sums are HUGEINT.
SELECT legal_days, sum(legal_days) AS total, avg(legal_days) AS mean, max(legal_days) + 1 AS more, legal_days * legal_days AS square, legal_days / 2 AS half FROM market_regulation.approval GROUP BY legal_days ORDER BY legal_days;

-- question: days_added_in_postgresql
-- principal: demo-market
-- purpose: enterprise_service
-- why: A date and a column of days.
SELECT accepted_on + legal_days AS soonest, due_on, count(*) AS n FROM market_regulation.approval GROUP BY ALL ORDER BY ALL LIMIT 50;

-- question: patterns_in_postgresql
-- principal: demo-market
-- purpose: enterprise_service
-- why: Regular expressions over Chinese text.
SELECT regexp_matches(name, '科技|电子') AS tech, regexp_extract(name, '澜州市(..)', 1) AS word, count(*) AS n FROM market_regulation.enterprise GROUP BY ALL ORDER BY ALL;

-- question: moments_in_postgresql
-- principal: demo-police
-- why: Moved by months and minutes, and their week.
SELECT record_id, registered_at + INTERVAL 1 MONTH AS later, registered_at - INTERVAL 90 MINUTE AS before_, dayofyear(registered_at) AS day, week(registered_at) AS week FROM public_security.person ORDER BY record_id LIMIT 40;

-- question: cube_in_postgresql
-- principal: demo-police
-- why: Subtotals beside groups that are NULL.
SELECT nation, marital_status, count(*) AS n, avg(2026 - year(birth_date)) AS age FROM public_security.person GROUP BY CUBE (nation, marital_status) ORDER BY ALL;

-- question: zones_in_duckdb
-- principal: demo-land
-- purpose: land_management
-- why: Parts of a moment are those of UTC.
SELECT parcel_no, registered_at, year(registered_at) AS y, hour(registered_at) AS h, date_trunc('month', registered_at) AS month FROM natural_resources.parcel ORDER BY parcel_no LIMIT 40;

-- question: floats_in_files
-- principal: demo-emergency
-- purpose: safety
-- why: Doubles of a CSV file, cut and rounded.
SELECT s.sensor_id, s.longitude * 1000000 AS micro, CAST(s.longitude AS DECIMAL(9, 4)) AS cut, round(s.latitude, 2) AS rounded FROM emergency.sensor AS s ORDER BY 1;
