"""Replaces each federated table by the union of its members."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from gateway.planner.members import FEDERATED, SHAPE
from sql.catalog import Catalog, Table
from sql.scopes import is_cte_reference, used_names


def expand_federated_tables(tree: exp.Query, catalog: Catalog) -> exp.Query:
    """`tree` with each federated table as a UNION ALL over its members; a copy where there is one.

    Only the columns that the tree uses are listed, and the member column is a literal per member.
    """
    if not any(_federated(node, catalog) for node in tree.find_all(exp.Table)):
        return tree
    copy = tree.copy()
    used: dict[str, set[str]] = {}
    for column in copy.find_all(exp.Column):
        used.setdefault(column.table, set()).add(column.name)
    # A name that is a column's as well is read as the column in places (DuckDB's HAVING, with outer columns in it).
    taken = {*used_names(copy), *_column_names(copy, catalog)}
    for node in list(copy.find_all(exp.Table)):
        table = _federated(node, catalog)
        if table is None:
            continue
        wanted = used.get(node.alias_or_name, set())
        columns = tuple(column.name for column in table.columns if column.name in wanted)
        arms = [_arm(table, member, columns, taken) for member in table.members]
        for arm in arms:
            arm.meta[SHAPE] = node.alias_or_name
        alias = exp.TableAlias(this=exp.to_identifier(node.alias_or_name, quoted=True))
        union = exp.Subquery(this=_union(arms), alias=alias)
        union.meta[FEDERATED] = table.qualified_name
        node.replace(union)
    return copy


def _column_names(tree: exp.Query, catalog: Catalog) -> Iterator[str]:
    for node in tree.find_all(exp.Table):
        table = None if is_cte_reference(node) else catalog.find(node.db, node.name)
        yield from (column.name.lower() for column in table.columns) if table is not None else ()


def _federated(node: exp.Table, catalog: Catalog) -> Table | None:
    table = None if is_cte_reference(node) else catalog.find(node.db, node.name)
    return table if table is not None and table.members else None


def _arm(table: Table, member: tuple[str, str], columns: tuple[str, ...], taken: set[str]) -> exp.Select:
    department, name = member
    alias, number = department, 1
    while alias.lower() in taken:
        number += 1
        alias = f"member_{number}"
    taken.add(alias.lower())
    projections: list[exp.Expr] = []
    for column in columns:
        value: exp.Expr = exp.column(column, table=alias, quoted=True)
        if column == table.member_column:
            value = exp.Literal.string(department)
        projections.append(exp.alias_(value, column, quoted=True))
    source = exp.Table(
        this=exp.to_identifier(name, quoted=True),
        db=exp.to_identifier(department, quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)),
    )
    return exp.Select(
        expressions=projections or [exp.alias_(exp.Literal.number(1), "one", quoted=True)],
        from_=exp.From(this=source),
    )


def _union(arms: list[exp.Select]) -> exp.Query:
    """A balanced UNION ALL, so that four hundred members nest nine levels deep and not four hundred."""
    queries: list[exp.Query] = list(arms)
    while len(queries) > 1:
        queries = [_pair(queries[at : at + 2]) for at in range(0, len(queries), 2)]
    return queries[0]


def _pair(queries: list[exp.Query]) -> exp.Query:
    if len(queries) == 1:
        return queries[0]
    left, right = (q if isinstance(q, exp.Select) else exp.Subquery(this=q) for q in queries)
    return exp.Union(this=left, expression=right, distinct=False)
