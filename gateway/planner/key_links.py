"""The equalities of a residual by which the rows of one side can be left out when the other side lacks their keys.

A condition under which a column that is NULL never holds, and which every row must fulfil that counts, lets both sides
be reduced: WHERE, inner joins, SEMI joins, EXISTS and IN. Of an outer join only the side that it fills with NULLs can
be, of an ANTI join and of NOT EXISTS only the side that is looked for. NOT IN is left alone: a NULL on the side that
is looked for changes its answer, and keys have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from gateway.planner.key_columns import KeyColumns, TableColumn
from sql.allowed_functions import is_aggregate_call
from sql.scopes import block_sources, source_alias, split_conjuncts, walk_here


@dataclass(frozen=True, slots=True)
class KeyLink:
    """The rows of `receivers`, columns of fragments, count only where the value is one of those of `givers`."""

    receivers: tuple[TableColumn, ...]
    givers: tuple[TableColumn, ...]


KindOf: TypeAlias = Callable[[TableColumn], str | None]
"""The type of a fragment's column; None for one whose values may be equal without being the same."""


def key_links(residual: exp.Query, kind_of: KindOf) -> Iterator[KeyLink]:
    """Every link of the residual, some more than once. A fragment that is read twice receives nothing."""
    finder = _Finder(KeyColumns(residual), kind_of)
    for number, block in enumerate(finder.columns.blocks):
        yield from finder.links(block, number)


_Name: TypeAlias = tuple[str, str]
_Pair: TypeAlias = tuple[exp.Column, exp.Column]


class _Finder:
    def __init__(self, columns: KeyColumns, kind_of: KindOf) -> None:
        self.columns = columns
        self.kind_of = kind_of

    def links(self, block: exp.Select, number: int) -> Iterator[KeyLink]:
        where = block.args.get("where")
        # What every row of the block has to fulfil; the other joins may find nothing for a row.
        required = split_conjuncts(where.this if where is not None else None)
        for source, join in block_sources(block):
            if join is None or join.args.get("method") or join.args.get("using"):
                continue
            conjuncts = split_conjuncts(join.args.get("on"))
            if not join.side and join.kind in {"", "INNER"}:
                required += conjuncts
            for pair in filter(None, map(_equated, conjuncts)):
                yield from self._joined(pair, number, join, source_alias(source))
        yield from self._equal(list(filter(None, map(_equated, required))), number)
        for conjunct in required:
            node = conjunct.unnest()
            if isinstance(node, exp.In):
                yield from self._membership(node, number)
            elif isinstance(node, exp.Exists):
                yield from self._existence(node, number)

    def _joined(self, pair: _Pair, number: int, join: exp.Join, right: str) -> Iterator[KeyLink]:
        """Links of an equality in the condition of a join whose right side is called `right`."""
        for reduced, other in (pair, pair[::-1]):
            if join.kind == "ANTI" or join.side == "LEFT":
                reducible = reduced.table == right
            elif join.side == "RIGHT":
                reducible = reduced.table != right
            else:
                reducible = join.kind == "SEMI"
            if reducible and self.columns.block_of(reduced.table) == number:
                yield from self._link(reduced, self._values(other))

    def _equal(self, pairs: list[_Pair], number: int) -> Iterator[KeyLink]:
        """Links among columns that are equal in every row, also where only others say so of two of them."""
        classes: list[dict[_Name, exp.Column]] = []
        for pair in pairs:
            members = {(column.table, column.name): column for column in pair}
            # Two values can be equal to one of another type without being equal to each other.
            joining = [
                c for c in classes if c.keys() & members.keys() and self._is_of_one_kind({**c, **members})
            ]
            for found in joining:
                members = {**found, **members}
            classes = [c for c in classes if all(c is not found for found in joining)] + [members]
        for members in classes:
            for reduced in members.values():
                if self.columns.block_of(reduced.table) == number:
                    for other in members.values():
                        if other is not reduced:
                            yield from self._link(reduced, self._values(other))

    def _is_of_one_kind(self, members: dict[_Name, exp.Column]) -> bool:
        values = [self._values(column) for column in members.values()]
        kinds = {self.kind_of(value) for found in values for value in found or ()}
        return all(values) and len(kinds) == 1 and None not in kinds

    def _membership(self, node: exp.In, number: int) -> Iterator[KeyLink]:
        """`x IN (SELECT …)`: either side counts only where the other has its value."""
        column, query = node.this.unnest(), node.args.get("query")
        if not isinstance(column, exp.Column) or not isinstance(query, exp.Query):
            return
        if len(query.named_selects) != 1:
            return
        if self.columns.block_of(column.table) == number:
            yield from self._link(column, self.columns.output_values(query, 0))
        receivers, givers = self.columns.output_filters(query, 0), self._values(column)
        if receivers is not None and givers is not None:
            yield from self._receive(receivers, givers)

    def _existence(self, node: exp.Exists, number: int) -> Iterator[KeyLink]:
        """`EXISTS (SELECT … WHERE own = x)`: x has one of the values of `own`."""
        query = node.this.unnest()
        if not isinstance(query, exp.Select):
            return
        if any(query.args.get(clause) for clause in ("limit", "offset", "group", "having", "qualify")):
            return
        if any(is_aggregate_call(part) for output in query.expressions for part in walk_here(output)):
            return
        own = {source_alias(source) for source, _ in block_sources(query)}
        where = query.args.get("where")
        for conjunct in split_conjuncts(where.this if where is not None else None):
            pair = _equated(conjunct)
            for inner, outer in (pair, pair[::-1]) if pair is not None else ():
                if inner.table in own and self.columns.block_of(outer.table) == number:
                    yield from self._link(outer, self._values(inner))

    def _values(self, column: exp.Column) -> list[TableColumn] | None:
        return self.columns.values(column.table, column.name)

    def _link(self, reduced: exp.Column, givers: list[TableColumn] | None) -> Iterator[KeyLink]:
        receivers = self.columns.filters(reduced.table, reduced.name)
        if receivers is not None and givers is not None:
            yield from self._receive(receivers, givers)

    def _receive(self, receivers: list[TableColumn], givers: list[TableColumn]) -> Iterator[KeyLink]:
        kept = [receiver for receiver in receivers if self.columns.reads_once(receiver.table.name)]
        if kept and givers:
            yield KeyLink(tuple(kept), tuple(givers))


def _equated(conjunct: exp.Expr) -> _Pair | None:
    """The two columns of `a = b`."""
    node = conjunct.unnest()
    if not isinstance(node, exp.EQ):
        return None
    left, right = node.this.unnest(), node.expression.unnest()
    return (left, right) if isinstance(left, exp.Column) and isinstance(right, exp.Column) else None
