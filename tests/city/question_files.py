"""Reads the questions of `questions/*.sql`.

A file begins with a paragraph that says what it is about, and which principal and purpose its questions have when they
do not name their own. Each question is a header of `-- key: value` lines and one SELECT that ends in `;`:

    question     its name, unique in the file
    principal    the token of who asks
    purpose      why they ask
    why          what the question is here to show
    parameters   YAML: a list for ? and $1, a mapping for $name; {decimal: "1.50"} is a decimal
    empty        why no rows are the right answer; without it an empty answer is a mistake
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from sqlglot import exp, parse_one

DIRECTORY = Path(__file__).parent / "questions"
KEYS = frozenset({"question", "principal", "purpose", "why", "parameters", "empty"})


@dataclass(frozen=True, slots=True)
class Question:
    """One question, who asks it, and why it is here."""

    id: str
    principal: str
    purpose: str
    why: str
    sql: str
    parameters: Sequence[Any] | Mapping[str, Any] | None
    empty: str | None


def read_questions(directory: Path = DIRECTORY) -> list[Question]:
    return [question for path in sorted(directory.glob("*.sql")) for question in _read(path)]


def departments_of(sql: str) -> set[str]:
    """The departments that the text names; `city` for the federated table."""
    return {table.db.lower() for table in parse_one(sql, read="duckdb").find_all(exp.Table) if table.db}


def _read(path: Path) -> Iterator[Question]:
    head, *paragraphs = path.read_text(encoding="utf-8").split("\n\n-- question: ")
    defaults = _header(path, head.splitlines()[1:])
    for paragraph in paragraphs:
        lines = f"-- question: {paragraph}".splitlines()
        header = [line for line in lines if line.startswith("-- ")]
        facts = defaults | _header(path, header)
        sql = "\n".join(line for line in lines if not line.startswith("-- ")).strip()
        name = f"{path.stem}:{facts['question']}"
        assert sql.endswith(";"), f"{name} does not end in ;"
        assert sql.count(";") == 1, f"{name} is more than one question"
        yield Question(
            name,
            facts["principal"],
            facts["purpose"],
            facts["why"],
            sql.removesuffix(";"),
            _parameters(facts.get("parameters")),
            facts.get("empty"),
        )


def _header(path: Path, lines: list[str]) -> dict[str, str]:
    facts = dict(line.removeprefix("-- ").split(": ", 1) for line in lines)
    assert set(facts) <= KEYS, f"{path.name}: {sorted(set(facts) - KEYS)} are no keys of a header"
    return facts


def _parameters(text: str | None) -> Sequence[Any] | Mapping[str, Any] | None:
    if text is None:
        return None
    values = yaml.safe_load(text)
    if isinstance(values, dict):
        return {name: _value(value) for name, value in values.items()}
    return [_value(value) for value in values]


def _value(value: Any) -> Any:
    return Decimal(value["decimal"]) if isinstance(value, dict) else value
