-- title: 一区一图：人口、法人、空间三大基础库合看
-- principal: demo-district
-- purpose: statistics
-- why: The district leader wants people, firms and land of each town on one line, from three base registers.
-- expect: answered
WITH people AS (
    SELECT
        town_code,
        count(*) AS residents,
        count(*) FILTER (WHERE residence_kind = '流动') AS migrants,
        count(*) FILTER (WHERE year(birth_date) <= 1966) AS aged_60
    FROM public_security.person
    WHERE status = '正常'
    GROUP BY town_code
),
firms AS (
    SELECT
        town_code,
        count(*) AS firms,
        sum(registered_capital) AS capital_10k
    FROM market_regulation.enterprise
    WHERE status = '存续'
    GROUP BY town_code
),
land AS (
    SELECT
        town_code,
        sum(area_m2) FILTER (WHERE registered_use = '工业用地') AS industrial_m2
    FROM natural_resources.parcel
    GROUP BY town_code
)
SELECT
    t.name AS town,
    p.residents,
    p.migrants,
    p.aged_60,
    f.firms,
    f.capital_10k,
    l.industrial_m2,
    round(p.residents / t.area_km2, 1) AS residents_per_km2
FROM district_office.town AS t
LEFT JOIN people AS p ON p.town_code = t.town_code
LEFT JOIN firms AS f ON f.town_code = t.town_code
LEFT JOIN land AS l ON l.town_code = t.town_code
ORDER BY t.town_code
