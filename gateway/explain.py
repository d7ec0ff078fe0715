"""A plan as data: the very object that runs, described. `comity.plan_text` draws it for people."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import Any

from comity.errors import ComityError
from comity.plan_text import plan_text
from gateway.answer import Answer
from gateway.exchange import FragmentStream
from gateway.leave import sees_counts, sees_whole
from gateway.planner.describe_merge import Part, describe_fragment, describe_merge
from gateway.planner.operations import Operation
from gateway.stages import FederatedPlan, PlannedFragment

__all__ = ["add_actuals", "describe_plan", "plan_json", "plan_text"]

Described = dict[str, Any]


def describe_plan(plan: FederatedPlan) -> Described:
    """The plan's keys are documented in docs/reference/plan.md, and in client/comity/schemas/plan.json."""
    merge = None
    if plan.residual is not None:
        parts = {
            planned.fragment.id: Part(planned.fragment.department, planned.fragment.sql)
            for planned in plan.fragments
        }
        operations = describe_merge(plan.residual, plan.authorized.bound.resolved.tree, parts)
        merge = {
            "sql": plan.residual_sql,
            "mode": "load" if plan.materialise else "stream",
            "gathered": {name: list(fragments) for name, fragments in plan.gathered.items()},
            "operations": _operation(operations),
            "stayed": [_stayed(each) for each in dict.fromkeys(operations.walk()) if each.why],
        }
    return {
        "decisions": [
            {
                "table": f"{decision.department}.{decision.table}",
                "grant": decision.grant_id,
                "reasons": list(decision.reasons),
                "row_filter": decision.row_filter is not None,
                "masks": {name: rule.mask for name, rule in decision.columns.items() if rule.mask},
            }
            for decision in plan.authorized.decisions
        ],
        "fragments": [_fragment(planned, plan) for planned in plan.fragments],
        "merge": merge,
        "remarks": [
            {"kind": remark.kind, "text": remark.text, "fragment": remark.fragment, "place": remark.place}
            for remark in plan.remarks
        ],
        "columns": [
            {"name": field.name, "type": str(field.type), "grade": grade}
            for field, grade in zip_longest(plan.schema, plan.authorized.grades)
        ],
    }


def _fragment(planned: PlannedFragment, plan: FederatedPlan) -> Described:
    fragment = planned.fragment
    whole = sees_whole(fragment, plan.authorized.decisions)
    estimate = planned.estimate if whole else None
    return {
        "fragment": fragment.id,
        "department": fragment.department,
        "sql": fragment.sql,
        "ordered": fragment.ordered,
        "tables": [f"{use.department}.{use.name}" for use in fragment.tables],
        "columns": [{"name": field.name, "type": str(field.type)} for field in fragment.schema],
        "operations": _operation(describe_fragment(fragment.sql)),
        "estimated_rows": planned.row_estimate if whole else None,
        "estimate": {"rows": round(estimate.rows), "bytes": round(estimate.bytes)} if estimate else None,
        "exchanges": [
            {
                "target": ".".join(exchange.target),
                "type": exchange.kind,
                "ranges": exchange.ranges,
                "from": [
                    {
                        "name": name,
                        "fragment": source.fragment,
                        "column": source.column,
                        "origin": ".".join(source.origin),
                    }
                    for name, source in zip(exchange.names, exchange.sources, strict=True)
                ],
            }
            for exchange in planned.exchanges
        ],
        "keyed_sql": planned.keyed_sql or None,
    }


def _operation(operation: Operation) -> Described:
    described: Described = {"operation": operation.kind, "text": operation.text}
    if operation.why:
        described["why"] = operation.why
    if operation.step:
        described["step"] = operation.step
    if operation.fragment is not None:
        described["fragment"] = operation.fragment
    described["departments"] = list(operation.departments)
    described["inputs"] = [_operation(each) for each in operation.inputs]
    return described


def _stayed(operation: Operation) -> Described:
    return {
        "operation": operation.kind,
        "text": operation.text,
        "why": operation.why,
        "departments": list(operation.departments),
    }


def add_actuals(described: Described, answer: Answer, failure: ComityError | None = None) -> None:
    """What happened when the plan ran: rows, bytes and milliseconds per fragment and stage.

    `failure` is what the question failed with, when it did.
    """
    for fragment in described["fragments"]:
        fragment["actual"] = _actual(answer.streams.streams[fragment["fragment"]], answer)
    times = {name: round(value * 1000, 3) for name, value in answer.record.timings.items()}
    described["actual"] = {
        "rows": answer.record.released,
        "bytes": answer.record.released_bytes,
        "milliseconds": {**times, "total": round(answer.record.seconds * 1000, 3)},
        "missing": [part.department for part in answer.coverage if part.status == "missing"],
        "error": _error(failure),
    }


def _actual(stream: FragmentStream, answer: Answer) -> Described:
    decided = answer.plan.authorized.decisions
    receipt = stream.receipt
    counted = sees_counts(stream.fragment, decided)
    whole = sees_whole(stream.fragment, decided)
    # How many keys there are tells how many rows their fragments found.
    sources = {source.fragment for exchange in stream.planned.exchanges for source in exchange.sources}
    told = all(sees_counts(answer.streams.streams[name].planned.fragment, decided) for name in sources)
    return {
        "state": stream.state,
        "rows": stream.rows if counted else None,
        "bytes": stream.bytes if counted else None,
        "milliseconds": round(stream.seconds * 1000, 3),
        "asked": stream.was_sent,
        "ran": receipt.mode if receipt and not receipt.mode_withheld else None,
        "why_local": receipt.mode_reason or None if receipt and not receipt.mode_withheld else None,
        "source_rows": receipt.source_rows if receipt and whole else None,
        "keys": _keys(stream, told=told),
        "adapted": list(stream.launch.notes) if stream.launch is not None and told else [],
        "native_sql": _native_sql(stream),
        "error": _error(stream.error),
    }


def _native_sql(stream: FragmentStream) -> list[str] | None:
    """What the database ran, if its department shows that; not where the least and greatest of others' keys are in it."""
    keyed = stream.launch is not None and stream.launch.disclosed
    shown = stream.receipt.native_sql if stream.receipt is not None and not keyed else ()
    return list(shown) or None


def _keys(stream: FragmentStream, *, told: bool) -> list[Described]:
    """The join keys that went with a fragment: how many, of which columns, never which."""
    return [
        {
            "origin": key.origin,
            "form": key.form,
            "count": key.keys if told else None,
            "bytes": key.bytes if told else None,
        }
        for key in (stream.launch.disclosed if stream.launch is not None else ())
    ]


def _error(error: ComityError | None) -> Described | None:
    """An error as a plan tells it: what the caller would be told of it otherwise."""
    if error is None:
        return None
    told = {"code": error.code, "message": error.message, "hint": error.hint, "department": error.department}
    return {name: value for name, value in told.items() if value is not None}


def plan_json(described: Described) -> str:
    return json.dumps(described, ensure_ascii=False, indent=2)
