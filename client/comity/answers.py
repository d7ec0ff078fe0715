"""What an answer says besides its rows: progress, notices, the summary; and plans and catalog entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
    """The end of an answer: its size, what it rests on, and where the audit log holds it."""

    query_id: str
    rows: int
    bytes: int
    coverage: tuple[Coverage, ...]
    timings: Mapping[str, float]
    partial: bool
    audit_leaf_index: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How the gateway would answer, or with `analyze` did: the same plan as data and as text."""

    json: Mapping[str, Any]
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column that the caller may use, and for what. `mask` is empty when values are shown as they are."""

    name: str
    type: str
    title: str
    uses: tuple[str, ...]
    mask: str
    element: str


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table as the caller may see it. `members` are the tables behind a federated one."""

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

    @property
    def qualified_name(self) -> str:
        return f"{self.department}.{self.name}"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One of the federation's purposes."""

    name: str
    title: str
