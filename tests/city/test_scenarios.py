"""The scenario questions: who asks what and why is written above each, in a form that programs read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlglot import exp

from examples.city.generate import CITY
from gateway.configuration import load_federation
from sql.parse import parse_query

FEDERATION = load_federation(CITY)
FILES = sorted((CITY / "scenarios").glob("*.sql"))
KEYS = ["title", "principal", "purpose", "why", "expect"]


@dataclass(frozen=True, slots=True)
class Scenario:
    header: dict[str, str]
    sql: str
    departments: frozenset[str]


def read(path: Path) -> Scenario:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    head = [line for line in lines if line.startswith("--")]
    header = dict(line.removeprefix("-- ").split(": ", 1) for line in head)
    tree = parse_query(text).tree
    names = {table.db for table in tree.find_all(exp.Table) if table.db}
    return Scenario(header, "\n".join(lines[len(head) :]), frozenset(names))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_says_who_asks_what_and_why(path: Path) -> None:
    scenario = read(path)
    assert list(scenario.header) == KEYS
    assert scenario.header["principal"] in FEDERATION.principals
    assert scenario.header["purpose"] in FEDERATION.purposes
    assert scenario.header["expect"] in {"answered", "masked", "refused"}
    assert re.fullmatch(r"\d\d-[a-z0-9-]+", path.stem)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_names_its_day_and_its_order(path: Path) -> None:
    sql = read(path).sql.lower()
    assert not re.search(r"current_date|now\(|today\(|random\(|current_timestamp", sql)
    assert parse_query(sql).tree.args.get("order") is not None


def test_scenarios_are_numbered_without_gaps() -> None:
    assert [int(path.stem[:2]) for path in FILES] == list(range(1, len(FILES) + 1))


def test_the_scenarios_show_what_they_are_there_to_show() -> None:
    scenarios = [read(path) for path in FILES]
    expected = [scenario.header["expect"] for scenario in scenarios]
    assert len(scenarios) >= 12
    assert expected.count("refused") >= 1
    assert expected.count("masked") >= 1
    assert any(scenario.header["principal"] == "demo-clerk" for scenario in scenarios)
    assert sum("city" in scenario.departments for scenario in scenarios) >= 4
    assert sum(len(scenario.departments) >= 3 for scenario in scenarios) >= 6


def test_every_token_but_the_outsiders_has_a_role_that_a_policy_names() -> None:
    text = "".join(
        path.read_text(encoding="utf-8") for path in (CITY / "departments").glob("*/policies/*.yaml")
    )
    unnamed = [
        token
        for token, principal in FEDERATION.principals.items()
        if not any(f"roles: [{role}" in text or f", {role}" in text for role in principal.roles)
    ]
    assert unnamed == ["demo-outsider"]
