"""Whether a comparison with a key set chooses only among rows that could as well be chosen from what leaves.

Whoever sends a fragment makes up its key sets. Where the compared column leaves beside everything that the
comparison decides, the fragment without the comparison, for which the same uses are needed, would have told the
same and more. Anywhere else, as under `SELECT sum(x) FROM t WHERE k IN (keys)`, a key set picks people.
"""

from __future__ import annotations

from sqlglot import exp

from sql.allowed_functions import is_aggregate_call
from sql.scopes import block_sources, source_alias

_CONNECTING = (exp.And, exp.Or, exp.Not, exp.Paren)
_SETS = (exp.Rollup, exp.Cube, exp.GroupingSets)


def leaves_beside(comparison: exp.In) -> bool:
    """Whether each row, or group, that the comparison lets through leaves with the compared column in it.

    >>> from sqlglot import parse_one
    >>> def of(text): return leaves_beside(parse_one(text, dialect="duckdb").find(exp.In))
    >>> of("SELECT t.k AS k, t.x AS x FROM d.t AS t WHERE t.k IN (SELECT 1)")
    True
    >>> of("SELECT t.k AS k, sum(t.x) AS x FROM d.t AS t WHERE t.k IN (SELECT 1) GROUP BY t.k")
    True
    >>> of("SELECT sum(t.x) AS x FROM d.t AS t WHERE t.k IN (SELECT 1)")
    False
    """
    column: exp.Expr = comparison.this.unnest()
    node: exp.Expr = comparison
    while isinstance(node.parent, _CONNECTING):
        node = node.parent
    select = node.parent.parent if isinstance(node.parent, exp.Where) else None
    if not isinstance(select, exp.Select) or not isinstance(column, exp.Column):
        return False
    if column.table not in {source_alias(source) for source, _ in block_sources(select)}:
        return False
    while True:
        place = _place(select, column)
        if place is None:
            return False
        query = _whole(select)
        if query is None:
            return False
        if query.parent is None:
            return True
        # Inside a query that goes on with all its rows, and with this column of them.
        if _cut(query) or not isinstance(query.parent, exp.Subquery):
            return False
        around = _around(query.parent)
        if around is None:
            return False
        column = exp.column(query.selects[place].alias_or_name, table=query.parent.alias)
        select = around


def _place(select: exp.Select, column: exp.Column) -> int | None:
    """The output that is the column, where every row or group of the block is one row of its output."""
    if select.args.get("qualify") or any(node is not None for node in select.find_all(exp.Window)):
        return None
    distinct, group = select.args.get("distinct"), select.args.get("group")
    if distinct is not None and distinct.args.get("on") is not None:
        return None
    if group is not None:
        if group.find(*_SETS) is not None or not any(_same(key, column) for key in group.expressions):
            return None
        if any(value for name, value in group.args.items() if name != "expressions"):
            return None
    elif select.args.get("having") is not None or _aggregates(select):
        return None
    for place, output in enumerate(select.expressions):
        if _same(output.unalias(), column):
            return place
    return None


def _aggregates(select: exp.Select) -> bool:
    order = select.args.get("order")
    read = [*select.expressions, *([order] if order is not None else [])]
    return any(is_aggregate_call(node) for part in read for node in part.walk())


def _same(node: exp.Expr, column: exp.Column) -> bool:
    node = node.unnest()
    return isinstance(node, exp.Column) and (node.table, node.name) == (column.table, column.name)


def _whole(select: exp.Select) -> exp.Query | None:
    """The set operation that the block is an arm of, or the block; None where rows of several arms become one."""
    query: exp.Query = select
    while isinstance(query.parent, exp.SetOperation):
        if _cut(query) or type(query.parent) is not exp.Union or query.parent.args.get("distinct"):
            return None
        query = query.parent
    return query


def _cut(query: exp.Query) -> bool:
    return any(query.args.get(part) is not None for part in ("limit", "offset"))


def _around(derived: exp.Subquery) -> exp.Select | None:
    """The block that reads a derived table, by inner joins or alone."""
    clause = derived.parent
    select = clause.parent if isinstance(clause, (exp.From, exp.Join)) else None
    if not isinstance(select, exp.Select):
        return None
    plain = all(
        join is None or (not join.side and (join.kind or "").upper() in {"", "INNER", "CROSS"})
        for _, join in block_sources(select)
    )
    return select if plain else None
