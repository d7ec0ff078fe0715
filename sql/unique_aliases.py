"""Gives every FROM item and every WITH name of a resolved query a name of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from sql.scopes import block_expressions, block_sources, is_cte_reference, source_alias, walk_here

RESERVED = re.compile(r"^fragment_\d+$")
"""Names that the planner gives to fragments."""


def unique_aliases(tree: exp.Query) -> exp.Query:
    """A copy of `tree` in which no two FROM items, and no two WITH names, share a name.

    Afterwards a column's table name says which FROM item of the whole tree it belongs to, without
    regard to nesting.

    >>> import sqlglot
    >>> q = "SELECT t.a AS a FROM d.x AS t WHERE EXISTS(SELECT 1 AS o FROM d.y AS t WHERE t.b > 0)"
    >>> unique_aliases(sqlglot.parse_one(q, dialect="duckdb")).sql("duckdb")
    'SELECT "t".a AS a FROM d.x AS "t" WHERE EXISTS(SELECT 1 AS o FROM d.y AS "t_2" WHERE "t_2".b > 0)'
    """
    copy = tree.copy()
    _Namer().name_query(copy, {}, {})
    return copy


class _Namer:
    def __init__(self) -> None:
        self.taken: set[str] = set()

    def fresh(self, name: str) -> str:
        candidate, number = name, 1
        while candidate.lower() in self.taken or RESERVED.match(candidate.lower()):
            number += 1
            candidate = f"{name}_{number}"
        self.taken.add(candidate.lower())
        return candidate

    def name_query(self, query: exp.Query, aliases: Mapping[str, str], ctes: Mapping[str, str]) -> None:
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ else ():
            self.name_query(cte.this, aliases, ctes)
            new = self.fresh(cte.alias)
            ctes = {**ctes, cte.alias.lower(): new}
            cte.args["alias"].set("this", exp.to_identifier(new, quoted=True))
        if isinstance(query, exp.Subquery):
            self.name_query(query.this, aliases, ctes)
        elif isinstance(query, exp.SetOperation):
            self.name_query(query.this, aliases, ctes)
            self.name_query(query.expression, aliases, ctes)
        elif isinstance(query, exp.Select):
            self.name_select(query, aliases, ctes)

    def name_select(self, select: exp.Select, outer: Mapping[str, str], ctes: Mapping[str, str]) -> None:
        aliases = dict(outer)
        for source, _ in block_sources(select):
            if isinstance(source, exp.Subquery):
                self.name_query(source, outer, ctes)
            elif isinstance(source, exp.Table):
                if is_cte_reference(source) and source.name.lower() in ctes:
                    old = source_alias(source)
                    source.set("this", exp.to_identifier(ctes[source.name.lower()], quoted=True))
                    self._set_alias(source, old)
            else:
                # A lateral item sees the items before it.
                self.rename(source, aliases, ctes)
            old = source_alias(source)
            if old:
                aliases[old.lower()] = self.fresh(old)
                self._set_alias(source, aliases[old.lower()])
        for expression in block_expressions(select):
            self.rename(expression, aliases, ctes)

    @staticmethod
    def _set_alias(source: exp.Expr, name: str) -> None:
        alias = source.args.get("alias")
        identifier = exp.to_identifier(name, quoted=True)
        if isinstance(alias, exp.TableAlias):
            alias.set("this", identifier)
        else:
            source.set("alias", exp.TableAlias(this=identifier))

    def rename(self, node: exp.Expr, aliases: Mapping[str, str], ctes: Mapping[str, str]) -> None:
        for inner in walk_here(node):
            if isinstance(inner, exp.Column) and inner.table:
                new = aliases.get(inner.table.lower())
                if new is not None:
                    inner.set("table", exp.to_identifier(new, quoted=True))
            elif isinstance(inner, exp.Query):
                self.name_query(inner, aliases, ctes)
