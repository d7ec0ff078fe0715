"""What a value in a question is made of: published columns row by row, and what has been let out of groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlglot import exp

from sql.catalog import Origin

NOWHERE = -1
"""The owner of what a nested query returns: no aggregate of an outer block is over its rows."""


class Taint(NamedTuple):
    """A published column whose values, row by row, are part of a value.

    `owner` is the block over whose rows the column runs: only its aggregates and groups let the column out of
    its rows. None while a query has not yet been put into a FROM. `bare` says that it is the very value of the
    column, `fails` that a value may have failed to be computed on the way.
    """

    origin: Origin
    owner: int | None
    bare: bool = True
    fails: bool = False


def in_order(taint: Taint) -> tuple[Origin, bool, int, bool]:
    """What sets of columns are sorted by, so that what is said of them does not change from run to run."""
    return taint.origin, taint.bare, -1 if taint.owner is None else taint.owner, taint.fails


_NO_TAINTS: frozenset[Taint] = frozenset()
_NO_ORIGINS: frozenset[Origin] = frozenset()


@dataclass(frozen=True, slots=True)
class Value:
    """What one value, or one column of a query, is made of.

    Several bare `taints` are alternatives, as after UNION ALL. `conditions` decide what the value is without
    being part of it, as in CASE WHEN. `mixed` says that several columns were computed together.
    `keys` are columns of which it is a group's key, with nothing changed. `constants` is how many constants of
    the question it can be. `opaque` says that it can be something else that the question may show: a result of
    an aggregate, something computed from a key. `decided` are the columns that decided it and are no taint any more.
    """

    taints: frozenset[Taint] = _NO_TAINTS
    conditions: frozenset[Taint] = _NO_TAINTS
    mixed: bool = False
    keys: tuple[Origin, ...] = ()
    constants: int = 0
    opaque: bool = False
    decided: frozenset[Origin] = _NO_ORIGINS

    @property
    def is_raw(self) -> bool:
        return bool(self.taints or self.conditions)

    @property
    def origins(self) -> frozenset[Origin]:
        """Every column that decided the value."""
        if not self.is_raw:
            return self.decided
        found = {taint.origin for taint in self.taints}
        found.update(taint.origin for taint in self.conditions)
        return self.decided | found

    def owned(self, owner: int | None, by: int | None) -> Value:
        """The same value with what `owner` owned owned by `by`."""
        if not self.is_raw:
            return self
        return Value(
            frozenset(t._replace(owner=by) if t.owner == owner else t for t in self.taints),
            frozenset(t._replace(owner=by) if t.owner == owner else t for t in self.conditions),
            self.mixed,
            self.keys,
            self.constants,
            self.opaque,
            self.decided,
        )

    def released(self, owner: int | None) -> Value:
        """The value as a group's key: what `owner` owned is let out, the rest stays as it was."""
        if not self.is_raw:
            return self
        kept = frozenset(t for t in self.taints if t.owner != owner)
        kept_conditions = frozenset(t for t in self.conditions if t.owner != owner)
        freed = [t for t in self.taints if t.owner == owner]
        computed = any(not t.bare for t in freed) or len(kept_conditions) < len(self.conditions)
        return Value(
            kept,
            kept_conditions,
            self.mixed,
            tuple(dict.fromkeys((*self.keys, *sorted(t.origin for t in freed if t.bare)))),
            self.constants,
            self.opaque or computed,
            self.origins,
        )

    def failing(self) -> Value:
        """The value after an expression that may have failed on it."""
        return Value(
            frozenset(t._replace(fails=True) for t in self.taints),
            frozenset(t._replace(fails=True) for t in self.conditions),
            self.mixed,
            self.keys,
            self.constants,
            self.opaque,
            self.decided,
        )


CONSTANT = Value(constants=1)


def either(values: Iterable[Value]) -> Value:
    """One value or another, as in the arms of UNION ALL and the rows of VALUES."""
    listed = list(values)
    if len(listed) == 1:
        return listed[0]
    return Value(
        frozenset().union(*(v.taints for v in listed)),
        frozenset().union(*(v.conditions for v in listed)),
        any(v.mixed for v in listed),
        tuple(dict.fromkeys(key for v in listed for key in v.keys)),
        sum(v.constants for v in listed),
        any(v.opaque for v in listed),
        frozenset().union(*(v.decided for v in listed)),
    )


class Part(NamedTuple):
    """A value that stands in an expression: a column, a nested query, a call that aggregates.

    `condition` says that it only decides between other parts.
    """

    node: exp.Expr
    value: Value
    condition: bool = False


@dataclass(slots=True)
class Gathered:
    """The parts of one expression. `whole` says that the expression is its one part and nothing more.

    `fails` says that something in it can fail on some value, `listed` that it is the rows of a nested query,
    as in IN (SELECT …).
    """

    root: exp.Expr
    parts: list[Part] = field(default_factory=list)
    whole: bool = False
    fails: bool = False
    listed: bool = False

    @property
    def raw(self) -> list[Part]:
        return [part for part in self.parts if part.value.is_raw]

    @property
    def mixed(self) -> bool:
        """Whether more than one column, each with its rows, is worked on together."""
        raw = self.raw
        return any(part.value.mixed for part in raw) or len({_name(part.node) for part in raw}) > 1

    def origins(self) -> frozenset[Origin]:
        return _NO_ORIGINS.union(*(part.value.origins for part in self.parts)) if self.parts else _NO_ORIGINS

    def value(self) -> Value:
        if self.whole:
            return self.parts[0].value
        if not self.parts:
            return CONSTANT
        taints: set[Taint] = set()
        conditions: set[Taint] = set()
        constants, opaque = 1, False
        seen: set[object] = set()
        for part in self.parts:
            into = conditions if part.condition else taints
            into.update(t._replace(bare=False) for t in part.value.taints)
            conditions.update(part.value.conditions)
            opaque = opaque or part.value.opaque or bool(part.value.keys)
            if (name := _name(part.node)) not in seen:
                seen.add(name)
                constants *= part.value.constants or 1
        if taints or conditions or opaque:
            constants = 0
        return Value(
            frozenset(taints), frozenset(conditions), self.mixed, (), constants, opaque, self.decided()
        )

    def decided(self) -> frozenset[Origin]:
        return _NO_ORIGINS.union(*(part.value.decided for part in self.parts))


def _name(node: exp.Expr) -> object:
    """What tells one column of the FROM from another."""
    return (node.table, node.name) if isinstance(node, exp.Column) else id(node)
