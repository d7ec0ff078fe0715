"""Groups beside the totals over them, and FILTER beside the whole group, built so that nothing can be subtracted.

The rows of a block are first put into cells: the finest groups, divided once more by what the conditions of its
FILTER clauses say of a row. Going from the cells to the coarsest total, each level takes the rows that no level
below it has taken and that lie in one of its groups, if they rest on enough entities; if not, it leaves them to
the next. A group shows the rows that its own level and the levels below have taken, and no others; rows that are
never taken are shown in no group and in no total.

Why no subtraction recovers a small group. Call an atom the rows that one group of one level took together. Every
atom rests on at least as many entities as the floor, and atoms do not overlap, because each row is taken once.
Every shown value is computed from whole atoms: a group of level i holds exactly the atoms that it or groups
inside it took, since the levels lie inside each other; a FILTER holds whole cells, since its condition is the same
for all rows of a cell. So the answer is a function of the atoms' contents that does not look into an atom: two
tables whose atoms hold the same multisets of rows have the same answer, whichever row of an atom belongs to whom.
In particular every linear combination of shown sums and counts is a combination of sums over whole atoms, in
chains of any length (a total minus a town minus another town's districts is an atom again), an average is a sum and
a count, and a combination with MIN or MAX says no more than the largest and smallest of atoms. And since rows too
few to be taken change nothing at all, neither does whether there are any: no total goes missing because of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from policies.floor_blocks import ENTITY, FloorBlock, Level, filter_condition
from policies.floor_nodes import (
    alias,
    boolean_and,
    case_when,
    column,
    count,
    count_distinct,
    name,
    over,
    select_from,
    whole,
)
from sql.scopes import block_sources, source_alias

_LEVEL = "taken"
_CLAUSES = ("expressions", "having", "qualify", "order", "distinct")


@dataclass(slots=True)
class Names:
    """Aliases that the question does not use."""

    taken: frozenset[str]
    number: int = 0

    def fresh(self) -> str:
        while True:
            self.number += 1
            if f"floored_{self.number}" not in self.taken:
                return f"floored_{self.number}"


@dataclass(slots=True)
class Cells:
    """The rows of one block and the columns in which they carry what the block computes with."""

    block: FloorBlock
    levels: tuple[Level, ...]
    conditions: tuple[exp.Expr, ...]
    names: Names
    columns: dict[exp.Expr, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, key in enumerate(self.levels[-1]):
            self.columns[key.copy()] = f"key_{place}"

    def keys(self, level: Level) -> list[str]:
        return [self.columns[key] for key in level]

    def carry(self, value: exp.Column) -> str:
        """The name under which the rows carry a column."""
        return self.columns.setdefault(value.copy(), f"column_{len(self.columns)}")

    def tagged(self) -> tuple[exp.Select, exp.Select]:
        """The rows, each with the level that took it in `taken`, or -1; and the query that reads the tables.

        The block's own FROM and WHERE are copied. All columns must have been carried.
        """
        select = self.block.select
        rows = exp.Select(expressions=[alias(value.copy(), text) for value, text in self.columns.items()])
        flags = [f"part_{place}" for place in range(len(self.conditions))]
        for condition, text in zip(self.conditions, flags, strict=True):
            flag = exp.Coalesce(this=condition.copy(), expressions=[exp.false()])
            rows.append("expressions", alias(flag, text))
        entities = [f"entity_{place}" for place in range(len(self.block.sources))]
        for source, text in zip(self.block.sources, entities, strict=True):
            rows.append("expressions", alias(column(ENTITY, source.alias), text))
        for part in ("from_", "joins", "where"):
            value = select.args.get(part)
            if value is not None:
                rows.set(part, [v.copy() for v in value] if isinstance(value, list) else value.copy())
        carried = [*self.columns.values(), *flags, *entities]
        partitions = [self.keys(level) for level in self.levels]
        if flags:
            partitions.append([*partitions[-1], *flags])
        known, read = False, rows
        for level in range(len(partitions) - 1, -1, -1):
            rows = self._take(rows, carried, entities, partitions[level], level, known=known)
            known = True
        return rows, read

    def _take(
        self,
        rows: exp.Select,
        carried: Sequence[str],
        entities: Sequence[str],
        keys: Sequence[str],
        level: int,
        *,
        known: bool,
    ) -> exp.Select:
        """One level: the rows that are left take its number where they are enough in their group."""
        table = self.names.fresh()
        free = exp.LT(this=column(_LEVEL, table), expression=whole(0))
        enough = []
        for source, text in zip(self.block.sources, entities, strict=True):
            entity: exp.Expr = column(text, table)
            counted = case_when(free.copy(), entity) if known else entity
            window = over(count_distinct(counted), [column(key, table) for key in keys])
            enough.append(exp.GTE(this=window, expression=whole(source.floor.entities)))
        taken = case_when(boolean_and(enough), whole(level), whole(-1))
        if known:
            taken = exp.Case(
                ifs=[
                    exp.If(
                        this=exp.GTE(this=column(_LEVEL, table), expression=whole(0)),
                        true=column(_LEVEL, table),
                    ),
                    *taken.args["ifs"],
                ],
                default=whole(-1),
            )
        outputs = [alias(column(text, table), text) for text in carried]
        return select_from([*outputs, alias(taken, _LEVEL)], rows, table)


def build_cells(
    block: FloorBlock, levels: tuple[Level, ...], conditions: tuple[exp.Expr, ...], names: Names
) -> exp.Select:
    """Rewrites a block in place to read its rows with the level that took each; returns who reads the tables."""
    select = block.select
    cells = Cells(block, levels, conditions, names)
    source = names.fresh()
    rewriter = _Rewriter(cells, source, len(levels))
    for clause in _CLAUSES:
        value = select.args.get(clause)
        if isinstance(value, list):
            select.set(clause, [rewriter.rewrite(part) for part in value])
        elif isinstance(value, exp.Expr):
            select.set(clause, rewriter.rewrite(value))
    tagged, read = cells.tagged()
    outer = names.fresh()
    marks = [alias(_reached(level, outer), _mark(level)) for level in range(1, len(levels) + 1)]
    shown = select_from(
        [*(alias(column(o.alias, outer), o.alias) for o in tagged.expressions), *marks], tagged, outer
    )
    shown.set("where", exp.Where(this=exp.GTE(this=column(_LEVEL, outer), expression=whole(0))))
    derived = exp.Subquery(this=shown, alias=exp.TableAlias(this=name(source)))
    select.set("from_", exp.From(this=derived))
    select.set("joins", [])
    select.set("where", None)
    select.set("group", _group(cells, levels, source))
    fence: list[exp.Expr] = [exp.GT(this=count(exp.Star()), expression=whole(0))]
    for level in range(1, len(levels)):
        fence.append(exp.Coalesce(this=column(_mark(level), source), expressions=[exp.true()]))
    having = select.args.get("having")
    condition = boolean_and(fence) if having is None else case_when(boolean_and(fence), having.this)
    select.set("having", exp.Having(this=condition))
    return read


def _mark(level: int) -> str:
    return f"shown_{level}"


def _reached(level: int, table: str) -> exp.Expr:
    return exp.GTE(this=column(_LEVEL, table), expression=whole(level))


def _group(cells: Cells, levels: tuple[Level, ...], source: str) -> exp.Group | None:
    if len(levels) == 1:
        keys = [column(key, source) for key in cells.keys(cells.levels[0])]
        return exp.Group(expressions=keys) if keys else None
    sets: list[exp.Expr] = []
    for number, level in enumerate(cells.levels):
        parts: list[exp.Expr] = [column(key, source) for key in cells.keys(level)]
        if number:
            # Rows that this level does not show make a group of their own, which HAVING drops.
            parts.append(column(_mark(number), source))
        sets.append(exp.Paren(this=parts[0]) if len(parts) == 1 else exp.Tuple(expressions=parts))
    return exp.Group(expressions=[exp.GroupingSets(expressions=sets)])


class _Rewriter:
    """Says a block's expressions again over its cells."""

    def __init__(self, cells: Cells, source: str, level: int) -> None:
        self.cells = cells
        self.source = source
        self.level = level
        self.aliases = {source_alias(item) for item, _ in block_sources(cells.block.select)}
        self.places: Mapping[exp.Expr, int] = {c: place for place, c in enumerate(cells.conditions)}

    def rewrite(self, node: exp.Expr, *, windowed: bool = False) -> exp.Expr:
        known = self.cells.columns.get(node)
        if known is not None and not isinstance(node, exp.Literal):
            return self._column(known, node)
        if isinstance(node, exp.Column):
            return self._column(self.cells.carry(node), node) if node.table in self.aliases else node
        if isinstance(node, exp.Filter) and not windowed and filter_condition(node) in self.places:
            return self._filtered(node)
        inside = isinstance(node, exp.Window) or (
            windowed and isinstance(node, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls))
        )
        for key, value in list(node.args.items()):
            if isinstance(value, list):
                parts = [self.rewrite(v) if isinstance(v, exp.Expr) else v for v in value]
                node.set(key, parts)
            elif isinstance(value, exp.Expr):
                node.set(key, self.rewrite(value, windowed=inside and key == "this"))
        return node

    def _column(self, text: str, node: exp.Expr) -> exp.Column:
        found = column(text, self.source)
        found.type = node.type
        return found

    def _filtered(self, node: exp.Filter) -> exp.Expr:
        """An aggregate over the cells of one FILTER that are shown; NULL where there are none."""
        place, kind = self.places[filter_condition(node)], node.type
        call = self.rewrite(node.this)

        def where() -> exp.Where:
            part, shown = column(f"part_{place}", self.source), column(_mark(self.level), self.source)
            return exp.Where(this=exp.And(this=part, expression=shown))

        rows = exp.Filter(this=count(exp.Star()), expression=where())
        value = exp.Filter(this=call, expression=where())
        value.type = kind
        return case_when(exp.GT(this=rows, expression=whole(0)), value)


