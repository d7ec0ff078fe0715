"""Denials at the gateway: in the question's own words and places, before anything is sent."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from audit.reader import AuditReader
from comity.errors import PolicyError, SqlError
from gateway.assembly import Gateway, open_gateway
from gateway.stages import FederatedPlan, Lifetime, QueryRequest
from policies.principal import Principal

FILES = Path(__file__).parent / "federation"
CASES = yaml.safe_load((FILES / "denials.yaml").read_text("utf-8"))
ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))

TABLES = """
CREATE TABLE patients (person_id VARCHAR, town VARCHAR, diagnosis VARCHAR, cost INTEGER, secret VARCHAR);
CREATE TABLE visits (person_id VARCHAR, fee INTEGER);
CREATE TABLE benefit (person_id VARCHAR, amount INTEGER);
CREATE TABLE resident_a (person_id VARCHAR, income INTEGER, area VARCHAR);
CREATE TABLE resident_b (person_id VARCHAR, income INTEGER, area VARCHAR);
INSERT INTO patients SELECT i, 'T' || i % 2, 'E1' || i % 3, i * 10, 'x' FROM range(9) AS r(i);
INSERT INTO visits SELECT i, i FROM range(9) AS r(i);
INSERT INTO benefit SELECT i, i FROM range(9) AS r(i);
INSERT INTO resident_a SELECT i, i, 'A' FROM range(5) AS r(i);
INSERT INTO resident_b SELECT i, i, 'B' FROM range(5, 9) AS r(i);
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("district") / "federation"
    shutil.copytree(FILES, directory)
    with duckdb.connect(str(directory / "data.duckdb")) as connection:
        connection.execute(TABLES)
    opened = open_gateway(directory, {}, today=lambda: date(2026, 6, 1))
    yield opened
    opened.close()


def asked(case: dict[str, object]) -> str:
    return str(case["sql"])


def request(sql: str, principal: Principal = ANALYST, purpose: str = "work") -> QueryRequest:
    lifetime = Lifetime(time.monotonic() + 60)
    return QueryRequest("q", "t", principal, "peer", sql, (), {}, purpose, False, lifetime)


def plan(gateway: Gateway, sql: str, principal: Principal = ANALYST, purpose: str = "work") -> FederatedPlan:
    return gateway.pipeline.explain(request(sql, principal, purpose))


@pytest.mark.parametrize("case", [c for c in CASES if c["says"]], ids=asked)
def test_a_denial_says_which_column_lacks_which_use_where_and_what_would_do(
    gateway: Gateway, case: dict[str, object]
) -> None:
    with pytest.raises(PolicyError) as caught:
        plan(gateway, str(case["sql"]))
    error = caught.value
    assert error.code == "POLICY_DENIED"
    for words in case["says"] if isinstance(case["says"], list) else [case["says"]]:
        assert str(words) in error.message
    assert str(case.get("hint", "")) in (error.hint or "")
    if "at" in case:
        assert [error.line, error.column] == case["at"]


@pytest.mark.parametrize("case", [c for c in CASES if not c["says"]], ids=asked)
def test_a_question_within_its_uses_is_answered(gateway: Gateway, case: dict[str, object]) -> None:
    answer = gateway.pipeline.answer(request(str(case["sql"])))
    rows = [tuple(row.values()) for batch in answer.read() for row in batch.to_pylist()]
    answer.close()
    assert sorted(map(list, rows)) == case["rows"]


def test_a_column_that_the_caller_may_not_know_reads_as_absent(gateway: Gateway) -> None:
    messages: set[str] = set()
    for column in ("secret", "nothing"):
        with pytest.raises(SqlError) as caught:
            plan(gateway, f"SELECT {column} FROM health.patients")
        assert caught.value.code == "SQL_COLUMN_UNKNOWN"
        messages.add(caught.value.message.replace(column, "x"))
    assert len(messages) == 1


def test_a_table_in_the_catalogue_is_known_to_everybody_and_used_by_nobody(gateway: Gateway) -> None:
    stranger = Principal("he.ren", "tax")
    for principal, purpose in ((ANALYST, "work"), (stranger, "other")):
        with pytest.raises(PolicyError, match="is in the catalogue for everybody to know of"):
            plan(gateway, "SELECT town FROM health.archive", principal, purpose)
        with pytest.raises(PolicyError, match="is in the catalogue for everybody to know of"):
            plan(gateway, "SELECT count(*) FROM health.archive", principal, purpose)
    with pytest.raises(SqlError) as caught:
        plan(gateway, "SELECT town FROM health.patients", stranger)
    assert caught.value.code == "SQL_TABLE_UNKNOWN"


def test_a_ceiling_refuses_what_is_derived_from_higher_grades(gateway: Gateway) -> None:
    important = replace(ANALYST, ceiling="important")
    sql = "SELECT town, count(*) FROM health.patients WHERE diagnosis = 'E11' GROUP BY town"
    assert plan(gateway, sql).authorized.grades == ("core", "core")
    with pytest.raises(
        PolicyError, match="diagnosis is graded core, and nothing above important may reach you"
    ):
        plan(gateway, sql, important)
    assert plan(gateway, "SELECT town FROM health.patients", important).authorized.grades == ("general",)


def test_the_ceiling_of_the_token_and_of_the_way_in_go_with_the_principal(gateway: Gateway) -> None:
    found = gateway.identity.principal({"authorization": "Bearer general-token"})
    assert found.ceiling == "general"
    assert gateway.identity.principal({"authorization": "Bearer analyst-token"}).ceiling == "core"


def test_the_record_says_what_each_column_was_used_for(gateway: Gateway) -> None:
    sql = "SELECT town, sum(cost) FROM health.patients WHERE person_id IN ('1', '2') GROUP BY town"
    plan(gateway, sql)
    records = AuditReader(gateway.log.path).records()
    made = [r.event["decisions"][0] for r in records if r.type == "query.authorized"][-1]
    assert made["uses"] == {"cost": ["aggregate(sum)"], "person_id": ["match"], "town": ["group"]}


def test_nothing_is_sent_of_a_question_that_an_agent_would_refuse_in_part(gateway: Gateway) -> None:
    sql = (
        "SELECT b.amount, sum(p.cost) FROM health.patients p JOIN civil.benefit b USING (person_id) "
        "GROUP BY b.amount"
    )
    before = dispatched(gateway)
    with pytest.raises(PolicyError) as caught:
        gateway.pipeline.answer(request(sql))
    # Sums by person would be each person's own value, so health wants no groups by person_id.
    assert (
        "column person_id is granted for match, join, not for group: the part of the question that goes to health"
        in caught.value.message
    )
    assert (caught.value.line, caught.value.column) == (1, 81)
    assert dispatched(gateway) == before


def dispatched(gateway: Gateway) -> int:
    return sum(r.type == "fragment.dispatched" for r in AuditReader(gateway.log.path).records())
