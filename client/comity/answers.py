"""What an answer says besides its rows: progress, notices, the summary; and plans and catalog entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from comity.errors import ComityError, error_for

State = Literal["started", "streaming", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one department's part of a query has come, over all its fragments.

    `state` is `failed` when any fragment failed, `done` when all known ones are. `bytes` counts Arrow data
    received by the gateway.
    """

    department: str
    state: State
    rows: int
    bytes: int
    elapsed_seconds: float
    fragments: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know about the answer. `code` is stable; `department` is empty for the whole query."""

    code: str
    message: str
    department: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one department contributed. `rows` and `bytes` are what left it, not what the answer shows.

    `reason` is a stable error code when `complete` is False. `as_of` is ISO 8601, empty when not known.
    """

    department: str
    complete: bool
    rows: int
    bytes: int
    reason: str
    as_of: str
    fragments: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of an answer: its size, what it rests on, and where the audit log holds it.

    `suppressed_groups` are those that floors left out, as far as departments tell: 0 also when so few people are
    in them that their number would say that somebody is there.
    """

    query_id: str
    rows: int
    bytes: int
    coverage: tuple[Coverage, ...]
    timings: Mapping[str, float]
    partial: bool
    audit_leaf_index: int
    suppressed_groups: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """How the gateway would answer, or with `analyze` did: the same plan as data and as text."""

    json: Mapping[str, Any]
    text: str

    @property
    def error(self) -> ComityError | None:
        """What the question failed with, when it ran and that was to be kept."""
        told = (self.json.get("actual") or {}).get("error")
        if not told:
            return None
        fields = {name: told.get(name) for name in ("hint", "department")}
        return error_for(str(told.get("code")), str(told.get("message")), **fields)

    @property
    def missing(self) -> tuple[str, ...]:
        """The departments that the answer does without."""
        return tuple((self.json.get("actual") or {}).get("missing") or ())

    def tree(self, width: int | None = None) -> str:
        """The plan drawn as a tree, in lines of at most `width` columns."""
        from comity.plan_tree import draw_tree

        return "\n".join(draw_tree(self.json, width)) + "\n"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class ColumnGrant:
    """What one grant allows of one column. `functions` confine the use `aggregate`; empty for any."""

    grant: str
    uses: tuple[str, ...]
    mask: str
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column that the caller may know, and what it may be used for under any grant; nothing when `uses` is empty.

    `mask` is empty when values are shown as they are. `grants` say what each grant allows, in the order in
    which they are tried: one grant governs a whole question.
    """

    name: str
    type: str
    title: str
    uses: tuple[str, ...]
    mask: str
    element: str
    functions: tuple[str, ...] = ()
    grade: str = ""
    grants: tuple[ColumnGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class GrantInfo:
    """One grant that names the caller. `rows` say in words which rows, empty for all or where `rows_withheld`.

    `floor_entities` is the least number of distinct entities under an aggregate, 0 for no floor; `crossing` what
    may leave the department, `aggregate` or `raw`; `limits` are by name, as policies write them; `tables` are
    those that it is on, several for a federated one.
    """

    id: str
    reason: str
    request: str
    purposes: tuple[str, ...]
    valid_until: str
    rows: str
    rows_withheld: bool
    floor_entities: int
    floor_column: str
    crossing: str
    limits: Mapping[str, int]
    joins: tuple[str, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table as the caller may see it. `members` are the tables behind a federated one.

    Without `grants` the table is known to exist and nothing may be asked of it; `owner` is whom to ask, and
    `legal_basis` the law that keeps it from being shared, where there is one.
    """

    department: str
    name: str
    title: str
    department_title: str
    sharing: str
    grade: str
    update: str
    columns: tuple[ColumnInfo, ...]
    purposes: tuple[str, ...]
    members: tuple[str, ...]
    reasons: tuple[str, ...]
    grants: tuple[GrantInfo, ...] = ()
    legal_basis: str = ""
    owner: str = ""

    @property
    def qualified_name(self) -> str:
        return f"{self.department}.{self.name}"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One of the federation's purposes."""

    name: str
    title: str
