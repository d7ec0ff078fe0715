"""Finding queries in the log: who asked what of whom, and how it ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from audit.reader import AuditReader, Record

UNFINISHED = "unfinished"
"""The status of a query that runs, or whose end a crash prevented from being recorded."""


@dataclass(frozen=True, slots=True)
class TableUse:
    """A table that a query named, and the columns that were decided about."""

    department: str
    table: str
    columns: tuple[str, ...]

    @property
    def qualified_name(self) -> str:
        return f"{self.department}.{self.table}"


@dataclass(slots=True)
class QuerySummary:
    """One query on one line. `sql` has no literals; `commitment` finds the text with them."""

    query_id: str
    leaf_index: int
    time: str
    subject: str = ""
    caller_department: str = ""
    purpose: str = ""
    sql: str = ""
    fingerprint: str = ""
    commitment: str = ""
    status: str = UNFINISHED
    code: str | None = None
    microseconds: int | None = None
    rows_granted: int = 0
    rows_released: int = 0
    tables: list[TableUse] = field(default_factory=list)
    departments: set[str] = field(default_factory=set)
    roles: tuple[str, ...] = ()

    def add(self, record: Record) -> None:
        """Takes in one more record of this query. Unknown kinds are passed over: newer logs have more."""
        event = record.event
        match record.type:
            case "query.received":
                self.subject = event["actor"]["subject"]
                self.caller_department = event["actor"]["department"]
                self.roles = tuple(event["actor"]["roles"])
                self.purpose = event["purpose"]
                self.sql, self.fingerprint = event["text"]["sql"], event["text"]["fingerprint"]
                self.commitment = event["text"]["commitment"]
            case "query.authorized":
                self._decide(event["decisions"])
            case "query.denied":
                self._decide(event["decisions"])
                self.status, self.code = "denied", event["code"]
                self.microseconds = event["microseconds"]
            case "fragment.dispatched":
                self.departments.add(event["department"])
            case "release.granted":
                self.rows_granted += event["rows"]
            case "query.completed":
                outcome = event["outcome"]
                self.status, self.code = outcome["status"], outcome.get("code")
                self.microseconds = outcome["microseconds"]
                self.rows_released = outcome["rows_released"]

    def _decide(self, decisions: Iterable[Any]) -> None:
        for decision in decisions:
            columns = (*decision["columns"], *decision["policy_columns"])
            self.tables.append(TableUse(decision["department"], decision["table"], columns))
            self.departments.add(decision["department"])


@dataclass(frozen=True, slots=True)
class QueryFilter:
    """What a query must be to be found; None and empty ask for nothing. Names compare without case.

    `since` is inclusive, `until` exclusive, both about when the query was received. `department` is one
    that was asked; `caller_department` the one that asks. With `table` and `column`, the column is that
    table's. `text` is looked for in the SQL, with its literals where they have not been erased.
    """

    since: datetime | None = None
    until: datetime | None = None
    subject: str | None = None
    caller_department: str | None = None
    department: str | None = None
    table: str | None = None
    column: str | None = None
    purpose: str | None = None
    status: str | None = None
    query_id: str | None = None
    fingerprint: str | None = None
    text: str | None = None

    def includes(self, time: str) -> bool:
        """Whether a record's time is in the range."""
        moment = datetime.fromisoformat(time)
        return (self.since is None or moment >= _aware(self.since)) and (
            self.until is None or moment < _aware(self.until)
        )

    def matches(self, query: QuerySummary, reader: AuditReader) -> bool:
        """Whether `query` is one of those asked for."""
        return (
            self.includes(query.time)
            and _same(self.query_id, query.query_id)
            and _same(self.fingerprint, query.fingerprint)
            and _same(self.status, query.status)
            and _same(self.subject, query.subject)
            and _same(self.caller_department, query.caller_department)
            and _same(self.purpose, query.purpose)
            and (self.department is None or any(_same(self.department, name) for name in query.departments))
            and self._uses(query)
            and (self.text is None or _has(self.text, query, reader))
        )

    def _uses(self, query: QuerySummary) -> bool:
        if self.table is None and self.column is None:
            return True
        return any(
            (_same(self.table, use.table) or _same(self.table, use.qualified_name))
            and (self.column is None or any(_same(self.column, name) for name in use.columns))
            for use in query.tables
        )


def summarise(records: Iterable[Record]) -> Iterator[QuerySummary]:
    """Queries in the order in which they ended, then the unfinished ones.

    Holds only the queries that are open at the same time. Records that come after a query's end, which a
    cancelled fragment may leave, do not change its summary.
    """
    open_queries: dict[str, QuerySummary] = {}
    for record in records:
        if record.query_id is None:
            continue
        query = open_queries.get(record.query_id)
        if query is None:
            if record.type not in {"query.received", "query.authorized", "query.denied"}:
                continue
            query = QuerySummary(record.query_id, record.leaf_index, record.time)
            open_queries[record.query_id] = query
        query.add(record)
        if query.status != UNFINISHED:
            yield open_queries.pop(record.query_id)
    yield from open_queries.values()


def search(
    reader: AuditReader, wanted: QueryFilter, *, limit: int = 50, offset: int = 0, oldest_first: bool = False
) -> list[QuerySummary]:
    """The queries that match, newest first unless told otherwise, one page of them."""
    found = (query for query in summarise(reader.records()) if wanted.matches(query, reader))
    if oldest_first:
        return list(islice(found, offset, offset + limit))
    last = deque(found, maxlen=offset + limit)
    return list(reversed(last))[offset:]


def history(reader: AuditReader, query_id: str) -> list[Record]:
    """Everything recorded about one query, in order."""
    return [record for record in reader.records() if record.query_id == query_id]


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _same(wanted: str | None, found: str) -> bool:
    return wanted is None or wanted.casefold() == found.casefold()


def _has(text: str, query: QuerySummary, reader: AuditReader) -> bool:
    wanted = text.casefold()
    if wanted in query.sql.casefold():
        return True
    payload = reader.payload(query.commitment, query.leaf_index) if query.commitment else None
    return payload is not None and any(
        wanted in part.casefold() for part in (payload.sql, *payload.parameters)
    )
