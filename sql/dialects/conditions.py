"""Three-valued logic: AND, OR, NOT, IS, IN, BETWEEN, LIKE, EXISTS, CASE, COALESCE and their kin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from sql.dialects.casts import common
from sql.dialects.dialect import apply_native
from sql.dialects.keys import compare_with_keys
from sql.dialects.kinds import BOOLEAN, NULL
from sql.dialects.literals import constant, known_span
from sql.dialects.operators import (
    all_comparable,
    comparable,
    compare,
    expected,
    found_by_index,
    member_query,
    refuse_incomparable,
    side,
)
from sql.dialects.scope import Context, Scope
from sql.dialects.source import NotNative
from sql.dialects.values import Value, any_approximate, relations_of
from sql.dialects.walk import only, query, scalar, translates
from sql.keys import key_set_of

LIKE_SHARE = 0.1
"""Of rows that a pattern is thought to leave."""


def condition(node: exp.Expr, scope: Scope) -> Value:
    """An expression that must be a truth value."""
    return truth(scalar(node, scope), scope.context)


def searched(node: exp.Expr, scope: Scope) -> Value:
    """The condition of a WHERE or ON."""
    before, scope.context.searches = scope.context.searches, True
    try:
        return condition(node, scope)
    finally:
        scope.context.searches = before


def truth(value: Value, context: Context) -> Value:
    if value.is_null:
        return constant(context, None, BOOLEAN)
    if value.family != "boolean":
        raise NotNative(f"{value.kind} as a condition")
    return value


@translates(exp.And, exp.Or)
def _connected(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression"))
    word = "AND" if isinstance(node, exp.And) else "OR"
    # A left-deep chain may be longer than the stack is deep.
    values = [condition(part, scope) for part in _chain(node)]
    return Value(f"({f' {word} '.join(v.sql for v in values)})", BOOLEAN, relations=relations_of(values))


def _chain(node: exp.Expr) -> list[exp.Expr]:
    parts: list[exp.Expr] = []
    current = node
    while type(current) is type(node):
        parts.append(current.args["expression"])
        current = current.this
    return [current, *reversed(parts)]


@translates(exp.Not)
def _not(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this",))
    value = condition(node.this, scope)
    return replace(value, sql=f"(NOT {value.sql})", constant=None)


@translates(exp.Is)
def _is(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression"))
    value, test = scalar(node.this, scope), node.expression
    if isinstance(test, exp.Null):
        return Value(f"({value.sql} IS NULL)", BOOLEAN, relations=value.relations)
    if isinstance(test, exp.Boolean):
        value = truth(value, scope.context)
        word = "TRUE" if test.this else "FALSE"
        return Value(f"({value.sql} IS {word})", BOOLEAN, relations=value.relations)
    raise NotNative("IS of something other than NULL, TRUE and FALSE")


@translates(exp.NullSafeEQ, exp.NullSafeNEQ)
def _null_safe(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression"))
    context = scope.context
    left, right = comparable("=", scalar(node.this, scope), scalar(node.expression, scope), context)
    sql = context.dialect.null_safe_equal(side("=", left, right, context), side("=", right, left, context))
    if isinstance(node, exp.NullSafeNEQ):
        sql = f"(NOT {sql})"
    return Value(sql, BOOLEAN, relations=relations_of([left, right]))


@translates(exp.Between)
def _between(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "low", "high"))
    context = scope.context
    parts = [scalar(node.args[name], scope) for name in ("this", "low", "high")]
    value, low, high = all_comparable(parts, context, exact=False)
    sql = (
        f"({side('<', value, low, context)} BETWEEN {side('=', low, value, context)} "
        f"AND {side('=', high, value, context)})"
    )
    return Value(sql, BOOLEAN, relations=relations_of([value, low, high]))


@translates(exp.In)
def _in(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expressions", "query"))
    context, left = scope.context, scalar(node.this, scope)
    if (keys := key_set_of(node)) is not None and keys.name in context.keys:
        return compare_with_keys(left, context.keys[keys.name], context)
    subquery = node.args.get("query")
    if subquery is not None:
        left, sql, outer = member_query(left, subquery, scope, exact=True)
        return Value(f"({left.sql} IN ({sql}))", BOOLEAN, relations=left.relations | outer)
    if not node.expressions:
        raise NotNative("IN over an empty list")
    members = [scalar(member, scope) for member in node.expressions]
    distinct = left.distinct if all(member.constant for member in members) else None
    left, *members = all_comparable([left, *members], context, exact=True)
    listed = ", ".join(side("=", member, left, context) for member in members)
    sql = expected(f"({left.sql} IN ({listed}))", len(members), distinct, context)
    if coarse := found_by_index(left, members, context):
        sql = f"({coarse} AND {sql})"
    return Value(sql, BOOLEAN, relations=relations_of([left, *members]))


@translates(exp.Like)
def _like(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression", "negate"))
    value, pattern = scalar(node.this, scope), scalar(node.expression, scope)
    if value.family != "text" or pattern.family != "text":
        raise NotNative("LIKE over values other than text")
    known = pattern.constant.value if pattern.constant else None
    if isinstance(known, str):
        scope.context.texts.update(scope.context.dialect.like_texts(known))
    scope.context.require("LIKE")
    sql = scope.context.dialect.like(value, pattern)
    if scope.context.searches:
        sql = scope.context.dialect.expected(sql, LIKE_SHARE)
    if node.args.get("negate"):
        sql = f"(NOT {sql})"
    return Value(sql, BOOLEAN, relations=relations_of([value, pattern]))


@translates(exp.Exists)
def _exists(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this",))
    inner = scope.inner()
    sql, _ = query(node.this, inner)
    return Value(f"EXISTS({sql})", BOOLEAN, relations=frozenset(inner.outer))


@translates(exp.Subquery)
def _scalar_subquery(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this",))
    body = node.this
    if "scalar subquery check" not in scope.context.dialect.features and not _one_row(body):
        raise NotNative(f"{scope.context.dialect.title} takes the first of several rows of a scalar subquery")
    if not _one_row(body):
        scope.context.raises = True
    inner, fences = scope.inner(), scope.context.fences
    sql, columns = query(body, inner)
    materialized = "materialize joined" in scope.context.dialect.features
    if inner.outer and scope.context.fences > fences and not materialized:
        # It is answered for each row anew, and behind a fence no index finds its rows.
        raise NotNative("a correlated subquery over rows that are filtered first")
    if len(columns) != 1:
        raise NotNative("a scalar subquery of several columns")
    value = columns[0][1]
    known = value.constant if value.is_null else None
    # No row is NULL, so that nothing is known of zero; the value itself keeps what is known of its size.
    return replace(value, sql=f"({sql})", constant=known, relations=frozenset(inner.outer))


def _one_row(node: exp.Expr) -> bool:
    """Whether a query can have no second row, whatever the data."""
    if not isinstance(node, exp.Select):
        return False
    limit = node.args.get("limit")
    if isinstance(limit, exp.Limit) and limit.expression.name in {"0", "1"}:
        return True
    return not node.args.get("group") and any(aggregates(e, node) for e in node.expressions)


def aggregates(node: exp.Expr, select: exp.Select) -> bool:
    """Whether a projection of `select` aggregates its rows (a window function does not)."""
    for found in node.find_all(exp.AggFunc):
        holder = found.parent.parent if isinstance(found.parent, exp.Filter) else found.parent
        if not isinstance(holder, exp.Window) and found.find_ancestor(exp.Select) is select:
            return True
    return False


def _branches(
    conditions: list[Value], results: list[Value], context: Context
) -> tuple[str, list[Value], Value]:
    """The result of a choice between values: its type is theirs in common."""
    if any(value.family == "opaque" for value in results):
        kinds = {value.kind for value in results if not value.is_null}
        if len(kinds) > 1 or any(value.family not in {"opaque", "null"} for value in results):
            raise NotNative("a choice between types that are only handed on")
        kind, converted = kinds.pop(), results
    else:
        kind, converted = common(context, results)
    spans = [known_span(kind, value.span) for value in converted if not value.is_null]
    lengths = [value.length for value in converted if not value.is_null]
    result = Value(
        "",
        kind,
        approximate=any_approximate(converted),
        span=None if None in spans or not spans else max(span or 0.0 for span in spans),
        length=None if None in lengths or not lengths else max(length or 0 for length in lengths),
        relations=relations_of([*conditions, *converted]),
    )
    return str(kind), converted, result


@translates(exp.Case, exp.If)
def _case(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "ifs", "default", "true", "false"))
    context = scope.context
    subject = scalar(node.this, scope) if isinstance(node, exp.Case) and node.this is not None else None
    conditions, results = [], []
    for when, then in _cases(node):
        if subject is None:
            conditions.append(condition(when, scope))
        else:
            conditions.append(compare("=", subject, scalar(when, scope), context))
        results.append(scalar(then, scope))
    default = node.args.get("false" if isinstance(node, exp.If) else "default")
    if default is not None:
        results.append(scalar(default, scope))
    _, converted, result = _branches(conditions, results, context)
    if result.kind is NULL:
        return constant(context, None, NULL)
    pairs = zip(conditions, converted, strict=False)
    whens = " ".join(f"WHEN {when.sql} THEN {then.sql}" for when, then in pairs)
    last = f" ELSE {converted[-1].sql}" if default is not None else ""
    return replace(result, sql=f"CASE {whens}{last} END")


def _cases(node: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    if isinstance(node, exp.If):
        yield node.this, node.args["true"]
        return
    for case in node.args["ifs"]:
        only(case, ("this", "true"))
        yield case.this, case.args["true"]


@translates(exp.Coalesce)
def _coalesce(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expressions"))
    values = [scalar(part, scope) for part in (node.this, *node.expressions)]
    values = [value for value in values if value.kind is not NULL] or values[:1]
    _, converted, result = _branches([], values, scope.context)
    if result.kind is NULL or len(converted) == 1:
        return converted[0]
    return replace(result, sql=f"COALESCE({', '.join(value.sql for value in converted)})")


@translates(exp.Nullif)
def _nullif(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression"))
    context = scope.context
    value, other = scalar(node.this, scope), scalar(node.expression, scope)
    if value.constant is not None:
        raise NotNative("NULLIF of a constant")
    left, right = comparable("=", value, other, context)
    if left.kind != value.kind or (left.family == "integer" and right.family != "integer"):
        raise NotNative("NULLIF of values of different types")
    known = right.constant.value if right.constant else None
    zero = isinstance(known, (int, float, Decimal)) and known == 0
    return replace(
        left,
        sql=f"NULLIF({left.sql}, {side('=', right, left, context)})",
        nonzero=left.nonzero or zero,
        relations=relations_of([left, right]),
    )


@translates(exp.Greatest, exp.Least)
def _extreme(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expressions", "ignore_nulls"))
    key = "greatest" if isinstance(node, exp.Greatest) else "least"
    context = scope.context
    native = context.dialect.functions.get(key)
    if native is None or not node.args.get("ignore_nulls"):
        raise NotNative(f"{key}() is not proven equal in {context.dialect.title}")
    values = [scalar(part, scope) for part in (node.this, *node.expressions)]
    _, converted, result = _branches([], values, context)
    refuse_incomparable(converted, exact=False)
    if result.kind is NULL or any(value.is_null for value in converted):
        raise NotNative(f"{key}() of NULL")
    sql = converted[0].sql
    for value in converted[1:]:
        left, right = replace(result, sql=sql), value
        ordered = [replace(v, sql=context.dialect.ordered(v)) for v in (left, right)]
        sql = apply_native(native, ordered, key, {})
    return replace(result, sql=sql)
