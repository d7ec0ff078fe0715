"""Lets fragments wait for the join keys of others, so that they deliver only rows that can be joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from gateway.planner.choosing import Choosing
from gateway.planner.key_columns import KeyColumns, TableColumn
from gateway.planner.key_links import key_links
from gateway.planner.key_order import KeyOrder
from gateway.planner.key_places import KeyPlace, send_keys
from gateway.planner.remarks import Remark
from gateway.planner.share_fragments import query_text
from gateway.stages import KeyExchange, KeySource, PlannedFragment
from policies.decision import Decision
from sql.catalog import Origin

MOST_SETS = 48
"""Key sets that one fragment is sent: the members of a federated table send one each."""

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_RANGED = (*_INTEGERS, "DATE")
_EXACT = (*_RANGED, "VARCHAR")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Keys that a fragment could wait for, if their owners allow it. `refusal` says who does not."""

    receiver: str
    sources: tuple[KeySource, ...]
    target: Origin
    kind: str
    places: tuple[KeyPlace, ...]
    ranges: bool
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class PlacedKeys:
    """The fragments, those that wait knowing for what, and what is to be said of it."""

    fragments: tuple[PlannedFragment, ...]
    remarks: tuple[Remark, ...]


def place_key_exchanges(
    fragments: tuple[PlannedFragment, ...],
    queries: Mapping[str, exp.Query],
    residual: exp.Query,
    decisions: Iterable[Decision],
    choosing: Choosing | None = None,
) -> PlacedKeys:
    """Finds in the residual which keys each fragment can be sent, and chooses what is worth waiting for.

    `queries` are the fragments' trees, which are not changed. Keys of a column go only to departments that its
    governing decision lists, and to its own.
    """
    if len(fragments) < 2:
        return PlacedKeys(fragments, ())
    placing = _Placing(
        {p.fragment.id: p for p in fragments}, queries, {(d.department, d.table): d for d in decisions}
    )
    candidates = list(placing.candidates(residual))
    if not candidates:
        return PlacedKeys(fragments, tuple(placing.remarks))
    order = KeyOrder(fragments, queries, placing.decisions.values(), choosing or Choosing())
    chosen, remarks = order.choose(candidates)
    placed = []
    for planned in fragments:
        name = planned.fragment.id
        own = [c for c in chosen if c.receiver == name]
        placed.append(_with_exchanges(planned, own, queries[name]) if own else planned)
    return PlacedKeys(tuple(placed), (*placing.remarks, *remarks))


def _with_exchanges(planned: PlannedFragment, own: list[Candidate], query: exp.Query) -> PlannedFragment:
    found: list[KeyExchange] = []
    places: list[tuple[tuple[KeyPlace, ...], tuple[str, ...]]] = []
    number = 0
    for candidate in own:
        if number + len(candidate.sources) <= MOST_SETS:
            names = tuple(f"keys_{number + place}" for place in range(1, len(candidate.sources) + 1))
            number += len(names)
            found.append(
                KeyExchange(names, candidate.sources, candidate.target, candidate.kind, candidate.ranges)
            )
            places.append((candidate.places, names))
    return replace(planned, exchanges=tuple(found), keyed_sql=query_text(send_keys(query, places)))


