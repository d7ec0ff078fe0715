"""A department whose one table is whatever a test puts into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from agent.agent import Agent, open_agent
from sql.engine import EnginePool

COLUMNS = {"id": "BIGINT", "place": "VARCHAR", "amount": "BIGINT"}
Rows = list[tuple[object, object]]


@pytest.fixture(scope="module")
def engines() -> Iterator[EnginePool]:
    pool = EnginePool(memory="256MB", threads=1, spares=1)
    yield pool
    pool.close()


@pytest.fixture
def open_north(tmp_path: Path, engines: EnginePool) -> Iterator[Callable[..., Agent]]:
    """A department whose SQLite table holds these places and amounts; with a row filter if there is one."""
    opened: list[Agent] = []

    def open_with(rows: Rows, shown: str = "") -> Agent:
        policies = tmp_path / "policies"
        policies.mkdir()
        table = {
            "from": "payment",
            "sharing": "conditional",
            "grade": "general",
            "columns": {name: {"type": kind} for name, kind in COLUMNS.items()},
        }
        source = {"connector": "sqlite", "uri": "north.sqlite"}
        department = {"name": "north", "title": "north", "source": source, "tables": {"payment": table}}
        (tmp_path / "department.yaml").write_text(yaml.safe_dump(department), encoding="utf-8")
        grant: dict[str, object] = {
            "id": "work",
            "reason": "工作协议",
            "principals": {"roles": ["analyst"]},
            "purposes": ["work"],
            "columns": {name: {"use": ["read", "filter", "aggregate", "group"]} for name in COLUMNS},
        }
        if shown:
            grant["rows"] = shown
        policy = {"table": "payment", "grants": [grant]}
        (policies / "payment.yaml").write_text(yaml.safe_dump(policy, allow_unicode=True), encoding="utf-8")
        # Before the agent: afterwards nothing else in this process may open the file.
        with sqlite3.connect(tmp_path / "north.sqlite") as connection:
            connection.execute("CREATE TABLE payment (id INTEGER PRIMARY KEY, place TEXT, amount INTEGER)")
            connection.executemany("INSERT INTO payment (place, amount) VALUES (?, ?)", rows)
        connection.close()
        opened.append(open_agent(tmp_path, {}, engines))
        return opened[-1]

    yield open_with
    for north in opened:
        north.close()
