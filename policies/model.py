"""What a policy says, as values ready to decide with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Final

from policies.decision import ColumnDecision, Floor
from policies.joins import JoinRules
from policies.principal import AttributeValue, Principal

USES: Final = ("read", "filter", "match", "join", "group", "order", "aggregate")
"""What a column may be used for; `read` implies all the others."""

ALL_USES: Final = frozenset(USES)


@dataclass(frozen=True, slots=True)
class Mask:
    """A named change of a value. `argument` is its text: `3` of `keep_first: 3`, the SQL of `sql: …`."""

    name: str
    argument: str | None = None

    def __str__(self) -> str:
        return self.name if self.argument is None else f"{self.name}({self.argument})"


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """What one grant allows of one column."""

    uses: frozenset[str]
    mask: Mask | None = None
    functions: frozenset[str] = frozenset()

    grade: str = "general"

    @property
    def readable(self) -> bool:
        """Whether values may be shown: raw ones, or masked ones where there is a mask."""
        return "read" in self.uses

    def decision(self) -> ColumnDecision:
        mask = self.mask or Mask("")
        return ColumnDecision(self.uses, mask.name or None, mask.argument, self.functions, self.grade)


@dataclass(frozen=True, slots=True)
class PrincipalRule:
    """Whom a grant names: every part given must match; an empty part matches nobody; None is not given."""

    departments: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    subjects: frozenset[str] | None = None
    attributes: Mapping[str, tuple[AttributeValue, ...]] | None = None

    def matches(self, principal: Principal) -> bool:
        if self.departments is not None and principal.department not in self.departments:
            return False
        if self.subjects is not None and principal.subject not in self.subjects:
            return False
        if self.roles is not None and self.roles.isdisjoint(principal.roles):
            return False
        if self.attributes is not None:
            if not self.attributes:
                return False
            for name, wanted in self.attributes.items():
                if not _holds(principal.attributes.get(name), wanted):
                    return False
        given = (self.departments, self.roles, self.subjects, self.attributes)
        return any(part is not None for part in given)


def _holds(value: AttributeValue | None, wanted: tuple[AttributeValue, ...]) -> bool:
    if value is None:
        return False
    held = value if isinstance(value, tuple) else (value,)
    # Types must agree, because in Python True == 1.
    return any(type(h) is type(w) and h == w for h in held for w in wanted)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one grant may hand out, and how many values may be tried on its match-only columns."""

    rows: int | None = None
    bytes: int | None = None
    rows_per_day: int | None = None
    bytes_per_day: int | None = None
    matches: int | None = None
    matches_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may use which columns of one table, for which purposes, until when, and how.

    `decided` are the columns as decisions carry them, those without any use included; `shown` are the readable
    ones of them, raw or masked, which is what `*` covers; `row_filter` is the policy's own text.
    """

    id: str
    reason: str
    request: str | None
    principals: PrincipalRule
    purposes: tuple[str, ...]
    valid_from: date | None
    valid_until: date | None
    columns: Mapping[str, ColumnRule]
    row_filter: str | None = None
    floor: Floor | None = None
    limits: Limits = Limits()
    crossing: str = "aggregate"
    key_exchange: tuple[str, ...] = ()
    joins: JoinRules = field(default_factory=JoinRules)
    line: int = field(default=0, repr=False, compare=False)
    decided: Mapping[str, ColumnDecision] = field(init=False)
    shown: Mapping[str, ColumnDecision] = field(init=False)
    obligations: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        decided = {name: rule.decision() for name, rule in self.columns.items()}
        object.__setattr__(self, "decided", decided)
        object.__setattr__(self, "shown", {n: d for n, d in decided.items() if "read" in d.uses})
        limits = {f.name: getattr(self.limits, f.name) for f in fields(self.limits)}
        obligations = {name: str(most) for name, most in limits.items() if most is not None}
        if self.key_exchange:
            obligations["key_exchange"] = " ".join(self.key_exchange)
        object.__setattr__(self, "obligations", obligations)

    @property
    def usable(self) -> bool:
        """Whether any column may be used for anything."""
        return any(rule.uses for rule in self.columns.values())

    def starts_after(self, today: date) -> bool:
        return self.valid_from is not None and today < self.valid_from

    def ended_before(self, today: date) -> bool:
        return self.valid_until is not None and today > self.valid_until


@dataclass(frozen=True, slots=True)
class TablePolicy:
    """The grants on one published table, in file order. `digest` is the SHA-256 of the file, in hex."""

    table: str
    grants: tuple[Grant, ...]
    digest: str
