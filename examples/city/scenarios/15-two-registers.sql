-- title: 同一人在两个镇街重复登记
-- principal: demo-auditor
-- purpose: audit
-- why: Moving house leaves a record behind: people whom two towns count, by pair of towns, with the newer entry.
-- expect: answered
SELECT
    a.department AS one_town,
    b.department AS other_town,
    count(DISTINCT a.person_id) AS persons,
    count(DISTINCT a.person_id) FILTER (WHERE a.registered_on < b.registered_on) AS newer_in_other,
    max(abs(a.registered_on - b.registered_on)) AS longest_gap_days
FROM city.resident AS a
JOIN city.resident AS b ON a.person_id = b.person_id AND a.department < b.department
GROUP BY a.department, b.department
ORDER BY persons DESC, one_town, other_town
