"""Finds what a department could aggregate below a join with another department's tables, or below a condition that looks
something up there, and what that saves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from gateway.planner.block_aggregates import Call, block_calls, group_leaves
from gateway.planner.choosing import Cost, sending
from gateway.planner.estimate_query import Block
from gateway.planner.gather_department import (
    BESIDE,
    aggregates,
    are_connected,
    before_grouping,
    departments_of,
    home_of,
)
from gateway.planner.members import is_member_union
from gateway.planner.planning import Planning
from gateway.planner.shapes import block_shape
from gateway.planner.widths import value_bytes
from policies.statistics import ColumnFacts
from sql.scopes import (
    block_expressions,
    block_sources,
    free_aliases,
    source_alias,
    split_conjuncts,
)

AGGREGATE_BYTES = 16.0
FEW = 500.0
"""Rows of tables of which nothing is worth choosing."""
UNSURE = 1.25
"""What numbers of groups are multiplied with: columns that depend on each other make others than are estimated."""


Calls = Mapping[int, tuple[Call, set[str]]]
"""The block's aggregate calls by node, each with the FROM items that it reads."""


@dataclass(frozen=True, slots=True, eq=False)
class BelowJoin:
    """The tables of one department in a block, which inner joins connect or (`join`) a left join adds.

    `inside` are the conditions that the department decides alone, `outside` the others of the same place.
    """

    home: str
    sources: list[exp.Expr]
    tables: tuple[str, ...]
    join: exp.Join | None
    inside: list[exp.Expr]
    outside: list[exp.Expr]
    as_rows: Cost
    as_groups: Cost

    @property
    def aliases(self) -> set[str]:
        return {source_alias(source) for source in self.sources}

    @property
    def name(self) -> str:
        return " and ".join(f"{self.home}.{table}" for table in self.tables)


def find_below_joins(select: exp.Select, planning: Planning) -> Iterator[BelowJoin]:
    """Each department's part of a block that could be aggregated there, as far as enough is known of it."""
    sources = block_sources(select)
    if not sources or not aggregates(select) or any(is_member_union(source) for source, _ in sources):
        return
    calls = {id(call.node): (call, free_aliases(call.node)) for call in block_calls(select)}
    homes = {source_alias(source): home_of(source) for source, _ in sources}
    if len(set(homes.values())) < 2 and not _asks_others(select, homes):
        return
    inner = all(
        join is None or ((join.side, join.kind) in BESIDE and not join.args.get("using"))
        for _, join in sources
    )
    for home in dict.fromkeys(homes.values()):
        own = {alias for alias, place in homes.items() if place == home}
        if home is None or not all(
            _may_be_told(source, planning) for source, _ in sources if source_alias(source) in own
        ):
            continue
        moved = [(source, join) for source, join in sources if source_alias(source) in own]
        if inner:
            found = _part(select, home, [source for source, _ in moved], None, calls, planning)
        elif len(moved) == 1 and (join := moved[0][1]) is not None and _is_left(join):
            found = _part(select, home, [moved[0][0]], join, calls, planning)
        else:
            found = None
        if found is not None:
            yield found


def in_copy(found: BelowJoin, select: exp.Select) -> BelowJoin:
    """The same part of a copy of its block, in which nothing need be estimated again."""
    sources = [(s, join) for s, join in block_sources(select) if source_alias(s) in found.aliases]
    join = sources[0][1] if found.join is not None else None
    inside, outside = _conditions(select, join, found.home, found.aliases)
    return replace(found, sources=[s for s, _ in sources], join=join, inside=inside, outside=outside)


def _conditions(
    select: exp.Select, join: exp.Join | None, home: str, own: set[str]
) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """The conditions that a department can decide alone, and the others: of a left join, or of all that are inner."""
    parts = before_grouping(select) if join is None else [join.args.get("on")]
    pool = [c for part in parts for c in split_conjuncts(part)]
    inside = [c for c in pool if free_aliases(c) <= own and departments_of(c) <= {home}]
    taken = {id(conjunct) for conjunct in inside}
    return inside, [conjunct for conjunct in pool if id(conjunct) not in taken]


def _asks_others(select: exp.Select, homes: Mapping[str, str | None]) -> bool:
    """Whether a condition on a block's rows, which are one department's, has a query that reads another."""
    conditions = [c for part in before_grouping(select) for c in split_conjuncts(part)]
    return any(departments_of(condition) - {*homes.values()} for condition in conditions)


def _is_left(join: exp.Join) -> bool:
    return join.side == "LEFT" and join.kind in {"", "OUTER"} and not join.args.get("using")


def _may_be_told(source: exp.Expr, planning: Planning) -> bool:
    """Whether something is known of a table; where a floor or a row filter hides rows nothing is."""
    return isinstance(source, exp.Table) and planning.choosing.facts.table(source.db, source.name) is not None


