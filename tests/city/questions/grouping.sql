-- Grouping: GROUPING SETS, ROLLUP, CUBE, GROUPING(), HAVING, FILTER, aggregates of every kind.
-- principal: demo-health
-- purpose: public_health

-- question: grouping_sets
-- why: Several groupings at once, and which row belongs to which.
SELECT town_code, disease, grouping(town_code, disease) AS level, count(*) AS cases
FROM health.chronic_disease
GROUP BY GROUPING SETS ((town_code), (disease), ())
ORDER BY level, town_code, disease;

-- question: rollup
-- why: Subtotals are NULL in the columns they leave out, beside groups that are NULL themselves.
SELECT place, cause, count(*) AS deaths, grouping(place) AS all_places
FROM health.death_certificate
GROUP BY ROLLUP (place, cause)
ORDER BY all_places, place, cause;

-- question: cube
-- why: Every combination of three columns.
SELECT sex, residence_kind, status, count(*) AS people
FROM public_security.person
GROUP BY CUBE (sex, residence_kind, status)
ORDER BY sex, residence_kind, status, people;

-- question: rollup_across_departments
-- why: Subtotals over a join of three engines.
SELECT t.name, c.disease, count(*) AS cases, sum(c.yearly_cost) AS cost
FROM health.chronic_disease AS c
JOIN district_office.town AS t ON t.town_code = c.town_code
JOIN civil_affairs.disability AS d ON d.person_id = c.person_id
GROUP BY ROLLUP (t.name, c.disease)
ORDER BY grouping(t.name), grouping(c.disease), t.name, c.disease;

-- question: grouping_sets_with_having
-- why: HAVING applies to subtotals too.
SELECT sex, town_code, count(*) AS patients
FROM health.patients
GROUP BY GROUPING SETS ((sex, town_code), (sex), ())
HAVING count(*) > 50
ORDER BY patients DESC, sex, town_code;

-- question: group_by_an_expression
-- why: Ages in decades.
SELECT (2026 - year(born)) // 10 * 10 AS decade, sex, count(*) AS patients
FROM health.patients
GROUP BY decade, sex
ORDER BY decade, sex;

-- question: group_by_ordinal_and_alias
-- why: Groups named by place and by alias.
SELECT month(diagnosed_on) AS m, disease AS what, count(*) AS n
FROM health.chronic_disease
WHERE diagnosed_on >= DATE '2024-01-01'
GROUP BY 1, what
HAVING n > 1
ORDER BY 1, 2;

-- question: group_by_all
-- why: Everything that is no aggregate.
SELECT disease, controlled, count(*) AS n, min(yearly_cost) AS least FROM health.chronic_disease GROUP BY ALL ORDER BY ALL;

-- question: having_without_group
-- why: One group, kept or not.
SELECT count(*) AS n, max(died_at) AS last FROM health.death_certificate HAVING count(*) > 3;

-- question: having_without_group_drops_the_row
-- why: HAVING may drop the only group.
-- empty: the condition on the one group is false
SELECT count(*) AS n FROM health.death_certificate HAVING count(*) < 0;

-- question: filter_and_distinct_in_aggregates
-- why: What each aggregate takes is its own affair.
SELECT disease, count(DISTINCT person_id) AS people, count(*) FILTER (WHERE controlled) AS controlled,
    sum(yearly_cost) FILTER (WHERE NOT controlled) AS uncontrolled_cost, count(DISTINCT town_code) FILTER (WHERE yearly_cost > 8000) AS towns
FROM health.chronic_disease
GROUP BY disease
ORDER BY disease;

-- question: aggregates_of_no_rows
-- why: count is 0, the others NULL.
SELECT count(*) AS n, count(yearly_cost) AS c, sum(yearly_cost) AS s, avg(yearly_cost) AS a, min(disease) AS m, bool_and(controlled) AS b
FROM health.chronic_disease
WHERE disease = '没有的病';

-- question: groups_of_no_rows
-- why: With GROUP BY there is no group at all.
-- empty: no rows make no groups
SELECT disease, count(*) AS n FROM health.chronic_disease WHERE disease = '没有的病' GROUP BY disease;

