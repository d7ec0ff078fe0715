"""The scenario questions: who asks what and why, and that each gets its answer, or its refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa
import pytest

from audit.reader import AuditReader
from audit.search import history
from comity.errors import PolicyError
from examples.city.generate import CITY
from gateway.configuration import load_federation
from sql.parse import parse_query
from tests.city.conftest import City
from tests.city.expected import DIRECTORY, ask, full_oracle, read_expected, write_expected
from tests.city.scenarios import Scenario, read_scenarios
from tests.oracle.answer import Answer, differences
from tests.oracle.oracle import Oracle

FEDERATION = load_federation(CITY)
SCENARIOS = read_scenarios()
KEYS = ["title", "principal", "purpose", "why", "expect"]
each = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@pytest.fixture(scope="module")
def whole_city() -> Iterator[Oracle]:
    """The oracle at scale 1; it takes some seconds."""
    oracle = full_oracle()
    yield oracle
    oracle.close()


@each
def test_a_scenario_says_who_asks_what_and_why(scenario: Scenario) -> None:
    assert [key for key in scenario.header if key != "because"] == KEYS
    assert "because" not in scenario.header or scenario.is_refused
    assert scenario.principal in FEDERATION.principals
    assert scenario.purpose in FEDERATION.purposes
    assert scenario.header["expect"] in {"answered", "masked", "refused"}
    assert re.fullmatch(r"\d\d-[a-z0-9-]+", scenario.name)


@each
def test_a_scenario_names_its_day_and_its_order(scenario: Scenario) -> None:
    sql = scenario.sql.lower()
    assert not re.search(r"current_date|now\(|today\(|random\(|current_timestamp", sql)
    assert parse_query(sql).tree.args.get("order") is not None


@each
def test_a_scenario_gets_the_oracles_answer_through_the_gateway(
    scenario: Scenario, city: City, oracle: Oracle
) -> None:
    expected = ask(oracle, scenario)
    connection = city.connect(scenario.principal)
    if isinstance(expected, Answer):
        result = connection.query(scenario.sql, purpose=scenario.purpose).to_arrow()
        assert differences(expected, result) == []
    else:
        with pytest.raises(PolicyError) as refused:
            connection.query(scenario.sql, purpose=scenario.purpose)
        assert refused.value.code == "POLICY_DENIED"
        assert expected
        assert all(reason in str(refused.value) for reason in expected)


def test_the_register_is_told_the_numbers_of_the_dead_and_sends_their_rows_only(city: City) -> None:
    scenario = next(s for s in SCENARIOS if s.name == "21-dead-still-on-the-register")
    result = city.connect(scenario.principal).query(scenario.sql, purpose=scenario.purpose)
    answer = result.to_arrow()
    assert result.summary is not None
    rows = {part.department: part.rows for part in result.summary.coverage}
    assert 0 < rows["public_security"] <= answer.num_rows
    records = history(AuditReader(city.directory / "audit"), result.query_id)
    told = {
        r.event["department"]: [(key["origin"], key["keys"]) for key in r.event["keys"]]
        for r in records
        if r.type == "fragment.dispatched"
    }
    keys = len(set(answer.column("person_id").to_pylist()))
    assert told == {"health": [], "public_security": [("health.death_certificate.person_id", keys)]}


@each
def test_a_stored_answer_is_the_oracles_at_full_size(scenario: Scenario, whole_city: Oracle) -> None:
    expected, stored = ask(whole_city, scenario), read_expected(scenario.name)
    advice = "python -m tests.city.expected computes the stored answers anew"
    if isinstance(expected, Answer):
        assert isinstance(stored, pa.Table)
        assert differences(expected, stored) == [], advice
        assert stored.num_rows > 0
    else:
        assert stored == expected, advice


def test_what_is_written_is_what_is_read(
    whole_city: Oracle, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("expected")
    question = "SELECT * FROM natural_resources.parcel LIMIT 3"
    answer = whole_city.ask(question, whole_city.principal("demo-land"), "land_management")
    write_expected("parcels", answer, directory)
    stored = read_expected("parcels", directory)
    assert isinstance(stored, pa.Table)
    assert stored.equals(answer.table)


def test_every_scenario_has_a_stored_answer_and_nothing_else_has() -> None:
    assert [path.stem for path in sorted(DIRECTORY.glob("*"))] == [s.name for s in SCENARIOS]


def test_scenarios_are_numbered_without_gaps() -> None:
    assert [int(scenario.name[:2]) for scenario in SCENARIOS] == list(range(1, len(SCENARIOS) + 1))


def test_the_scenarios_show_what_they_are_there_to_show() -> None:
    expected = [scenario.header["expect"] for scenario in SCENARIOS]
    assert len(SCENARIOS) >= 12
    assert expected.count("refused") >= 1
    assert expected.count("masked") >= 1
    assert any(scenario.principal == "demo-clerk" for scenario in SCENARIOS)
    assert sum("city" in scenario.departments for scenario in SCENARIOS) >= 4
    assert sum(len(scenario.departments) >= 3 for scenario in SCENARIOS) >= 6


def test_the_masked_scenario_shows_no_whole_name_and_the_clerks_only_one_town() -> None:
    (masked,) = (s for s in SCENARIOS if s.header["expect"] == "masked")
    visits = read_expected(masked.name)
    assert isinstance(visits, pa.Table)
    for column in ("name", "address", "phone"):
        texts = [text for text in visits[column].to_pylist() if text is not None]
        assert texts
        assert all("*" in text for text in texts)
    (filtered,) = (s for s in SCENARIOS if s.principal == "demo-clerk")
    visited = read_expected(filtered.name)
    assert isinstance(visited, pa.Table)
    assert set(visited["department"].to_pylist()) == {"town_qingxi"}


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
