"""Conditions of a LEFT JOIN that are about no table (docs/adr/0026-what-ends-duckdb-is-written-otherwise.md)."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sqlglot
from sqlglot import exp

from gateway.planner.disclosure import Disclosure
from gateway.planner.fence_left_joins import fence_left_joins
from gateway.planner.make_plan import PASSES
from gateway.planner.planning import Planning
from sql.binder import Binder
from sql.catalog import Catalog

ROWS = {"d": 3, "v": 12, "p": 12, "m": 12, "k": 4, "e": 2}
ENDS = (
    "SELECT count(*) AS n FROM d CROSS JOIN v LEFT JOIN p ON {condition} "
    "ANTI JOIN m ON m.x = '7' SEMI JOIN k ON p.x = k.x WHERE NOT p.x IS NULL"
)
ASK = """
import sys
import pyarrow as pa
from sql.engine import open_locked
with open_locked(memory="1GB", threads=1) as database:
    for name, rows in {rows!r}.items():
        database.register(name + "_rows", pa.table({{"x": pa.array([str(i % 3) for i in range(rows)], pa.string())}}))
        database.execute(f"CREATE TEMP VIEW {{name}} AS SELECT CAST(x AS VARCHAR) AS x FROM {{name}}_rows")
    print(database.sql(sys.argv[1]).fetchall())
"""


def fenced(question: str) -> str:
    tree = sqlglot.parse_one(question, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    after = fence_left_joins(tree)
    assert tree == sqlglot.parse_one(question, dialect="duckdb")
    return after.sql("duckdb")


def answer(question: str, rows: dict[str, int]) -> tuple[int, str]:
    """How a process ended that asked an engine of ours, and what it printed."""
    ended = subprocess.run(
        [sys.executable, "-c", ASK.format(rows=rows), question], capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout.strip()


@pytest.mark.parametrize(
    ("condition", "n"),
    [
        ("EXISTS (SELECT 1 FROM e)", 432),
        ("(SELECT max(e.x) FROM e) = '1'", 432),
        ("(SELECT max(e.x) FROM e) = '1' AND p.x = '2'", 144),
        ("(SELECT max(e.x) FROM e) = '7'", 0),
    ],
)
def test_a_condition_about_no_table_is_asked_before_the_join(condition: str, n: int) -> None:
    assert answer(fenced(ENDS.format(condition=condition)), ROWS) == (0, f"[({n},)]")


def test_duckdb_ends_over_such_a_condition_as_it_is_written() -> None:
    rows = {**ROWS, "d": 0}
    written = ENDS.format(condition="EXISTS (SELECT 1 FROM e)")
    assert answer(written, rows)[0] < 0, "DuckDB no longer needs fence_left_joins"
    assert answer(fenced(written), rows) == (0, "[(0,)]")


@pytest.mark.parametrize(
    ("join", "after"),
    [
        (
            "LEFT JOIN b.u AS q ON q.x = t.x AND EXISTS (SELECT 1 FROM b.w AS w)",
            "LEFT JOIN (SELECT q_1.x AS x FROM b.u AS q_1 WHERE EXISTS(SELECT 1 FROM b.w AS w)) AS q ON q.x = t.x",
        ),
        (
            "LEFT JOIN (VALUES (1)) AS q(x) ON (SELECT max(w.x) FROM b.w AS w) = 1",
            "LEFT JOIN (SELECT q_1.x AS x FROM (VALUES (1)) AS q_1(x) WHERE (SELECT MAX(w.x) FROM b.w AS w) = 1) AS q ON TRUE",
        ),
    ],
)
def test_only_the_condition_moves(join: str, after: str) -> None:
    tree = fenced(f"SELECT t.x AS x, q.x AS y FROM a.t AS t {join}")
    assert tree.replace('"', "") == f"SELECT t.x AS x, q.x AS y FROM a.t AS t {after}"


def test_a_table_of_which_nothing_is_read_has_one_column() -> None:
    after = fenced("SELECT t.x AS x FROM a.t AS t LEFT JOIN b.u AS q ON EXISTS (SELECT 1 FROM b.w AS w)")
    assert '(SELECT 1 AS "one" FROM b.u AS "q_1" WHERE' in after


def test_columns_of_an_alias_that_a_query_within_has_too_are_its_own() -> None:
    after = fenced(
        "SELECT q.x AS x, (SELECT max(q.y) FROM b.z AS q) AS y, (SELECT max(z.y) FROM b.z AS z WHERE z.y = q.v) AS v"
        " FROM a.t AS t LEFT JOIN b.u AS q ON EXISTS (SELECT 1 FROM b.w AS w)"
    )
    inner = sqlglot.parse_one(after, dialect="duckdb").args["joins"][0].this.this
    assert inner.named_selects == ["x", "v"]


@pytest.mark.parametrize(
    "join",
    [
        "LEFT JOIN b.u AS q ON q.x = t.x",
        "LEFT JOIN b.u AS q ON q.x = 1",
        "LEFT JOIN b.u AS q ON TRUE",
        "LEFT JOIN b.u AS q ON q.x IN (SELECT w.x FROM b.w AS w)",
        "LEFT JOIN b.u AS q ON t.x = (SELECT max(w.x) FROM b.w AS w)",
        "LEFT JOIN b.u AS q ON EXISTS (SELECT 1 FROM b.w AS w WHERE w.x = t.x)",
        "FULL JOIN b.u AS q ON EXISTS (SELECT 1 FROM b.w AS w)",
        "RIGHT JOIN b.u AS q ON EXISTS (SELECT 1 FROM b.w AS w)",
        "JOIN b.u AS q ON EXISTS (SELECT 1 FROM b.w AS w)",
        "SEMI JOIN b.u AS q ON EXISTS (SELECT 1 FROM b.w AS w)",
        "LEFT JOIN LATERAL (SELECT t.x AS x) AS q ON EXISTS (SELECT 1 FROM b.w AS w)",
    ],
)
def test_every_other_join_stays(join: str) -> None:
    question = f"SELECT t.x AS x FROM a.t AS t {join}"
    tree = sqlglot.parse_one(question, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    assert fence_left_joins(tree) is tree


def test_it_is_the_first_pass() -> None:
    first = next(iter(PASSES.values()))
    tree = sqlglot.parse_one(
        "SELECT t.x AS x FROM a.t AS t LEFT JOIN b.u AS q ON EXISTS (SELECT 1 FROM b.w AS w)",
        dialect="duckdb",
    )
    assert isinstance(tree, exp.Query)
    planning = Planning(Catalog([], "1"), Binder([]), Disclosure(()))
    assert first(tree, planning) == fence_left_joins(tree) != tree
