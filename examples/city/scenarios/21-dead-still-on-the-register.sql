-- title: 下半年死亡证明与户籍状态核对（密钥交换）
-- principal: demo-auditor
-- purpose: audit
-- why: Whether the register heard of the deaths certified since July. Health lets the police receive the numbers of the dead, so the register sends those few rows and not a whole district.
-- expect: answered
SELECT
    d.person_id,
    d.name,
    CAST(d.died_at AS DATE) AS died_on,
    coalesce(r.status, '无户籍记录') AS population_status,
    coalesce(r.town_code, '—') AS town_code
FROM health.death_certificate AS d
LEFT JOIN public_security.person AS r ON r.person_id = d.person_id
WHERE d.issued_on >= DATE '2026-07-01'
ORDER BY d.died_at, d.person_id, population_status, town_code
