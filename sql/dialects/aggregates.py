"""Aggregate functions: their types are DuckDB's, their form is the dialect's.

FILTER becomes a CASE inside the call where the engine lacks it. An aggregate whose argument reads an enclosing
query belongs to that query in standard SQL and to the inner one in DuckDB, and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log10

from sqlglot import exp

from sql.dialects.conditions import condition
from sql.dialects.dialect import apply_native
from sql.dialects.kinds import BIGINT, BOOLEAN, DOUBLE, HUGEINT, Kind, decimal, span_of
from sql.dialects.operators import refuse_incomparable
from sql.dialects.scope import Scope
from sql.dialects.source import NotNative
from sql.dialects.values import Value
from sql.dialects.walk import only, scalar, title, translates

_MOST_ROWS = 14.0
"""No aggregate reads more than 10^14 rows."""
_MOST_SPAN = 270.0

_NAMES: Mapping[type[exp.Expr], str] = {
    exp.Count: "count",
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
    exp.LogicalAnd: "bool_and",
    exp.LogicalOr: "bool_or",
    exp.AnyValue: "any_value",
    exp.CountIf: "count_if",
    exp.VariancePop: "var_pop",
    exp.Variance: "var_samp",
    exp.StddevPop: "stddev_pop",
    exp.Stddev: "stddev_samp",
    exp.StddevSamp: "stddev_samp",
}
_SPREADS = frozenset({"var_pop", "var_samp", "stddev_pop", "stddev_samp"})
AGGREGATES = tuple(_NAMES)


@dataclass(frozen=True, slots=True)
class Call:
    """What stands around an aggregate's call: its FILTER and its OVER."""

    filter: Value | None = None
    over: str = ""


@translates(*AGGREGATES)
def _aggregate(node: exp.Expr, scope: Scope) -> Value:
    return aggregate(node, scope, Call())


@translates(exp.Filter)
def _filtered(node: exp.Expr, scope: Scope) -> Value:
    return aggregate(node.this, scope, Call(filter_of(node, scope)))


def filter_of(node: exp.Expr, scope: Scope) -> Value:
    """The condition of a FILTER clause."""
    only(node, ("this", "expression"))
    where = node.expression
    return condition(where.this if isinstance(where, exp.Where) else where, scope)


@translates(exp.IgnoreNulls)
def _ignoring(node: exp.Expr, scope: Scope) -> Value:
    # any_value skips NULLs, and the parser says so with this node.
    if not isinstance(node.this, exp.AnyValue):
        raise NotNative("IGNORE NULLS")
    return scalar(node.this, scope)


def aggregate(node: exp.Expr, scope: Scope, call: Call) -> Value:
    """One aggregate, with what stands around its call."""
    if isinstance(node, exp.IgnoreNulls) and isinstance(node.this, exp.AnyValue):
        node = node.this
    name = _NAMES.get(type(node))
    if name is None:
        raise NotNative(f"{title(node)} is not proven equal in {scope.context.dialect.title}")
    only(node, ("this",))
    argument, distinct = node.this, False
    if isinstance(argument, exp.Distinct):
        only(argument, ("expressions",))
        if len(argument.expressions) != 1:
            raise NotNative("an aggregate over several distinct columns")
        argument, distinct = argument.expressions[0], True
    if distinct and call.over:
        raise NotNative("DISTINCT in a window")
    if argument is None or isinstance(argument, exp.Star):
        if name != "count":
            raise NotNative(f"{name}(*)")
        return _counted_rows(scope, call)
    value = scalar(argument, scope)
    if not value.relations <= scope.own() or (call.filter and not call.filter.relations <= scope.own()):
        raise NotNative("an aggregate over columns of an enclosing query")
    return _applied(name, value, distinct, scope, call)


def _counted_rows(scope: Scope, call: Call) -> Value:
    if call.filter is not None and not _has_filter(scope):
        one = replace(call.filter, sql=f"CASE WHEN {call.filter.sql} THEN 1 END", kind=BIGINT)
        return _applied("count", one, False, scope, replace(call, filter=None))
    return _form("count(*)", [], BIGINT, scope, call, span=_MOST_ROWS)


def _has_filter(scope: Scope) -> bool:
    context = scope.context
    return "filter" in context.dialect.features and "supports_aggregate_filter" in context.capabilities


