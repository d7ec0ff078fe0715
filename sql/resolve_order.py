"""ORDER BY, DISTINCT ON, LIMIT and OFFSET: positions, aliases and ALL made explicit."""

from __future__ import annotations

from sqlglot import exp

from sql.catalog import fold_name
from sql.resolution import Resolution
from sql.resolve_names import bind_names
from sql.sources import Scope


def resolve_order(resolution: Resolution, select: exp.Select, scope: Scope) -> None:
    """Resolves the ORDER BY clause of a block in place."""
    order = select.args.get("order")
    if order is None:
        return
    _expand_all(order, len(select.expressions))
    for ordered in order.expressions:
        _resolve_key(resolution, select, ordered, ordered.this, scope)
        _check_distinct(resolution, select, ordered)


def resolve_distinct(resolution: Resolution, select: exp.Select, scope: Scope) -> None:
    """Resolves the DISTINCT ON clause of a block in place."""
    distinct = select.args.get("distinct")
    if distinct is None or distinct.args.get("on") is None:
        return
    keys = distinct.args["on"]
    items = list(keys.expressions) if isinstance(keys, exp.Tuple) else [keys]
    holder = exp.Tuple(expressions=items)
    distinct.set("on", holder)
    for item in items:
        _resolve_key(resolution, select, item, item, scope)


def _expand_all(order: exp.Order, width: int) -> None:
    """`ORDER BY ALL` as every output in turn."""
    expanded: list[exp.Expr] = []
    for ordered in order.expressions:
        if isinstance(ordered.this, exp.Var):
            for place in range(1, width + 1):
                one = ordered.copy()
                one.set("this", exp.Literal(this=str(place), is_string=False))
                expanded.append(one)
        else:
            expanded.append(ordered)
    order.set("expressions", expanded)


def _resolve_key(
    resolution: Resolution, select: exp.Select, place: exp.Expr, key: exp.Expr, scope: Scope
) -> None:
    """A plain name is an output first and a column second; a number is an output's position."""
    if isinstance(key, exp.Literal):
        if key.is_string or not key.is_int:
            raise resolution.refused(place, "ordering by a constant")
        position = int(key.this)
        key.replace(refer_to_output(resolution, output_at(resolution, select, place, position), position))
        return
    if isinstance(key, exp.Column) and not key.args.get("table"):
        name = fold_name(key.name)
        if name in scope.repeated:
            raise resolution.error(key, "SQL_AMBIGUOUS", f"two outputs are called {key.name}")
        if name in scope.aliases:
            found = scope.aliases[name]
            position = next(i for i, output in enumerate(select.expressions, 1) if output.this is found)
            key.replace(refer_to_output(resolution, found, position))
            return
    bind_names(resolution, key, scope)


def output_at(resolution: Resolution, select: exp.Query, where: exp.Expr, position: int) -> exp.Expr:
    outputs = select.selects
    if not 1 <= position <= len(outputs):
        message = f"position {position} does not stand for one of the {len(outputs)} columns"
        raise resolution.error(where, "SQL_COLUMN_UNKNOWN", message)
    found = outputs[position - 1]
    return found.this if isinstance(found, exp.Alias) else found


def refer_to_output(resolution: Resolution, output: exp.Expr, position: int) -> exp.Expr:
    """An output said again, or its position where saying it again would be costly or mean something else."""
    if output.find(exp.Column) is None or output.find(exp.Query) is not None:
        return exp.Literal(this=str(position), is_string=False)
    return resolution.spend(output)


def _check_distinct(resolution: Resolution, select: exp.Select, ordered: exp.Expr) -> None:
    """After DISTINCT there is no row left that an order by anything but an output could mean."""
    distinct = select.args.get("distinct")
    key = ordered.this
    if distinct is None or distinct.args.get("on") is not None or isinstance(key, exp.Literal):
        return
    outputs = {output.this for output in select.expressions}
    if any(isinstance(node, exp.Column) and node not in outputs for node in _outside(key, outputs)):
        message = "ordering SELECT DISTINCT by what it does not select"
        raise resolution.refused(ordered, message, "Select it too, or use GROUP BY.")


def _outside(key: exp.Expr, outputs: set[exp.Expr]) -> list[exp.Expr]:
    """The nodes of an expression that are not inside one of the outputs."""
    found: list[exp.Expr] = []
    stack = [key]
    while stack:
        node = stack.pop()
        if node not in outputs:
            found.append(node)
            stack.extend(node.iter_expressions())
    return found


def check_row_counts(resolution: Resolution, query: exp.Query) -> None:
    """LIMIT and OFFSET take whole numbers; FETCH FIRST becomes LIMIT."""
    limit = query.args.get("limit")
    if isinstance(limit, exp.Fetch):
        limit = exp.Limit(expression=limit.args.get("count") or exp.Literal(this="1", is_string=False))
        query.set("limit", limit)
    for clause, node in (("limit", limit), ("offset", query.args.get("offset"))):
        if node is None:
            continue
        count = node.args.get("expression")
        while isinstance(count, exp.Paren):
            count = count.this
        if isinstance(count, exp.Placeholder):
            raise resolution.error(
                count, "SQL_PARAMETER", f"there is no value for the placeholder {count.name}"
            )
        if isinstance(count, exp.Null):
            query.set(clause, None)
        elif not (isinstance(count, exp.Literal) and count.is_int):
            raise resolution.refused(node, f"anything but a whole number in {clause.upper()}")
        else:
            node.set("expression", count)
