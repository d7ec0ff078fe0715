-- city.resident: what six towns on four engines compute themselves, and what is put together from it.
-- principal: demo-civil
-- purpose: elderly_care

-- question: total_of_nothing
-- why: No row anywhere is one row of zero and NULLs.
SELECT count(*) AS n, count(birth_date) AS known, min(birth_date) AS eldest, sum(length(name)) AS letters, avg(year(birth_date)) AS mean FROM city.resident WHERE birth_date < DATE '1850-01-01';

-- question: groups_of_nothing
-- why: No row anywhere is no group.
-- empty: The condition holds for nobody.
SELECT sex, count(*) AS n FROM city.resident WHERE birth_date < DATE '1850-01-01' GROUP BY sex;

-- question: group_by_a_constant_of_nothing
-- why: Grouped by what is the same in all rows, nothing is no group either.
-- empty: The condition holds for nobody.
SELECT 'all' AS whom, count(*) AS n FROM city.resident WHERE birth_date < DATE '1850-01-01' GROUP BY 1;

-- question: averages
-- why: An average is no average of averages.
SELECT avg(year(birth_date)) AS mean, avg(length(address)) AS letters, avg(CASE WHEN lives_alone THEN 1.0 ELSE 0.0 END) AS share FROM city.resident;

-- question: spread_of_years
-- why: Variances of members, put together without cancellation.
SELECT sex, stddev_samp(year(birth_date)) AS s, stddev_pop(year(birth_date)) AS p, var_samp(year(birth_date)) AS vs, var_pop(year(birth_date)) AS vp, stddev(year(birth_date)) AS d FROM city.resident GROUP BY sex ORDER BY sex;

-- question: spread_far_from_zero
-- why: The same spread ten million further up.
SELECT var_samp(10000000 + month(birth_date)) AS v, stddev_pop(CAST(10000000 AS DOUBLE) + day(birth_date)) AS s FROM city.resident;

-- question: spread_of_a_constant
-- why: What does not vary has the variance zero, and one value has none.
SELECT var_pop(0.1) AS zero, stddev_samp(length(town_code)) AS none, var_samp(length(sex)) FILTER (WHERE birth_date < DATE '1850-01-01') AS nobody FROM city.resident;

-- question: distinct_over_members
-- why: A grid and a person may be known in two towns, and count once.
SELECT count(DISTINCT person_id) AS people, count(DISTINCT grid_id) AS grids, count(DISTINCT year(birth_date)) AS years, count(*) AS n FROM city.resident;

-- question: distinct_per_group_with_filter
-- why: DISTINCT and FILTER together.
SELECT sex, count(DISTINCT town_code) FILTER (WHERE lives_alone) AS towns, count(DISTINCT name) AS names, sum(DISTINCT month(birth_date)) AS months FROM city.resident GROUP BY sex ORDER BY sex;

-- question: truth_over_members
-- why: BOOL_AND and BOOL_OR of booleans that four engines write in four ways.
SELECT residence_kind, bool_and(lives_alone) AS every, bool_or(lives_alone) AS some, count_if(lives_alone) AS n FROM city.resident GROUP BY residence_kind ORDER BY residence_kind;

-- question: having_over_the_whole
-- why: A condition on groups holds for the whole group, not for each member's part.
SELECT year(birth_date) AS y, count(*) AS n FROM city.resident GROUP BY y HAVING count(*) > 20 AND min(birth_date) > DATE '1940-01-01' ORDER BY n DESC, y LIMIT 12;

-- question: having_asks_another_department
-- why: The threshold is another department's.
SELECT department, count(*) AS n FROM city.resident GROUP BY department HAVING count(*) > (SELECT count(*) FROM civil_affairs.benefit) / 20 ORDER BY department;

-- question: rollup_with_the_member
-- why: Towns, their sexes and the whole, with the level of each row.
SELECT department, sex, grouping(department, sex) AS level, count(*) AS n, avg(year(birth_date)) AS mean FROM city.resident GROUP BY ROLLUP (department, sex) ORDER BY level, department, sex;

-- question: cube_and_sets
-- why: Grouping sets that no member knows of.
SELECT sex, residence_kind, lives_alone, count(*) AS n, max(birth_date) AS youngest FROM city.resident GROUP BY GROUPING SETS ((sex, residence_kind), (lives_alone), ()) ORDER BY ALL;

-- question: median_per_member
-- why: What cannot be put together is whole where each group lies in one member.
SELECT department, median(year(birth_date)) AS middle, count(*) AS n FROM city.resident WHERE sex = '女' GROUP BY department ORDER BY department;

-- question: median_of_all
-- why: And where it does not, all values meet.
SELECT median(year(birth_date)) AS middle, mode(residence_kind) AS most FROM city.resident;

-- question: distinct_rows
-- why: The same row of two towns is one.
SELECT DISTINCT sex, residence_kind, lives_alone FROM city.resident ORDER BY ALL;

-- question: first_rows_with_nulls
-- why: The first of each are compared, and NULL has its place.
SELECT birth_date, sex FROM city.resident ORDER BY birth_date DESC NULLS FIRST, sex LIMIT 7 OFFSET 2;

-- question: groups_joined_with_another_department
-- why: Groups of members meet another department's table.
SELECT t.name, r.n, r.eldest FROM (SELECT town_code, count(*) AS n, min(birth_date) AS eldest FROM city.resident GROUP BY town_code) AS r JOIN district_office.town AS t ON t.town_code = r.town_code ORDER BY t.name;

-- question: correlated_counts
-- why: A count for each row of another department.
SELECT t.name, (SELECT count(*) FROM city.resident AS r WHERE r.town_code = t.town_code AND r.lives_alone) AS alone, (SELECT max(r.birth_date) FROM city.resident AS r WHERE r.town_code = t.town_code) AS youngest FROM district_office.town AS t ORDER BY t.name;

-- question: windows_over_groups
-- why: A window over the groups of all members.
SELECT town_code, sex, count(*) AS n, sum(count(*)) OVER (PARTITION BY town_code) AS town, rank() OVER (ORDER BY count(*) DESC, town_code, sex) AS place FROM city.resident GROUP BY town_code, sex ORDER BY place;

-- question: two_members_left
-- why: A condition on the member column leaves two members, and the rest of the answer right.
SELECT CASE WHEN department = 'town_jinpu' THEN '锦浦' ELSE '其他' END AS town, count(*) AS n, stddev_samp(month(birth_date)) AS s FROM city.resident WHERE department IN ('town_jinpu', 'town_shiqiao') GROUP BY 1 ORDER BY 1;

-- question: approximate_count_of_different_people
-- principal: demo-civil
-- purpose: elderly_care
-- why: Six towns on four engines send the sketch of their numbers; the answer is DuckDB's over all of them, to the last one.
SELECT approx_count_distinct(person_id) AS people FROM city.resident;

-- question: approximate_counts_by_year_of_birth
-- principal: demo-civil
-- purpose: elderly_care
-- why: A sketch for each group, those of unknown dates too.
SELECT year(birth_date) AS born, approx_count_distinct(name) AS names FROM city.resident GROUP BY year(birth_date) ORDER BY born;

-- question: approximate_count_of_names
-- principal: demo-civil
-- purpose: elderly_care
-- why: The sketch of texts with Chinese names in them.
SELECT approx_count_distinct(name || birth_date::VARCHAR) AS names FROM city.resident WHERE NOT lives_alone;
