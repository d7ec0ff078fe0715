"""GROUP BY: positions, aliases and ALL made explicit."""

from __future__ import annotations

from sqlglot import exp

from sql.allowed_functions import is_aggregate_call
from sql.catalog import fold_name
from sql.resolution import Resolution
from sql.resolve_names import bind_names, find_unqualified
from sql.resolve_order import output_at, refer_to_output
from sql.sources import AliasMode, Scope, SourceColumn


def resolve_groups(resolution: Resolution, select: exp.Select, scope: Scope) -> None:
    """Resolves the GROUP BY clause in place and notes in `scope` what is grouped by."""
    group = select.args.get("group")
    if group is None:
        return
    if group.args.get("all"):
        # What has no column is the same in every row, and DuckDB does not group by it here.
        items = [
            refer_to_output(resolution, output.this, place)
            for place, output in enumerate(select.expressions, 1)
            if not has_aggregate(output) and _varies(output, scope)
        ]
        select.set("group", exp.Group(expressions=items) if items else None)
    else:
        for item in list(group.expressions):
            _resolve_item(resolution, select, item, scope)
    group = select.args.get("group")
    if group is not None:
        _note_grouped(group, scope)


def _varies(output: exp.Expr, scope: Scope) -> bool:
    """True for an output that reads a column of this block, in a nested query or not."""
    own = {source.alias for source in scope.relation.sources}
    return any(column.table in own for column in output.find_all(exp.Column))


def _resolve_item(resolution: Resolution, select: exp.Select, item: exp.Expr, scope: Scope) -> None:
    if isinstance(item, (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple, exp.Paren)):
        for part in [item.this] if isinstance(item, exp.Paren) else list(item.expressions):
            _resolve_item(resolution, select, part, scope)
        return
    if isinstance(item, exp.Literal) and item.is_int:
        place = int(item.this)
        item.replace(refer_to_output(resolution, output_at(resolution, select, item, place), place))
        return
    if isinstance(item, exp.Column) and not item.args.get("table"):
        found = find_unqualified(resolution, item, scope)
        if isinstance(found, exp.Expr):
            item.replace(refer_to_output(resolution, found, _place_of_alias(select, item.name)))
            return
    scope.mode = AliasMode.NONE
    bind_names(resolution, item, scope)
    scope.mode = AliasMode.AFTER_COLUMNS


def _place_of_alias(select: exp.Select, name: str) -> int:
    folded = fold_name(name)
    return next(p for p, output in enumerate(select.expressions, 1) if fold_name(output.alias) == folded)


def has_aggregate(expression: exp.Expr) -> bool:
    """True when this block aggregates inside the expression; a window around a call makes it no aggregate."""
    stack: list[exp.Expr] = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Query):
            continue
        if is_aggregate_call(node):
            return True
        if isinstance(node, exp.Window):
            stack += list(windowed_call(node).iter_expressions())
            stack += [inner for key in ("partition_by", "order") for inner in _listed(node.args.get(key))]
        else:
            stack.extend(node.iter_expressions())
    return False


def windowed_call(window: exp.Window) -> exp.Expr:
    """The call that a window is put over, without FILTER and IGNORE NULLS around it."""
    call: exp.Expr = window.this
    while isinstance(call, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
        call = call.this
    return call


def _listed(value: object) -> list[exp.Expr]:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, exp.Expr) else []


def _note_grouped(group: exp.Group, scope: Scope) -> None:
    columns = {
        (column.alias, column.name): column
        for source in scope.relation.sources
        for column in source.columns.values()
    }
    stack = list(group.expressions)
    while stack:
        item = stack.pop()
        if isinstance(item, (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple, exp.Paren)):
            stack += [item.this] if isinstance(item, exp.Paren) else item.expressions
        elif isinstance(item, exp.Column):
            _note(scope.grouped, columns, item)
        else:
            for column in item.find_all(exp.Column):
                _note(scope.inside, columns, column)


def _note(noted: set[SourceColumn], columns: dict[tuple[str, str], SourceColumn], column: exp.Column) -> None:
    if (found := columns.get((column.table, column.name))) is not None:
        noted.add(found)
