-- title: 登记未办税、办税未登记
-- principal: demo-tax
-- purpose: tax_control
-- why: Both gaps between two registers in one full join: firms at work that pay no tax, taxpayers that no one registered.
-- expect: answered
SELECT
    CASE WHEN x.taxpayer_id IS NULL THEN '登记未办税' ELSE '办税未登记' END AS finding,
    t.name AS town,
    count(*) AS firms,
    count(*) FILTER (WHERE e.kind = '个体工商户') AS individual_firms,
    sum(e.registered_capital) AS capital_10k,
    min(coalesce(e.established_on, x.registered_on)) AS earliest
FROM (SELECT * FROM market_regulation.enterprise WHERE status = '存续') AS e
FULL JOIN (
    SELECT
        taxpayer_id,
        upper(trim(translate(credit_code, '０１２３４５６７８９Ｘ', '0123456789X'))) AS credit_code,
        registered_on,
        town_code
    FROM tax.taxpayer
    WHERE status = '正常'
) AS x ON x.credit_code = e.credit_code
LEFT JOIN district_office.town AS t ON t.town_code = coalesce(e.town_code, x.town_code)
WHERE e.credit_code IS NULL OR x.taxpayer_id IS NULL
GROUP BY finding, t.name
ORDER BY finding, firms DESC, town
