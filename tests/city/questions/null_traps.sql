-- NULLs: three-valued logic, outer joins, order, aggregates, distinctness.
-- principal: demo-police
-- purpose: statistics

-- question: null_is_not_unequal
-- why: A comparison with NULL is neither true nor false.
SELECT count(*) AS all_, count(*) FILTER (WHERE employer_code = 'x') AS equal, count(*) FILTER (WHERE employer_code <> 'x') AS unequal,
    count(*) FILTER (WHERE NOT (employer_code = 'x')) AS not_equal, count(*) FILTER (WHERE employer_code IS DISTINCT FROM 'x') AS distinct_
FROM public_security.migrant;

-- question: is_distinct_from_as_a_join
-- why: NULL-safe equality joins NULL with NULL.
SELECT count(*) AS pairs
FROM (SELECT DISTINCT employer_code FROM public_security.migrant) AS a
JOIN (SELECT DISTINCT employer_code FROM public_security.migrant WHERE employer_code IS NULL OR employer_code < '914') AS b
    ON a.employer_code IS NOT DISTINCT FROM b.employer_code;

-- question: equality_never_joins_nulls
-- why: NULL keys of both sides stay apart.
SELECT count(*) AS rows_, count(b.registration_id) AS matched
FROM public_security.migrant AS a
LEFT JOIN public_security.migrant AS b ON b.employer_code = a.employer_code AND b.registration_id <> a.registration_id;

-- question: and_or_with_null
-- why: The truth tables, as a table.
SELECT a.v AS a, b.v AS b, a.v AND b.v AS and_, a.v OR b.v AS or_, NOT a.v AS not_
FROM (VALUES (true), (false), (NULL)) AS a(v)
CROSS JOIN (VALUES (true), (false), (NULL)) AS b(v)
ORDER BY a, b;

-- question: order_puts_nulls_last
-- why: Ascending and descending alike, unless told otherwise.
SELECT phone, record_id FROM public_security.person WHERE town_code = '445403106' ORDER BY phone DESC, record_id LIMIT 30;

-- question: order_nulls_first
-- why: Told otherwise, over two departments.
SELECT t.name, t.remark, g.grid_name
FROM district_office.town AS t
JOIN natural_resources.grid AS g ON g.town_code = t.town_code AND g.grid_name LIKE '%第一网格'
ORDER BY t.remark NULLS FIRST, g.grid_name
LIMIT 14;

-- question: distinct_takes_nulls_as_one
-- why: NULL is a value of its own for DISTINCT and GROUP BY.
SELECT DISTINCT employer_code IS NULL AS missing, nullif(left(employer_code, 2), '91') AS other FROM public_security.migrant;

-- question: count_of_a_column_skips_nulls
-- why: And an average over the known is not the average over all.
SELECT count(*) AS n, count(phone) AS phones, count(DISTINCT phone) AS different, avg(length(phone)) AS mean, sum(length(phone)) / count(*) AS over_all
FROM public_security.person;

-- question: coalesce_and_nullif
-- why: What stands in for NULL, and what becomes it.
SELECT coalesce(phone, '无') AS phone, nullif(sex, '未知') AS sex, count(*) AS n
FROM public_security.person
WHERE phone IS NULL OR sex = '未知'
GROUP BY ALL
ORDER BY ALL;

-- question: case_without_else
-- why: No branch and no ELSE is NULL.
SELECT CASE relation WHEN '户主' THEN 1 WHEN '配偶' THEN 2 END AS place, count(*) AS n FROM public_security.person GROUP BY place ORDER BY place;

-- question: null_in_arithmetic_and_text
-- why: NULL swallows sums and ||, and concat skips it.
SELECT t.name, 1 + NULL AS plus, t.name || t.remark AS joined, concat(t.name, t.remark) AS concatenated, concat_ws('/', t.name, t.remark, t.town_code) AS with_
FROM district_office.town AS t
ORDER BY t.name;

-- question: greatest_and_least_skip_nulls
-- why: In DuckDB NULL arguments are left out.
SELECT registration_id, greatest(arrived_on, valid_until, NULL) AS later, least(valid_until, DATE '2026-01-01') AS earlier
FROM public_security.migrant
ORDER BY registration_id
LIMIT 15;

-- question: outer_join_then_not_null_safe_filter
-- why: A filter on the optional side drops the rows that the join added.
SELECT count(*) AS n
FROM public_security.household AS h
LEFT JOIN public_security.migrant AS m ON upper(m.person_id) = h.head_person_id
WHERE m.cancelled = false;

-- question: is_not_true
-- why: NULL is not true, which is not the same as false.
SELECT count(*) FILTER (WHERE x IS TRUE) AS yes, count(*) FILTER (WHERE x IS FALSE) AS no, count(*) FILTER (WHERE x IS NOT TRUE) AS not_yes, count(*) FILTER (WHERE x IS NULL) AS unknown
FROM (SELECT valid_until > DATE '2026-06-01' AND employer_code LIKE '91%' AS x FROM public_security.migrant) AS q;

-- question: empty_text_is_not_null
-- why: Text of no length stays text.
SELECT '' IS NULL AS a, length('') AS b, nullif('', '') IS NULL AS c, trim('   ') = '' AS d;

-- question: sum_of_nulls_is_null
-- principal: demo-market
-- purpose: enterprise_service
-- why: The fine is masked to NULL for this caller, and so is its sum.
SELECT result, count(*) AS n, count(fine) AS fines, sum(fine) AS total FROM emergency.inspection GROUP BY result ORDER BY result;

-- question: null_dates_across_departments
-- principal: demo-health
-- purpose: public_health
-- why: Unknown dates compare to nothing, and age is unknown.
SELECT c.disease, count(*) AS n, count(c.last_visit_on) AS visited, count(*) FILTER (WHERE c.last_visit_on < d.issued_on) AS before_
FROM health.chronic_disease AS c
LEFT JOIN civil_affairs.disability AS d ON d.person_id = c.person_id
GROUP BY c.disease
ORDER BY c.disease;

-- question: within_sqlite
-- principal: demo-civil
-- purpose: elderly_care
-- why: NULLs in a SQLite file sort last here, although SQLite sorts them first.
SELECT phone, contact_phone, record_id FROM civil_affairs.elderly ORDER BY phone DESC, contact_phone, record_id LIMIT 25;

-- question: within_mariadb
-- principal: demo-social
-- why: The same for MariaDB.
SELECT insured_until, insurance_no FROM human_resources.insured_person WHERE kind = '职工' ORDER BY insured_until, insurance_no LIMIT 40;
