"""What a plan tells: the tree, the reasons, the data as its schema describes it, and of sizes only what may be told."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types of its own
import pytest

import comity
from comity.plan_text import plan_text
from comity.plan_tree import draw_tree
from gateway.assembly import Gateway, open_gateway
from gateway.explain import describe_plan
from gateway.planner.estimates import Estimate
from gateway.server import Server
from gateway.stages import Lifetime, QueryRequest
from tests.gateway.plan_questions import QUESTIONS
from tests.oracle.small_federation import FEDERATION, write_databases

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
WHOLE = ("whole-fragment", "outer-join")
"""Questions of whose plans the text and the data are kept too."""
SCHEMA = json.loads((ROOT / "client/comity/schemas/plan.json").read_text(encoding="utf-8"))


@contextmanager
def served(directory: Path) -> Iterator[tuple[Gateway, str]]:
    """The small federation in a new directory, and its gateway's address."""
    shutil.copytree(FEDERATION, directory)
    write_databases(directory)
    gateway = open_gateway(directory)
    server = Server(gateway, "127.0.0.1:0")
    server.start()
    try:
        yield gateway, server.address
    finally:
        server.stop(grace=0)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, str]]:
    with served(tmp_path_factory.mktemp("plans") / "federation") as both:
        yield both


@pytest.fixture
def gateway(small: tuple[Gateway, str]) -> Gateway:
    return small[0]


@pytest.fixture
def address(small: tuple[Gateway, str]) -> str:
    return small[1]


def check_golden(name: str, text: str) -> None:
    """Compares with a file a person has read; COMITY_UPDATE_GOLDEN=1 writes it anew."""
    path = GOLDEN / name
    if os.environ.get("COMITY_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def settled(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan without estimates, which grow with what is known; everything took a millisecond, a row is 100 bytes."""
    copy: dict[str, Any] = json.loads(json.dumps(plan))
    for fragment in copy["fragments"]:
        fragment |= {"estimate": None, "estimated_rows": None}
    for part in (copy, *copy["fragments"]) if "actual" in copy else ():
        actual = part["actual"]
        if actual["rows"] is not None:
            actual["bytes"] = actual["rows"] * 100
        stages = dict.fromkeys(("plan", "merge", "total"), 1.0)
        actual["milliseconds"] = stages if part is copy else 1.0
    return copy


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_plan_reads_as_it_did(name: str, address: str) -> None:
    who, sql = QUESTIONS[name]
    with comity.connect(address, token=who, purpose="statistics") as connection:
        planned = connection.explain(sql)
        ran = connection.explain(sql, analyze=True)
    for plan in (planned, ran):
        jsonschema.validate(plan.json, SCHEMA)
    assert planned.text == plan_text(planned.json)
    analyzed = settled(ran.json)
    trees = [*draw_tree(settled(planned.json), 100), "", *draw_tree(analyzed, 60)]
    check_golden(f"{name}.tree", "\n".join([sql, "", *trees, ""]))
    if name in WHOLE:
        check_golden(f"{name}.txt", plan_text(analyzed, 100))
        check_golden(f"{name}.json", json.dumps(analyzed, ensure_ascii=False, indent=2) + "\n")


def test_the_schema_is_one_and_refuses_what_no_plan_has() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"fragments": []}, SCHEMA)


def test_everything_left_to_the_merge_has_a_reason(address: str) -> None:
    said = set()
    for who, sql in QUESTIONS.values():
        with comity.connect(address, token=who, purpose="statistics") as connection:
            merge = connection.explain(sql).json["merge"]
        for operation in _walk(merge["operations"]) if merge else ():
            assert operation["operation"] in {"members", "fragment", "subquery", "repeat"} or operation.get(
                "why"
            ), sql
            said.add(operation["operation"])
    assert {"join", "filter", "aggregate", "sort", "set", "distinct", "window", "project"} <= said


def _walk(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield operation
    for each in operation["inputs"]:
        yield from _walk(each)


def test_a_question_that_fails_while_it_runs_still_has_a_plan(address: str) -> None:
    sql = "SELECT CAST(name AS INTEGER) AS n FROM bureau.benefit"
    with comity.connect(address, token="clerk", purpose="statistics") as connection:
        with pytest.raises(comity.SqlError):
            connection.explain(sql, analyze=True)
        plan = connection.explain(sql, analyze=True, keep_failure=True)
    jsonschema.validate(plan.json, SCHEMA)
    assert isinstance(plan.error, comity.SqlError)
    assert plan.error.code == "QUERY_RUNTIME"
    (fragment,) = plan.json["fragments"]
    assert fragment["actual"]["error"]["code"] == "QUERY_RUNTIME"
    assert "failed [QUERY_RUNTIME]" in plan.text
    assert "张伟" not in plan.text + json.dumps(plan.json, ensure_ascii=False)


def test_a_partial_answer_is_explained_without_the_department_that_fails(tmp_path: Path) -> None:
    directory = tmp_path / "federation"
    sql = "SELECT kind, count(*) AS n FROM district.resident GROUP BY kind ORDER BY kind"
    with (
        served(directory) as (gateway, address),
        comity.connect(address, token="clerk", purpose="statistics") as connection,
    ):
        connection.explain(sql, analyze=True)
        gateway.pipeline.ports["town_west"].close()
        (directory / "departments/town_west/town_west.sqlite").unlink()
        plan = connection.explain(sql, analyze=True, allow_partial=True, keep_failure=True)
        with pytest.raises(comity.SourceError):
            connection.explain(sql, analyze=True)
    jsonschema.validate(plan.json, SCHEMA)
    assert plan.error is None
    assert plan.missing == ("town_west",)
    assert "without town_west" in plan.tree(100)


@pytest.mark.parametrize(
    ("token", "table", "told"),
    [("nurse", "clinic.patient", 30), ("clerk", "bureau.benefit", None)],
    ids=["who sees every row", "who is shown some rows"],
)
def test_an_estimate_is_told_to_who_sees_every_row(
    gateway: Gateway, token: str, table: str, told: int | None
) -> None:
    who = gateway.federation.principals[token]
    lifetime = Lifetime(time.monotonic() + 60)
    sql = f"SELECT id FROM {table}"
    asked = QueryRequest("q", "", who, "", sql, (), {}, "statistics", allow_partial=False, lifetime=lifetime)
    plan = gateway.pipeline.explain(asked)
    estimated = replace(
        plan,
        fragments=tuple(replace(f, row_estimate=30, estimate=Estimate(30, 300)) for f in plan.fragments),
    )
    (fragment,) = describe_plan(estimated)["fragments"]
    assert fragment["estimated_rows"] == told
    assert fragment["estimate"] == (None if told is None else {"rows": 30, "bytes": 300})
