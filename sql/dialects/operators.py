"""Arithmetic, concatenation and comparison, typed as DuckDB types them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time

from sqlglot import exp

from sql.dialects.casts import adapt, common, convert
from sql.dialects.dialect import apply_native
from sql.dialects.kinds import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    TIMESTAMP,
    Kind,
    product_kind,
    sum_kind,
    unify,
)
from sql.dialects.literals import constant, negated_constant, parse_interval, shift_constant
from sql.dialects.scope import Context, Scope
from sql.dialects.source import NotNative
from sql.dialects.values import Value, added_span, any_approximate, relations_of
from sql.dialects.walk import only, query, scalar, title, translates

_NUMBERS = {"integer", "decimal", "double"}
_MOST_SPAN = 290.0
"""Doubles of a known span below this neither overflow nor underflow, which some engines refuse."""

_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.IntDiv: "//",
    exp.Mod: "%",
    exp.DateAdd: "+",
    exp.DateSub: "-",
}
COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}


@translates(*_ARITHMETIC)
def _arithmetic(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression"))
    operator, context = _ARITHMETIC[type(node)], scope.context
    if isinstance(node.expression, exp.Interval):
        return _shifted(operator, scalar(node.this, scope), node.expression, context)
    if isinstance(node.this, exp.Interval) and operator == "+":
        return _shifted(operator, scalar(node.expression, scope), node.this, context)
    left, right = scalar(node.this, scope), scalar(node.expression, scope)
    if "text" in {left.family, right.family}:
        raise NotNative(f"{operator} of {left.kind} and {right.kind}")
    left, right = adapt(context, [left, right])
    if {left.family, right.family} & {"date", "timestamp"}:
        return _dates(operator, left, right, context)
    if left.is_null or right.is_null:
        raise NotNative("arithmetic with NULL")
    if not {left.family, right.family} <= _NUMBERS:
        raise NotNative(f"{operator} of {left.kind} and {right.kind}")
    return numbers(operator, left, right, context)


def numbers(operator: str, left: Value, right: Value, context: Context) -> Value:
    """Arithmetic over two numbers, typed as DuckDB types it."""
    kind = _result(operator, left.kind, right.kind)
    if kind.family != "decimal":
        left, right = convert(context, left, kind), convert(context, right, kind)
    span = _span(operator, left, right)
    if kind is DOUBLE and (span is None or span > _MOST_SPAN or operator in {"//", "%"}):
        raise NotNative("arithmetic on doubles may leave their range")
    if operator in {"//", "%"} and not right.nonzero:
        raise NotNative("a divisor that may be zero")
    context.require(operator)
    native = context.dialect.arithmetic(operator, kind, span)
    return Value(
        apply_native(native, [left, right], f"{operator} over {kind}", {}),
        kind,
        approximate=any_approximate([left, right]),
        span=span,
        nonzero=operator == "*" and left.nonzero and right.nonzero,
        relations=relations_of([left, right]),
    )


def _result(operator: str, left: Kind, right: Kind) -> Kind:
    if operator == "*":
        return product_kind(left, right)
    if operator == "//" and "decimal" in {left.family, right.family}:
        raise NotNative("// over decimals")
    return sum_kind(left, right, modulo=operator == "%")


def _span(operator: str, left: Value, right: Value) -> float | None:
    if left.span is None or right.span is None:
        return None
    if operator == "*":
        return left.span + right.span
    if operator in {"//", "%"}:
        return left.span
    doubles = DOUBLE in {left.kind, right.kind}
    # A difference of doubles may be as small as the last bit of the smaller.
    return (added_span([left.span, right.span]) or 0.0) + (16 if doubles else 0)


@translates(exp.Neg)
def _negated(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this",))
    context, value = scope.context, scalar(node.this, scope)
    if (folded := negated_constant(context, value)) is not None:
        return folded
    if value.family == "integer":
        return numbers("-", constant(context, 0, value.kind), value, context)
    if value.family not in {"decimal", "double"}:
        raise NotNative(f"- of {value.kind}")
    return replace(value, sql=f"(- {value.sql})", constant=None)


@translates(exp.Div)
def _divided(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression"))
    context = scope.context
    left, right = scalar(node.this, scope), scalar(node.expression, scope)
    if not {left.family, right.family} <= _NUMBERS:
        raise NotNative(f"/ of {left.kind} and {right.kind}")
    nonzero, direct = right.nonzero, right.family != "double"
    left, right = convert(context, left, DOUBLE), convert(context, right, DOUBLE)
    span = _span("*", left, right)
    if span is None or span > _MOST_SPAN:
        raise NotNative("arithmetic on doubles may leave their range")
    if not nonzero and not direct:
        # A computed double may be -0.0, which turns the sign of x/0.
        raise NotNative("division by a computed double that may be zero")
    right = replace(right, nonzero=nonzero)
    return Value(
        context.dialect.divide(left, right),
        DOUBLE,
        approximate=any_approximate([left, right]),
        span=span,
        relations=relations_of([left, right]),
    )


def _shifted(operator: str, value: Value, node: exp.Expr, context: Context) -> Value:
    interval = parse_interval(node)
    if operator == "-":
        interval = replace(interval, count=-interval.count)
    known = value.constant.value if value.constant else None
    if value.family not in {"date", "timestamp"}:
        raise NotNative(f"{value.kind} and an interval")
    if isinstance(known, date):
        start = known if isinstance(known, datetime) else datetime(known.year, known.month, known.day)  # noqa: DTZ001 (TIMESTAMP has no zone)
        return constant(context, shift_constant(start, interval), TIMESTAMP)
    native = context.dialect.shift(interval)
    context.raises = context.raises or native.raises
    sql = apply_native(native, [value], "a date and an interval", {})
    return Value(sql, TIMESTAMP, relations=value.relations)


def _dates(operator: str, left: Value, right: Value, context: Context) -> Value:
    """Date - date, date + integer, date - integer."""
    key = f"{left.family} {operator} {right.family}"
    native = context.dialect.functions.get(key)
    if native is None or left.is_null or right.is_null:
        raise NotNative(f"{key} is not proven equal in {context.dialect.title}")
    context.raises = context.raises or native.raises
    kind = BIGINT if left.family == right.family else DATE
    sql = apply_native(native, [left, right], key, {})
    return Value(sql, kind, span=7.0 if kind is BIGINT else None, relations=relations_of([left, right]))


@translates(exp.DPipe)
def _concatenated(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression"))
    values = [scalar(part, scope) for part in (node.this, node.expression)]
    if any(value.family != "text" for value in values):
        raise NotNative("|| of values other than text")
    native = scope.context.dialect.functions.get("||")
    if native is None:
        raise NotNative(f"|| is not proven equal in {scope.context.dialect.title}")
    lengths = [value.length for value in values]
    length = None if None in lengths else sum(length or 0 for length in lengths)
    sql = apply_native(native, values, "||", {})
    return Value(sql, values[0].kind, length=length, relations=relations_of(values))


@translates(*COMPARISONS)
def _compared(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression"))
    operator = COMPARISONS[type(node)]
    left = scalar(node.this, scope)
    if isinstance(node.expression, (exp.Any, exp.All)):
        return _quantified(operator, left, node.expression, scope)
    return compare(operator, left, scalar(node.expression, scope), scope.context)


def compare(operator: str, left: Value, right: Value, context: Context) -> Value:
    """A comparison with DuckDB's order and equality; NULL where either side is NULL."""
    coarse = found_by_index(left, [right], context) if operator == "=" else ""
    distinct = left.distinct if right.constant else right.distinct if left.constant else None
    left, right = comparable(operator, left, right, context, served=bool(coarse))
    sql = f"({side(operator, left, right, context)} {operator} {side('=', right, left, context)})"
    if operator == "=":
        sql = expected(sql, 1, distinct, context)
    if coarse:
        sql = f"({coarse} AND {sql})"
    return Value(sql, BOOLEAN, relations=relations_of([left, right]))


