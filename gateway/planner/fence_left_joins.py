"""Asks conditions of a LEFT JOIN that are about no table before the join.

`a LEFT JOIN b ON (SELECT …) = 1 AND b.k = a.k` is `a LEFT JOIN (SELECT … FROM b WHERE (SELECT …) = 1) AS b ON b.k = a.k`.
DuckDB 2.0.0 ends its whole process over the first where WHERE makes the join an inner one and two SEMI or ANTI joins
follow: its search for an order of joins looks for a place of the condition and finds none. Random questions found it.
"""

from __future__ import annotations

from sqlglot import exp

from sql.annotate import kind_of, set_kind
from sql.copies import copy_tree
from sql.scopes import (
    block_sources,
    free_aliases,
    join_conjuncts,
    source_alias,
    split_conjuncts,
    used_names,
)
from sql.sources import identifier


def fence_left_joins(tree: exp.Query) -> exp.Query:
    """`tree` with such conditions in a derived table; a copy where there is one."""
    if not any(_about_no_table(join) for join in tree.find_all(exp.Join)):
        return tree
    copy = copy_tree(tree)
    taken = {*used_names(copy)}
    for select in list(copy.find_all(exp.Select)):
        for _, join in block_sources(select):
            if join is not None and _about_no_table(join):
                _fence(select, join, taken)
    return copy


def _about_no_table(join: exp.Join) -> list[exp.Expr]:
    """The conjuncts with a subquery that read neither side of a LEFT JOIN, nor a query around it."""
    on = join.args.get("on")
    if on is None or join.side != "LEFT" or join.kind not in {"", "OUTER"} or on.find(exp.Query) is None:
        return []
    if not isinstance(join.this, (exp.Table, exp.Subquery, exp.Values)) or free_aliases(join.this):
        return []
    return [c for c in split_conjuncts(on) if c.find(exp.Query) is not None and not free_aliases(c)]


def _fence(select: exp.Select, join: exp.Join, taken: set[str]) -> None:
    alias = source_alias(join.this)
    moved = _about_no_table(join)
    rest = [c for c in split_conjuncts(join.args["on"]) if all(c is not other for other in moved)]
    inner = next(
        name for number in range(1, len(taken) + 2) if (name := f"{alias}_{number}").lower() not in taken
    )
    taken.add(inner.lower())
    columns = {c.name: c for c in select.find_all(exp.Column) if c.table == alias and _reads(c, select)}
    source = join.this.copy()
    named = source.args.get("alias") or exp.TableAlias()
    named.set("this", identifier(inner))
    source.set("alias", named)
    outputs = []
    for name, column in columns.items():
        read = exp.Column(this=identifier(name), table=identifier(inner))
        set_kind(read, kind_of(column))
        outputs.append(exp.alias_(read, name, quoted=True))
    body = exp.Select(
        expressions=outputs or [exp.alias_(exp.Literal.number(1), "one", quoted=True)],
        from_=exp.From(this=source),
        where=exp.Where(this=join_conjuncts(moved)),
    )
    join.set("this", exp.Subquery(this=body, alias=exp.TableAlias(this=identifier(alias))))
    join.set("on", join_conjuncts(rest) or exp.true())


def _reads(column: exp.Column, select: exp.Select) -> bool:
    """Whether a column is one of this block's: no query between them has a FROM item of the same name."""
    around = column.find_ancestor(exp.Select)
    while around is not None and around is not select:
        if any(source_alias(source) == column.table for source, _ in block_sources(around)):
            return False
        around = around.find_ancestor(exp.Select)
    return True
