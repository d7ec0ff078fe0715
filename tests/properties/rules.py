"""Random policies, each said twice: as the files of a department, and as the SQL of what they show.

The SQL is written here from what the reference says of masks and row filters, and shares no code with the policies.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

ATTRIBUTES = {"town": "3", "least": 4}
"""What the asking principal's row filters know of it."""

_MASKS: dict[str, list[tuple[str, str]]] = {
    "INTEGER": [
        ("'null'", "CAST(NULL AS INTEGER)"),
        ("{constant: 7}", "7"),
        ("{bucket: 5}", "CAST(floor({x} / 5) * 5 AS INTEGER)"),
        ('{sql: "{x} + 100"}', "{x} + 100"),
    ],
    "VARCHAR": [
        ("'null'", "CAST(NULL AS VARCHAR)"),
        ("{constant: 某}", "'某'"),
        (
            "{keep_first: 1}",
            "CASE WHEN {x} = '' THEN '' WHEN length({x}) = 1 THEN '*' ELSE {first} || {rest} END",
        ),
        (
            "{keep_last: 1}",
            "CASE WHEN {x} = '' THEN '' WHEN length({x}) = 1 THEN '*' ELSE {rest} || {last} END",
        ),
        ('{sql: "upper({x})"}', "upper({x})"),
    ],
    "DATE": [
        ("'null'", "CAST(NULL AS DATE)"),
        ("year", "make_date(year({x}), 1, 1)"),
        ("month", "make_date(year({x}), month({x}), 1)"),
    ],
    "DECIMAL(10,2)": [
        ("'null'", "CAST(NULL AS DECIMAL(10,2))"),
        ("{bucket: 10}", "CAST(floor({x} / 10) * 10 AS DECIMAL(10,2))"),
    ],
    "DOUBLE": [("'null'", "CAST(NULL AS DOUBLE)")],
}
"""By type: a mask as a policy writes it, and what it shows of {x}."""

_FILTERS: dict[str, list[tuple[str, str]]] = {
    "town": [("{x} = principal.town", "{x} = '3'"), ("{x} IN ('1', '2', '4')", "{x} IN ('1', '2', '4')")],
    "code": [("{x} <> principal.town", "{x} <> '3'")],
    "id": [("{x} > principal.least", "{x} > 4"), ("{x} % 3 <> 0", "{x} % 3 <> 0")],
    "age": [("{x} >= principal.least OR {x} IS NULL", "{x} >= 4 OR {x} IS NULL")],
    "name": [("{x} IS NOT NULL AND {x} <> 'x'", "{x} <> 'x'")],
    "day": [("{x} < DATE '2026-01-20'", "{x} < DATE '2026-01-20'")],
    "person_id": [("{x} = principal.unset", "FALSE"), ("{x} <= principal.least", "{x} <= 4")],
    "firm_id": [("NOT ({x} = 3)", "{x} <> 3")],
    "area": [("{x} BETWEEN 1 AND 4", "{x} BETWEEN 1 AND 4")],
}
"""By column: a row filter as a policy writes it, and the condition it stands for."""


@dataclass(frozen=True, slots=True)
class TableRules:
    """One table's grant, and the rows it shows. `columns` are the visible ones with their types."""

    columns: Mapping[str, str]
    policy: str
    view: str


USES = ("filter", "match", "join", "group", "order", "aggregate")


def random_rules(
    rng: random.Random, place: str, table: str, columns: Mapping[str, str], *, partial: float = 0.0
) -> TableRules:
    """A grant that shows some columns of `place.table`, some masked, of some of its rows.

    `view` reads the raw table `raw.<place>_<table>`. `partial` is the share of columns that are granted for some
    uses without read; the view shows them raw, since whatever is answered must be right.
    """
    visible = [name for name in columns if rng.random() < 0.8] or [rng.choice(list(columns))]
    rules, outputs = [], []
    for name in visible:
        if rng.random() < 0.3:
            mask, shown = rng.choice(_MASKS[columns[name]])
            rules.append(f"      {name}: {{mask: {mask.replace('{x}', name)}}}")
            outputs.append(f"{_fill(shown, name)} AS {name}")
            continue
        uses = rng.sample(USES, rng.randint(1, 5)) if rng.random() < partial else ["read"]
        rules.append(f"      {name}: {{use: [{', '.join(uses)}]}}")
        outputs.append(name)
    grant = [
        f"table: {table}",
        "grants:",
        "  - id: some",
        "    reason: 试验",
        "    principals: {departments: [asker]}",
        "    purposes: [test]",
        "    columns:",
        *rules,
    ]
    if rng.random() < partial:
        grant.append("    crossing: raw")
    view = f"SELECT {', '.join(outputs)} FROM raw.{place}_{table}"
    filtered = [name for name in columns if name in _FILTERS]
    if filtered and rng.random() < 0.6:
        name = rng.choice(filtered)
        text, condition = rng.choice(_FILTERS[name])
        grant.append(f'    rows: "{text.replace("{x}", name)}"')
        view += f" WHERE {_fill(condition, name)}"
    return TableRules({name: columns[name] for name in visible}, "\n".join(grant) + "\n", view)


def plain_rules(place: str, table: str, columns: Mapping[str, str]) -> TableRules:
    """A grant that shows everything."""
    shown = ", ".join(columns)
    policy = (
        f"table: {table}\ngrants:\n  - id: all\n    reason: 试验\n    principals: {{departments: [asker]}}\n"
        f"    purposes: [test]\n    columns:\n"
    )
    rules = "".join(f"      {name}: {{use: [read]}}\n" for name in columns)
    return TableRules(columns, policy + rules, f"SELECT {shown} FROM raw.{place}_{table}")


def with_key_exchange(rules: TableRules, departments: Sequence[str]) -> TableRules:
    """The rules, and that the departments may receive the table's join keys."""
    if not departments:
        return rules
    return replace(rules, policy=f"{rules.policy}    key_exchange: [{', '.join(departments)}]\n")


def _fill(template: str, name: str) -> str:
    parts = {
        "{first}": f"substr({name}, 1, 1)",
        "{last}": f"substr({name}, length({name}), 1)",
        "{rest}": f"repeat('*', length({name}) - 1)",
        "{x}": name,
    }
    for mark, value in parts.items():
        template = template.replace(mark, value)
    return template
