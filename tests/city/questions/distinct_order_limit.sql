-- DISTINCT, DISTINCT ON, ORDER BY, LIMIT and OFFSET.
-- principal: demo-market
-- purpose: enterprise_service

-- question: distinct_pairs
-- why: Distinct over two columns, one with NULLs.
SELECT DISTINCT result, office FROM market_regulation.approval ORDER BY result, office;

-- question: distinct_on
-- why: The newest matter of each firm.
SELECT DISTINCT ON (credit_code) credit_code, approval_id, accepted_on FROM market_regulation.approval ORDER BY credit_code, accepted_on DESC, approval_id;

-- question: distinct_on_across_departments
-- why: The largest payment of each town, over two engines.
SELECT DISTINCT ON (e.town_code) e.town_code, e.name, p.amount FROM market_regulation.enterprise AS e JOIN tax.payment AS p ON p.credit_code = e.credit_code ORDER BY e.town_code, p.amount DESC, e.name;

-- question: order_by_what_is_not_shown
-- why: Sorted by columns that the answer leaves out.
SELECT name FROM market_regulation.enterprise ORDER BY established_on DESC, credit_code LIMIT 10;

-- question: order_by_expression
-- why: Sorted by a computed key and an alias.
SELECT name, length(name) AS n FROM market_regulation.enterprise ORDER BY n DESC, right(name, 2), name LIMIT 15;

-- question: order_by_alias_that_hides_a_column
-- why: The alias goes before the column of the same name.
SELECT credit_code, -legal_days AS legal_days FROM market_regulation.approval ORDER BY legal_days, credit_code, approval_id LIMIT 12;

-- question: order_by_aggregate
-- why: Sorted by what only ORDER BY computes.
SELECT industry_code FROM market_regulation.enterprise GROUP BY industry_code ORDER BY count(*) DESC, sum(registered_capital) DESC, industry_code LIMIT 8;

-- question: order_by_case
-- why: An order of its own.
SELECT status, count(*) AS n FROM market_regulation.enterprise GROUP BY status ORDER BY CASE status WHEN '存续' THEN 1 WHEN '注销' THEN 2 ELSE 3 END;

-- question: order_mixed_with_nulls
-- why: Each key its own direction.
SELECT office, decided_on, approval_id FROM market_regulation.approval WHERE accepted_on >= DATE '2026-08-01' ORDER BY office DESC, decided_on ASC NULLS FIRST, approval_id DESC LIMIT 30;

-- question: limit_in_a_tie
-- why: Any of the tied rows may be there.
SELECT legal_days, office FROM market_regulation.approval ORDER BY legal_days LIMIT 7;

-- question: limit_without_order
-- why: Any five rows.
SELECT kind, status FROM market_regulation.enterprise LIMIT 5;

-- question: limit_zero
-- why: No rows, but the columns.
-- empty: LIMIT 0
SELECT name, registered_capital, established_on FROM market_regulation.enterprise LIMIT 0;

-- question: offset_beyond_the_end
-- why: Nothing is left there.
-- empty: the offset is beyond the last row
SELECT name FROM market_regulation.enterprise ORDER BY name OFFSET 100000;

-- question: offset_within
-- why: The second page.
SELECT credit_code, name FROM market_regulation.enterprise ORDER BY credit_code LIMIT 10 OFFSET 10;

-- question: fetch_first
-- why: The standard's way of LIMIT.
SELECT name FROM market_regulation.enterprise ORDER BY registered_capital DESC, name FETCH FIRST 4 ROWS ONLY;

-- question: top_n_across_departments
-- why: The three firms with most insured people and what they paid.
SELECT e.name, h.insured_count, sum(p.amount) AS paid FROM market_regulation.enterprise AS e JOIN human_resources.employer AS h ON h.credit_code = e.credit_code LEFT JOIN tax.payment AS p ON p.credit_code = e.credit_code GROUP BY e.name, h.insured_count ORDER BY h.insured_count DESC, paid DESC NULLS LAST, e.name LIMIT 3;

-- question: distinct_count_and_limit
-- why: LIMIT after DISTINCT.
SELECT DISTINCT town_code FROM market_regulation.enterprise ORDER BY town_code DESC LIMIT 3;

-- question: within_duckdb
-- principal: demo-land
-- purpose: land_management
-- why: The largest parcel of each use, in one file.
SELECT DISTINCT ON (registered_use) registered_use, parcel_no, area_m2 FROM natural_resources.parcel ORDER BY registered_use, area_m2 DESC, parcel_no;

-- question: within_mariadb
-- principal: demo-tax
-- purpose: tax_control
-- why: Text sorts by code point in MariaDB too.
SELECT name, credit_code FROM tax.taxpayer ORDER BY name DESC, credit_code LIMIT 30;

-- question: within_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: Top rows of a SQLite file with ties in the first key.
SELECT kind, amount, payment_id FROM civil_affairs.benefit ORDER BY amount DESC, payment_id LIMIT 12;

-- question: within_postgresql
-- why: Text sorts by code point in PostgreSQL too.
SELECT name, phone FROM market_regulation.enterprise ORDER BY name, credit_code LIMIT 30;