def expected(sql: str, values: int, distinct: float | None, context: Context) -> str:
    """A condition that so many values of a column fulfil, of which it has about `distinct`."""
    known = context.searches and distinct is not None and distinct >= 1
    return context.dialect.expected(sql, min(1.0, values / distinct)) if known and distinct else sql


def found_by_index(value: Value, others: Sequence[Value], context: Context) -> str:
    """A condition that holds wherever `value` equals one of `others`, and that an index serves; empty for none.

    A text equals itself under every collation. Where the exact comparison is NULL, so is this one.
    """
    if not context.searches:
        return ""
    kept = context.kept.get((value.sql, value.relations))
    known = [other.constant.value if other.constant else None for other in others]
    if kept is not None and known and all(isinstance(text, str) for text in known):
        listed = ", ".join(context.plain_text(str(text)) for text in known)
        return f"({kept.sql} = {listed})" if len(known) == 1 else f"({kept.sql} IN ({listed}))"
    if len(others) != 1:
        return ""
    (other,) = others
    its = context.kept.get((other.sql, other.relations))
    if kept is None and its is not None and value.constant is not None:
        return found_by_index(other, [value], context)
    both = kept is not None and its is not None and kept.collation == its.collation
    return f"({kept.sql} = {its.sql})" if both and kept is not None and its is not None else ""


