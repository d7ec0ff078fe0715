-- title: 死亡人员仍在领取民政待遇（镇街联网审计）
-- principal: demo-auditor
-- purpose: audit
-- why: Networked audit: benefits paid for months after a registered death, and the town registers that still list the dead.
-- expect: answered
WITH paid AS (
    SELECT
        upper(trim(translate(person_id, '０１２３４５６７８９Ｘｘ', '0123456789XX'))) AS person_id,
        kind,
        pay_month,
        amount
    FROM civil_affairs.benefit
),
listed AS (
    SELECT person_id, string_agg(DISTINCT department, ',' ORDER BY department) AS still_listed_by
    FROM city.resident
    WHERE person_id IS NOT NULL
    GROUP BY person_id
)
SELECT
    d.person_id,
    d.name,
    CAST(d.died_at AS DATE) AS died_on,
    p.kind,
    count(*) AS payments,
    min(p.pay_month) AS first_month,
    max(p.pay_month) AS last_month,
    sum(p.amount) AS overpaid,
    l.still_listed_by
FROM health.death_certificate AS d
JOIN paid AS p ON p.person_id = d.person_id AND p.pay_month > CAST(d.died_at AS DATE)
LEFT JOIN listed AS l ON l.person_id = d.person_id
GROUP BY d.person_id, d.name, d.died_at, p.kind, l.still_listed_by
ORDER BY overpaid DESC, d.person_id, p.kind
