"""Random scalar expressions, conditions and aggregates, over the names that a scope offers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

KINDS = ("int", "text", "date", "dec", "dbl")
ORDERS = ("", " DESC", " NULLS FIRST", " DESC NULLS LAST")


@dataclass(frozen=True, slots=True)
class Item:
    """One FROM item or WITH name: what the text calls it, and its columns with their kinds."""

    name: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in one block, and in those around it. `ctes` are by name in lower case."""

    items: tuple[Item, ...] = ()
    ctes: Mapping[str, Item] = field(default_factory=dict)
    outer: Scope | None = None

    def references(self) -> Iterator[tuple[int, Item, str, str]]:
        """(levels outwards, item, column, kind) for all that can be named with its item's name."""
        hidden: set[str] = set()
        scope: Scope | None = self
        level = 0
        while scope is not None:
            for item in scope.items:
                if item.name.lower() not in hidden:
                    yield from ((level, item, name, kind) for name, kind in item.columns)
            hidden |= {item.name.lower() for item in scope.items}
            scope, level = scope.outer, level + 1

    def alone(self) -> Scope:
        """The same WITH names and no columns, as a subquery that uses nothing around it sees it."""
        return replace(self, items=(), outer=None)


class Values:
    """Writes expressions. `subquery` writes a query in parentheses; it is set by the writer of questions."""

    def __init__(self, rng: random.Random, subquery: Callable[[Scope, str, str | None], str | None]) -> None:
        self.rng = rng
        self.subquery = subquery

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def spelled(self, name: str) -> str:
        """The name as somebody may write it: in any case, quoted or not."""
        if not name.isascii():
            return self.rng.choice([name, f'"{name}"'])
        return self.rng.choice([name, name, name.upper(), name.capitalize(), f'"{name}"'])

    # --- columns and literals ----------------------------------------------------------------------

    def kind(self, scope: Scope) -> str:
        """A kind of which the scope's own items have a column, where they have any."""
        near = [kind for level, _, _, kind in scope.references() if level == 0]
        return self.rng.choice(near or KINDS)

    def column(self, scope: Scope, kind: str, *, bare: bool = True) -> str | None:
        found = [reference for reference in scope.references() if reference[3] == kind]
        near = [reference for reference in found if reference[0] == 0]
        if not found:
            return None
        level, item, name, _ = self.rng.choice(near if near and self.chance(0.75) else found)
        alike = [r for r in scope.references() if r[2].lower() == name.lower()]
        named = any(r[1].name.lower() == name.lower() for r in scope.references())
        if bare and len(alike) == 1 and level == 0 and not named and self.chance(0.25):
            return self.spelled(name)
        return f"{self.spelled(item.name)}.{self.spelled(name)}"

    def literal(self, kind: str) -> str:
        rng = self.rng
        if self.chance(0.06):
            return "NULL"
        return {
            "int": lambda: str(rng.randint(0, 12)),
            "text": lambda: "'" + rng.choice(["张三", "李四", "x", "Y ", "", "1", "2", "3"]) + "'",
            "date": lambda: f"DATE '2026-01-{rng.randint(1, 28):02d}'",
            "dec": lambda: f"{rng.randint(1, 50)}.{rng.randint(0, 99):02d}",
            "dbl": lambda: f"CAST({rng.randint(1, 5)} AS DOUBLE)",
        }[kind]()

    # --- values ------------------------------------------------------------------------------------

    def value(self, scope: Scope, kind: str, depth: int = 2) -> str:
        plain = self.column(scope, kind)
        if depth <= 0 or self.chance(0.6):
            return plain if plain is not None and self.chance(0.93) else self.literal(kind)
        if self.chance(0.15):
            found = self.subquery(scope, "scalar", kind)
            if found is not None:
                return found
        less = depth - 1
        if self.chance(0.3):
            return self._of_any_kind(scope, kind, less)
        return self._of_kind(scope, kind, less)

    def _of_any_kind(self, scope: Scope, kind: str, depth: int) -> str:
        one, other = self.value(scope, kind, depth), self.value(scope, kind, depth)
        return self.rng.choice(
            [
                f"coalesce({one}, {other})",
                f"nullif({one}, {other})",
                f"CASE WHEN {self.condition(scope, depth)} THEN {one} ELSE {other} END",
                f"CASE WHEN {self.condition(scope, depth)} THEN {one} END",
                f"greatest({one}, {other})",
            ]
        )

    def _of_kind(self, scope: Scope, kind: str, depth: int) -> str:
        one = self.value(scope, kind, depth)
        other = self.value(scope, self.rng.choice(KINDS), 0)
        forms = {
            "int": [f"{one} + 1", f"{one} % 4", f"({one} * 2)", f"abs({one})", f"length({self.text(scope)})"],
            "text": [f"upper({one})", f"trim({one})", f"({one} || '-' || {self.text(scope)})"],
            "date": [f"({one} + 3)", f"({one} - 2)"],
            "dec": [f"{one} * 2", f"round({one}, 1)", f"({one} + {self.value(scope, 'int', 0)})"],
            "dbl": [f"{one} / 2", f"({one} * 1.5)", f"CAST({self.value(scope, 'int', 0)} AS DOUBLE)"],
        }
        forms["text"] += [f"CAST({other} AS VARCHAR)", f"substring({one}, 1, 1)"]
        forms["int"] += [
            f"extract('day' FROM {self.value(scope, 'date', 0)})",
            f"TRY_CAST({other} AS INTEGER)",
        ]
        return self.rng.choice(forms[kind])

    def text(self, scope: Scope) -> str:
        return self.value(scope, "text", 0)

    # --- conditions --------------------------------------------------------------------------------

    def condition(self, scope: Scope, depth: int = 2) -> str:
        rng = self.rng
        if depth > 0 and self.chance(0.25):
            found = self._condition_on_query(scope)
            if found is not None:
                return found
        if depth > 0 and self.chance(0.2):
            one, other = self.condition(scope, depth - 1), self.condition(scope, depth - 1)
            return rng.choice([f"({one} OR {other})", f"({one} AND {other})", f"NOT ({one})"])
        kind = self.kind(scope)
        one, other = self.value(scope, kind, 1), self.value(scope, kind, 1)
        low, high = sorted([self.literal(kind), self.literal(kind)])
        forms = [
            f"{one} {rng.choice(['=', '<>', '<', '>=', 'IS DISTINCT FROM', 'IS NOT DISTINCT FROM'])} {other}",
            f"{one} {rng.choice(['=', '<', '>'])} {other}",
            f"{one} IS {rng.choice(['', 'NOT '])}NULL",
            f"{one} BETWEEN {low} AND {high}",
            f"{one} {rng.choice(['', 'NOT '])}IN ({low}, {high})",
        ]
        if kind == "text":
            forms.append(
                f"{one} {rng.choice(['LIKE', 'NOT LIKE', 'ILIKE'])} '%{rng.choice(['三', 'y', ''])}%'"
            )
        return rng.choice(forms)

    def _condition_on_query(self, scope: Scope) -> str | None:
        kind = self.kind(scope)
        form = self.rng.choice(["exists", "in", "in", "scalar", "any"])
        inner = self.subquery(scope, form, kind)
        if inner is None:
            return None
        negated = self.rng.choice(["", "NOT "])
        if form == "exists":
            return f"{negated}EXISTS {inner}"
        value = self.value(scope, kind, 0)
        if form == "in":
            return f"{value} {negated}IN {inner}"
        if form == "any":
            return f"{value} {self.rng.choice(['=', '<'])} {self.rng.choice(['ANY', 'ALL'])} {inner}"
        return f"{value} {self.rng.choice(['=', '<', '>='])} {inner}"

    def join_condition(self, left: Scope, right: Scope, both: Scope) -> str:
        """Mostly an equality between the two sides, so that rows meet, and sometimes more."""
        kind = self.rng.choice(["int", "int", "text", "date"])
        one, other = self.column(left, kind, bare=False), self.column(right, kind, bare=False)
        parts = [f"{one} = {other}"] if one and other and self.chance(0.85) else []
        if not parts or self.chance(0.3):
            parts.append(self.condition(both, 1))
        return " AND ".join(parts)

    # --- aggregates and windows --------------------------------------------------------------------

    def aggregate(self, scope: Scope, kind: str, depth: int = 1) -> str:
        # An aggregate over nothing but names of an outer block belongs to that block.
        scope = scope if self.chance(0.03) else replace(scope, outer=None)
        value = self.value(scope, kind, depth)
        forms = [f"min({value})", f"max({value})"]
        if kind == "int":
            anything = self.value(scope, self.kind(scope), 1)
            forms += ["count(*)", f"count({anything})", f"count(DISTINCT {anything})", f"sum({value})"]
            forms.append(f"count_if({self.condition(scope, 0)})")
        if kind == "dec":
            forms += [f"sum({value})", f"sum(DISTINCT {value})"]
        if kind == "dbl":
            forms += [f"avg({self.value(scope, 'int', 0)})"] * 2
        if kind == "text":
            forms.append(f"string_agg({value}, ',' ORDER BY {value})")
        found = self.rng.choice(forms)
        return f"{found} FILTER (WHERE {self.condition(scope, 0)})" if self.chance(0.12) else found

    def window(self, scope: Scope, kind: str) -> str:
        """A window call whose answer does not depend on the order of tied rows."""
        parts = []
        if self.chance(0.6):
            parts.append(f"PARTITION BY {self.value(scope, self.kind(scope), 1)}")
        every = [f"{item.name}.{name}" for level, item, name, _ in scope.references() if level == 0]
        if kind == "int" and self.chance(0.5):
            ordered = ", ".join(f"{name}{self.rng.choice(ORDERS)}" for name in every)
            call = self.rng.choice(["row_number()", "ntile(3)"])
            return f"{call} OVER ({' '.join([*parts, f'ORDER BY {ordered}'])})"
        if self.chance(0.6):
            parts.append(f"ORDER BY {self.value(scope, self.kind(scope), 1)}{self.rng.choice(ORDERS)}")
        calls = [f"{name}({self.value(scope, kind, 1)})" for name in ("min", "max")]
        if kind == "int":
            calls += ["rank()", "dense_rank()", "count(*)"]
        return f"{self.rng.choice(calls)} OVER ({' '.join(parts)})"
