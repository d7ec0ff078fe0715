"""Every event that the audit log records.

A query's events come in this order, and each query ends with exactly one of the two last::

    query.received → query.authorized → fragment.dispatched* → release.granted* → fragment.completed*
                   ↘ query.denied                                                 → query.completed

An event says what happened; when, and where in the log, is added by the log (`audit.log`). No event has
a place for a result value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from audit.values import (
    MICROSECONDS,
    Actor,
    Coverage,
    KeyDisclosure,
    Outcome,
    Payload,
    QueryText,
    Receipt,
    Status,
    TableDecision,
)

__all__ = [
    "Actor",
    "AdminEvent",
    "AuditRead",
    "AuthRefused",
    "AuthSucceeded",
    "CheckpointPublished",
    "Coverage",
    "Event",
    "FragmentCompleted",
    "FragmentDispatched",
    "KeyDisclosure",
    "Outcome",
    "Payload",
    "PolicyChanged",
    "QueryAuthorized",
    "QueryCompleted",
    "QueryDenied",
    "QueryReceived",
    "QueryText",
    "Receipt",
    "ReleaseGranted",
    "Status",
    "SystemRecovered",
    "TableDecision",
]

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class QueryReceived:
    """Somebody asked. `operation` is query or explain; `protocol` is grpc, flight_sql or embedded."""

    type: ClassVar[str] = "query.received"
    query_id: str
    trace_id: str
    actor: Actor
    purpose: str
    text: QueryText
    operation: str = "query"
    protocol: str = "grpc"
    allow_partial: bool = False


@dataclass(frozen=True, slots=True)
class QueryAuthorized:
    """Every department agreed. Durable before anything is dispatched."""

    type: ClassVar[str] = "query.authorized"
    query_id: str
    trace_id: str
    decisions: tuple[TableDecision, ...]
    catalog_version: str = ""


@dataclass(frozen=True, slots=True)
class QueryDenied:
    """The question was refused: by whom and why. `seconds` is the time since it was received."""

    type: ClassVar[str] = "query.denied"
    query_id: str
    trace_id: str
    code: str
    reasons: tuple[str, ...]
    decisions: tuple[TableDecision, ...] = ()
    seconds: float = field(default=0.0, metadata=MICROSECONDS)


@dataclass(frozen=True, slots=True)
class FragmentDispatched:
    """A part of the question went to a department, over published tables.

    `keys` are the join keys of other fragments that went with it, disclosed to the department. Durable before it
    is asked.
    """

    type: ClassVar[str] = "fragment.dispatched"
    query_id: str
    trace_id: str
    department: str
    fragment_id: str
    text: QueryText
    tables: tuple[str, ...] = ()
    keys: tuple[KeyDisclosure, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseGranted:
    """Up to `rows` more rows may leave for the caller. Durable before they do."""

    type: ClassVar[str] = "release.granted"
    query_id: str
    trace_id: str
    rows: int


@dataclass(frozen=True, slots=True)
class FragmentCompleted:
    """A department finished with a fragment, well or not."""

    type: ClassVar[str] = "fragment.completed"
    query_id: str
    trace_id: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class QueryCompleted:
    """The answer ended, well or not."""

    type: ClassVar[str] = "query.completed"
    query_id: str
    trace_id: str
    outcome: Outcome
    coverage: tuple[Coverage, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthSucceeded:
    """A caller was recognised. Written once per session or connection, not per call."""

    type: ClassVar[str] = "auth.succeeded"
    trace_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class AuthRefused:
    """A caller was not recognised. Carries nothing of what it presented."""

    type: ClassVar[str] = "auth.refused"
    trace_id: str
    peer: str
    method: str
    code: str
    rpc: str = ""


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """A department's policy is another one from now on. `old_digest` is None for the first load."""

    type: ClassVar[str] = "policy.changed"
    department: str
    new_digest: str
    old_digest: str | None = None
    tables: Mapping[str, str] = field(default_factory=dict)
    """Table → digest of its policy."""


@dataclass(frozen=True, slots=True)
class AdminEvent:
    """Something was done to the gateway itself: `action` is server_started or server_stopped."""

    action: str
    actor: Actor | None = None
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return f"admin.{self.action}"


@dataclass(frozen=True, slots=True)
class AuditRead:
    """Somebody read the log. `query` maps each filter to what was asked."""

    type: ClassVar[str] = "audit.read"
    actor: Actor
    command: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckpointPublished:
    """A signed statement of the log's state went out. `root_hash` is hexadecimal."""

    type: ClassVar[str] = "checkpoint.published"
    tree_size: int
    root_hash: str


@dataclass(frozen=True, slots=True)
class SystemRecovered:
    """The log was opened after a crash, and a tail that no caller had been promised was set aside."""

    type: ClassVar[str] = "system.recovered"
    reason: str
    tree_size: int
    quarantine: str
    quarantined_bytes: int
    quarantined_sha256: str


Event = (
    QueryReceived
    | QueryAuthorized
    | QueryDenied
    | FragmentDispatched
    | ReleaseGranted
    | FragmentCompleted
    | QueryCompleted
    | AuthSucceeded
    | AuthRefused
    | PolicyChanged
    | AdminEvent
    | AuditRead
    | CheckpointPublished
    | SystemRecovered
)
