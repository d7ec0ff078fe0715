"""Past questions, asked on paper under old and new policies: which answers would change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from comity.errors import ComityError, ConfigurationError, PolicyError
from comity.values import ParameterValue
from gateway.commands.paper import Asked, PaperGateway
from gateway.commands.policy_directory import PolicyDirectory
from gateway.stages import FederatedPlan
from policies.decision import Decision
from policies.diff_words import before, rows_phrase
from policies.principal import AttributeValue, Principal
from sql.parse import parse_query

KEYS = frozenset(
    {
        "subject",
        "department",
        "roles",
        "attributes",
        "ceiling",
        "purpose",
        "sql",
        "parameters",
        "query_id",
        "time",
    }
)
REQUIRED = frozenset({"subject", "department", "purpose", "sql"})
HIDDEN = frozenset({"SQL_TABLE_UNKNOWN", "SQL_COLUMN_UNKNOWN"})


@dataclass(frozen=True, slots=True)
class PastQuestion:
    """One line of a file of questions: who asked what, and why. `name` is its id or its line."""

    name: str
    principal: Principal
    purpose: str
    sql: str
    positional: tuple[ParameterValue, ...] = ()
    named: Mapping[str, ParameterValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question: `allowed`, `denied`, or `failed` where it is no question of these tables."""

    result: str
    reason: str = ""
    columns: tuple[str, ...] = ()
    decisions: Mapping[str, Decision] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """A question whose answer would change, and how."""

    question: str
    who: str
    purpose: str
    sql: str
    before: str
    after: str
    changes: tuple[str, ...]


def read_questions(path: Path) -> tuple[PastQuestion, ...]:
    """The questions of a JSON lines file. Raises `ConfigurationError` with the line."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read as UTF-8 text"
        raise ConfigurationError(message, code="CONFIG_MISSING") from error
    return tuple(_question(path, number, line) for number, line in enumerate(lines, 1) if line.strip())


def replay(
    old: PolicyDirectory, new: PolicyDirectory, questions: Sequence[PastQuestion], today: date
) -> tuple[Difference, ...]:
    """The questions whose decision, columns, grants, masks, rows, floors or limits would be others."""
    found: list[Difference] = []
    with (
        PaperGateway(old, old.departments, lambda: today) as was,
        PaperGateway(new, new.departments, lambda: today) as now,
    ):
        for question in questions:
            first, second = _ask(was, question), _ask(now, question)
            changes = tuple(_compare(first, second))
            if changes:
                who = f"{question.principal.subject} of {question.principal.department}"
                results = (first.result, second.result)
                found.append(
                    Difference(question.name, who, question.purpose, question.sql, *results, changes)
                )
    return tuple(found)


def _ask(gateway: PaperGateway, question: PastQuestion) -> Outcome:
    positional, named = question.positional, dict(question.named)
    try:
        if not positional and not named:
            # Which values were asked about is not known any more, and decides nothing but how many they are.
            placeholders = parse_query(question.sql).placeholders
            numbered = all(name.isdigit() for name in placeholders)
            positional = tuple(None for _ in placeholders) if numbered else ()
            named = {} if numbered else dict.fromkeys(placeholders)
        plan = gateway.plan(Asked(question.principal, question.purpose, question.sql, positional, named))
    except ComityError as error:
        denied = isinstance(error, PolicyError) or error.code in HIDDEN
        return Outcome("denied" if denied else "failed", f"{error.code}: {error.message}")
    return _outcome(plan)


def _outcome(plan: FederatedPlan) -> Outcome:
    decisions = {f"{d.department}.{d.table}": d for d in plan.authorized.decisions}
    return Outcome("allowed", "", tuple(plan.schema.names), decisions)


def _compare(old: Outcome, new: Outcome) -> Iterator[str]:
    if old.result != new.result:
        yield f"{old.result} → {new.result}"
    if new.result != "allowed" and (old.result, old.reason) != (new.result, new.reason):
        yield from new.reason.splitlines()
    if old.result != "allowed" or new.result != "allowed":
        return
    if old.columns != new.columns:
        yield f"columns: {', '.join(new.columns)}{before(', '.join(old.columns))}"
    for table, now in new.decisions.items():
        was = old.decisions.get(table)
        if was is not None:
            yield from (f"{table}: {change}" for change in _decisions(was, now))
    if set(old.decisions) != set(new.decisions):
        yield f"tables: {', '.join(new.decisions)}{before(', '.join(old.decisions))}"


def _decisions(old: Decision, new: Decision) -> Iterator[str]:
    if old.grant_id != new.grant_id:
        yield f"by grant {new.grant_id}{before(old.grant_id)}"
    for name, rule in new.columns.items():
        was, now = _mask(old, name), _mask(new, name)
        if name in old.columns and was != now:
            yield f"{name} is shown {now}{before(was)}"
        del rule
    if old.row_filter != new.row_filter:
        yield f"{rows_phrase(new.row_filter)}{before(rows_phrase(old.row_filter))}"
    if old.floor != new.floor:
        yield f"floor: {_floor(new)}{before(_floor(old))}"
    if old.crossing != new.crossing:
        yield f"crossing: {new.crossing}{before(old.crossing)}"
    for key in sorted({*old.obligations, *new.obligations}):
        first, second = old.obligations.get(key), new.obligations.get(key)
        if first != second:
            yield f"{key}: {second or 'none'}{before(first)}"


def _mask(decision: Decision, name: str) -> str:
    rule = decision.columns.get(name)
    if rule is None or rule.mask is None:
        return "as it is"
    return f"as {rule.mask}" if rule.mask_argument is None else f"as {rule.mask}({rule.mask_argument})"


def _floor(decision: Decision) -> str:
    return f"{decision.floor.entities} {decision.floor.column}" if decision.floor else "none"


def _question(path: Path, number: int, line: str) -> PastQuestion:
    def wrong(message: str) -> ConfigurationError:
        return ConfigurationError(f"{path}:{number}: {message}", code="CONFIG_INVALID")

    try:
        value = json.loads(line)
    except ValueError:
        raise wrong("is not one JSON object") from None
    if not isinstance(value, dict):
        raise wrong("is not one JSON object")
    unknown, missing = set(value) - KEYS, REQUIRED - set(value)
    if unknown or missing:
        named = f"`{min(unknown)}` is not a key here" if unknown else f"`{min(missing)}` is missing"
        raise wrong(named)
    texts = [key for key in (*REQUIRED, "ceiling") if key in value and not isinstance(value[key], str)]
    roles, attributes, parameters = (
        value.get("roles", []),
        value.get("attributes", {}),
        value.get("parameters"),
    )
    if texts or not isinstance(roles, list) or not isinstance(attributes, dict):
        raise wrong(f"`{texts[0] if texts else 'roles'}` has a value of another type")
    if parameters is not None and not isinstance(parameters, list | dict):
        raise wrong("`parameters` is neither a list nor an object")
    principal = Principal(
        value["subject"],
        value["department"],
        frozenset(map(str, roles)),
        {name: _attribute(each) for name, each in attributes.items()},
        **_ceiling(value),
    )
    positional = tuple(parameters) if isinstance(parameters, list) else ()
    named_values = parameters if isinstance(parameters, dict) else {}
    name = str(value.get("query_id") or f"line {number}")
    return PastQuestion(name, principal, value["purpose"], value["sql"], positional, named_values)


def _ceiling(value: Mapping[str, Any]) -> dict[str, str]:
    return {"ceiling": value["ceiling"]} if "ceiling" in value else {}


def _attribute(value: Any) -> AttributeValue:
    return tuple(map(str, value)) if isinstance(value, list) else value
