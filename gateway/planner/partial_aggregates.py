"""What a member sends for an aggregate, and how the merge finishes it.

| Aggregate | A member sends | The merge |
|---|---|---|
| COUNT | COUNT | SUM, 0 for none |
| COUNT_IF | COUNT_IF | SUM, since none of NULLs is NULL |
| SUM, MIN, MAX, BOOL_AND, BOOL_OR, BIT_AND, BIT_OR, BIT_XOR, ANY_VALUE | itself | itself |
| AVG | SUM, COUNT | sum of sums by sum of counts |
| VARIANCE, STDDEV, sample and population | COUNT, AVG, VAR_POP (and MIN, MAX where they may be read, but of integers) | the pairwise update of Chan, Golub and LeVeque (1979) |
| MEDIAN, QUANTILE_CONT, QUANTILE_DISC with a constant | the values, as group keys, and how often each comes | itself, over each value as often as it came |
| any of these over DISTINCT values | the values, as group keys | itself over DISTINCT values |
| APPROX_COUNT_DISTINCT | the values, as group keys (or their sketch, see `sketch_counts`) | itself, whose sketch is of different values anyway |

Sums of integers and decimals are exact, so their averages are rounded once. The pairwise update adds squared
distances of means, never the difference of two great sums, so it loses nothing to cancellation: equal values have
the variance 0, whatever they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

import sqlglot
from sqlglot import exp

from gateway.planner.block_aggregates import QUANTILES, Call
from sql.copies import copy_tree

_ITSELF = (
    exp.Sum,
    exp.Min,
    exp.Max,
    exp.LogicalAnd,
    exp.LogicalOr,
    exp.BitwiseAndAgg,
    exp.BitwiseOrAgg,
    exp.BitwiseXorAgg,
    exp.AnyValue,
)
_SAMPLE = (exp.Variance, exp.Stddev, exp.StddevSamp)
_SPREAD = (*_SAMPLE, exp.VariancePop, exp.StddevPop)
_ROOT = (exp.Stddev, exp.StddevSamp, exp.StddevPop)
_REPEATABLE = (exp.Min, exp.Max, exp.LogicalAnd, exp.LogicalOr, exp.BitwiseAndAgg, exp.BitwiseOrAgg)
_DISTINCT = (exp.Count, exp.ApproxDistinct, exp.Sum, exp.Avg, exp.Median, *_SPREAD, *_REPEATABLE)

_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
_FLOATS = frozenset({"FLOAT", "DOUBLE"})


class Sent(Protocol):
    """The columns that a member sends; each method gives the merge's reference to one."""

    def key(self, expression: exp.Expr) -> exp.Column: ...

    def aggregate(self, call: exp.Expr) -> exp.Column: ...

    def may_read(self, expression: exp.Expr) -> bool: ...

    def functions(self, expression: exp.Expr) -> frozenset[str] | None: ...


def can_merge(call: Call, kind: str | None) -> bool:
    """Whether partial results of a call can be finished exactly. `kind` is its argument's canonical type."""
    if not call.plain:
        return False
    if call.distinct:
        return isinstance(call.function, _DISTINCT)
    if isinstance(call.function, (exp.Count, exp.CountIf, *_ITSELF, *QUANTILES)):
        return True
    numeric = kind is not None and (kind in _INTEGERS or kind in _FLOATS or kind.startswith("DECIMAL"))
    if isinstance(call.function, exp.Avg):
        return numeric
    return isinstance(call.function, _SPREAD) and (numeric or kind == "HUGEINT")


def needs_kind(call: Call) -> bool:
    """Whether `can_merge` and `merged` depend on the argument's type."""
    return not call.distinct and isinstance(call.function, (exp.Avg, *_SPREAD))


def is_repeatable(call: Call) -> bool:
    """Whether it makes no difference to a call how often a row comes."""
    return call.plain and (call.distinct or isinstance(call.function, _REPEATABLE))


