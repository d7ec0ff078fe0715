-- title: 按病种查最高费用（拒绝）
-- principal: demo-district
-- purpose: statistics
-- why: The largest cost of a disease is one patient's cost. The grant opens sums and averages, and the refusal says what to ask instead.
-- expect: refused
-- because: column yearly_cost is granted for aggregate, not for read
SELECT disease, max(yearly_cost) AS dearest
FROM health.chronic_disease
GROUP BY disease
ORDER BY dearest DESC