def _applied(name: str, value: Value, distinct: bool, scope: Scope, call: Call) -> Value:
    context = scope.context
    if name == "count_if":
        if value.family != "boolean":
            raise NotNative("count_if() of values other than booleans")
        return _count_if(value, distinct, scope, call)
    if distinct or name in {"min", "max", "any_value"}:
        refuse_incomparable([value], exact=distinct)
    if distinct:
        value = replace(value, sql=context.dialect.group_key(value))
    if call.filter is not None and not _has_filter(scope):
        value = replace(value, sql=f"CASE WHEN {call.filter.sql} THEN {value.sql} END")
        call = replace(call, filter=None)
    if name == "count":
        return _form("count(any)", [value], BIGINT, scope, call, span=_MOST_ROWS, distinct=distinct)
    if value.constant is not None and value.is_null:
        raise NotNative(f"{name}() of NULL")
    if name in {"min", "max", "any_value"}:
        ordered = replace(value, sql=context.dialect.ordered(value))
        result = _form(f"{name}({value.family})", [ordered], value.kind, scope, call, span=value.span)
        return replace(result, length=value.length)
    if name in {"bool_and", "bool_or"}:
        return _form(f"{name}({value.family})", [value], BOOLEAN, scope, call, span=None)
    if name in _SPREADS:
        return _spread(name, value, distinct, scope, call)
    return _summed(name, value, distinct, scope, call)


def _count_if(value: Value, distinct: bool, scope: Scope, call: Call) -> Value:
    """A sum in DuckDB: NULL where there are no values, or only NULLs."""
    if distinct:
        raise NotNative("count_if() of distinct values")
    if call.filter is not None:
        value = replace(value, sql=f"CASE WHEN {call.filter.sql} THEN {value.sql} END")
        call = replace(call, filter=None)
    one = replace(value, sql=f"CASE WHEN {value.sql} THEN 1 END", kind=BIGINT)
    known, counted = _applied("count", value, False, scope, call), _applied("count", one, False, scope, call)
    kind = scope.context.dialect.type_name(HUGEINT)
    sql = f"CASE WHEN {known.sql} > 0 THEN CAST({counted.sql} AS {kind}) END"
    return replace(counted, sql=sql, kind=HUGEINT)


def _spread(name: str, value: Value, distinct: bool, scope: Scope, call: Call) -> Value:
    """Variance and deviation, always a DOUBLE. Over doubles engines differ in when they overflow."""
    if distinct or call.over:
        raise NotNative(f"{name}() of distinct values, or in a window")
    span = value.span if value.span is not None else span_of(value.kind)
    squared = None if span is None else 2 * span + 1
    return _form(f"{name}({value.family})", [value], DOUBLE, scope, call, span=squared)


def _summed(name: str, value: Value, distinct: bool, scope: Scope, call: Call) -> Value:
    """SUM and AVG. A sum of integers is a HUGEINT, of decimals a DECIMAL(38,s), an average always a DOUBLE."""
    kind: Kind = DOUBLE
    span = value.span if value.span is not None else span_of(value.kind)
    if name == "sum":
        kinds = {"integer": HUGEINT, "decimal": decimal(38, value.kind.scale), "double": DOUBLE}
        kind = kinds.get(value.family, DOUBLE)
    if value.family == "double" and (span is None or span > _MOST_SPAN):
        raise NotNative("a sum of doubles that may leave their range")
    total = None if span is None else span + _MOST_ROWS + (16 if value.family == "double" else 0)
    if value.family == "double" and distinct:
        raise NotNative("a sum of distinct doubles")
    return _form(f"{name}({value.family})", [value], kind, scope, call, span=total, distinct=distinct)


def _form(
    key: str,
    values: list[Value],
    kind: Kind,
    scope: Scope,
    call: Call,
    *,
    span: float | None,
    distinct: bool = False,
) -> Value:
    dialect = scope.context.dialect
    if key.startswith("avg("):
        scope.context.require("average")
    native = dialect.aggregates.get(key)
    holds = native is not None and all(need.holds(values) for need in native.needs)
    attempt = dialect.attempts.get(key)
    if not holds and scope.context.attempts and attempt is not None and not call.over:
        scope.context.gives_up = True
        native = attempt
    if native is None:
        raise NotNative(dialect.differs.get(key) or f"{key} is not proven equal in {dialect.title}")
    suffix = f" FILTER (WHERE {call.filter.sql})" if call.filter is not None else ""
    extra = {
        "distinct": "DISTINCT " if distinct else "",
        "suffix": suffix + call.over,
        "unit": 10 ** (values[0].kind.scale if values else 0),
    }
    relations = frozenset().union(
        *(v.relations for v in values), call.filter.relations if call.filter else ()
    )
    limit = span_of(kind)
    return Value(
        apply_native(native, values, key, extra),
        kind,
        approximate=(kind is DOUBLE and not key.startswith(("min", "max", "any_value")))
        or any(value.approximate for value in values),
        span=span if limit is None or span is None else min(span, limit + log10(2)),
        relations=relations,
    )


@translates(exp.Grouping, exp.GroupingId)
def _grouping(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("expressions",))
    native = scope.context.dialect.aggregates.get("grouping(…)")
    if native is None:
        raise NotNative(f"grouping() is not proven equal in {scope.context.dialect.title}")
    values = [scalar(part, scope) for part in node.expressions]
    listed = ", ".join(value.sql for value in values)
    return Value(apply_native(native, values, "grouping()", {"all": listed}), BIGINT, span=9.0)