def merged(call: Call, kind: str | None, sent: Sent) -> exp.Expr:
    """The merge's expression for a call that `can_merge`; what it needs is asked of `sent`."""
    function = call.function
    if call.distinct and isinstance(function, _REPEATABLE):
        once: exp.Expr = type(function)(**{**function.args, "this": copy_tree(function.this.expressions[0])})
        return _over(function, sent.aggregate(_like(call, once)))
    if isinstance(function, QUANTILES) and not call.distinct:
        return _quantile(call, sent)
    if call.distinct:
        key = sent.key(_value(call))
        distinct = key if isinstance(function, exp.ApproxDistinct) else exp.Distinct(expressions=[key])
        counted: exp.Expr = type(function)(**{**function.args, "this": distinct})
        return counted
    if isinstance(function, exp.Count):
        return exp.cast(_or_zero(sent.aggregate(call.node)), "BIGINT", dialect="duckdb")
    if isinstance(function, exp.CountIf):
        return exp.Sum(this=sent.aggregate(call.node))
    if isinstance(function, _ITSELF):
        return _over(function, sent.aggregate(call.node))
    return _average(call, sent) if isinstance(function, exp.Avg) else _spread(call, kind, sent)


def _value(call: Call) -> exp.Expr:
    """The value that a call takes of a row: none where the FILTER leaves the row out."""
    assert call.argument is not None
    value: exp.Expr = copy_tree(call.argument)
    if call.filter is None:
        return value
    return exp.Case(ifs=[exp.If(this=copy_tree(call.filter), true=value)])


def _quantile(call: Call, sent: Sent) -> exp.Expr:
    """DuckDB's own function over a list that holds each value as often as it came."""
    value = sent.key(_value(call))
    rows = sent.aggregate(exp.Count(this=exp.Star(), big_int=True))
    listed = parsed(
        "FLATTEN(LIST(LIST_RESIZE([:v], CAST(:n AS BIGINT), :v)) FILTER (WHERE NOT :v IS NULL))",
        v=value,
        n=rows,
    )
    name = exp.Literal.string(_QUANTILE_NAMES[type(call.function)])
    others = [
        copy_tree(call.function.args[key])
        for key in ("expression", "quantile")
        if call.function.args.get(key)
    ]
    return exp.Anonymous(this="LIST_AGGREGATE", expressions=[listed, name, *others])


_QUANTILE_NAMES: Mapping[type[exp.Expr], str] = {
    exp.Median: "median",
    exp.PercentileCont: "quantile_cont",
    exp.PercentileDisc: "quantile_disc",
    exp.Quantile: "quantile_disc",
}


def _over(function: exp.Expr, column: exp.Column) -> exp.Expr:
    call: exp.Expr = type(function)(**{**function.args, "this": column})
    return exp.IgnoreNulls(this=call) if isinstance(function, exp.AnyValue) else call


def _or_zero(column: exp.Column) -> exp.Expr:
    return exp.Coalesce(this=exp.Sum(this=column), expressions=[exp.Literal.number(0)])


def _average(call: Call, sent: Sent) -> exp.Expr:
    assert call.argument is not None
    count = sent.aggregate(_like(call, exp.Count(this=copy_tree(call.argument), big_int=True)))
    allowed = sent.functions(call.argument)
    if allowed is not None and "sum" not in allowed and {"avg", "count"} <= allowed:
        average = sent.aggregate(call.node)
        return parsed("SUM(:a * :n) / SUM(CASE WHEN :a IS NULL THEN 0 ELSE :n END)", a=average, n=count)
    total = sent.aggregate(_like(call, exp.Sum(this=copy_tree(call.argument))))
    return parsed("CAST(SUM(:s) AS DOUBLE) / CAST(SUM(:n) AS DOUBLE)", s=total, n=count)