-- question: bool_aggregates
-- why: NULLs are left out of bool_and and bool_or.
SELECT town_code, bool_and(controlled) AS all_, bool_or(controlled) AS any_, count(controlled) AS known
FROM health.chronic_disease
GROUP BY town_code
ORDER BY town_code;

-- question: text_aggregates_in_order
-- why: Texts joined in a given order.
SELECT town_code, string_agg(DISTINCT disease, '、' ORDER BY disease) AS diseases, list(DISTINCT controlled ORDER BY controlled) AS states
FROM health.chronic_disease
GROUP BY town_code
ORDER BY town_code;

-- question: statistics
-- why: Deviation, variance and covariance, in floating point.
SELECT disease, stddev_samp(yearly_cost) AS deviation, var_pop(yearly_cost) AS variance, median(yearly_cost) AS middle, corr(yearly_cost, year(diagnosed_on)) AS r
FROM health.chronic_disease
GROUP BY disease
ORDER BY disease;

-- question: quantiles
-- why: Continuous ones interpolate, discrete ones choose.
SELECT quantile_cont(yearly_cost, 0.9) AS cont, quantile_disc(yearly_cost, 0.9) AS disc, percentile_cont(0.25) WITHIN GROUP (ORDER BY yearly_cost) AS quarter
FROM health.chronic_disease;

-- question: arg_min_and_arg_max
-- why: The value beside the extreme one.
SELECT disease, arg_max(case_id, (yearly_cost, case_id)) AS dearest FROM health.chronic_disease GROUP BY disease ORDER BY disease;

-- question: arg_max_by_a_number
-- why: The case of the greatest cost, which is unique.
SELECT disease, arg_max(case_id, yearly_cost) AS dearest, arg_min(case_id, yearly_cost) AS cheapest FROM health.chronic_disease GROUP BY disease ORDER BY disease;

-- question: aggregate_of_an_expression_over_a_join
-- why: Money per head over two departments.
SELECT d.kind, sum(c.yearly_cost * (5 - d.grade)) AS weighted, count(*) AS n
FROM civil_affairs.disability AS d
JOIN health.chronic_disease AS c ON c.person_id = d.person_id
GROUP BY d.kind
ORDER BY d.kind;

-- question: distinct_over_a_federated_table
-- principal: demo-district
-- purpose: statistics
-- why: A distinct count over all towns is not the sum of the towns' counts.
SELECT count(DISTINCT sex) AS sexes, count(DISTINCT birth_date) AS years, count(DISTINCT grid_id) AS grids, count(*) AS people FROM city.resident;

-- question: rollup_over_a_federated_table
-- principal: demo-district
-- purpose: statistics
-- why: Towns, kinds of residence, and their sums.
SELECT department, residence_kind, count(*) AS people, count(*) FILTER (WHERE lives_alone) AS alone
FROM city.resident
GROUP BY ROLLUP (department, residence_kind)
ORDER BY department, residence_kind, people;

-- question: within_mariadb
-- principal: demo-social
-- purpose: statistics
-- why: ROLLUP in one MariaDB.
SELECT kind, year(insured_from) AS since, count(*) AS n, avg(monthly_base) AS mean
FROM human_resources.insured_person
GROUP BY ROLLUP (kind, since)
ORDER BY kind, since, n;

-- question: within_sqlite
-- principal: demo-civil
-- purpose: benefit_review
-- why: Groups over texts that differ by case or blanks only, in one SQLite file.
SELECT kind, count(*) AS n, count(DISTINCT person_id) AS raw, count(DISTINCT upper(trim(person_id))) AS clean, sum(amount) AS total, avg(amount) AS mean
FROM civil_affairs.benefit
GROUP BY kind
HAVING sum(amount) > 100
ORDER BY kind;

-- question: within_duckdb
-- principal: demo-land
-- purpose: land_management
-- why: CUBE in one DuckDB file.
SELECT registered_use, holder_kind, count(*) AS n, sum(area_m2) AS area
FROM natural_resources.parcel
GROUP BY CUBE (registered_use, holder_kind)
ORDER BY registered_use, holder_kind, n;
