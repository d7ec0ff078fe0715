"""Window functions: the same functions, partitions, orders and frames, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from sql.dialects.aggregates import AGGREGATES, Call, aggregate, filter_of
from sql.dialects.casts import adapt
from sql.dialects.dialect import apply_native
from sql.dialects.kinds import BIGINT, DOUBLE, Kind
from sql.dialects.operators import refuse_incomparable
from sql.dialects.scope import Scope, duckdb_fold
from sql.dialects.source import NotNative
from sql.dialects.values import Value, relations_of
from sql.dialects.walk import only, scalar, title, translates

_RANKS: Mapping[type[exp.Expr], tuple[str, Kind]] = {
    exp.RowNumber: ("row_number()", BIGINT),
    exp.Rank: ("rank()", BIGINT),
    exp.DenseRank: ("dense_rank()", BIGINT),
    exp.PercentRank: ("percent_rank()", DOUBLE),
    exp.CumeDist: ("cume_dist()", DOUBLE),
}
_SHIFTS: Mapping[type[exp.Expr], str] = {exp.Lag: "lag", exp.Lead: "lead"}
_PICKS: Mapping[type[exp.Expr], str] = {exp.FirstValue: "first_value", exp.LastValue: "last_value"}
_BOUNDS = {"UNBOUNDED", "CURRENT ROW"}


@translates(exp.Window)
def _window(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "partition_by", "order", "spec", "alias", "over"))
    if not {"supports_window"} <= scope.context.capabilities:
        raise NotNative("the source has no window functions")
    if "windows in expressions" not in scope.context.dialect.features and not is_output(node):
        raise NotNative(
            f"window functions inside expressions are not proven equal in {scope.context.dialect.title}"
        )
    definition = _definition(node, scope)
    over, relations = _over(definition, scope)
    call = Call(over=over)
    function: exp.Expr = node.this
    if isinstance(function, exp.Filter):
        call = replace(call, filter=filter_of(function, scope))
        function = function.this
    if type(function) in AGGREGATES or isinstance(function, exp.IgnoreNulls):
        value = aggregate(function, scope, call)
        if not value.sql.endswith(over) and "windows in expressions" not in scope.context.dialect.features:
            raise NotNative(
                f"{title(function)} in a window is not proven equal in {scope.context.dialect.title}"
            )
    else:
        value = _ranked(function, scope, over)
    return replace(value, relations=value.relations | relations)


def is_output(node: exp.Expr) -> bool:
    """Whether a window function is an output by itself."""
    return isinstance(node.parent, exp.Alias) and isinstance(node.parent.parent, exp.Select)


def _definition(node: exp.Expr, scope: Scope) -> exp.Expr:
    """The window itself, or the named one of the SELECT that it stands for."""
    name = node.args.get("alias")
    if name is None:
        return node
    if any(node.args.get(part) for part in ("partition_by", "order", "spec")):
        raise NotNative("a window that extends a named one")
    found = scope.windows.get(duckdb_fold(name.name))
    if found is None:
        raise NotNative("a window name that is not resolved")
    return found


def _over(node: exp.Expr, scope: Scope) -> tuple[str, frozenset[int]]:
    dialect = scope.context.dialect
    parts: list[str] = []
    partition = [scalar(key, scope) for key in node.args.get("partition_by") or ()]
    refuse_incomparable(partition)
    keys = [dialect.group_key(value) for value in partition if value.constant is None]
    if keys:
        parts.append(f"PARTITION BY {', '.join(keys)}")
    ordered = order_items(node.args.get("order"), scope)
    if ordered:
        scope.context.require("order")
    refuse_incomparable([value for value, _, _ in ordered])
    sort = [
        dialect.order_key(value, descending=descending, nulls_first=nulls_first)
        for value, descending, nulls_first in ordered
        if value.constant is None
    ]
    if sort:
        parts.append(f"ORDER BY {', '.join(sort)}")
    spec = node.args.get("spec")
    if spec is not None:
        parts.append(_frame(spec, scope))
    return f" OVER ({' '.join(parts)})", relations_of([*partition, *(value for value, _, _ in ordered)])


def order_items(node: exp.Expr | None, scope: Scope) -> list[tuple[Value, bool, bool]]:
    """The items of an ORDER BY inside a window: value, descending, NULLs first. DuckDB's default is last."""
    if node is None:
        return []
    only(node, ("expressions",))
    items = []
    for item in node.expressions:
        if not isinstance(item, exp.Ordered):
            raise NotNative("an ORDER BY item of an unusual form")
        only(item, ("this", "desc", "nulls_first"))
        if isinstance(item.this, exp.Literal):
            raise NotNative("ordering by a constant")
        items.append(
            (scalar(item.this, scope), bool(item.args.get("desc")), bool(item.args.get("nulls_first")))
        )
    return items


