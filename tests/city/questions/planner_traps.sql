-- What a planner may get wrong: names at several depths, outer joins, the member column, stars, constants.
-- principal: demo-district
-- purpose: statistics

-- question: correlated_count_over_members
-- why: A correlated subquery over six members.
SELECT t.name, (SELECT count(*) FROM city.resident AS r WHERE r.town_code = t.town_code AND r.lives_alone) AS alone FROM district_office.town AS t ORDER BY t.name;

-- question: outer_join_to_an_aggregated_union
-- why: A condition on the aggregate in ON keeps towns without one.
SELECT t.name, r.n FROM district_office.town AS t LEFT JOIN (SELECT town_code, count(*) AS n FROM city.resident WHERE sex = '男' GROUP BY town_code) AS r ON r.town_code = t.town_code AND r.n > 100 ORDER BY t.name;

-- question: member_column_in_an_outer_joins_condition
-- why: The member column in ON of a right join must not drop members from the answer.
SELECT r.department, t.name FROM (SELECT DISTINCT department, town_code FROM city.resident) AS r RIGHT JOIN district_office.town AS t ON t.town_code = r.town_code AND r.department <> 'town_jinpu' ORDER BY t.name;

-- question: member_column_null_test
-- why: A test for NULL on the side that the join fills.
SELECT t.name, count(r.sex) AS n FROM district_office.town AS t LEFT JOIN city.resident AS r ON r.town_code = t.town_code AND r.department = 'town_baisha' WHERE r.department IS NULL OR r.lives_alone GROUP BY t.name ORDER BY t.name;

-- question: full_join_of_two_unions
-- why: Both sides are unions over all members.
SELECT a.department, b.department, a.n - b.n AS d FROM (SELECT department, count(*) AS n FROM city.resident GROUP BY 1) a FULL JOIN (SELECT department, count(*) AS n FROM city.resident WHERE lives_alone GROUP BY 1) b USING (department) ORDER BY 1;

-- question: one_expression_read_four_times
-- why: A WITH over members, read by subqueries at several depths.
WITH r AS (SELECT * FROM city.resident WHERE residence_kind = '流动') SELECT (SELECT count(*) FROM r WHERE department = 'town_hekou') AS a, (SELECT count(*) FROM r) AS b, (SELECT count(*) FROM r AS x WHERE x.sex = '女' AND EXISTS (SELECT 1 FROM r AS y WHERE y.birth_date = x.birth_date AND y.department <> x.department)) AS c;

-- question: one_alias_at_two_depths
-- why: The inner x hides the outer x, except where only the outer one has the name.
SELECT x.name FROM district_office.town AS x WHERE (SELECT x.name FROM natural_resources.school AS x WHERE x.kind = '高级中学' ORDER BY x.school_id LIMIT 1) > x.name ORDER BY x.name;

-- question: aliases_swapped
-- why: Each column under the other's name; ORDER BY means the alias.
SELECT name AS town_code, town_code AS name FROM district_office.town ORDER BY town_code;

-- question: alias_hides_a_column_in_group_by
-- why: GROUP BY means the column, ORDER BY the alias.
SELECT substring(town_code, 7) AS town_code, count(*) AS n FROM natural_resources.grid GROUP BY town_code ORDER BY town_code;

-- question: alias_hides_a_column_in_having
-- why: HAVING and ORDER BY beside an alias that hides its own column.
SELECT upper(kind) AS kind, count(*) AS n FROM natural_resources.school WHERE kind <> 'x' GROUP BY kind HAVING count(*) > 1 ORDER BY n DESC, kind;

-- question: star_with_exclude_and_using
-- why: A qualified star without some columns, over USING.
SELECT t.* EXCLUDE (duty_phone, mayor), s.schools FROM district_office.town t JOIN (SELECT town_code, count(*) AS schools FROM natural_resources.school GROUP BY ALL) s USING (town_code) ORDER BY t.town_code;

