"""Any query: WITH, set operations, parentheses; blocks go to `resolve_select`."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sql.annotate import set_kind
from sql.catalog import fold_name
from sql.kinds import unified
from sql.naming import distinct_names
from sql.resolution import Resolution
from sql.resolve_order import check_row_counts
from sql.resolve_select import resolve_select
from sql.sources import CteDefinition, Output, Scope, SourceColumn, identifier

_UNNAMED_PARENTS = (exp.Exists, exp.In, exp.Any, exp.All)


def resolve_query(
    resolution: Resolution, query: exp.Query, ctes: Mapping[str, CteDefinition], outer: Scope | None
) -> tuple[exp.Query, tuple[Output, ...]]:
    """The resolved query, which may be another node than the given one, and its outputs."""
    if isinstance(query, exp.Subquery):
        return _resolve_parentheses(resolution, query, ctes, outer)
    ctes = _resolve_with(resolution, query, ctes, outer)
    if isinstance(query, exp.Select):
        if isinstance(query.parent, exp.Exists):
            _forget_outputs(query)
        outputs = resolve_select(resolution, query, ctes, outer, named=_names_matter(query))
        return query, outputs
    if isinstance(query, exp.SetOperation):
        return _resolve_set_operation(resolution, query, ctes, outer)
    raise resolution.refused(query, "this kind of query")


def _names_matter(query: exp.Query) -> bool:
    parent = query.parent
    while isinstance(parent, (exp.Subquery, exp.SetOperation)):
        if isinstance(parent.parent, (exp.From, exp.Join, exp.Lateral)):
            return True
        parent = parent.parent
    return isinstance(parent, (exp.CTE, exp.From, exp.Join, exp.Lateral))


def _forget_outputs(select: exp.Select) -> None:
    """EXISTS (SELECT * …) asks for rows, not for columns."""
    plain = not any(select.args.get(part) for part in ("group", "having", "distinct", "qualify", "order"))
    if plain and len(select.expressions) == 1 and isinstance(select.expressions[0], exp.Star):
        select.set("expressions", [exp.Literal(this="1", is_string=False)])


def _resolve_with(
    resolution: Resolution, query: exp.Query, ctes: Mapping[str, CteDefinition], outer: Scope | None
) -> Mapping[str, CteDefinition]:
    clause = query.args.get("with_")
    if clause is None:
        return ctes
    known = dict(ctes)
    for cte in clause.expressions:
        key = fold_name(cte.alias)
        if key in known and known[key] is not ctes.get(key):
            raise resolution.error(cte, "SQL_AMBIGUOUS", f"two WITH names are {cte.alias}")
        # Seen from its own body and from those before it, a name refers to nothing.
        known[key] = CteDefinition(cte.alias, "", None)
    for cte in clause.expressions:
        alias = cte.args["alias"]
        body, outputs = resolve_query(resolution, cte.this, dict(known), outer)
        shown = tuple(column.name for column in alias.columns)
        if len(shown) > len(outputs):
            message = f"{cte.alias} has {len(shown)} column names for {len(outputs)} columns"
            raise resolution.error(cte, "SQL_COLUMN_UNKNOWN", message)
        name = resolution.fresh_cte(cte.alias)
        cte.set("this", body)
        cte.set("alias", exp.TableAlias(this=identifier(name)))
        cte.set("materialized", None)
        known[fold_name(alias.this.name)] = CteDefinition(alias.this.name, name, outputs, shown)
    return known


# --- parentheses -------------------------------------------------------------------------------


def _resolve_parentheses(
    resolution: Resolution, query: exp.Subquery, ctes: Mapping[str, CteDefinition], outer: Scope | None
) -> tuple[exp.Query, tuple[Output, ...]]:
    """Drops parentheses, and turns clauses that stand after them into a block around what is inside."""
    ctes = _resolve_with(resolution, query, ctes, outer)
    inner, outputs = resolve_query(resolution, query.this, ctes, outer)
    modifiers = {part: query.args.get(part) for part in ("order", "limit", "offset")}
    if any(modifiers.values()):
        if any(inner.args.get(part) for part in modifiers):
            inner, outputs = _select_from(resolution, inner, outputs)
        for part, value in modifiers.items():
            inner.set(part, value)
        _order_by_outputs(resolution, inner, outputs, [list(outputs)])
        check_row_counts(resolution, inner)
    if (clause := query.args.get("with_")) is not None:
        if inner.args.get("with_") is not None:
            clause.set("expressions", clause.expressions + inner.args["with_"].expressions)
        inner.set("with_", clause)
    return inner, outputs


def _select_from(
    resolution: Resolution, inner: exp.Query, outputs: tuple[Output, ...]
) -> tuple[exp.Query, tuple[Output, ...]]:
    """`SELECT <every output> FROM (<inner>)`."""
    alias = resolution.fresh_alias("derived")
    columns = [SourceColumn(output.name, output.name, alias, output.kind) for output in outputs]
    names = distinct_names([output.name for output in outputs])
    select = exp.Select(
        expressions=[
            _typed_alias(column.refer(), name, column.kind)
            for column, name in zip(columns, names, strict=True)
        ]
    )
    derived = exp.Subquery(this=inner, alias=exp.TableAlias(this=identifier(alias)))
    select.set("from_", exp.From(this=derived))
    return select, tuple(Output(name, output.kind) for name, output in zip(names, outputs, strict=True))


def _typed_alias(value: exp.Expr, name: str, kind: str | None) -> exp.Alias:
    alias = exp.Alias(this=value, alias=identifier(name))
    set_kind(alias, kind)
    return alias


# --- set operations ----------------------------------------------------------------------------


def _resolve_set_operation(
    resolution: Resolution, query: exp.SetOperation, ctes: Mapping[str, CteDefinition], outer: Scope | None
) -> tuple[exp.Query, tuple[Output, ...]]:
    """Resolves a chain of set operations from the innermost left side outwards, without recursion."""
    chain: list[exp.SetOperation] = []
    node: exp.Query = query
    scopes: list[Mapping[str, CteDefinition]] = []
    while isinstance(node, exp.SetOperation):
        chain.append(node)
        scopes.append(ctes)
        node = node.this
        if isinstance(node, exp.SetOperation):
            ctes = _resolve_with(resolution, node, ctes, outer)
    outputs = _resolve_operand(resolution, chain[-1], "this", scopes[-1], outer)
    operands = [list(outputs)]
    for operation, known in zip(reversed(chain), reversed(scopes), strict=True):
        right = _resolve_operand(resolution, operation, "expression", known, outer)
        if len(right) != len(outputs):
            message = f"the two sides of {operation.key.upper()} have {len(outputs)} and {len(right)} columns"
            raise resolution.error(operation, "SQL_TYPE", message)
        operands.append(list(right))
        outputs = tuple(
            Output(one.name, unified(one.kind, other.kind)) for one, other in zip(outputs, right, strict=True)
        )
        if operation is not query and operation.args.get("order") is not None:
            _order_by_outputs(resolution, operation, outputs, operands)
        if operation is not query:
            check_row_counts(resolution, operation)
    result: exp.Query = query
    if query.args.get("order") is not None:
        result, outputs = _order_set_operation(resolution, query, outputs, operands)
    check_row_counts(resolution, result)
    return result, outputs


def _resolve_operand(
    resolution: Resolution,
    operation: exp.SetOperation,
    side: str,
    ctes: Mapping[str, CteDefinition],
    outer: Scope | None,
) -> tuple[Output, ...]:
    operand = operation.args[side]
    query, outputs = resolve_query(resolution, operand, ctes, outer)
    if query is not operand:
        operation.set(side, exp.Subquery(this=query))
    return outputs


def _order_set_operation(
    resolution: Resolution,
    query: exp.SetOperation,
    outputs: tuple[Output, ...],
    operands: list[list[Output]],
) -> tuple[exp.Query, tuple[Output, ...]]:
    """Orders by position; for anything else, a block around the operation orders."""
    order = query.args["order"]
    if all(isinstance(ordered.this, (exp.Literal, exp.Column, exp.Var)) for ordered in order.expressions):
        _order_by_outputs(resolution, query, outputs, operands)
        return query, outputs
    modifiers = {part: query.args.get(part) for part in ("order", "limit", "offset")}
    with_ = query.args.get("with_")
    for part in (*modifiers, "with_"):
        query.set(part, None)
    select, outputs = _select_from(resolution, query, outputs)
    for part, value in {**modifiers, "with_": with_}.items():
        select.set(part, value)
    _order_by_outputs(resolution, select, outputs, operands)
    return select, outputs


def _order_by_outputs(
    resolution: Resolution, query: exp.Query, outputs: tuple[Output, ...], operands: list[list[Output]]
) -> None:
    """Binds the ORDER BY of a query whose outputs are all that can be named: to positions, or within
    expressions to the columns of the one derived table it reads.
    """
    order = query.args.get("order")
    if order is None:
        return
    places: dict[str, int] = {}
    for operand in operands:
        for place, output in enumerate(operand, 1):
            places.setdefault(fold_name(output.name), place)
    expanded: list[exp.Expr] = []
    for ordered in order.expressions:
        if isinstance(ordered.this, exp.Var):
            for place in range(1, len(outputs) + 1):
                one = ordered.copy()
                one.set("this", exp.Literal(this=str(place), is_string=False))
                expanded.append(one)
            continue
        expanded.append(ordered)
        _bind_key(resolution, query, ordered, outputs, places)
    order.set("expressions", expanded)


def _bind_key(
    resolution: Resolution,
    query: exp.Query,
    ordered: exp.Expr,
    outputs: tuple[Output, ...],
    places: Mapping[str, int],
) -> None:
    key = ordered.this
    if isinstance(key, exp.Literal):
        if key.is_string or not key.is_int or not 1 <= int(key.this) <= len(outputs):
            message = f"there is no column at this position: the query returns {len(outputs)}"
            raise resolution.error(ordered, "SQL_COLUMN_UNKNOWN", message)
        return
    if isinstance(key, exp.Column):
        ordered.set("this", exp.Literal(this=str(_place(resolution, key, places)), is_string=False))
        return
    if not isinstance(query, exp.Select) or key.find(exp.Query) is not None:
        raise resolution.refused(
            ordered, "such an order over a set operation", "Order by output names or positions."
        )
    for column in list(key.find_all(exp.Column)):
        column.replace(query.expressions[_place(resolution, column, places) - 1].this.copy())


def _place(resolution: Resolution, column: exp.Column, places: Mapping[str, int]) -> int:
    place = places.get(fold_name(column.name))
    if place is None or column.args.get("table"):
        message = f"the combined query returns no column {column.name}"
        raise resolution.error(column, "SQL_COLUMN_UNKNOWN", message, "Order by output names or positions.")
    return place
