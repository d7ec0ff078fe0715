"""An agent tells of its tables' contents what each grant allows, and nothing that a grant hides."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from agent.agent import Agent, open_agent
from agent.statistics import Refresher
from comity.errors import SourceError
from policies.principal import Principal
from policies.statistics import ColumnFacts, TableFacts
from sql.engine import EnginePool

ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
STRANGER = Principal("qian.er", "bureau", frozenset({"visitor"}))
ROWS = 100

GRANTS: dict[str, dict[str, Any]] = {
    "open": {},
    "filtered": {"rows": "area = 'A1'"},
    "floored": {"floor": {"entities": 3}},
    "closed": {"purposes": ["other"]},
}


def write(directory: Path, refresh_minutes: int = 60) -> None:
    """A department of one table, with a grant of each kind."""
    (directory / "policies").mkdir(parents=True)
    columns = {
        "id": {"from": "bh", "type": "INTEGER"},
        "name": {"from": "xm", "type": "VARCHAR"},
        "area": {"from": "zbm", "type": "VARCHAR", "codes": {"A0": "north", "*": "other"}},
        "born": {"from": "csrq", "type": "VARCHAR"},
        "score": {"from": "fs", "type": "INTEGER"},
        "level": {"from": "dj", "type": "INTEGER"},
        "twice": {"expr": "fs * 2", "type": "INTEGER"},
        "one": {"expr": "'1'", "type": "VARCHAR"},
        "low": {"expr": "fs < 5", "type": "BOOLEAN"},
        "both": {"expr": "fs + dj", "type": "INTEGER"},
    }
    department = {
        "name": "north",
        "source": {"connector": "duckdb", "uri": "../north.duckdb"},
        "statistics": {"refresh_minutes": refresh_minutes},
        "tables": {"person": {"from": "t_person", "entity": "id", "columns": columns}},
    }
    uses: dict[str, Any] = {
        "id": {"use": ["read"]},
        "name": {"mask": "person_name"},
        "area": {"use": ["read"]},
        "born": {"use": ["read"]},
        "score": {"use": ["aggregate"], "functions": ["sum", "count"]},
        "level": {"use": ["join", "filter"]},
        "twice": {"use": ["read"]},
        "one": {"use": ["read"]},
        "low": {"use": ["read"]},
        "both": {"use": ["read"]},
    }
    grants = [
        {
            "id": name,
            "reason": "数据共享协议",
            "principals": {"roles": ["analyst"]},
            "purposes": ["work"],
            "columns": uses,
            **change,
        }
        for name, change in GRANTS.items()
    ]
    (directory / "department.yaml").write_text(json.dumps(department), encoding="utf-8")
    (directory / "policies/person.yaml").write_text(
        json.dumps({"table": "person", "grants": grants}, ensure_ascii=False), encoding="utf-8"
    )


@pytest.fixture
def agent(tmp_path: Path, engines: EnginePool) -> Iterator[Agent]:
    write(tmp_path / "department")
    with duckdb.connect(str(tmp_path / "north.duckdb")) as connection:
        connection.execute(
            f"""CREATE TABLE t_person AS SELECT CAST(i AS INTEGER) AS bh, '张三' || i AS xm, 'A' || i % 2 AS zbm,
            DATE '2000-01-01' + CAST(i AS INTEGER) AS csrq, CAST(i % 10 AS INTEGER) AS fs,
            CAST(i % 5 AS INTEGER) AS dj FROM range({ROWS}) AS r(i)"""
        )
    found = open_agent(tmp_path / "department", {}, engines, today=lambda: date(2026, 11, 1))
    yield found
    found.close()


def told(agent: Agent, grant: str = "open", principal: Principal = ANALYST) -> TableFacts | None:
    return agent.statistics(principal, "work", {"person": grant}).tables.get("person")


def test_nothing_is_told_before_it_was_asked(agent: Agent) -> None:
    assert told(agent) is None


def test_what_may_be_read_is_told_with_its_values(agent: Agent) -> None:
    agent.source_statistics.refresh()
    facts = told(agent)
    assert facts is not None
    assert facts.rows == ROWS
    identity = facts.columns["id"]
    assert identity.distinct == ROWS
    assert (identity.bounds[0], identity.bounds[-1]) == (0.0, 99.0)


@pytest.mark.parametrize("grant", ["filtered", "floored", "closed", "no-such-grant"])
def test_a_grant_that_hides_rows_or_does_not_apply_tells_nothing(grant: str, agent: Agent) -> None:
    agent.source_statistics.refresh()
    assert told(agent, "open") is not None
    assert told(agent, grant) is None


def test_whom_a_grant_does_not_name_is_told_nothing(agent: Agent) -> None:
    agent.source_statistics.refresh()
    assert told(agent, "open", STRANGER) is None


def test_columns_that_may_not_be_read_show_no_values(agent: Agent) -> None:
    agent.source_statistics.refresh()
    facts = told(agent)
    assert facts is not None
    assert "name" not in facts.columns, "masked"
    assert "level" not in facts.columns, "may be joined and compared, and not be counted"
    assert facts.columns["twice"] == ColumnFacts(distinct=facts.columns["score"].distinct), "computed"
    assert facts.columns["one"] == ColumnFacts(distinct=1.0), "the same in all rows"
    assert facts.columns["low"] == ColumnFacts(distinct=2.0), "a truth value"
    assert "both" not in facts.columns, "computed of two columns"
    counted = facts.columns["score"]
    assert (counted.distinct, counted.bounds, counted.common, counted.width) == (10.0, (), (), None)


def test_values_of_another_scale_are_not_told(agent: Agent) -> None:
    """Codes are translated, and a date that is published as a text has no place among numbers."""
    agent.source_statistics.refresh()
    facts = told(agent)
    assert facts is not None
    for name in ("area", "born"):
        assert facts.columns[name].distinct is not None
        assert (facts.columns[name].bounds, facts.columns[name].common) == ((), ())


def test_a_source_that_fails_keeps_what_was_known(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.source_statistics.refresh()

    def fail(_: object) -> None:
        raise SourceError("the database is down", code="SOURCE_UNAVAILABLE")

    monkeypatch.setattr(agent.connector, "statistics", fail)
    agent.source_statistics.refresh()
    assert told(agent) is not None


def test_they_are_loaded_in_the_background_and_plans_are_told(agent: Agent) -> None:
    loaded = threading.Event()
    refresher = Refresher([agent.source_statistics], loaded.set)
    refresher.start()
    try:
        assert loaded.wait(60)
        assert told(agent) is not None
    finally:
        refresher.close()


def test_a_department_may_do_without(tmp_path: Path, engines: EnginePool) -> None:
    write(tmp_path / "silent", refresh_minutes=0)
    with duckdb.connect(str(tmp_path / "north.duckdb")) as connection:
        connection.execute("CREATE TABLE t_person (bh INTEGER)")
    agent = open_agent(tmp_path / "silent", {}, engines)
    refresher = Refresher([agent.source_statistics])
    refresher.start()
    try:
        assert not agent.source_statistics.is_due
    finally:
        refresher.close()
        agent.close()


class Slow:
    """A source that takes its time once."""

    def __init__(self) -> None:
        self.is_due, self.goes_on = True, threading.Event()

    def refresh(self) -> None:
        self.goes_on.wait(10.0)
        self.is_due = False


def test_a_start_waits_until_all_were_asked_and_no_longer_than_it_is_told() -> None:
    slow = Slow()
    refresher = Refresher([slow])  # type: ignore[list-item]  # all that is asked of a source
    refresher.start(0.05)
    assert slow.is_due
    slow.goes_on.set()
    refresher.close()
    ready = Slow()
    ready.goes_on.set()
    refresher = Refresher([ready])  # type: ignore[list-item]  # likewise
    refresher.start(10.0)
    assert not ready.is_due
    refresher.close()
