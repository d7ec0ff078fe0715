"""What fragments gave corrects later estimates of the same caller, and of nobody else."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gateway.assembly import Gateway, open_gateway
from gateway.feedback import Feedback
from gateway.stages import FederatedPlan, Lifetime, QueryRequest
from policies.principal import Principal

ONE = Principal("li.wei", "bureau", frozenset({"analyst"}))
OTHER = Principal("he.jun", "bureau", frozenset({"analyst"}))
FILTERED = Principal("zhao.min", "bureau", frozenset({"clerk"}))
ROWS = 2000
# Every value of `a` goes with one of `b`, which statistics of single columns do not tell.
SQL = "SELECT x.id AS id, y.id AS other FROM north.t x JOIN south.t y ON x.id = y.id WHERE x.a = 7 AND x.b = 'b7'"


def grant(name: str, role: str, rows: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": name,
        "reason": "数据共享协议",
        "principals": {"roles": [role]},
        "purposes": ["work"],
        "columns": {c: {"use": ["read"]} for c in ("id", "a", "b")},
    }
    return found if rows is None else found | {"rows": rows}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    columns = {"id": {"type": "INTEGER"}, "a": {"type": "INTEGER"}, "b": {"type": "VARCHAR"}}
    for name in ("north", "south"):
        home = tmp_path / "departments" / name
        (home / "policies").mkdir(parents=True)
        source = {"connector": "duckdb", "uri": f"../../{name}.duckdb"}
        department = {"name": name, "source": source, "tables": {"t": {"columns": columns}}}
        (home / "department.yaml").write_text(json.dumps(department), encoding="utf-8")
        policy = {"table": "t", "grants": [grant("all", "analyst", None), grant("few", "clerk", "a < 10")]}
        (home / "policies/t.yaml").write_text(json.dumps(policy, ensure_ascii=False), encoding="utf-8")
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as connection:
            connection.execute(
                f"""CREATE TABLE t AS SELECT CAST(i AS INTEGER) AS id, CAST(i % 40 AS INTEGER) AS a,
                'b' || (i % 40) AS b FROM range({ROWS}) AS r(i)"""
            )
    federation = {
        "name": "pair",
        "listen": "127.0.0.1:0",
        "identity": {"tokens": "identity.yaml"},
        "purposes": {"work": {"title": "工作"}},
    }
    (tmp_path / "federation.yaml").write_text(json.dumps(federation), encoding="utf-8")
    (tmp_path / "identity.yaml").write_text('{"tokens": {}}', encoding="utf-8")
    gateway = open_gateway(tmp_path)
    gateway.statistics.refresh()
    yield gateway
    gateway.close()


def request(who: Principal, operation: str = "query") -> QueryRequest:
    lifetime = Lifetime(time.monotonic() + 60)
    return QueryRequest(
        str(uuid.uuid4()), "", who, "", SQL, (), {}, "work", allow_partial=False, lifetime=lifetime,
        operation=operation,
    )  # fmt: skip


def expected(gateway: Gateway, who: Principal) -> float | None:
    """Rows that are expected of the fragment at north."""
    plan: FederatedPlan = gateway.pipeline.explain(request(who, "explain"))
    (planned,) = (p for p in plan.fragments if p.fragment.department == "north")
    return planned.estimate.rows if planned.estimate is not None else None


def answer(gateway: Gateway, who: Principal) -> int:
    return sum(batch.num_rows for batch in gateway.pipeline.answer(request(who)).read())


def test_the_same_caller_s_plans_follow_what_fragments_gave(gateway: Gateway) -> None:
    actual = ROWS // 40
    before = expected(gateway, ONE)
    assert before is not None
    assert before < actual / 10
    assert answer(gateway, ONE) == actual
    after = expected(gateway, ONE)
    assert after == pytest.approx(actual, rel=0.01)
    assert expected(gateway, OTHER) == before


def test_nothing_is_learnt_where_rows_are_hidden(gateway: Gateway) -> None:
    assert expected(gateway, FILTERED) is None
    assert answer(gateway, FILTERED) == ROWS // 40
    assert expected(gateway, FILTERED) is None
    assert gateway.pipeline.planner.feedback.size == 0


def test_what_is_remembered_is_bounded(gateway: Gateway) -> None:
    feedback = Feedback(most=1)
    for sql in (SQL, SQL.replace("x.b = 'b7'", "x.b >= 'b7'")):
        asked = replace(request(ONE), sql=sql)
        answered = gateway.pipeline.answer(asked)
        assert sum(batch.num_rows for batch in answered.read()) > 0
        feedback.learn(answered.plan, answered.streams.streams.values())
    assert feedback.size <= 1