def _part(
    select: exp.Select,
    home: str,
    sources: list[exp.Expr],
    join: exp.Join | None,
    calls: Calls,
    planning: Planning,
) -> BelowJoin | None:
    own = {source_alias(source) for source in sources}
    inside, outside = _conditions(select, join, home, own)
    if not are_connected(own, inside):
        return None
    block = Block(planning.choosing.estimator, {})
    for source in sources:
        relation = planning.choosing.estimator.source(source, {})
        if relation is None or not block.add(source_alias(source), relation, None):
            return None
    if block.rows < FEW or not block.keep(inside):
        return None
    taken = {id(conjunct) for conjunct in inside}
    sent = what_crosses(select, own, taken, calls)
    if not sent.calls:
        return None
    tables = {source_alias(source): source for source in sources}
    if any(planning.disclosure.holds_back(home, tables[alias].name, name) for alias, name in sent.read):
        return None
    groups = block.groups(sent.keys)
    if groups is None:
        return None
    corrections = planning.choosing.corrections
    if corrections is not None:
        block.rows *= corrections(block_shape(sources, inside))
        groups *= corrections(block_shape(sources, inside, sent.keys))
    groups = min(UNSURE * groups, block.rows)
    as_rows, as_groups = _costs(block, sent, groups, home, tables, planning)
    names = tuple(source.name for source in sources)
    return BelowJoin(home, sources, names, join, inside, outside, as_rows, as_groups)


@dataclass(slots=True)
class Crossing:
    """What crosses: `keys` as groups, with the `columns` in them; `read` are the columns that cross as rows."""

    keys: list[exp.Expr]
    columns: set[tuple[str, str]]
    read: set[tuple[str, str]]
    calls: list[Call]

    @property
    def aggregated(self) -> int:
        """How many aggregates are sent for each group; that of its rows always is, and all that `count(*)` needs."""
        return len({call.node for call in self.calls if call.argument is not None or call.filter}) + 1


def what_crosses(select: exp.Select, own: set[str], inside: set[int], calls: Calls) -> Crossing:
    """Read off the block's clauses."""
    group = select.args.get("group")
    leaves = [
        leaf
        for leaf in (group_leaves(group) if group is not None else ())
        if not isinstance(leaf, exp.Column) and free_aliases(leaf) and free_aliases(leaf) <= own
    ]
    kinds = {type(leaf) for leaf in leaves}
    keys: dict[exp.Expr, None] = {}
    read: set[tuple[str, str]] = set()
    mine: list[Call] = []
    before = before_grouping(select)
    conditions = {id(part) for part in before}
    stack = [e for e in block_expressions(select) if id(e) not in conditions and not isinstance(e, exp.Where)]
    stack += [c for part in before for c in split_conjuncts(part) if id(c) not in inside]
    while stack:
        node = stack.pop()
        call, free = calls.get(id(node), (None, None))
        if call is not None and free is not None and not (free - own):
            if call.distinct and call.argument is not None:
                keys.setdefault(call.argument)
            mine.append(call)
            read |= _columns(node, own)
        elif isinstance(node, exp.Column):
            if node.table in own:
                keys.setdefault(node)
                read.add((node.table, node.name))
        elif type(node) in kinds and any(node == leaf for leaf in leaves):
            keys.setdefault(node)
            read |= _columns(node, own)
        else:
            stack.extend(node.iter_expressions())
    columns = {place for key in keys for place in _columns(key, own)}
    return Crossing(list(keys), columns, read, mine)


def _columns(node: exp.Expr, own: Iterable[str]) -> set[tuple[str, str]]:
    return {(column.table, column.name) for column in node.find_all(exp.Column) if column.table in own}


def _costs(
    block: Block,
    sent: Crossing,
    groups: float,
    home: str,
    tables: Mapping[str, exp.Expr],
    planning: Planning,
) -> tuple[Cost, Cost]:
    speed = planning.choosing.facts.speed(home)

    def width(place: tuple[str, str]) -> float:
        table = planning.catalog.find(home, tables[place[0]].name)
        kinds = {column.name: column.type for column in table.columns} if table is not None else {}
        facts: ColumnFacts | None = block.relations[place[0]].columns.get(place[1])
        return value_bytes(kinds.get(place[1], "VARCHAR"), facts.width if facts is not None else None)

    aggregated = sent.aggregated
    row = sum(map(width, sent.read)) or 1.0
    group = sum(map(width, sent.columns)) + AGGREGATE_BYTES * aggregated
    as_rows = Cost(block.rows, block.rows * row, sending(block.rows, len(sent.read), speed))
    seconds = block.rows * speed.group / 1e6 + sending(groups, len(sent.keys) + aggregated, speed)
    return as_rows, Cost(groups, groups * group, seconds)
