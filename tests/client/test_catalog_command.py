"""`comity catalog` and `comity explain`."""

from __future__ import annotations

import json

import pytest
from wcwidth import wcswidth

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
            owner="卫生健康局",
            grants=[
                catalog_pb2.GrantInfo(
                    id="chronic-review",
                    reason="民政与卫健数据共享协议 2026-07",
                    request="REQ-2026-0012",
                    purposes=["statistics"],
                    valid_until="2026-12-31",
                    rows="town_code = your town_code (440605)",
                    floor_entities=10,
                    floor_column="person_id",
                    crossing="raw",
                    limits={"rows": 100000, "matches_per_day": 20},
                    joins=["person_id may be joined with civil_affairs.benefit.person_id only"],
                    tables=["health.patients"],
                ),
                catalog_pb2.GrantInfo(
                    id="counts",
                    reason="统计法 第十条",
                    purposes=["statistics"],
                    rows_withheld=True,
                    crossing="aggregate",
                    tables=["health.patients"],
                ),
            ],
            columns=[
                catalog_pb2.ColumnInfo(
                    name="person_id",
                    type="VARCHAR",
                    title="公民身份号码",
                    uses=["join", "match"],
                    element="person.id",
                    grade="core",
                    grants=[catalog_pb2.ColumnGrant(grant="chronic-review", uses=["match", "join"])],
                ),
                catalog_pb2.ColumnInfo(
                    name="diagnosis",
                    type="VARCHAR",
                    title="诊断",
                    uses=["filter", "group", "aggregate"],
                    grade="core",
                    grants=[
                        catalog_pb2.ColumnGrant(grant="chronic-review", uses=["filter", "group"]),
                        catalog_pb2.ColumnGrant(
                            grant="counts", uses=["group", "aggregate"], functions=["count"]
                        ),
                    ],
                ),
                catalog_pb2.ColumnInfo(name="phone", type="VARCHAR", title="联系电话", grade="important"),
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
        catalog_pb2.TableInfo(
            department="health",
            name="psychiatry",
            title="精神障碍患者登记",
            department_title="卫生健康局",
            sharing="none",
            grade="core",
            legal_basis="精神卫生法 第二十三条",
            owner="卫生健康局",
            columns=[catalog_pb2.ColumnInfo(name="person_id", type="VARCHAR", grade="core")],
        ),
    ]


def test_the_catalog_lists_what_one_may_see(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog"]) == 0
    check_golden("catalog.txt", capsys.readouterr().out)


def test_one_table_is_shown_with_uses_masks_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "health.patients"]) == 0
    check_golden("catalog-table.txt", capsys.readouterr().out)


@pytest.mark.parametrize("width", [80, 140])
def test_a_narrow_terminal_wraps_what_one_may_do(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "health.patients", "--max-width", str(width)]) == 0
    shown = capsys.readouterr().out
    assert max(map(wcswidth, shown.splitlines())) <= width
    check_golden(f"catalog-table-{width}.txt", shown)


def test_a_narrow_list_keeps_tables_names_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "--max-width", "52"]) == 0
    shown = capsys.readouterr().out
    assert max(map(wcswidth, shown.splitlines())) <= 52
    check_golden("catalog-52.txt", shown)


def test_a_table_that_is_only_known_to_exist_says_why_and_whom_to_ask(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["catalog", "health.psychiatry"]) == 0
    shown = capsys.readouterr().out
    assert "nothing: known to exist" in shown
    assert shown.endswith("not to be shared: 精神卫生法 第二十三条\n")
    gateway.tables[2].legal_basis = ""
    assert run(["catalog", "health.psychiatry"]) == 0
    assert capsys.readouterr().out.endswith(
        "nothing may be asked of it without a grant: ask 卫生健康局 for one\n"
    )


def test_the_catalog_reads_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "--json", "--purpose", "statistics"]) == 0
    text = capsys.readouterr().out
    assert run(["catalog", "--format", "json", "--purpose", "statistics"]) == 0
    assert capsys.readouterr().out == text
    shown = json.loads(text)
    assert [(table["department"], table["name"]) for table in shown] == [
        ("health", "patients"),
        ("city", "resident"),
        ("health", "psychiatry"),
    ]
    columns = {column["name"]: column for column in shown[0]["columns"]}
    assert columns["姓名"]["mask"] == "person_name"
    assert columns["diagnosis"]["grants"][1] == {
        "grant": "counts",
        "uses": ["group", "aggregate"],
        "mask": "",
        "functions": ["count"],
    }
    assert shown[0]["grants"][0]["limits"] == {"matches_per_day": 20, "rows": 100000}


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
