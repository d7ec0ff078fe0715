"""`comity catalog` and `comity explain`."""

from __future__ import annotations

import json

import pytest

import comity
from comity.shell.main import run
from comity.v1 import catalog_pb2

from .conftest import Gateway
from .golden_files import check_golden


@pytest.fixture(autouse=True)
def published(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_SERVER", gateway.address)
    monkeypatch.setenv("COMITY_TOKEN", "t-li")
    every = ["read", "filter", "match", "join", "group", "order", "aggregate"]
    gateway.tables = [
        catalog_pb2.TableInfo(
            department="health",
            name="patients",
            title="患者基本信息",
            department_title="卫生健康局",
            sharing="conditional",
            grade="important",
            update="daily",
            purposes=["statistics"],
            reasons=["grant chronic-review: 民政与卫健数据共享协议 2026-07"],
            columns=[
                catalog_pb2.ColumnInfo(
                    name="person_id",
                    type="VARCHAR",
                    title="公民身份号码",
                    uses=["join", "match"],
                    element="person.id",
                ),
                catalog_pb2.ColumnInfo(name="姓名", type="VARCHAR", uses=every, mask="person_name"),
                catalog_pb2.ColumnInfo(name="cost", type="DECIMAL(15,2)", title="费用", uses=["read"]),
            ],
        ),
        catalog_pb2.TableInfo(
            department="city",
            name="resident",
            title="居民",
            purposes=["statistics", "benefit_review"],
            members=["town_a.resident", "town_b.resident"],
            columns=[catalog_pb2.ColumnInfo(name="town", type="VARCHAR", uses=["read"])],
        ),
    ]


def test_the_catalog_lists_what_one_may_see(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog"]) == 0
    check_golden("catalog.txt", capsys.readouterr().out)


def test_one_table_is_shown_with_uses_masks_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "health.patients"]) == 0
    check_golden("catalog-table.txt", capsys.readouterr().out)


def test_the_catalog_reads_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "--json", "--purpose", "statistics"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(table["department"], table["name"]) for table in shown] == [
        ("health", "patients"),
        ("city", "resident"),
    ]
    assert shown[0]["columns"][1]["mask"] == "person_name"


def test_the_catalog_is_of_every_purpose_unless_one_is_named(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMITY_PURPOSE", "statistics")
    assert run(["catalog"]) == 0
    assert run(["catalog", "--purpose", "benefit_review"]) == 0
    assert gateway.catalog_purposes == ["", "benefit_review"]


def test_an_unknown_table_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "health.nothing"]) == 1
    assert "[SQL_TABLE_UNKNOWN]" in capsys.readouterr().err


def test_an_unknown_caller_is_status_4(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.failure = comity.IdentityError("the token is not known")
    assert run(["catalog"]) == 4
    assert "hint: Check the token in COMITY_TOKEN." in capsys.readouterr().err


def test_a_plan_is_shown_as_text_or_json(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "SELECT 1", "-p", "statistics"]) == 0
    assert capsys.readouterr().out == "fragment f1 in health\n  SELECT 1\n"
    assert run(["explain", "--analyze", "--format", "json", "-P", "n=1", "SELECT $n"]) == 0
    assert json.loads(capsys.readouterr().out) == {"fragments": [{"department": "health"}]}
    first, second = gateway.explains
    assert (first.analyze, first.purpose, first.sql) == (False, "statistics", "SELECT 1")
    assert (second.analyze, second.parameters[0].name) == (True, "n")


def test_an_error_in_a_plan_shows_its_place(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.failure = comity.SqlError("syntax error", line=1, column=8)
    assert run(["explain", "SELECT )"]) == 1
    assert "  1 | SELECT )\n             ^\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["SELECT 1", "--format", "xml"], ["SELECT 1", "-f", "x.sql"]], ids=" ".join
)
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", *arguments]) == 2