@dataclass(slots=True)
class _Placing:
    planned: Mapping[str, PlannedFragment]
    queries: Mapping[str, exp.Query]
    decisions: Mapping[tuple[str, str], Decision]
    remarks: list[Remark] = field(default_factory=list)
    columns: dict[str, KeyColumns] = field(default_factory=dict)
    filtered: dict[tuple[str, str], list[TableColumn] | None] = field(default_factory=dict)
    origins: dict[tuple[str, str], Origin | None] = field(default_factory=dict)

    def candidates(self, residual: exp.Query) -> Iterable[Candidate]:
        known: set[tuple[str, tuple[KeyPlace, ...], tuple[KeySource, ...]]] = set()
        for link in key_links(residual, lambda at: self._kind(at.table.name, at.column)):
            sources = self._sources(link.givers)
            if sources is None:
                continue
            for receiver in link.receivers:
                found = self._candidate(receiver, sources)
                if found is not None and (key := (found.receiver, found.places, found.sources)) not in known:
                    known.add(key)
                    yield found

    def _candidate(self, receiver: TableColumn, sources: tuple[KeySource, ...]) -> Candidate | None:
        name = receiver.table.name
        planned = self.planned.get(name)
        if planned is None or any(source.fragment == name for source in sources):
            return None
        kind = self._kind(name, receiver.column)
        if kind is None or any(self._kind(s.fragment, s.column) != kind for s in sources):
            return None
        if len(sources) > MOST_SETS:
            text = f"the keys of {len(sources)} members are too many sets to be sent"
            self._say(Remark("exchange", text, name))
            return None
        at = self._filtered(name, receiver.column)
        if not at:
            return None
        target = _origin(at[0])
        if any(_origin(column) != target for column in at):
            return None
        places = tuple(KeyPlace(c.block, c.table.alias_or_name, c.column) for c in at)
        department = planned.fragment.department
        refusal = next((text for s in sources if (text := self._refusal(s.origin, department))), "")
        return Candidate(
            name, sources, target, kind, places, kind in _RANGED and self._may_filter(target), refusal
        )

    def _sources(self, givers: Iterable[TableColumn]) -> tuple[KeySource, ...] | None:
        """The columns that keys are taken from, if each holds the values of one published column."""
        found: dict[KeySource, None] = {}
        for giver in givers:
            name = giver.table.name
            if name not in self.planned:
                return None
            origin = self._origin_of(name, giver.column)
            if origin is None:
                return None
            found[KeySource(name, giver.column, origin)] = None
        return tuple(found)

    def _filtered(self, name: str, column: str) -> list[TableColumn] | None:
        """The columns of tables on which a condition on this one of a fragment is asked."""
        if (name, column) not in self.filtered:
            query = self.queries[name]
            found = self._columns(name).output_filters(query, _place_of(query, column))
            self.filtered[name, column] = found
        return self.filtered[name, column]

    def _origin_of(self, name: str, column: str) -> Origin | None:
        """The published column whose values a fragment's column has, if it is one."""
        if (name, column) not in self.origins:
            query = self.queries[name]
            found = self._columns(name).output_values(query, _place_of(query, column))
            origins = {_origin(each) for each in found or ()}
            self.origins[name, column] = origins.pop() if len(origins) == 1 else None
        return self.origins[name, column]

    def _columns(self, name: str) -> KeyColumns:
        if name not in self.columns:
            self.columns[name] = KeyColumns(self.queries[name])
        return self.columns[name]

    def _kind(self, name: str, column: str) -> str | None:
        """The type of a column whose values are compared exactly everywhere; None for any other."""
        planned = self.planned.get(name)
        kind = next((c.type for c in planned.columns if c.name == column), "") if planned is not None else ""
        return kind if kind in _EXACT or kind.startswith("DECIMAL(") else None

    def _refusal(self, origin: Origin, department: str) -> str:
        owner, table, column = origin
        decision = self.decisions.get((owner, table))
        if owner == department:
            return ""
        if decision is not None and department in decision.obligations.get("key_exchange", "").split():
            return ""
        return f"policy of {owner}.{table} does not let {department} receive keys of {column}"

    def _may_filter(self, target: Origin) -> bool:
        """Whether the target may be compared with constants: the least and the greatest key."""
        department, table, column = target
        decision = self.decisions.get((department, table))
        if decision is None or decision.floor is not None or decision.joins_required:
            return False
        rule = decision.columns.get(column)
        return rule is not None and bool(rule.uses & {"read", "filter"})

    def _say(self, remark: Remark) -> None:
        if remark not in self.remarks:
            self.remarks.append(remark)


def _place_of(query: exp.Query, column: str) -> int:
    return query.named_selects.index(column)


def _origin(column: TableColumn) -> Origin:
    return column.table.db, column.table.name, column.column