def count_left_out(
    block: FloorBlock, levels: tuple[Level, ...], conditions: Iterable[exp.Expr], names: Names
) -> exp.Select:
    """Counts the finest groups of which nothing is shown; 0 when they rest on too few entities to be told.

    `block.select` gives FROM and WHERE.
    """
    cells = Cells(block, levels, tuple(conditions), names)
    tagged, _ = cells.tagged()
    inner, outer = names.fresh(), names.fresh()
    finest = whole(len(levels) - 1)
    keys = cells.keys(levels[-1])
    entities = [f"entity_{place}" for place in range(len(block.sources))]
    order = exp.Order(expressions=[exp.Ordered(this=column(_LEVEL, inner), nulls_first=False)])
    row = over(exp.RowNumber(), [column(key, inner) for key in keys])
    row.set("order", order)
    best = over(exp.Max(this=column(_LEVEL, inner)), [column(key, inner) for key in keys])
    outputs = [alias(column(entity, inner), entity) for entity in entities]
    rows = select_from([*outputs, alias(best, "best"), alias(row, "place")], tagged, inner)
    hidden = exp.LT(this=column("best", outer), expression=finest)
    told = boolean_and(
        [
            exp.GTE(
                this=count_distinct(case_when(hidden.copy(), column(entity, outer))),
                expression=whole(source.floor.entities),
            )
            for source, entity in zip(block.sources, entities, strict=True)
        ]
    )
    first = exp.And(this=hidden.copy(), expression=exp.EQ(this=column("place", outer), expression=whole(1)))
    groups = case_when(told, count(case_when(first, whole(1))), whole(0))
    return select_from([alias(groups, "groups")], rows, outer)
