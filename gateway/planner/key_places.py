"""Where a fragment's query compares a column with join keys: its tree with keys in those places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from sql.copies import copy_tree
from sql.keys import KEY, KEYS
from sql.scopes import join_conjuncts, split_conjuncts


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """The WHERE clause of the query's `block`th SELECT, and the column of one of its tables."""

    block: int
    table: str
    column: str


def send_keys(query: exp.Query, sent: Iterable[tuple[Sequence[KeyPlace], Sequence[str]]]) -> exp.Query:
    """A copy of a fragment's query that reads only rows with a key of one of the sets, in each of the places.

    >>> from sqlglot import parse_one
    >>> query = parse_one("SELECT t.a, t.b FROM d.t AS t WHERE t.a > 1 OR t.b", dialect="duckdb")
    >>> send_keys(query, [([KeyPlace(0, "t", "a")], ["keys_1"])]).sql("duckdb")
    'SELECT t.a, t.b FROM d.t AS t WHERE (t.a > 1 OR t.b) AND "t"."a" IN (SELECT "key" FROM "_keys"."keys_1")'
    """
    copy = copy_tree(query)
    blocks = list(copy.find_all(exp.Select))
    for places, names in sent:
        for place in places:
            block = blocks[place.block]
            where = block.args.get("where")
            conjuncts = split_conjuncts(where.this if where is not None else None)
            conjuncts.append(_condition(exp.column(place.column, table=place.table, quoted=True), names))
            block.set("where", exp.Where(this=join_conjuncts(conjuncts)))
    return copy


def _condition(column: exp.Column, names: Sequence[str]) -> exp.Expr:
    parts: list[exp.Expr] = [_in_set(column, name) for name in names]
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        odd = parts[-1:] if len(parts) % 2 else []
        parts = [exp.Or(this=left, expression=right) for left, right in pairs] + odd
    return parts[0]


def _in_set(column: exp.Column, name: str) -> exp.Expr:
    table = exp.Table(this=exp.to_identifier(name, quoted=True), db=exp.to_identifier(KEYS, quoted=True))
    keys = exp.Select(expressions=[exp.column(KEY, quoted=True)], from_=exp.From(this=table))
    return exp.In(this=column.copy(), query=exp.Subquery(this=keys))