def _frame(spec: exp.Expr, scope: Scope) -> str:
    only(spec, ("kind", "start", "start_side", "end", "end_side"))
    kind = str(spec.args.get("kind") or "").upper()
    features = scope.context.dialect.features
    start = _bound(spec, "start", kind)
    end = _bound(spec, "end", kind) if spec.args.get("end") is not None else "CURRENT ROW"
    if kind not in {"ROWS", "RANGE", "GROUPS"} or (kind == "GROUPS" and "groups" not in features):
        raise NotNative(f"{kind} frames")
    return f"{kind} BETWEEN {start} AND {end}"


def _bound(spec: exp.Expr, which: str, kind: str) -> str:
    bound, side = spec.args.get(which), str(spec.args.get(f"{which}_side") or "").upper()
    if isinstance(bound, str) and bound.upper() in _BOUNDS:
        return f"{bound.upper()} {side}".strip()
    if isinstance(bound, exp.Literal) and not bound.args.get("is_string") and bound.name.isdecimal():
        if kind == "RANGE" or side not in {"PRECEDING", "FOLLOWING"}:
            raise NotNative("RANGE frames with an offset")
        return f"{int(bound.name)} {side}"
    raise NotNative("a frame whose bound is not constant")


def _ranked(node: exp.Expr, scope: Scope, over: str) -> Value:
    if "ORDER BY" not in over and "ranks without order" not in scope.context.dialect.features:
        raise NotNative(
            f"{title(node)} without an order is not proven equal in {scope.context.dialect.title}"
        )
    if type(node) in _RANKS:
        key, kind = _RANKS[type(node)]
        only(node, ())
        return _form(key, [], kind, scope, over)
    if isinstance(node, exp.Ntile):
        only(node, ("this",))
        return _form("ntile(count)", [scalar(node.this, scope)], BIGINT, scope, over)
    if type(node) in _SHIFTS:
        return _shifted(node, scope, over)
    if type(node) in _PICKS:
        only(node, ("this",))
        value = scalar(node.this, scope)
        return _form(f"{_PICKS[type(node)]}(any)", [value], value.kind, scope, over)
    if isinstance(node, exp.NthValue):
        only(node, ("this", "offset"))
        value, offset = scalar(node.this, scope), scalar(node.args["offset"], scope)
        return _form("nth_value(any, n)", [value, offset], value.kind, scope, over)
    raise NotNative(f"{title(node)} is not proven equal in {scope.context.dialect.title}")


def _shifted(node: exp.Expr, scope: Scope, over: str) -> Value:
    only(node, ("this", "offset", "default"))
    name, value = _SHIFTS[type(node)], scalar(node.this, scope)
    values = [value]
    if node.args.get("offset") is not None:
        values.append(scalar(node.args["offset"], scope))
    if node.args.get("default") is not None:
        value, default = adapt(scope.context, [value, scalar(node.args["default"], scope)])
        if default.kind != value.kind:
            raise NotNative(f"{name}() with a default of another type")
        values = [value, values[1], default]
    key = f"{name}({', '.join(['any', 'offset', 'default'][: len(values)])})"
    return _form(key, values, value.kind, scope, over)


def _form(key: str, values: list[Value], kind: Kind, scope: Scope, over: str) -> Value:
    dialect = scope.context.dialect
    native = dialect.windows.get(key)
    if native is None:
        raise NotNative(f"{key} is not proven equal in {dialect.title}")
    value = values[0] if values and values[0].kind == kind else Value("", kind)
    sql = apply_native(native, values, key, {"over": over})
    return replace(value, sql=sql, kind=kind, constant=None, nonzero=False, relations=relations_of(values))
