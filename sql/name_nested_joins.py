"""Gives a parenthesised join a name, so that it is a FROM item like any other."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sql.scopes import block_expressions, block_sources, source_alias, walk_here


def name_nested_joins(tree: exp.Query) -> exp.Query:
    """A copy of `tree` in which `(a JOIN b ON …)` is `(SELECT … FROM a JOIN b ON …) AS nested_1`.

    >>> import sqlglot
    >>> q = "SELECT p.i AS i, f.n AS n FROM d.p AS p LEFT JOIN (e.f AS f JOIN e.m AS m ON m.i = f.i) ON f.o = p.i"
    >>> name_nested_joins(sqlglot.parse_one(q, dialect="duckdb")).sql("duckdb").partition("LEFT JOIN ")[2]
    '(SELECT f.n AS n, f.o AS o FROM e.f AS f JOIN e.m AS m ON m.i = f.i) AS "nested_1" ON "nested_1".o = p.i'
    """
    nested = [node for node in tree.find_all(exp.Subquery) if isinstance(node.this, exp.Table)]
    if not nested:
        return tree
    copy = tree.copy()
    taken = {table.alias_or_name.lower() for table in copy.find_all(exp.Table, exp.Subquery)}
    number = 0
    # Inner ones first: find_all goes from the outside in.
    for select in reversed(list(copy.find_all(exp.Select))):
        for source, _ in block_sources(select):
            if isinstance(source, exp.Subquery) and isinstance(source.this, exp.Table):
                number += 1
                while f"nested_{number}" in taken:
                    number += 1
                _name(select, source, f"nested_{number}")
    return copy


def _name(select: exp.Select, source: exp.Subquery, name: str) -> None:
    table = source.this
    joins = table.args.get("joins") or []
    table.set("joins", None)
    inner = exp.Select(expressions=[], from_=exp.From(this=table), joins=joins)
    for item, _ in block_sources(inner):
        if isinstance(item, exp.Subquery) and isinstance(item.this, exp.Table):
            _name(inner, item, f"{name}_{source_alias(item) or 'inner'}")
    aliases = {source_alias(item).lower() for item, _ in block_sources(inner)}
    names: dict[tuple[str, str], str] = {}
    projections: list[exp.Expr] = []
    for expression in block_expressions(select):
        for column in _columns(expression, aliases):
            key = (column.table, column.name)
            if key not in names:
                clash = column.name.lower() in {output.lower() for output in names.values()}
                names[key] = f"{column.table}_{column.name}" if clash else column.name
                projections.append(exp.alias_(column.copy(), names[key], quoted=column.this.quoted))
            column.set("this", exp.to_identifier(names[key], quoted=column.this.quoted))
            column.set("table", exp.to_identifier(name, quoted=True))
    inner.set("expressions", projections or [exp.alias_(exp.Literal.number(1), "one", quoted=True)])
    source.set("this", inner)
    source.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))


def _columns(node: exp.Expr, aliases: set[str]) -> Iterator[exp.Column]:
    """The columns of `aliases` in `node`, into subqueries as far as they do not use the names anew."""
    for inner in walk_here(node):
        if isinstance(inner, exp.Column) and inner.table.lower() in aliases:
            yield inner
        elif isinstance(inner, exp.Query):
            yield from _columns_of_query(inner, aliases)


def _columns_of_query(query: exp.Query, aliases: set[str]) -> Iterator[exp.Column]:
    for select in [query] if isinstance(query, exp.Select) else []:
        left = aliases - {source_alias(source).lower() for source, _ in block_sources(select)}
        for expression in block_expressions(select):
            yield from _columns(expression, left)
        for source, _ in block_sources(select):
            yield from _columns(source, left)
    for child in query.iter_expressions() if not isinstance(query, exp.Select) else ():
        yield from _columns(child, aliases)
