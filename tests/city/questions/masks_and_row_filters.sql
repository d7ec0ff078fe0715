-- What policies show: masks seen by every use, row filters on raw values.
-- principal: demo-clerk
-- purpose: town_service

-- question: own_town_only
-- why: The row filter lets one town's rows through.
SELECT town_code, count(*) AS n FROM public_security.household GROUP BY town_code;

-- question: row_filter_on_every_table
-- why: Each owner filters its own table; the clerk names no town.
SELECT (SELECT count(*) FROM public_security.household) AS households, (SELECT count(*) FROM public_security.migrant) AS migrants,
    (SELECT count(*) FROM civil_affairs.benefit) AS benefits, (SELECT count(*) FROM health.patients) AS patients, (SELECT count(*) FROM city.resident) AS residents;

-- question: row_filter_with_two_conditions
-- why: Cancelled registrations are not shown either.
SELECT cancelled, count(*) AS n FROM public_security.migrant GROUP BY cancelled;

-- question: row_filter_under_an_outer_join
-- why: Hidden rows are absent, so the join fills NULLs for other towns.
SELECT t.name, count(h.household_id) AS households FROM district_office.town AS t LEFT JOIN public_security.household AS h ON h.town_code = t.town_code GROUP BY t.name ORDER BY t.name;

-- question: unset_attribute_sees_nothing
-- principal: demo-clerk-new
-- why: A clerk without a town counts no rows.
SELECT count(*) AS n, min(town_code) AS town FROM public_security.household;

-- question: masked_number_in_where
-- why: A condition sees the masked number.
SELECT count(*) AS n, count(DISTINCT person_id) AS masked FROM city.resident WHERE person_id LIKE '445403********%';

-- question: masked_text_grouped
-- why: Groups are of masked values.
SELECT name, count(*) AS n FROM health.patients GROUP BY name HAVING count(*) > 1 ORDER BY n DESC, name LIMIT 20;

-- question: masked_join_key
-- principal: demo-clerk
-- why: Numbers masked alike still meet, and more often than people do.
SELECT count(*) AS pairs FROM health.patients AS p JOIN civil_affairs.elderly AS e ON e.person_id = p.person_id;

-- question: masked_bucket
-- why: Incomes to the lower hundred.
SELECT level, monthly_income, count(*) AS n FROM civil_affairs.low_income GROUP BY ALL ORDER BY ALL;

-- question: masked_order
-- principal: demo-health
-- purpose: elderly_care
-- why: Sorted by what is shown, and the year stands for the date.
SELECT birth_date, name, phone, address FROM civil_affairs.elderly WHERE lives_alone ORDER BY birth_date, name, phone, address LIMIT 25;

-- question: mask_by_year_joins_and_filters
-- principal: demo-health
-- purpose: public_health
-- why: Comparison with a date sees the first of January.
SELECT sex, count(*) AS n, min(birth_date) AS first FROM public_security.person WHERE birth_date >= DATE '2000-01-01' AND birth_date < DATE '2000-01-02' GROUP BY sex ORDER BY sex;

-- question: mask_by_sql
-- principal: demo-civil
-- purpose: elderly_care
-- why: One disease is not told; a question for it finds nothing.
SELECT disease, count(*) AS n, count(*) FILTER (WHERE disease = '精神分裂症') AS told FROM health.chronic_disease GROUP BY disease ORDER BY disease;

-- question: mask_by_sql_of_a_phone
-- principal: demo-civil
-- purpose: benefit_review
-- why: The duty phone is cut, the mayor's name starred.
SELECT name, mayor, duty_phone FROM district_office.town ORDER BY name;

-- question: mask_constant
-- principal: demo-health
-- purpose: public_health
-- why: All values alike, also in a join.
SELECT s.credit_code, s.longitude, count(*) AS n FROM emergency.sensor AS s GROUP BY ALL ORDER BY ALL;

-- question: row_filter_on_a_boolean
-- principal: demo-health
-- purpose: public_health
-- why: Invalid readings are hidden, values cut to fives.
SELECT value, count(*) AS n FROM emergency.sensor_reading GROUP BY value ORDER BY value;

-- question: mask_null_joins_nothing
-- principal: demo-district
-- purpose: statistics
-- why: A column masked to NULL equals nothing, itself included.
-- empty: NULL equals nothing
SELECT a.level FROM civil_affairs.low_income AS a JOIN civil_affairs.low_income AS b ON a.household_id = b.household_id;

-- question: mask_bucket_of_numbers
-- principal: demo-district
-- purpose: statistics
-- why: Sizes in tens, bases in five hundreds, names cut.
SELECT e.insured_count, count(*) AS employers, min(e.name) AS first FROM human_resources.employer AS e GROUP BY e.insured_count ORDER BY e.insured_count;

-- question: mask_in_a_window
-- principal: demo-tax
-- purpose: tax_control
-- why: Ranks by a masked base.
SELECT kind, monthly_base, count(*) AS n, rank() OVER (PARTITION BY kind ORDER BY monthly_base DESC) AS place FROM human_resources.insured_person GROUP BY kind, monthly_base ORDER BY kind, place;

-- question: row_filter_on_a_hidden_column
-- principal: demo-tax
-- purpose: tax_control
-- why: The filter reads holder_kind, which the grant does not show.
SELECT p.town_code, count(*) AS parcels, count(DISTINCT p.holder_code) AS holders FROM natural_resources.parcel AS p GROUP BY p.town_code ORDER BY p.town_code;

-- question: star_is_what_the_grant_shows
-- principal: demo-supervisor
-- purpose: supervision
-- why: A star gives the columns of the grant, in the table's order.
SELECT * FROM emergency.inspection WHERE result = '不合格' ORDER BY planned_on, credit_code, inspected_on LIMIT 10;

-- question: star_with_exclude
-- principal: demo-supervisor
-- purpose: supervision
-- why: A star without some columns.
SELECT * EXCLUDE (approval_id, credit_code) FROM market_regulation.approval WHERE office = '许可科' ORDER BY ALL LIMIT 10;

-- question: masked_and_raw_differ_by_caller
-- principal: demo-market
-- purpose: enterprise_service
-- why: The taxpayer's year and phone are masked for another office, and its own tables are not.
SELECT e.name, t.registered_on, t.phone, e.phone AS own_phone FROM market_regulation.enterprise AS e JOIN tax.taxpayer AS t ON t.credit_code = e.credit_code WHERE e.industry_code LIKE 'C%' ORDER BY e.name, t.credit_code;

-- question: masked_towns_of_the_clerk
-- purpose: elderly_care
-- why: Another purpose, the same filter.
SELECT e.name, r.address, e.contact_phone FROM civil_affairs.elderly AS e JOIN city.resident AS r ON r.name = e.name AND r.birth_date = e.birth_date WHERE e.lives_alone ORDER BY e.name, r.address, e.contact_phone;