def _spread(call: Call, kind: str | None, sent: Sent) -> exp.Expr:
    assert call.argument is not None
    argument = call.argument
    count = sent.aggregate(_like(call, exp.Count(this=copy_tree(argument), big_int=True)))
    mean: exp.Expr = sent.aggregate(_like(call, exp.Avg(this=copy_tree(argument))))
    exact = kind in _INTEGERS
    if not exact and sent.may_read(argument):
        exact = True
        # The sum of equal values by their number is rounded, and need not be that value.
        low = sent.aggregate(_like(call, exp.Min(this=copy_tree(argument))))
        high = sent.aggregate(_like(call, exp.Max(this=copy_tree(argument))))
        mean = parsed(
            "CASE WHEN :low = :high THEN CAST(:low AS DOUBLE) ELSE :mean END", low=low, high=high, mean=mean
        )
    allowed = sent.functions(argument)
    if allowed is not None and "variance" not in allowed:
        own = sent.aggregate(call.node)
        squared = parsed("POWER(:v, 2)" if isinstance(call.function, _ROOT) else ":v", v=own)
        rows = "(:n - 1)" if isinstance(call.function, _SAMPLE) else ":n"
        distance = parsed(f"CASE WHEN :n = 1 THEN 0 ELSE {squared.sql('duckdb')} * {rows} END", n=count)
    else:
        variance = sent.aggregate(_like(call, exp.VariancePop(this=copy_tree(argument))))
        distance = parsed(":v * :n", v=variance, n=count)
    states = _STATES.replace(":apart", _APART if exact else _APART_IF_MORE_THAN_ROUNDED)
    state = parsed(states, n=count, m=mean, s=distance)
    result = """"whole"['s'] / "whole"['n']"""
    if isinstance(call.function, _SAMPLE):
        result = """CASE WHEN "whole"['n'] > 1 THEN "whole"['s'] / ("whole"['n'] - 1) END"""
    if isinstance(call.function, _ROOT):
        result = f"SQRT({result})"
    return parsed(f'LIST_SUM(LIST_TRANSFORM([:state], LAMBDA "whole" : {result}))', state=state)


_STATES = """
LIST_REDUCE(
    LIST({'n': CAST(:n AS DOUBLE), 'm': CAST(:m AS DOUBLE), 's': CAST(:s AS DOUBLE)}) FILTER (WHERE :n > 0),
    LAMBDA "left_part", "right_part" : {
        'n': "left_part"['n'] + "right_part"['n'],
        'm': "left_part"['m'] + :apart * ("right_part"['n'] / ("left_part"['n'] + "right_part"['n'])),
        's': "left_part"['s'] + "right_part"['s']
            + ("left_part"['m'] - "left_part"['m']) + ("right_part"['m'] - "right_part"['m'])
            + :apart * :apart * ("left_part"['n'] * ("right_part"['n'] / ("left_part"['n'] + "right_part"['n'])))
    }
)
"""
"""Numbers of values, means and sums of squared distances from the mean, put together two by two. Where a mean is
infinite the sum of distances is NaN, as in DuckDB: that is what the differences of a mean and itself are for.
"""

_APART = """("right_part"['m'] - "left_part"['m'])"""
_APART_IF_MORE_THAN_ROUNDED = """
(CASE WHEN "left_part"['s'] = 0 AND "right_part"['s'] = 0
    AND ABS("right_part"['m'] - "left_part"['m']) <= 1e-13 * ABS("left_part"['m'])
    THEN 0 ELSE "right_part"['m'] - "left_part"['m'] END)
"""
"""Means of values that are equal in each part differ by rounding alone, when they differ no more than this."""


def _like(call: Call, function: exp.Expr) -> exp.Expr:
    """Another function over the same rows."""
    if call.filter is None:
        return function
    return exp.Filter(this=function, expression=exp.Where(this=copy_tree(call.filter)))


def parsed(text: str, **values: exp.Expr) -> exp.Expr:
    """An expression written as text, with expressions for its placeholders."""

    def fill(node: exp.Expr) -> exp.Expr:
        return copy_tree(values[node.name]) if isinstance(node, exp.Placeholder) else node

    filled: exp.Expr = copy_tree(_template(text)).transform(fill, copy=False)
    return filled


@lru_cache(maxsize=1024)
def _template(text: str) -> exp.Expr:
    tree: exp.Expr = sqlglot.parse_one(text, dialect="duckdb")
    for alias in list(tree.find_all(exp.Alias)):
        if not alias.alias:
            # sqlglot takes the placeholder for DuckDB's `name: value` without a name.
            alias.replace(alias.this)
    return tree
