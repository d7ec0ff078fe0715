-- Chinese text: functions count characters, comparison and order are by code point, LIKE is exact.
-- principal: demo-police
-- purpose: statistics

-- question: length_and_strlen
-- why: Characters and bytes of the same text; a full-width blank is a character.
SELECT length(name) AS characters, strlen(name) AS bytes, count(*) AS people FROM public_security.person GROUP BY ALL ORDER BY ALL;

-- question: substrings
-- why: The surname, from the left, by substring and by position.
SELECT left(name, 1) AS surname, count(*) AS people, count(DISTINCT substring(name, 2)) AS given, min(right(name, 1)) AS last
FROM public_security.person
GROUP BY surname
HAVING count(*) >= 15
ORDER BY people DESC, surname;

-- question: like_underscore_is_one_character
-- why: One underscore stands for one Chinese character.
SELECT name FROM public_security.person WHERE name LIKE '陈__' AND town_code = '445403101' ORDER BY name, record_id;

-- question: like_percent_in_the_middle
-- why: Addresses of one village, whatever stands around.
SELECT address FROM public_security.household WHERE address LIKE '%溪头村%1_号' ORDER BY address, household_id;

-- question: like_with_escape
-- why: A percent sign that is meant.
SELECT count(*) AS none, count(*) FILTER (WHERE '100%' LIKE '100!%' ESCAPE '!') AS all_ FROM district_office.town WHERE name LIKE '%!%%' ESCAPE '!' OR name LIKE '清%';

-- question: not_like_and_ilike
-- why: ILIKE ignores the case of letters and nothing else.
SELECT count(*) FILTER (WHERE person_id LIKE '%x') AS lower_, count(*) FILTER (WHERE person_id LIKE '%X') AS upper_, count(*) FILTER (WHERE person_id ILIKE '%x') AS either, count(*) FILTER (WHERE person_id NOT ILIKE '%x') AS neither
FROM public_security.migrant;

-- question: order_by_code_point
-- why: Not by pinyin, stroke or the database's collation.
SELECT DISTINCT left(name, 1) AS surname FROM public_security.person ORDER BY surname LIMIT 40;

-- question: order_across_departments
-- why: The same order over the merge.
SELECT t.name AS town, g.village_name FROM district_office.town AS t JOIN natural_resources.grid AS g ON g.town_code = t.town_code GROUP BY ALL ORDER BY g.village_name DESC;

-- question: comparison_of_text
-- why: min, max, BETWEEN and < over text go by code point.
SELECT min(name) AS first, max(name) AS last, count(*) FILTER (WHERE name BETWEEN '李' AND '王') AS between_, count(*) FILTER (WHERE name < '陈') AS before_
FROM public_security.person;

-- question: replace_and_position
-- why: Where the district stands in an address, and the address without it.
SELECT strpos(address, '云河区') AS at, replace(address, '澜州市云河区', '') AS short_, count(*) AS n
FROM public_security.household
WHERE town_code = '445403104'
GROUP BY ALL
ORDER BY short_
LIMIT 12;

-- question: pad_reverse_and_repeat
-- why: Filling and turning text of several bytes per character.
SELECT name, lpad(name, 5, '＊') AS filled, rpad(name, 2, 'x') AS cut, reverse(name) AS turned, repeat('网', 2) || name AS repeated
FROM district_office.town
ORDER BY name;

-- question: split_and_regexp
-- why: The house number by a pattern, the town by a split.
SELECT split_part(address, '镇', 1) AS before_, regexp_extract(address, '(\d+)号', 1) AS number, regexp_replace(address, '[0-9]+', '#', 'g') AS pattern_
FROM public_security.household
WHERE regexp_matches(address, '路\d+号.*栋')
ORDER BY address, household_id
LIMIT 15;

-- question: full_width_is_not_half_width
-- principal: demo-health
-- purpose: public_health
-- why: Digits of both widths are different text until translated.
SELECT count(*) AS all_, count(*) FILTER (WHERE person_id SIMILAR TO '[0-9]{17}[0-9X]') AS clean,
    count(*) FILTER (WHERE translate(person_id, '０１２３４５６７８９Ｘ', '0123456789X') <> person_id) AS wide, count(*) FILTER (WHERE person_id <> trim(person_id)) AS blanks,
    count(*) FILTER (WHERE upper(person_id) <> person_id) AS lower_
