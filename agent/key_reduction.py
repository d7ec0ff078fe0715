"""What a fragment that finishes beside its database still lets the database find: the rows that its join keys name.

The conditions stay where they are as well, over fewer rows, so that nothing depends on how many are left out early.
"""

from __future__ import annotations

from sqlglot import exp

from sql.keys import is_key_table, key_set_of
from sql.scopes import block_sources, is_cte_reference, join_conjuncts, split_conjuncts


def found_rows(query: exp.Query) -> tuple[exp.Table, exp.Select] | None:
    """The one published table of a piece, and the query for those of its rows that the key sets let through.

    None where the piece reads more than one, or has no key set as a condition of the block that reads it.

    >>> from sqlglot import parse_one
    >>> keys = 'SELECT k."key" AS "key" FROM "_keys"."keys_1" AS k'
    >>> text = f"SELECT f(t.x) AS y FROM d.t AS t WHERE g(t.z) AND t.i IN ({keys})"
    >>> table, rows = found_rows(parse_one(text, dialect="duckdb"))
    >>> rows.sql("duckdb").partition(" WHERE ")[0]
    'SELECT "t"."i" AS "i", "t"."x" AS "x", "t"."z" AS "z" FROM d.t AS t'
    """
    tables = [t for t in query.find_all(exp.Table) if not is_key_table(t)]
    select = tables[0].find_ancestor(exp.Select) if len(tables) == 1 else None
    if select is None or is_cte_reference(tables[0]) or [s for s, _ in block_sources(select)] != tables:
        return None
    table, where = tables[0], select.args.get("where")
    conjuncts = split_conjuncts(where.this if where is not None else None)
    named = [c for c in conjuncts if _compares(c, table.alias_or_name)]
    if not named:
        return None
    columns = sorted({c.name for c in query.find_all(exp.Column) if c.table == table.alias_or_name})
    rows = exp.Select(
        expressions=[
            exp.alias_(exp.column(name, table=table.alias_or_name, quoted=True), name, quoted=True)
            for name in columns
        ]
    )
    rows.set("from_", exp.From(this=table.copy()))
    rows.set("where", exp.Where(this=join_conjuncts([conjunct.copy() for conjunct in named])))
    return table, rows


def over_rows(query: exp.Query, table: exp.Table, place: str) -> exp.Query:
    """The piece with its table read from `place`."""
    copy = query.copy()
    for found in [t for t in copy.find_all(exp.Table) if t == table]:
        alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name, quoted=True))
        found.replace(exp.Table(this=exp.to_identifier(place, quoted=True), alias=alias))
    return copy


def without_keys(query: exp.Query) -> exp.Query:
    """A query of the same types whose comparisons with key sets are true."""
    if not any(is_key_table(table) for table in query.find_all(exp.Table)):
        return query
    copy = query.copy()
    for node in [node for node in copy.find_all(exp.In) if key_set_of(node) is not None]:
        node.replace(exp.true())
    return copy


def _compares(conjunct: exp.Expr, alias: str) -> bool:
    """`alias.column IN (keys)`, or NOT, or several such connected by OR: the members of a federated table send one each."""
    stack = [conjunct]
    while stack:
        node = stack.pop().unnest()
        if isinstance(node, exp.Or):
            stack += [node.this, node.expression]
            continue
        if isinstance(node, exp.Not):
            node = node.this.unnest()
        column = node.this.unnest() if key_set_of(node) is not None else None
        if not isinstance(column, exp.Column) or column.table != alias:
            return False
    return True
