"""What an agent remembers of a fragment changes no answer: not for others, not later, not under other policies."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from agent.agent import Agent, open_agent
from agent.known_fragments import KnownFragments, fragment_key
from comity.errors import ComityError, InternalError, LimitError
from policies.port import FragmentRequest, KeySet
from policies.principal import Principal
from sql.catalog import Fragment
from sql.engine import EnginePool

FILES = Path(__file__).parent / "department"
ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
CLERK = Principal("zhao.min", "bureau", frozenset({"clerk"}), {"area": "A1"})
OTHER_CLERK = replace(CLERK, attributes={"area": "A0"})
BOTH = replace(CLERK, roles=frozenset({"analyst", "clerk"}))
IDS = pa.schema([pa.field("id", pa.int32())])
SQL = "SELECT p.id AS id FROM north.person AS p ORDER BY p.id"
ALL = [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.fixture
def days() -> list[date]:
    """The department's day, which a test may change."""
    return [date(2026, 11, 1)]


@pytest.fixture
def open_north(tmp_path: Path, engines: EnginePool, days: list[date]) -> Iterator[Callable[[str], Agent]]:
    """Opens the department; with words, after what its policy says of the visits to one's own area."""
    opened: list[Agent] = []

    def open_with(words: str = "") -> Agent:
        directory = tmp_path / f"department-{len(opened)}"
        shutil.copytree(FILES, directory)
        policy = directory / "policies" / "person.yaml"
        text = policy.read_text(encoding="utf-8")
        policy.write_text(
            text.replace("    reason: 属地走访\n", f"    reason: 属地走访\n{words}"), encoding="utf-8"
        )
        opened.append(open_agent(directory, {}, engines, today=lambda: days[0]))
        return opened[-1]

    with duckdb.connect(str(tmp_path / "north.duckdb")) as connection:
        connection.execute("CREATE TABLE t_person (bh INTEGER, xm VARCHAR, zbm VARCHAR, sfzh VARCHAR)")
        connection.execute(
            "INSERT INTO t_person SELECT i, '张三' || i, 'A' || i % 2, '11010119900101000' || i FROM range(1, 9) AS r(i)"
        )
    yield open_with
    for agent in opened:
        agent.close()


def asked(
    principal: Principal = ANALYST,
    purpose: str = "work",
    sql: str = SQL,
    schema: pa.Schema = IDS,
    grants: dict[str, str] | None = None,
    query: str = "q1",
) -> FragmentRequest:
    return FragmentRequest(
        query, principal, purpose, Fragment("fragment_1", "north", sql, schema), 10.0, grants or {}
    )


def ids(agent: Agent, request: FragmentRequest) -> list[int]:
    return [row["id"] for batch in agent.run(request) for row in batch.to_pylist()]


def test_a_fragment_that_is_asked_again_is_not_decided_again(open_north: Callable[[str], Agent]) -> None:
    agent = open_north("")
    first, second = agent.run(asked()), agent.run(replace(asked(), query_id="q2"))
    assert [sum(batch.num_rows for batch in run) for run in (first, second)] == [8, 8]
    assert (agent.known.misses, agent.known.hits) == (1, 1)
    assert second.enforced.decisions is first.enforced.decisions
    assert second.enforced.request.query_id == "q2"
    assert first.receipt().source_sql_digest == second.receipt().source_sql_digest


def test_each_caller_sees_its_own_rows_for_the_same_text(open_north: Callable[[str], Agent]) -> None:
    agent = open_north("")
    for _ in range(2):
        assert ids(agent, asked(CLERK, "visit")) == [1, 3, 5, 7]
        assert ids(agent, asked(OTHER_CLERK, "visit")) == [2, 4, 6, 8]
        assert ids(agent, asked(ANALYST, "visit")) == ALL
    assert (agent.known.misses, agent.known.hits) == (3, 3)


def test_what_one_caller_may_ask_another_may_not(open_north: Callable[[str], Agent]) -> None:
    agent = open_north("")
    assert ids(agent, asked()) == ALL
    for stranger in (CLERK, replace(ANALYST, roles=frozenset())):
        with pytest.raises(ComityError):
            agent.run(asked(stranger))
    assert ids(agent, asked()) == ALL


def test_another_purpose_is_decided_anew(open_north: Callable[[str], Agent]) -> None:
    agent = open_north("")
    assert ids(agent, asked()) == ALL
    with pytest.raises(ComityError):
        agent.run(asked(purpose="other"))
    assert ids(agent, asked(BOTH, "visit", grants={"person": "visit-own-area"})) == [1, 3, 5, 7]
    assert ids(agent, asked(BOTH, "visit", grants={"person": "visit-all"})) == ALL


