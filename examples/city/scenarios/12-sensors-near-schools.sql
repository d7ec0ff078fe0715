-- title: 学校周边五百米内超限监测点
-- principal: demo-emergency
-- purpose: safety
-- why: Readings above their limit within 500 metres of a school, the distance computed from coordinates.
-- expect: answered
WITH exceeding AS (
    SELECT
        s.sensor_id,
        s.kind,
        s.credit_code,
        s.longitude,
        s.latitude,
        count(*) AS readings_above,
        max(r.value / s.limit_value) AS worst_ratio
    FROM emergency.sensor AS s
    JOIN emergency.sensor_reading AS r ON r.sensor_id = s.sensor_id
    WHERE r.valid AND r.value > s.limit_value AND r.read_at >= TIMESTAMP '2026-10-20 00:00:00'
    GROUP BY s.sensor_id, s.kind, s.credit_code, s.longitude, s.latitude
),
near AS (
    SELECT
        x.*,
        c.name AS school,
        c.students,
        2 * 6371000 * asin(sqrt(
            pow(sin(radians(c.latitude - x.latitude) / 2), 2)
            + cos(radians(x.latitude)) * cos(radians(c.latitude))
            * pow(sin(radians(c.longitude - x.longitude) / 2), 2)
        )) AS metres
    FROM exceeding AS x
    CROSS JOIN natural_resources.school AS c
)
SELECT
    n.school,
    n.students,
    n.sensor_id,
    n.kind,
    e.name AS firm,
    round(n.metres, 0) AS metres,
    n.readings_above,
    round(n.worst_ratio, 2) AS worst_ratio
FROM near AS n
LEFT JOIN market_regulation.enterprise AS e ON e.credit_code = n.credit_code
WHERE n.metres <= 500 AND n.readings_above >= 3
ORDER BY n.school, n.metres, n.sensor_id
