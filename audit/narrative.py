"""The story of one query, from its records, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from audit.reader import Record
from audit.table import align, printable

TextOf = Callable[[Mapping[str, Any], Record], str]
"""Shows a SQL text of a record: with its literals, or without."""


def without_literals(text: Mapping[str, Any], _record: Record) -> str:
    """The SQL as it stands in the leaf: a `?` for every literal."""
    return text["sql"] or "(all of the text is set apart)"


def narrate(records: Sequence[Record], text_of: TextOf = without_literals) -> list[str]:
    """Lines for people: who, why, what, what each department decided and did, and how it ended.

    `records` are those of one query in the order of the log (`audit.search.history`).
    """
    first, last = records[0], records[-1]
    lines = [f"Query {first.query_id}"]
    start = datetime.fromisoformat(first.time)
    granted = 0
    for record in records:
        seconds = (datetime.fromisoformat(record.time) - start).total_seconds()
        if record.type == "release.granted":
            granted += int(record.event["rows"])
        heading, details = _tell(record, text_of, granted)
        lines += ["", f"+{seconds:.6f} s  {heading}  [leaf {record.leaf_index}]"]
        lines += [f"    {detail}" for detail in details]
    if not any(record.type in {"query.completed", "query.denied"} for record in records):
        lines += ["", "No end is recorded: the query runs, or the gateway stopped before it could say."]
    trace = f", trace {first.trace_id}" if first.trace_id else ""
    return [*lines, "", f"{len(records)} records, leaves {first.leaf_index} to {last.leaf_index}{trace}"]


def _tell(record: Record, text_of: TextOf, granted: int) -> tuple[str, list[str]]:
    event = record.event
    match record.type:
        case "query.received":
            return "asked", _asked(record, text_of)
        case "query.authorized":
            return "authorised", _decisions(event["decisions"])
        case "query.denied":
            reasons = [f"because   {printable(reason)}" for reason in event["reasons"]]
            return f"denied: {event['code']}", [*reasons, *_decisions(event["decisions"])]
        case "fragment.dispatched":
            heading = f"sent to {event['department']}, fragment {event['fragment_id']}"
            return heading, [printable(text_of(event["text"], record)), *_disclosed(event)]
        case "fragment.completed":
            return _receipt(event["receipt"])
        case "release.granted":
            return f"release granted: {event['rows']:,} rows more, {granted:,} in all", []
        case "query.completed":
            return _outcome(event, granted)
        case _:
            return record.type, [f"{name}: {printable(str(value))}" for name, value in event.items()]


def _asked(record: Record, text_of: TextOf) -> list[str]:
    event, actor = record.event, record.event["actor"]
    roles = f" as {', '.join(actor['roles'])}" if actor["roles"] else ""
    peer = f" from {actor['peer']}" if actor["peer"] else ""
    partial = ", a partial answer allowed" if event["allow_partial"] else ""
    return [
        f"when      {record.time}",
        (
            f"who       {printable(actor['subject'])} of {printable(actor['department'])}{roles}"
            f"{peer}, known by {actor['method']}"
        ),
        f"why       {printable(event['purpose'])}",
        f"how       {event['operation']} over {event['protocol']}{partial}",
        f"what      {printable(text_of(event['text'], record))}",
        (
            f"          fingerprint {event['text']['fingerprint'] or '-'},"
            f" commitment {event['text']['commitment'][:16]}…"
        ),
    ]


def _decisions(decisions: Iterable[Mapping[str, Any]]) -> list[str]:
    lines: list[str] = []
    for decision in decisions:
        allowed = "allowed" if decision["allowed"] else "refused"
        grant = f" by grant {decision['grant_id']}" if decision.get("grant_id") else ""
        lines.append(f"{decision['department']}.{decision['table']}: {allowed}{grant}")
        masks = [f"{column} → {mask}" for column, mask in decision["masks"].items()]
        facts = (
            ("columns", ", ".join(decision["columns"])),
            ("masks", ", ".join(masks)),
            ("rows", decision.get("row_filter")),
            ("reads", ", ".join(decision["policy_columns"])),
            ("floor", decision.get("floor")),
            ("law", decision.get("legal_basis")),
            *(("because", reason) for reason in decision["reasons"]),
            ("policy", decision["policy_digest"]),
        )
        lines += [f"    {name:<9} {printable(str(value))}" for name, value in facts if value]
    return lines


def _disclosed(event: Mapping[str, Any]) -> list[str]:
    """The join keys that a fragment was sent. Records of earlier versions have none."""
    return [
        f"told     {event['department']} "
        + (f"{key['keys']:,} keys" if key["form"] == "list" else "the least and the greatest key")
        + f" of {printable(key['origin'])}, {key['bytes']:,} bytes"
        for key in event.get("keys", ())
    ]


def _receipt(receipt: Mapping[str, Any]) -> tuple[str, list[str]]:
    code = f" {receipt['code']}" if receipt.get("code") else ""
    where = f", {receipt['execution']}" if receipt.get("execution") else ""
    heading = f"{receipt['department']} finished fragment {receipt['fragment_id']}: {receipt['status']}{code}"
    return heading, [
        f"{receipt['rows']:,} rows, {receipt['bytes']:,} bytes in {_seconds(receipt)}{where}",
        f"native SQL {receipt['native_sql_digest'] or '-'}, policy {receipt['policy_digest']}",
    ]


def _outcome(event: Mapping[str, Any], granted: int) -> tuple[str, list[str]]:
    outcome = event["outcome"]
    code = f" {outcome['code']}" if outcome.get("code") else ""
    lines = [
        (
            f"rows      {granted:,} granted, {outcome['rows_released']:,} released"
            f" ({outcome['bytes_released']:,} bytes)"
        ),
    ]
    if outcome.get("suppressed_groups"):
        lines.append(f"floors    {outcome['suppressed_groups']:,} groups left out")
    if outcome.get("cause"):
        lines.append(f"cause     {printable(outcome['cause'])}")
    if outcome["notices"]:
        lines.append(f"notices   {', '.join(outcome['notices'])}")
    if outcome.get("peak_memory_bytes"):
        lines.append(f"memory    {outcome['peak_memory_bytes']:,} bytes at most")
    timings = [f"{name} {value / 1e6:.6f}" for name, value in outcome["timings_microseconds"].items()]
    if timings:
        lines.append(f"seconds   {', '.join(timings)}")
    coverage = [
        [
            part["department"],
            part["status"],
            f"{part['rows']:,}",
            f"{part['bytes']:,}",
            part.get("reason", ""),
        ]
        for part in event["coverage"]
    ]
    if coverage:
        lines += align(["department", "coverage", "rows", "bytes", "reason"], coverage)
    partial = ", partial" if outcome["partial"] else ""
    return f"ended: {outcome['status']}{code}{partial} after {_seconds(outcome)}", lines


def _seconds(value: Mapping[str, Any]) -> str:
    return f"{value['microseconds'] / 1e6:.6f} s"
