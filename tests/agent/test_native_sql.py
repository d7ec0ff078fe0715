"""What a database ran is told to those whom its department lets see it, and to nobody else."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pyarrow as pa
import pytest

from agent.agent import Agent, open_agent
from agent.own_forms import OWN_FORMS, stand_in_the_way
from policies.port import FragmentRequest, KeySet, Receipt
from policies.principal import Principal
from sql.catalog import Fragment
from sql.engine import EnginePool

FILES = Path(__file__).parent / "department"
ANALYST = Principal("li.wei", "bureau", frozenset({"analyst"}))
CLERK = Principal("zhao.min", "bureau", frozenset({"clerk"}), {"area": "A1"})
INTEGERS = pa.schema([pa.field("id", pa.int32())])
WHOLE = "SELECT p.id AS id FROM north.person AS p"
KEYED = f'{WHOLE} WHERE p.id IN (SELECT "key" FROM "_keys"."keys_1")'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copytree(FILES, tmp_path / "department")
    with duckdb.connect(str(tmp_path / "north.duckdb")) as connection:
        connection.execute("CREATE TABLE t_person (bh INTEGER, xm VARCHAR, zbm VARCHAR, sfzh VARCHAR)")
        connection.execute("INSERT INTO t_person VALUES (1, '张三', 'A1', '11'), (2, '李四', 'A2', '12')")
    return tmp_path / "department"


def opened(directory: Path, engines: EnginePool, rule: str = "") -> Agent:
    """The agent of a department whose file ends with `rule`."""
    file = directory / "department.yaml"
    file.write_text(f"{file.read_text(encoding='utf-8')}{rule}\n", encoding="utf-8")
    return open_agent(directory, {}, engines, today=lambda: date(2026, 11, 1))


def receipt(
    agent: Agent, principal: Principal, sql: str = WHOLE, keys: tuple[KeySet, ...] = ()
) -> tuple[Receipt, int]:
    """What the agent says it did, and how many rows it gave."""
    fragment = Fragment("fragment_1", "north", sql, INTEGERS)
    running = agent.run(FragmentRequest("q1", principal, "visit", fragment, 10.0, {}, keys))
    rows = sum(batch.num_rows for batch in running)
    return running.receipt(), rows


def test_nobody_sees_it_by_default(directory: Path, engines: EnginePool) -> None:
    agent = opened(directory, engines)
    told, rows = receipt(agent, ANALYST)
    agent.close()
    assert (told.native_sql, rows) == ((), 2)


def test_it_is_shown_to_whom_the_department_names(directory: Path, engines: EnginePool) -> None:
    agent = opened(directory, engines, "show_native_sql: {departments: [bureau], roles: [analyst]}")
    shown, _ = receipt(agent, ANALYST)
    withheld, rows = receipt(agent, CLERK)
    agent.close()
    (text,) = shown.native_sql
    assert "t_person" in text
    assert "bh" in text
    assert (withheld.native_sql, rows) == ((), 1)


def test_every_key_given_must_match(directory: Path, engines: EnginePool) -> None:
    agent = opened(directory, engines, "show_native_sql: {departments: [elsewhere], roles: [analyst]}")
    told, _ = receipt(agent, ANALYST)
    agent.close()
    assert told.native_sql == ()


def test_a_row_filter_is_part_of_what_is_shown(directory: Path, engines: EnginePool) -> None:
    agent = opened(directory, engines, "show_native_sql: {subjects: [zhao.min]}")
    told, rows = receipt(agent, CLERK)
    agent.close()
    (text,) = told.native_sql
    assert rows == 1
    assert "zbm" in text
    assert "'A1'" in text


def test_join_keys_of_others_are_never_shown(directory: Path, engines: EnginePool) -> None:
    agent = opened(directory, engines, "show_native_sql: {roles: [analyst]}")
    keys = KeySet("keys_1", ("south", "person", "id"), pa.array([2], pa.int32()))
    told, rows = receipt(agent, ANALYST, KEYED, (keys,))
    agent.close()
    assert (told.native_sql, rows) == ((), 1)


HIDDEN = """\
name: north
title: 北区
source: {connector: sqlite, uri: ../north.sqlite}
tables:
  person:
    from: t_person
    title: 人员
    sharing: conditional
    columns:
      id: {from: bh, type: INTEGER}
      area: {from: zbm, type: VARCHAR}
      code: {expr: "translate(zbm, 'A', 'B')", type: VARCHAR}
"""
GRANTS = """\
table: person
grants:
  - id: all
    reason: r
    principals: {roles: [analyst]}
    purposes: [visit]
    columns: {id: {use: [read]}, code: {use: [read]}}
  - id: some
    reason: r
    principals: {roles: [clerk]}
    purposes: [visit]
    columns: {id: {use: [read]}, code: {use: [read]}}
    rows: "levenshtein(area, 'secret') > 2"
"""


@pytest.mark.parametrize(
    ("principal", "sql", "hidden", "own"),
    [
        (CLERK, WHOLE, "levenshtein", ""),
        (ANALYST, "SELECT p.id AS id FROM north.person AS p WHERE p.code <> 'x'", "translate", ""),
        (
            ANALYST,
            "SELECT p.id + levenshtein('ab', 'b')::INTEGER AS id FROM north.person AS p",
            "",
            "levenshtein",
        ),
    ],
    ids=["row filter", "expression", "the question's own"],
)
@pytest.mark.parametrize("shows", [True, False])
def test_why_a_database_did_not_run_it_tells_nothing_of_the_departments_own_forms(
    directory: Path,
    engines: EnginePool,
    principal: Principal,
    sql: str,
    hidden: str,
    own: str,
    shows: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = Mock(wraps=stand_in_the_way)
    monkeypatch.setattr("agent.execute.stand_in_the_way", looked)
    with closing(sqlite3.connect(directory.parent / "north.sqlite")) as connection:
        connection.execute("CREATE TABLE t_person (bh INTEGER, zbm TEXT)")
        connection.execute("INSERT INTO t_person VALUES (1, 'A1'), (2, 'A2')")
        connection.commit()
    (directory / "department.yaml").write_text(HIDDEN, encoding="utf-8")
    (directory / "policies" / "person.yaml").write_text(GRANTS, encoding="utf-8")
    agent = opened(directory, engines, "show_native_sql: {departments: [bureau]}" if shows else "")
    for _ in range(2):
        told, rows = receipt(agent, principal, sql)
        assert (told.mode, rows) == ("local", 2)
        if hidden and not shows:
            assert told.mode_reason == OWN_FORMS
        else:
            assert (hidden or own) in told.mode_reason
        assert looked.call_count == (0 if shows else 1), "that is remembered with the fragment's text"
    agent.close()
