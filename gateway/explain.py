"""A plan as people and programs read it: the very object that runs, described."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import Any

from gateway.answer import Answer
from gateway.leave import sees_counts, sees_whole
from gateway.stages import FederatedPlan


def describe_plan(plan: FederatedPlan) -> dict[str, Any]:
    """The plan's keys are documented in docs/reference/plan.md."""
    decided = plan.authorized.decisions
    decisions = [
        {
            "table": f"{decision.department}.{decision.table}",
            "grant": decision.grant_id,
            "reasons": list(decision.reasons),
            "row_filter": decision.row_filter is not None,
            "masks": {name: rule.mask for name, rule in decision.columns.items() if rule.mask},
        }
        for decision in decided
    ]
    fragments = [
        {
            "fragment": planned.fragment.id,
            "department": planned.fragment.department,
            "sql": planned.fragment.sql,
            "ordered": planned.fragment.ordered,
            "tables": [f"{use.department}.{use.name}" for use in planned.fragment.tables],
            "columns": [{"name": field.name, "type": str(field.type)} for field in planned.fragment.schema],
            "estimated_rows": planned.row_estimate if sees_whole(planned.fragment, decided) else None,
        }
        for planned in plan.fragments
    ]
    merge = None
    if plan.residual is not None:
        merge = {
            "sql": plan.residual_sql,
            "mode": "load" if plan.materialise else "stream",
            "stayed": list(plan.stayed),
        }
    return {
        "decisions": decisions,
        "fragments": fragments,
        "merge": merge,
        "columns": [
            {"name": field.name, "type": str(field.type), "grade": grade}
            for field, grade in zip_longest(plan.schema, plan.authorized.grades)
        ],
    }


def add_actuals(described: dict[str, Any], answer: Answer) -> None:
    """What happened when the plan ran: rows, bytes and milliseconds per fragment and stage."""
    decided = answer.plan.authorized.decisions
    for fragment in described["fragments"]:
        stream = answer.streams.streams[fragment["fragment"]]
        receipt = stream.receipt
        counted = sees_counts(stream.fragment, decided)
        whole = sees_whole(stream.fragment, decided)
        fragment["actual"] = {
            "rows": stream.rows if counted else None,
            "bytes": stream.bytes if counted else None,
            "milliseconds": round(stream.seconds * 1000, 3),
            "ran": receipt.mode if receipt else None,
            "why_local": receipt.mode_reason or None if receipt else None,
            "source_rows": receipt.source_rows if receipt and whole else None,
        }
    described["actual"] = {
        "rows": answer.record.released,
        "milliseconds": {name: round(value * 1000, 3) for name, value in answer.record.timings.items()},
    }


def plan_json(described: dict[str, Any]) -> str:
    return json.dumps(described, ensure_ascii=False, indent=2)


def plan_text(described: dict[str, Any]) -> str:
    """The plan for a terminal, fragments first, as they run first."""
    lines: list[str] = []
    for decision in described["decisions"]:
        parts = [f"grant {decision['grant']}"]
        if decision["row_filter"]:
            parts.append("row filter")
        if decision["masks"]:
            masks = ", ".join(f"{name} ({mask})" for name, mask in decision["masks"].items())
            parts.append(f"masked: {masks}")
        lines.append(f"allowed  {decision['table']}: {'; '.join(parts)}")
    for fragment in described["fragments"]:
        lines.append("")
        estimate = fragment["estimated_rows"]
        about = f", about {estimate} rows in its tables" if estimate is not None else ""
        lines.append(f"{fragment['fragment']} at {fragment['department']}{about}")
        lines.append(f"    {fragment['sql']}")
        actual = fragment.get("actual")
        if actual:
            where = actual["ran"] or "did not run"
            parts = [f"{actual['milliseconds']} ms", where]
            if actual["rows"] is not None:
                parts[:0] = [f"{actual['rows']} rows", f"{actual['bytes']} bytes"]
            if actual["why_local"]:
                parts[-1] += f" ({actual['why_local']})"
            if actual["source_rows"] is not None:
                parts.append(f"{actual['source_rows']} rows read from the source")
            lines.append(f"    → {', '.join(parts)}")
    lines.append("")
    merge = described["merge"]
    if merge is None:
        lines.append("no merge: the fragment is the answer and streams through")
    else:
        how = "after loading the fragments" if merge["mode"] == "load" else "as the fragments stream"
        lines.append(f"merge {how}, because of {'; '.join(merge['stayed']) or 'the shape of the query'}")
        lines.append(f"    {merge['sql']}")
    actual = described.get("actual")
    if actual:
        stages = ", ".join(f"{name} {value} ms" for name, value in actual["milliseconds"].items())
        lines.append(f"    → {actual['rows']} rows; {stages}")
    return "\n".join(lines).strip() + "\n"