def comparable(
    operator: str, left: Value, right: Value, context: Context, *, served: bool = False
) -> tuple[Value, Value]:
    """Both sides in types that the source compares as DuckDB compares theirs; `served` by an index already."""
    left, right = whole_days(context, adapt(context, [left, right]))
    refuse_incomparable([left, right], exact=operator in {"=", "<>"})
    if not served:
        context.dialect.refuse_pair(left, right)
    pair = frozenset({left.family, right.family})
    if len(pair) == 1 or pair in context.dialect.direct_comparisons:
        return left, right
    kind = unify([left.kind, right.kind])
    return convert(context, left, kind), convert(context, right, kind)


def whole_days(context: Context, values: list[Value]) -> list[Value]:
    """Timestamp constants at midnight become dates where all else is a date: the same comparison, by index."""
    if not any(value.family == "date" and value.constant is None for value in values):
        return values
    days = []
    for value in values:
        known = value.constant.value if value.constant else None
        if isinstance(known, datetime) and value.kind is TIMESTAMP and known.time() == time.min:
            days.append(constant(context, known.date(), DATE))
        elif value.family == "date":
            days.append(value)
        else:
            return values
    return days


def refuse_incomparable(values: list[Value], *, exact: bool = True) -> None:
    """Refuses values whose equality or order in the source is not DuckDB's."""
    for value in values:
        if value.family == "opaque":
            raise NotNative(f"{value.kind} is only handed on, not compared")
        if exact and value.approximate:
            raise NotNative("equality of computed doubles: the last bits may differ")


def _quantified(operator: str, left: Value, node: exp.Expr, scope: Scope) -> Value:
    if "quantified" not in scope.context.dialect.features:
        raise NotNative(f"{title(node)} is not proven equal in {scope.context.dialect.title}")
    word = "ANY" if isinstance(node, exp.Any) else "ALL"
    left, sql, relations = member_query(left, node.this, scope, exact=operator in {"=", "<>"})
    side = scope.context.dialect.ordered(left) if operator not in {"=", "<>"} else left.sql
    return Value(f"({side} {operator} {word} ({sql}))", BOOLEAN, relations=left.relations | relations)


def member_query(
    left: Value, node: exp.Expr, scope: Scope, *, exact: bool
) -> tuple[Value, str, frozenset[int]]:
    """The one-column query of IN, ANY and ALL, `left` in a type that compares with it, and what else it reads."""
    inner = scope.inner()
    body = node.this if isinstance(node, exp.Subquery) and not node.alias else node
    if body.args.get("limit") and "limit in IN" not in scope.context.dialect.features:
        raise NotNative(f"{scope.context.dialect.title} has no LIMIT inside IN")
    if "differences in IN" not in scope.context.dialect.features and _has_difference(body):
        raise NotNative(f"EXCEPT and INTERSECT in IN are not proven equal in {scope.context.dialect.title}")
    sql, columns = query(node, inner)
    if len(columns) != 1:
        raise NotNative("a subquery of several columns")
    if "group once" in scope.context.dialect.features and not inner.outer and _only_groups(body):
        sql += scope.context.dialect.fence
    value = columns[0][1]
    refuse_incomparable([left, value], exact=exact)
    direct = frozenset({left.family, value.family}) in scope.context.dialect.direct_comparisons
    if left.is_null:
        left = convert(scope.context, left, value.kind)
    if left.family != value.family and not direct:
        raise NotNative(f"{left.kind} among values of {value.kind}")
    scope.context.dialect.refuse_pair(left, value)
    return left, sql, frozenset(inner.outer)


def _has_difference(body: exp.Expr) -> bool:
    """Whether a query is an EXCEPT or INTERSECT, or has one among the arms of its set operation."""
    stack = [body]
    while stack:
        node = stack.pop()
        while isinstance(node, (exp.Subquery, exp.Paren)):
            node = node.this
        if isinstance(node, (exp.Except, exp.Intersect)):
            return True
        if isinstance(node, exp.SetOperation):
            stack += [node.this, node.expression]
    return False


def _only_groups(body: exp.Expr) -> bool:
    """Whether a subquery ends with its groups, so that a fence may follow."""
    return bool(body.args.get("group")) and not any(
        body.args.get(part) for part in ("order", "limit", "offset")
    )


def all_comparable(values: list[Value], context: Context, *, exact: bool) -> list[Value]:
    """The values of an IN list or a BETWEEN, as the source compares them the way DuckDB does."""
    adapted = whole_days(context, adapt(context, values))
    refuse_incomparable(adapted, exact=exact)
    families = frozenset(value.family for value in adapted)
    if len(families) == 1 or families in context.dialect.direct_comparisons:
        return adapted
    return common(context, values)[1]


def side(operator: str, value: Value, other: Value, context: Context) -> str:
    """One side of a comparison: a text constant in its plain form, a text in its order where that decides."""
    known = value.constant.value if value.constant else None
    if isinstance(known, str) and other.constant is None:
        return context.plain_text(known)
    if value.family == "text" and operator not in {"=", "<>"}:
        return context.dialect.ordered(value)
    return value.sql
