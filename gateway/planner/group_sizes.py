"""How many groups rows make, by what is known of the columns that they are grouped by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from gateway.planner.relations import Relation, product, seen

Place = tuple[str, str]
"""A column of a FROM item: its alias and its name."""

_DAYS: dict[type[exp.Expr], float] = {
    exp.Year: 365.24,
    exp.Quarter: 91.3,
    exp.Month: 30.44,
    exp.Week: 7.0,
}
_CYCLES = {"MONTH": 12.0, "QUARTER": 4.0, "DAY": 31.0, "HOUR": 24.0, "WEEK": 53.0, "DOW": 7.0}


class Classes:
    """Columns that equalities make equal."""

    def __init__(self) -> None:
        self._of: dict[Place, set[Place]] = {}

    def join(self, one: Place, other: Place) -> bool:
        """Makes two columns equal; False when they were already."""
        left, right = self.of(one), self.of(other)
        if left is right:
            return False
        left |= right
        for place in left:
            self._of[place] = left
        return True

    def of(self, place: Place) -> set[Place]:
        return self._of.setdefault(place, {place})


@dataclass(frozen=True, slots=True)
class KeyColumns:
    """The sources of a block, the part of each column's values that conditions left, and what is equal."""

    relations: Mapping[str, Relation]
    parts: Mapping[Place, float]
    classes: Classes

    def distinct(self, place: Place) -> float | None:
        relation = self.relations.get(place[0])
        facts = relation.columns.get(place[1]) if relation is not None else None
        if facts is None or facts.distinct is None:
            return None
        return max(facts.distinct * self.parts.get(place, 1.0), 1.0)

    def is_key(self, place: Place) -> bool:
        relation = self.relations.get(place[0])
        return relation is not None and relation.is_key(place[1])


def group_count(leaves: Iterable[exp.Expr], keys: KeyColumns, rows: float) -> float | None:
    """The product of each table's different keys, which are no more than its rows; in all no more than `rows`.

    A column of a table of which a key stands among the others, by name or by what it equals, adds no group.
    """
    places: dict[Place, float] = {}
    for leaf in leaves:
        columns = {(c.table, c.name) for c in leaf.find_all(exp.Column)}
        for place in columns:
            count = keys.distinct(place)
            if count is None:
                return None
            if not isinstance(leaf.unalias(), exp.Column):
                count = min(count, _computed(leaf.unalias(), keys, place))
            places[place] = max(places.get(place, 1.0), count)
    given = {other for place in places for other in keys.classes.of(place)}
    determined = {alias for alias, name in given if keys.is_key((alias, name))}
    tables: dict[str, list[float]] = {}
    counted: list[set[Place]] = []
    for place, count in places.items():
        alike = keys.classes.of(place)
        is_determined = place[0] in determined and not keys.is_key(place)
        if is_determined or any(alike is other for other in counted):
            continue
        counted.append(alike)
        tables.setdefault(place[0], []).append(count)
    whole = product(
        min(product(counts), max(keys.relations[alias].rows, 1.0)) for alias, counts in tables.items()
    )
    return seen(whole, max(rows, 0.0))


def _computed(leaf: exp.Expr, keys: KeyColumns, place: Place) -> float:
    """Different values of an expression over one column, where it is a part of a date; no fewer than known."""
    if isinstance(leaf, exp.Cast):
        leaf = leaf.this
    span = _span(keys, place)
    if isinstance(leaf, exp.Extract):
        unit = leaf.this.name.upper()
        if unit in _CYCLES:
            return _CYCLES[unit]
        return span / 365.24 + 1 if unit == "YEAR" else float("inf")
    if type(leaf) in _DAYS:
        unit = type(leaf).__name__.upper()
        return _CYCLES.get(unit) or span / _DAYS[type(leaf)] + 1
    if isinstance(leaf, (exp.DateTrunc, exp.TimestampTrunc)):
        unit = str(leaf.args["unit"].name).upper()
        days = {"YEAR": 365.24, "QUARTER": 91.3, "MONTH": 30.44, "WEEK": 7.0, "DAY": 1.0}.get(unit)
        return span / days + 1 if days is not None else float("inf")
    if isinstance(leaf, exp.Case):
        values = [branch.args["true"] for branch in leaf.args["ifs"]]
        if all(isinstance(value, (exp.Literal, exp.Boolean, exp.Null)) for value in values):
            return float(len(values) + 1)
    if isinstance(leaf, (exp.Predicate, exp.Connector, exp.Not)):
        return 3.0
    return float("inf")


def _span(keys: KeyColumns, place: Place) -> float:
    facts = keys.relations[place[0]].columns[place[1]]
    if len(facts.bounds) < 2:
        return float("inf")
    low, high = facts.bounds[0], facts.bounds[-1]
    if isinstance(low, str) or isinstance(high, str):
        return float("inf")
    return (high - low) * keys.parts.get(place, 1.0)
