"""All that a caller learns from one question: the answer, or the error, and everything told beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from comity.client import Connection
from comity.errors import ComityError

_CLOCK = re.compile(r'"(?:milliseconds|bytes)": (?:\{[^}]*\}|[\d.]+)|[\d.]+ ms')


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was learnt, by name; times and identifiers left out."""

    facts: Mapping[str, Any]

    @property
    def failed(self) -> bool:
        return "error" in self.facts

    def differences(self, other: Outcome) -> list[str]:
        names = dict.fromkeys([*self.facts, *other.facts])
        return [
            f"{name}:\n  left:  {self.facts.get(name)}\n  right: {other.facts.get(name)}"
            for name in names
            if self.facts.get(name) != other.facts.get(name)
        ]


def ask(connection: Connection, sql: str) -> Outcome:
    """Asks and reads to the end."""
    facts: dict[str, Any] = {}
    try:
        result = connection.query(sql)
        facts["columns"] = str(result.schema)
        table = result.to_arrow()
        rows = [tuple(row.values()) for row in table.to_pylist()]
        facts["rows"] = rows if " ORDER BY " in sql and " OVER " not in sql else sorted(rows, key=repr)
        facts["progress"] = {
            name: (part.state, part.rows, part.fragments) for name, part in result.progress.items()
        }
        facts["notices"] = [(n.code, n.message, n.department) for n in result.notices]
        summary = result.summary
        assert summary is not None
        facts["summary"] = (summary.rows, summary.partial)
        facts["coverage"] = [(c.department, c.complete, c.rows, c.reason) for c in summary.coverage]
        # Not the log's length: rows are released batch by batch, and how many batches there are is up to threads.
        assert summary.audit_leaf_index
    except ComityError as error:
        facts["error"] = (type(error).__name__, error.code, error.message, error.hint, error.department)
        facts["place"] = (error.line, error.column)
        facts["metadata"] = {k: v for k, v in error.metadata.items() if not k.endswith("_id")}
    return Outcome(facts)


def explain(connection: Connection, sql: str, *, analyze: bool) -> Outcome:
    """The plan, as data and as text; with `analyze` also what happened."""
    try:
        plan = connection.explain(sql, analyze=analyze)
    except ComityError as error:
        return Outcome({"error": (error.code, error.message, error.department)})
    data = _CLOCK.sub("", json.dumps(plan.json, ensure_ascii=False, sort_keys=True))
    return Outcome({"plan": data, "text": _CLOCK.sub("", plan.text)})


def catalogue(connection: Connection) -> Outcome:
    """All tables as the caller sees them."""
    return Outcome({"tables": [repr(table) for table in connection.tables("work")]})