def test_a_grant_that_ended_yesterday_is_no_longer_remembered(
    open_north: Callable[[str], Agent], days: list[date]
) -> None:
    agent = open_north("    valid: {until: 2026-11-01}\n")
    assert ids(agent, asked(CLERK, "visit")) == ids(agent, asked(CLERK, "visit")) == [1, 3, 5, 7]
    days[0] = date(2026, 11, 2)
    with pytest.raises(ComityError):
        agent.run(asked(CLERK, "visit"))
    days[0] = date(2026, 11, 1)
    assert ids(agent, asked(CLERK, "visit")) == [1, 3, 5, 7]


def test_other_policies_are_other_fragments(open_north: Callable[[str], Agent]) -> None:
    agent, stricter = open_north(""), open_north("    valid: {until: 2026-10-31}\n")
    assert ids(agent, asked(CLERK, "visit")) == [1, 3, 5, 7]
    # As if the department's files were read again.
    agent.department = agent.publisher.department = stricter.department
    with pytest.raises(ComityError):
        agent.run(asked(CLERK, "visit"))


def test_a_remembered_fragment_answers_with_its_own_types_only(open_north: Callable[[str], Agent]) -> None:
    agent = open_north("")
    assert ids(agent, asked()) == ALL
    with pytest.raises(InternalError):
        agent.run(asked(schema=pa.schema([pa.field("id", pa.int64())])))


def test_limits_are_counted_also_for_what_is_remembered(open_north: Callable[[str], Agent]) -> None:
    agent = open_north("")
    auditor = Principal("wu.jing", "bureau", frozenset({"auditor"}))
    request = asked(auditor, "visit", "SELECT p.id AS id FROM north.person AS p WHERE p.id <= 5")
    assert sorted(ids(agent, request)) == [1, 2, 3, 4, 5]
    with pytest.raises(LimitError):
        ids(agent, request)
    assert agent.known.hits == 1


def test_a_refusal_is_not_remembered(open_north: Callable[[str], Agent]) -> None:
    agent = open_north("")
    for _ in range(2):
        with pytest.raises(ComityError):
            agent.run(asked(sql="SELECT p.number AS id FROM north.person AS p"))
    assert (agent.known.misses, agent.known.hits) == (2, 0)


@pytest.mark.parametrize("moment", ["current_date", "CAST(now() AS DATE)"])
def test_what_asks_for_the_present_is_decided_each_time(
    open_north: Callable[[str], Agent], moment: str
) -> None:
    agent = open_north("")
    request = asked(sql=f"SELECT p.id AS id FROM north.person AS p WHERE {moment} > DATE '2000-01-01'")
    for _ in range(2):
        assert len(ids(agent, request)) == 8
    assert (agent.known.misses, agent.known.hits) == (2, 0)


DIFFERENT = {
    "text": {"fragment": replace(asked().fragment, sql="SELECT 1")},
    "subject": {"principal": replace(ANALYST, subject="li.na")},
    "department": {"principal": replace(ANALYST, department="office")},
    "roles": {"principal": replace(ANALYST, roles=frozenset({"analyst", "clerk"}))},
    "attributes": {"principal": replace(ANALYST, attributes={"area": "A1"})},
    "an attribute's type": {"principal": replace(ANALYST, attributes={"area": 1})},
    "ceiling": {"principal": replace(ANALYST, ceiling="general")},
    "purpose": {"purpose": "visit"},
    "grants": {"grants": {"person": "visit-all"}},
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_everything_that_a_decision_depends_on_makes_another_fragment(what: str) -> None:
    changed = replace(asked(), **DIFFERENT[what])  # type: ignore[arg-type]  # one of its fields each
    keys = {fragment_key(request, date(2026, 11, 1), "v", "d") for request in (asked(), changed)}
    assert len(keys) == 2


def test_another_day_publication_or_policy_makes_another_fragment() -> None:
    first, second = date(2026, 11, 1), date(2026, 11, 2)
    keys = {
        fragment_key(asked(), *rest)
        for rest in ((first, "v", "d"), (second, "v", "d"), (first, "w", "d"), (first, "v", "e"))
    }
    assert len(keys) == 4


def test_fragments_with_keys_and_long_ones_are_not_remembered() -> None:
    keyed = replace(asked(), keys=(KeySet("keys_1", ("south", "firm", "id"), pa.array([1])),))
    long = asked(sql=SQL + " " * 20_000)
    assert [fragment_key(request, date(2026, 11, 1), "v", "d") for request in (keyed, long)] == [None, None]


def test_the_fragment_asked_longest_ago_is_forgotten(open_north: Callable[[str], Agent]) -> None:
    agent = open_north("")
    agent.known = KnownFragments(size=2)
    one, two, three = (
        asked(sql=f"SELECT p.id AS id FROM north.person AS p WHERE p.id = {n}") for n in (1, 2, 3)
    )
    for request in (one, two, one, three, one, two):
        ids(agent, request)
    assert (agent.known.misses, agent.known.hits) == (4, 2)
