-- city.resident: six towns on four engines, two physical schemas, one table.
-- principal: demo-auditor
-- purpose: audit

-- question: counts_by_member
-- why: The member column is the federation's own.
SELECT department, town_code, count(*) AS n, count(person_id) AS numbered FROM city.resident GROUP BY department, town_code ORDER BY department;

-- question: one_member_by_condition
-- why: A condition on the member column leaves the others unasked.
SELECT count(*) AS n, min(registered_on) AS first FROM city.resident WHERE department = 'town_longtan';

-- question: members_by_list
-- why: Two members of six.
SELECT department, residence_kind, count(*) AS n FROM city.resident WHERE department IN ('town_jinpu', 'town_qingxi') GROUP BY ALL ORDER BY ALL;

-- question: no_member
-- why: A member that does not exist has no rows.
SELECT count(*) AS n FROM city.resident WHERE department = 'town_nowhere';

-- question: codes_are_standard
-- principal: demo-civil
-- purpose: elderly_care
-- why: Two code lists, one standard; unknown codes stay as they are.
SELECT sex, residence_kind, count(*) AS n FROM city.resident GROUP BY ALL ORDER BY ALL;

-- question: booleans_from_four_engines
-- principal: demo-civil
-- purpose: elderly_care
-- why: TRUE is made of '1' and of 是.
SELECT department, lives_alone, count(*) AS n FROM city.resident GROUP BY ALL ORDER BY ALL;

-- question: filter_and_project
-- principal: demo-civil
-- purpose: elderly_care
-- why: Filters reach every member.
SELECT department, name, birth_date, phone FROM city.resident WHERE birth_date < DATE '1941-01-01' AND lives_alone ORDER BY birth_date, department, person_id;

-- question: oldest_per_member
-- principal: demo-civil
-- purpose: elderly_care
-- why: Extremes of each and of all.
SELECT department, min(birth_date) AS eldest, max(birth_date) AS youngest FROM city.resident GROUP BY ROLLUP (department) ORDER BY department;

-- question: self_join_over_members
-- why: People whom two towns list.
SELECT a.department AS one, b.department AS other, count(*) AS n FROM city.resident AS a JOIN city.resident AS b ON b.person_id = a.person_id AND b.department > a.department GROUP BY ALL ORDER BY ALL;

-- question: join_with_the_population_base
-- why: What the base says of the people whom the towns list.
SELECT r.department, p.status, count(*) AS n FROM city.resident AS r JOIN public_security.person AS p ON p.person_id = r.person_id GROUP BY ALL ORDER BY ALL;

-- question: in_not_exists
-- why: Cremated people no town lists any more.
SELECT count(*) AS n FROM civil_affairs.cremation AS c WHERE NOT EXISTS (SELECT 1 FROM city.resident AS r WHERE r.person_id = c.person_id);

-- question: a_member_by_its_own_name
-- why: A member can be asked as itself, and beside the whole.
SELECT (SELECT count(*) FROM town_jinpu.resident) AS own, (SELECT count(*) FROM city.resident WHERE department = 'town_jinpu') AS as_member;

-- question: two_members_joined
-- why: MariaDB and DuckDB, by their own names.
SELECT a.person_id, a.registered_on AS in_jinpu, b.registered_on AS in_baisha FROM town_jinpu.resident AS a FULL JOIN town_baisha.resident AS b ON b.person_id = a.person_id WHERE a.person_id IS NOT NULL AND b.person_id IS NOT NULL OR a.registered_on < DATE '2010-01-01' ORDER BY a.person_id, in_jinpu, in_baisha LIMIT 20;

-- question: limit_over_members
-- why: The ten newest entries of all towns.
SELECT registered_on, department, record_id FROM city.resident ORDER BY registered_on DESC, department, record_id LIMIT 10;

-- question: offset_over_members
-- why: The next five.
SELECT registered_on, department, record_id FROM city.resident ORDER BY registered_on DESC, department, record_id LIMIT 5 OFFSET 10;

-- question: star_over_members
-- why: The columns that all members show, and the member's name.
SELECT * FROM city.resident WHERE residence_kind = '流动' ORDER BY department, record_id LIMIT 8;

-- question: set_operation_with_the_base
-- why: Numbers in a register and not in the base.
SELECT count(*) AS unknown FROM (SELECT person_id FROM city.resident WHERE person_id IS NOT NULL EXCEPT SELECT person_id FROM public_security.person) AS x;

-- question: masked_alike_everywhere
-- why: Names and years are masked by six owners in the same way.
SELECT name, birth_date, count(*) AS n, count(DISTINCT department) AS towns FROM city.resident GROUP BY name, birth_date HAVING count(DISTINCT department) > 1 ORDER BY n DESC, name, birth_date LIMIT 15;

-- question: within_town_qingxi
-- principal: demo-civil
-- purpose: elderly_care
-- why: One town in SQLite.
SELECT grid_id, count(*) AS n, count(DISTINCT household_id) AS households, max(birth_date) AS youngest FROM town_qingxi.resident GROUP BY grid_id ORDER BY grid_id;

-- question: within_town_jinpu
-- principal: demo-civil
-- purpose: elderly_care
-- why: One town in MariaDB.
SELECT sex, lives_alone, count(*) AS n, min(person_id) AS first, max(registered_on) AS last FROM town_jinpu.resident GROUP BY sex, lives_alone ORDER BY sex, lives_alone;

-- question: within_town_longtan
-- principal: demo-civil
-- purpose: elderly_care
-- why: One town in PostgreSQL, with the physical schema of Chinese names.
SELECT residence_kind, count(*) AS n, count(birth_date) AS known, min(birth_date) AS eldest, count(person_id) AS numbered FROM town_longtan.resident GROUP BY residence_kind ORDER BY residence_kind;

-- question: within_town_shiqiao
-- principal: demo-civil
-- purpose: elderly_care
-- why: One town in DuckDB.
SELECT household_id, count(*) AS n FROM town_shiqiao.resident WHERE residence_kind = '户籍' GROUP BY household_id HAVING count(*) >= 5 ORDER BY household_id;