-- question: star_over_using
-- why: The joined column comes once.
SELECT * FROM district_office.town t JOIN (SELECT town_code, count(*) AS schools FROM natural_resources.school GROUP BY ALL) s USING (town_code) ORDER BY town_code;

-- question: star_with_replace
-- why: Some columns of a star changed in place.
SELECT * REPLACE (left(name, 1) AS name, area_km2 * 2 AS area_km2) FROM district_office.town ORDER BY town_code;

-- question: star_of_one_table_of_two
-- why: A qualified star and one more column.
SELECT g.*, t.name FROM natural_resources.grid AS g, district_office.town AS t WHERE g.town_code = t.town_code AND g.grid_name LIKE '%松岗村%' ORDER BY g.grid_id;

-- question: having_against_an_aggregate_of_aggregates
-- why: Counts compared with the mean of counts.
SELECT t.name FROM district_office.town t WHERE t.town_code IN (SELECT r.town_code FROM city.resident r GROUP BY r.town_code HAVING count(*) > (SELECT avg(n) FROM (SELECT count(*) AS n FROM city.resident GROUP BY town_code))) ORDER BY 1;

-- question: qualify_by_an_alias_of_an_aggregate
-- why: QUALIFY over groups, without a column list of its own.
SELECT town_code, sum(registered_capital) AS s FROM market_regulation.enterprise GROUP BY town_code QUALIFY s > avg(s) OVER () ORDER BY town_code;

-- question: lateral_with_groups
-- why: A lateral subquery that groups.
SELECT t.name, l.level, l.n FROM district_office.town t, LATERAL (SELECT level, count(*) AS n FROM civil_affairs.low_income i WHERE i.town_code = t.town_code GROUP BY level) l ORDER BY ALL;

-- question: lateral_over_a_join
-- why: A lateral subquery over two tables, correlated twice.
SELECT t.name, x.kind, x.n FROM district_office.town t CROSS JOIN LATERAL (SELECT s.kind, count(*) AS n FROM natural_resources.school s JOIN natural_resources.grid g ON g.town_code = s.town_code WHERE s.town_code = t.town_code AND g.area_km2 < t.area_km2 GROUP BY s.kind) x ORDER BY ALL;

-- question: arms_with_their_own_order_and_limit
-- why: Each arm sorts and cuts members' sums; the whole sorts again.
(SELECT department, 'm' AS s, count(*) AS n FROM city.resident WHERE sex = '男' GROUP BY 1 ORDER BY n DESC LIMIT 2) UNION ALL (SELECT department, 'f', count(*) FROM city.resident WHERE sex = '女' GROUP BY 1 ORDER BY 3 LIMIT 2) ORDER BY 2, 3;

-- question: set_operations_in_a_row
-- why: UNION and EXCEPT from left to right, over members.
SELECT count(*) AS n FROM (SELECT town_code FROM city.resident UNION SELECT town_code FROM natural_resources.grid EXCEPT SELECT town_code FROM civil_affairs.low_income) x;

-- question: join_of_two_members_through_the_whole
-- why: Two conditions on the member column, one for each side.
SELECT count(*) FROM city.resident a, city.resident b WHERE a.department = 'town_jinpu' AND b.department = 'town_hekou' AND a.birth_date = b.birth_date;

-- question: semi_join_of_unions
-- why: Both sides of a semi join are the whole.
SELECT a.department, count(*) AS n FROM city.resident a SEMI JOIN city.resident b ON a.birth_date = b.birth_date AND a.department > b.department GROUP BY 1 ORDER BY 1;

-- question: cube_over_the_member_column
-- why: Subtotals over a column that no department stores.
SELECT grouping(department, sex) AS g, department, sex, count(*) AS n, avg(year(birth_date)) AS y FROM city.resident GROUP BY CUBE (department, sex) ORDER BY ALL;

