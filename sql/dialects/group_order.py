"""Groups that are made soonest in the order in which their table lies: one after the other, without a table of groups.

A database that expects few groups hashes them, and spills when they turn out to be many. PostgreSQL's estimate of
them is a tenth of what they are where they lie together (its sample of rows meets each value in few blocks), as in
TPC-H q18.
"""

from __future__ import annotations

from sqlglot import exp

from sql.dialects.scope import Context, duckdb_fold


def group_order(select: exp.Select, context: Context) -> str:
    """The column of the one derived table in FROM in whose order a block's groups are made; empty for none.

    All rows are read: where conditions leave few, their order is worth nothing.
    """
    group, source = select.args.get("group"), select.args.get("from_")
    if "ordered groups" not in context.dialect.features or group is None or source is None:
        return ""
    if select.args.get("joins") or select.args.get("where") or set(_given(group)) != {"expressions"}:
        return ""
    derived, keys = source.this, group.expressions
    if len(keys) != 1 or not isinstance(keys[0], exp.Column) or not isinstance(derived, exp.Subquery):
        return ""
    key = keys[0]
    found = duckdb_fold(key.table) == duckdb_fold(derived.alias) and _is_clustered(derived, key.name, context)
    return key.name if found else ""


def _is_clustered(derived: exp.Subquery, name: str, context: Context) -> bool:
    """Whether a column of a derived table is one by which the table lies that all of its rows come from."""
    body = derived.this
    if not isinstance(body, exp.Select) or set(_given(body)) != {"expressions", "from_"}:
        return False
    value = next(
        (o.unalias() for o in body.expressions if duckdb_fold(o.alias_or_name) == duckdb_fold(name)), None
    )
    if not isinstance(value, exp.Column):
        return False
    inner = body.args["from_"].this
    if isinstance(inner, exp.Subquery):
        return _is_clustered(inner, value.name, context)
    columns = (
        context.tables.get(tuple(part.name for part in inner.parts)) if isinstance(inner, exp.Table) else None
    )
    column = columns.get(value.name) if columns is not None else None
    if column is None or not column.clustered:
        return False
    # In another form it has no index.
    return context.dialect.read("", column).sql == ""


def _given(node: exp.Expr) -> list[str]:
    return [part for part, value in node.args.items() if value]