FROM health.patients;

-- question: case_of_letters_matters_in_mariadb
-- principal: demo-social
-- why: The source's collation takes X and x for one letter, and so trailing blanks; the question does not.
SELECT count(*) AS all_, count(DISTINCT person_id) AS different, count(DISTINCT upper(trim(person_id))) AS people, count(*) FILTER (WHERE person_id = upper(person_id)) AS upper_,
    count(*) FILTER (WHERE person_id LIKE '%x') AS small_x
FROM human_resources.insured_person;

-- question: trailing_blanks_matter_in_mariadb
-- principal: demo-tax
-- purpose: tax_control
-- why: PAD SPACE of the source must not show.
SELECT taxpayer_id, credit_code, length(credit_code) AS n FROM tax.taxpayer WHERE credit_code <> trim(credit_code) OR length(credit_code) <> 18 ORDER BY taxpayer_id;

-- question: group_by_text_with_dirt_in_mariadb
-- principal: demo-tax
-- purpose: tax_control
-- why: Groups that a collation would merge stay apart.
SELECT name, count(*) AS n, min(taxpayer_id) AS first FROM tax.taxpayer GROUP BY name HAVING count(*) > 1 OR name LIKE '%厂' ORDER BY name;

-- question: in_list_of_text
-- principal: demo-land
-- purpose: land_management
-- why: Chinese literals in a list.
SELECT registered_use, count(*) AS n FROM natural_resources.parcel WHERE registered_use IN ('工业用地', '教育用地', '公园与绿地') GROUP BY registered_use ORDER BY registered_use;

-- question: chinese_names_of_columns
-- why: Aliases in Chinese, quoted and not.
SELECT 镇.name AS 镇街, count(*) AS "人 数" FROM district_office.town AS 镇 JOIN public_security.person AS 人 ON 人.town_code = 镇.town_code GROUP BY 镇街 ORDER BY "人 数" DESC, 镇街;

-- question: starts_contains_ends
-- principal: demo-market
-- purpose: enterprise_service
-- why: Three ways to find a part.
SELECT starts_with(name, '澜州市') AS city, contains(name, '科技') AS tech, suffix(name, '公司') AS company, count(*) AS n FROM market_regulation.enterprise GROUP BY ALL ORDER BY ALL;

-- question: code_points
-- why: From character to number and back.
SELECT unicode(left(name, 1)) AS code, chr(unicode(left(name, 1))) AS back, ascii('A') AS a FROM district_office.town ORDER BY code;

-- question: quotes_and_backslashes
-- why: Literals that need care in other dialects.
SELECT 'it''s' AS a, 'a\nb' AS b, length('a\b') AS c, '100% _ok_' AS d, '"' AS e, t.name FROM district_office.town AS t WHERE t.name <> 'x\' ORDER BY t.name;

-- question: emoji_and_rare_characters
-- why: Characters beyond the basic plane are one character.
SELECT length('𠮷野家') AS a, substring('𠮷野家', 2, 1) AS b, upper('straße') AS c, reverse('a😀b') AS d;

-- question: text_from_several_engines_compared
-- principal: demo-district
-- why: The same word from SQLite, DuckDB and PostgreSQL is one word.
SELECT g.village_name, count(DISTINCT g.grid_id) AS grids
FROM natural_resources.grid AS g
JOIN district_office.town AS t ON starts_with(g.grid_name, t.name)
WHERE g.village_name LIKE '%社区'
GROUP BY g.village_name
ORDER BY g.village_name;

-- question: within_sqlite
-- principal: demo-civil
-- purpose: elderly_care
-- why: SQLite's own LIKE ignores case and its functions know ASCII only.
SELECT left(name, 1) AS surname, count(*) AS n, max(length(address)) AS longest, count(*) FILTER (WHERE address LIKE '%村%') AS villagers, count(*) FILTER (WHERE upper(person_id) LIKE '%X') AS x
FROM civil_affairs.elderly
GROUP BY surname
HAVING count(*) > 4
ORDER BY n DESC, surname;

-- question: within_duckdb
-- principal: demo-emergency
-- purpose: safety
-- why: Text of a Parquet file.
SELECT result, left(inspection_no, 6) AS month, count(*) AS n FROM emergency.inspection WHERE inspection_no LIKE 'AJ2026%' GROUP BY ALL ORDER BY ALL;
