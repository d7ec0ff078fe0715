"""`comity audit`: what auditors ask of the log. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from audit.events import Actor, AuditRead
from audit.log import AuditLog
from audit.narrative import narrate, without_literals
from audit.reader import AuditReader, Record
from audit.search import QueryFilter, QuerySummary, history, search
from audit.table import align
from comity.errors import AuditError, ComityError, ConfigurationError
from gateway.commands.audit_questions import question_lines
from gateway.configuration import load_federation

audit = typer.Typer(name="audit", help="Search and read the audit log.", no_args_is_help=True)


class Format(StrEnum):
    """How results are written."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    questions = "questions"


class StoryFormat(StrEnum):
    """How one query is written."""

    text = "text"
    json = "json"
    jsonl = "jsonl"


Log = Annotated[Path | None, typer.Option("--log", help="The log's directory.", metavar="DIR")]
FederationDirectory = Annotated[
    Path | None, typer.Option("--federation", help="The federation whose log it is.", metavar="DIR")
]
Text = str | None


@audit.command("search")
def search_command(
    *,
    log: Log = None,
    federation: FederationDirectory = None,
    since: Annotated[datetime | None, typer.Option(help="Received at or after, UTC unless it says.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Received before.")] = None,
    subject: Annotated[Text, typer.Option(help="Who asked.")] = None,
    caller_department: Annotated[Text, typer.Option(help="The department that asked.")] = None,
    department: Annotated[Text, typer.Option(help="A department that was asked.")] = None,
    table: Annotated[Text, typer.Option(help="`table` or `department.table`.")] = None,
    column: Annotated[Text, typer.Option(help="A column of it, or of any table.")] = None,
    purpose: Annotated[Text, typer.Option(help="Why.")] = None,
    status: Annotated[Text, typer.Option(help="ok, denied, failed, cancelled or unfinished.")] = None,
    query_id: Annotated[Text, typer.Option(help="The query's id.")] = None,
    fingerprint: Annotated[Text, typer.Option(help="The shape of the SQL, without literals.")] = None,
    text: Annotated[Text, typer.Option(help="Words in the SQL, literals included.")] = None,
    event_type: Annotated[
        Text, typer.Option("--type", help="Single records of this type instead of queries: auth.refused, …")
    ] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="questions: for `comity policy diff --questions`.")
    ] = Format.table,
    literals: Annotated[
        bool, typer.Option("--literals", help="With questions: their literals too, if not erased.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Results on a page.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="Results before the page.")] = 0,
    oldest_first: Annotated[bool, typer.Option("--oldest-first")] = False,
) -> None:
    """Find queries, newest first."""
    wanted = QueryFilter(
        since, until, subject, caller_department, department, table, column, purpose, status, query_id,
        fingerprint, text,
    )  # fmt: skip
    with _reported():
        path = _path(log, federation)
        if format_ is Format.questions and event_type is not None:
            raise ConfigurationError("--format questions is for queries, not for single records (--type)")
        if literals and format_ is not Format.questions:
            raise ConfigurationError("--literals goes with --format questions")
        asked = {item.name: str(value) for item in fields(wanted) if (value := getattr(wanted, item.name))}
        if format_ is Format.questions:
            asked["questions"] = "with literals" if literals else "without literals"
        _record_reading(path, "search", {**asked, **({"type": event_type} if event_type else {})})
        reader = AuditReader(path)
        if event_type is not None:
            records = [r for r in reader.records() if r.type == event_type and wanted.includes(r.time)]
            page = (records if oldest_first else records[::-1])[offset : offset + limit + 1]
            rows, values = [_record_row(r) for r in page], [_record_value(r) for r in page]
            header = ["leaf", "time", "type", "event"]
        else:
            found = search(reader, wanted, limit=limit + 1, offset=offset, oldest_first=oldest_first)
            rows, values = [_query_row(q) for q in found], [_query_value(q) for q in found]
            header = ["time", "query", "who", "purpose", "status", "released", "tables", "sql"]
            if format_ is Format.questions:
                callers = load_federation(federation).principals.values() if federation is not None else ()
                for line in question_lines(found[:limit], reader, callers, literals=literals):
                    typer.echo(line)
        _write(header, rows[:limit], values[:limit], format_)
        if len(rows) > limit:
            typer.echo(f"{limit} shown; there are more: --offset {offset + limit}", err=True)


@audit.command("show")
def show_command(
    query_id: Annotated[str, typer.Argument(metavar="QUERY_ID")],
    *,
    log: Log = None,
    federation: FederationDirectory = None,
    literals: Annotated[bool, typer.Option(help="Show the SQL with its literals, if not erased.")] = False,
    format_: Annotated[StoryFormat, typer.Option("--format")] = StoryFormat.text,
) -> None:
    """Tell the story of one query in order."""
    with _reported():
        path = _path(log, federation)
        _record_reading(path, "show", {"query_id": query_id, "literals": str(literals).lower()})
        reader = AuditReader(path)
        records = history(reader, query_id)
        if not records:
            typer.echo(f"the log at {path} has no query {query_id}", err=True)
            raise typer.Exit(1)

        def with_literals(sql: Any, record: Record) -> str:
            payload = reader.payload(sql["commitment"], record.leaf_index)
            if payload is None:
                return f"{without_literals(sql, record)} (literals erased)"
            values = f" with {list(payload.parameters)}" if payload.parameters else ""
            return payload.sql + values

        match format_:
            case StoryFormat.text:
                typer.echo("\n".join(narrate(records, with_literals if literals else without_literals)))
            case StoryFormat.json:
                typer.echo(_json([_record_value(record) for record in records]))
            case StoryFormat.jsonl:
                for record in records:
                    typer.echo(_json(_record_value(record)))


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except ComityError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(error.exit_status) from error


def _path(log: Path | None, federation: Path | None) -> Path:
    if (log is None) == (federation is None):
        raise ConfigurationError("say which log: --log DIR or --federation DIR, one of them")
    if log is not None:
        return log
    assert federation is not None
    return load_federation(federation).audit_path


def _record_reading(path: Path, command: str, query: dict[str, str]) -> None:
    """Reading is recorded before anything is shown, wherever this process may write the log."""
    reader = AuditReader(path)
    actor = Actor(getpass.getuser(), "", frozenset(), "", "local")
    try:
        with AuditLog.open(path, reader.origin, lock_seconds=0) as log:
            log.append(AuditRead(actor, command, query))
    except AuditError as error:
        locked = error.metadata.get("cause") == "locked"
        why = "a running gateway holds the log" if locked else error.message
        typer.echo(f"this reading is not recorded: {why}", err=True)


def _write(header: list[str], rows: list[list[str]], values: list[dict[str, Any]], format_: Format) -> None:
    match format_:
        case Format.table:
            typer.echo("\n".join(align(header, rows)))
        case Format.json:
            typer.echo(_json(values))
        case Format.jsonl:
            for value in values:
                typer.echo(_json(value))
        case Format.questions:
            pass


def _query_row(query: QuerySummary) -> list[str]:
    return [
        query.time[:19].replace("T", " "),
        query.query_id,
        f"{query.subject}@{query.caller_department}",
        query.purpose,
        f"{query.status} {query.code or ''}",
        f"{query.rows_released}/{query.rows_granted}",
        " ".join(use.qualified_name for use in query.tables),
        query.sql,
    ]


def _query_value(query: QuerySummary) -> dict[str, Any]:
    return {**asdict(query), "departments": sorted(query.departments)}


def _record_row(record: Record) -> list[str]:
    return [str(record.leaf_index), record.time, record.type, _json(record.event)]


def _record_value(record: Record) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(record.leaf)
    return {**value, "leaf_hash": record.leaf_hash.hex()}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
