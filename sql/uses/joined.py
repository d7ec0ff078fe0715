"""Which tables are there in a question only joined with others: each of their rows has a partner row, or is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from sqlglot import exp

from sql.keys import is_key_table
from sql.scopes import block_sources, is_cte_reference, source_alias, split_conjuncts

Key: TypeAlias = tuple[str, str]
"""A published table: department and name."""


def joined_tables(tree: exp.Query) -> Mapping[Key, frozenset[Key]]:
    """For each published table of a resolved tree, the published tables with which every mention of it is joined.

    A join counts when it is an equality of two columns that drops every row without a partner: in WHERE, in ON of
    an inner join, in ON of an outer join for the side that it does not keep, or in a subquery of IN or EXISTS.
    Only the block that names the table is looked at, so that a join further out counts for nothing.

    >>> from sqlglot import parse_one
    >>> tree = parse_one("SELECT 1 FROM h.p AS p LEFT JOIN c.b AS b ON p.id = b.id", read="duckdb")
    >>> joined_tables(tree)[("c", "b")], joined_tables(tree)[("h", "p")]
    (frozenset({('h', 'p')}), frozenset())
    """
    published = {
        table.alias_or_name: (table.db, table.name)
        for table in tree.find_all(exp.Table)
        # What a key set holds is the word of whoever sent it, and no partner row.
        if not is_cte_reference(table) and not is_key_table(table)
    }
    found: dict[Key, frozenset[Key]] = {}
    seen: set[str] = set()
    for select in tree.find_all(exp.Select):
        aliases = [source_alias(source) for source, _ in block_sources(select)]
        partners: dict[str, set[Key]] = {alias: set() for alias in aliases if alias in published}
        for alias, other in _pairs(select, aliases):
            if alias in partners and other in published:
                partners[alias].add(published[other])
        for alias, keys in partners.items():
            seen.add(alias)
            key = published[alias]
            found[key] = frozenset(keys) & found[key] if key in found else frozenset(keys)
    # A table that stands where no block was found to name it is joined with nothing.
    for alias in published.keys() - seen:
        found[published[alias]] = frozenset()
    return found


def _pairs(select: exp.Select, aliases: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(alias, partner) where a row of the alias is dropped that equals no row of the partner."""
    where = select.args.get("where")
    for left, right in _equalities(where.this if where is not None else None):
        yield from ((left, right), (right, left))
    if where is not None:
        yield from _semi_joins(where.this)
    before = list(aliases[:1])
    for source, join in block_sources(select)[1:]:
        assert join is not None
        alias = source_alias(source)
        keeps = _dropped_sides(join)
        for left, right in _equalities(join.args.get("on")):
            for own, other in ((left, right), (right, left)):
                if (own == alias and "right" in keeps) or (own in before and "left" in keeps):
                    yield own, other
        before.append(alias)


def _dropped_sides(join: exp.Join) -> frozenset[str]:
    """The sides of a join that lose their rows without a partner."""
    side, kind = (join.side or "").upper(), (join.kind or "").upper()
    if (join.args.get("method") or "") or kind not in {"", "INNER", "CROSS", "OUTER", "SEMI"}:
        return frozenset()
    if kind == "SEMI":
        return frozenset({"left", "right"})
    return {"": frozenset({"left", "right"}), "LEFT": frozenset({"right"}), "RIGHT": frozenset({"left"})}.get(
        side, frozenset()
    )


def _equalities(condition: exp.Expr | None) -> Iterator[tuple[str, str]]:
    for conjunct in split_conjuncts(condition):
        node = conjunct.unnest()
        if isinstance(node, exp.EQ):
            left, right = node.this.unnest(), node.expression.unnest()
            if isinstance(left, exp.Column) and isinstance(right, exp.Column) and left.table != right.table:
                yield left.table, right.table


def _semi_joins(condition: exp.Expr) -> Iterator[tuple[str, str]]:
    for conjunct in split_conjuncts(condition):
        node = conjunct.unnest()
        if isinstance(node, exp.Exists) and (inner := _plain(node.this)) is not None:
            where = inner.args.get("where")
            for left, right in _equalities(where.this if where is not None else None):
                yield from ((left, right), (right, left))
        elif isinstance(node, exp.In) and isinstance(node.this.unnest(), exp.Column):
            query = node.args.get("query")
            inner = _plain(query.unnest()) if query is not None else None
            value = inner.expressions[0].unalias() if inner is not None else None
            if isinstance(value, exp.Column):
                yield node.this.unnest().table, value.table


def _plain(query: exp.Expr) -> exp.Select | None:
    """The block of a subquery that has a row only where its tables and conditions give one."""
    query = query.unnest()
    if not isinstance(query, exp.Select) or query.find(exp.AggFunc) is not None:
        return None
    return None if any(query.args.get(key) for key in ("group", "limit", "offset", "having")) else query
