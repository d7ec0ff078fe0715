-- title: 行政许可超法定时限办件
-- principal: demo-supervisor
-- purpose: supervision
-- why: Electronic supervision of efficiency: matters decided late, and matters past their time and still open.
-- expect: answered
SELECT
    office,
    item,
    count(*) AS matters,
    count(*) FILTER (WHERE decided_on > due_on) AS decided_late,
    count(*) FILTER (WHERE decided_on IS NULL AND due_on < DATE '2026-11-01') AS open_and_late,
    max(coalesce(decided_on, DATE '2026-11-01') - due_on) AS longest_delay_days
FROM market_regulation.approval
GROUP BY office, item
HAVING count(*) FILTER (WHERE coalesce(decided_on, DATE '2026-11-01') > due_on) > 0
ORDER BY open_and_late DESC, decided_late DESC, office, item