-- question: window_over_members_sums
-- why: Windows over an aggregate over members.
SELECT department, rank() OVER (ORDER BY count(*) DESC) AS r, sum(count(*)) OVER () AS total FROM city.resident GROUP BY department ORDER BY r;

-- question: negated_conditions_on_the_member_column
-- why: NOT, OR and LIKE over the member column.
SELECT CASE WHEN department IN ('town_jinpu', 'town_longtan') THEN 'a' ELSE department END AS d, count(*) AS n FROM city.resident WHERE NOT (department = 'town_hekou' OR department LIKE '%baisha') GROUP BY d ORDER BY d;

-- question: member_column_under_or
-- why: A disjunction excludes no member.
SELECT count(*) AS n FROM city.resident WHERE department = 'town_jinpu' OR sex = '女' AND department <> 'town_jinpu' AND lives_alone;

-- question: range_of_members
-- why: BETWEEN over the member column.
SELECT min(department) AS a, max(department) AS b FROM city.resident WHERE department BETWEEN 'town_b' AND 'town_k';

-- question: member_column_as_a_value
-- why: A comparison of the member column, shown and grouped by.
SELECT 'town_jinpu' = department AS j, count(*) AS n FROM city.resident GROUP BY j ORDER BY j;

-- question: one_alias_twice
-- why: Two columns of one name.
SELECT t.town_code AS x, t.name AS x FROM district_office.town t ORDER BY t.town_code;

-- question: correlated_in_over_members
-- why: IN over members, correlated by another column.
SELECT p.sex, p.birth_date, count(*) AS n FROM public_security.person p WHERE p.birth_date IN (SELECT r.birth_date FROM city.resident r WHERE r.lives_alone AND r.sex = p.sex) GROUP BY ALL ORDER BY ALL LIMIT 20;

-- question: nested_not_in_over_members
-- why: NOT IN within NOT EXISTS, both over members.
SELECT t.name FROM district_office.town t WHERE NOT EXISTS (SELECT 1 FROM city.resident r WHERE r.town_code = t.town_code AND r.sex = '女' AND r.department NOT IN (SELECT department FROM city.resident WHERE lives_alone GROUP BY department HAVING count(*) > 20)) ORDER BY 1;

-- question: join_on_false
-- why: A left join that matches nothing.
SELECT count(*) AS n FROM district_office.town t LEFT JOIN natural_resources.school s ON false;

-- question: condition_on_the_kept_side_in_on
-- why: A condition on the left table in ON does not filter the left table.
SELECT t.name, s.name FROM district_office.town t LEFT JOIN natural_resources.school s ON s.town_code = t.town_code AND t.remark IS NOT NULL AND s.kind = '小学' ORDER BY 1, 2;

-- question: null_keys_from_an_outer_join
-- why: The key of the second join is NULL where the first found nothing.
SELECT a.name, b.name, c.n FROM district_office.town a LEFT JOIN district_office.town b ON b.revenue_target = a.revenue_target AND b.town_code <> a.town_code LEFT JOIN (SELECT town_code, count(*) AS n FROM city.resident GROUP BY 1) c ON c.town_code = b.town_code ORDER BY 1, 2;

-- question: constant_from_the_optional_side
-- why: A constant column of the optional side is NULL where nothing matched.
SELECT coalesce(g.n, 0) AS n, count(*) FROM district_office.town t LEFT JOIN (SELECT town_code, count(*) AS n, true AS present FROM natural_resources.school WHERE kind = '高级中学' GROUP BY 1) g ON g.town_code = t.town_code WHERE g.present IS NULL GROUP BY 1;

-- question: constant_under_a_full_join
-- why: The same under FULL JOIN USING.
SELECT count(*) AS n, sum(one) AS ones FROM district_office.town t FULL JOIN (SELECT 1 AS one, town_code FROM natural_resources.school WHERE kind = '高级中学') s USING (town_code);
