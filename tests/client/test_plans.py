"""Plans as people see them: drawn, as text, as data; through the command, the shell and the DB-API."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it has no types of its own
import pytest

import comity
from comity import dbapi
from comity.client import Connection
from comity.plan_text import plan_text
from comity.plan_tree import draw_tree, time_text
from comity.shell.main import run
from comity.shell.statements import explained_statement
from comity.shell.tables import display_width

from .conftest import Gateway
from .golden_files import check_golden
from .sample_plan import sample_plan

SCHEMA = Path(comity.__file__).parent / "schemas/plan.json"


@pytest.fixture(autouse=True)
def _to_the_gateway(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_SERVER", gateway.address)
    monkeypatch.setenv("COMITY_TOKEN", "t-li")
    monkeypatch.setenv("COMITY_PURPOSE", "statistics")


@pytest.mark.parametrize("analyzed", [True, False])
def test_the_sample_is_a_plan(*, analyzed: bool) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(sample_plan(analyzed=analyzed), schema)
    jsonschema.validate(sample_plan(failed=True), schema)


@pytest.mark.parametrize("width", [60, 100])
def test_a_tree_is_drawn_within_its_width(width: int) -> None:
    lines = draw_tree(sample_plan(), width)
    assert all(display_width(line) <= width for line in lines)
    check_golden(f"plan-{width}.tree", "\n".join([*lines, ""]))


def test_a_plan_that_did_not_run_is_drawn_with_what_is_expected() -> None:
    check_golden("plan-expected.tree", "\n".join([*draw_tree(sample_plan(analyzed=False), 100), ""]))


def test_a_plan_is_told_in_full() -> None:
    check_golden("plan.txt", plan_text(sample_plan(), 100))


def test_a_failure_is_drawn_where_it_happened() -> None:
    tree = "\n".join(draw_tree(sample_plan(failed=True), 100))
    assert "failed [SOURCE_UNAVAILABLE]" in tree
    assert "民政  fragment_2  SOURCE_UNAVAILABLE" in tree


def test_what_a_line_says_beside_a_plan_is_painted_and_measured_without_paint() -> None:
    plain, painted = draw_tree(sample_plan(), 60), draw_tree(sample_plan(), 60, lambda text: f"<{text}>")
    assert [line.replace("<", "").replace(">", "") for line in painted] == [
        line.replace(">", "") for line in plain
    ]


def test_times_are_always_milliseconds() -> None:
    assert [time_text(value) for value in (0, 0.04, 9.99, 10, 61_000)] == [
        "0.0 ms",
        "0.0 ms",
        "10.0 ms",
        "10 ms",
        "61000 ms",
    ]


def test_a_value_cannot_move_the_cursor() -> None:
    plan = sample_plan()
    plan["merge"]["operations"]["text"] = "WHERE x = '\x1b[2J'"
    assert "\x1b" not in "\n".join(draw_tree(plan, 80)) + plan_text(plan, 80)


@pytest.mark.parametrize(
    ("options", "start"),
    [([], "10 rows in"), (["--format", "tree"], "10 rows in"), (["--format", "json"], "{\n")],
)
def test_the_command_shows_a_plan(
    options: list[str], start: str, gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.plan = sample_plan()
    assert run(["explain", "--analyze", *options, "SELECT 1"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(start)
    assert err == ""
    assert ("allowed" in out) == (not options)
    assert gateway.explains[0].keep_failure


def test_the_command_keeps_to_the_width_given(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.plan = sample_plan()
    assert run(["explain", "--format", "tree", "--max-width", "60", "SELECT 1"]) == 0
    assert max(map(display_width, capsys.readouterr().out.splitlines())) <= 60


def test_a_question_that_failed_shows_its_plan_and_has_the_error_s_status(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.plan = sample_plan(failed=True)
    assert run(["explain", "--analyze", "SELECT 1"]) == 3
    out, err = capsys.readouterr()
    assert "failed [SOURCE_UNAVAILABLE]" in out
    assert "[SOURCE_UNAVAILABLE]" in err


def test_a_partial_answer_has_status_5(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.plan = sample_plan(missing=True)
    assert run(["explain", "--analyze", "--allow-partial", "SELECT 1"]) == 5
    out, err = capsys.readouterr()
    assert "without 民政" in out
    assert err == "partial: the answer is without 民政\n"
    assert gateway.explains[0].allow_partial


def test_an_unknown_format_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--format", "svg", "SELECT 1"]) == 2
    assert "svg" in capsys.readouterr().err


def test_sql_takes_explain_before_a_question(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gateway.plan = sample_plan()
    assert run(["sql", "-c", "EXPLAIN ANALYZE\nSELECT 1"]) == 0
    assert capsys.readouterr().out.startswith("10 rows in")
    asked = gateway.explains[0]
    assert (asked.sql, asked.analyze) == (" " * 15 + "\nSELECT 1", True)
    assert run(["sql", "--format", "json", "-o", str(tmp_path / "plan.json"), "-c", "explain SELECT 1"]) == 0
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8")) == gateway.plan
    assert not gateway.requests


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'EXPLAIN SELECT 1'",
        "EXPLAIN",
        "EXPLAIN DELETE FROM t",
        "EXPLAINSELECT 1",
        "explain (FORMAT JSON) SELECT 1",
        "PRAGMA x",
    ],
)
def test_other_statements_are_no_explanations(text: str) -> None:
    assert explained_statement(text) is None


@pytest.mark.parametrize(
    ("text", "analyze"),
    [
        ("EXPLAIN SELECT 1", False),
        ("explain analyse select 1", True),
        ("-- why\n/* so */ EXPLAIN ANALYZE (SELECT 1)", True),
        ("EXPLAIN WITH x AS (SELECT 1) SELECT * FROM x", False),
        ("EXPLAIN FROM t", False),
    ],
)
def test_explanations_keep_the_places_of_their_question(text: str, analyze: bool) -> None:
    known = explained_statement(text)
    assert known is not None
    assert known.analyze == analyze
    assert len(known.sql) == len(text)
    assert known.sql.count("\n") == text.count("\n")
    assert text.endswith(known.sql.strip())


def test_the_db_api_gives_the_lines_of_a_plan(gateway: Gateway) -> None:
    gateway.plan = sample_plan()
    with dbapi.connect(gateway.address, token="t-li", purpose="statistics") as database:
        cursor = database.cursor().execute("EXPLAIN SELECT 1", None)
        assert cursor.description is not None
        assert [column[0] for column in cursor.description] == ["plan"]
        rows = cursor.fetchall()
        assert cursor.execute("EXPLAIN SELECT 1").fetch_arrow().column_names == ["plan"]
    assert "\n".join(line for (line,) in rows) + "\n" == plan_text(gateway.plan)


def test_a_plan_has_its_error_and_what_is_missing(gateway: Gateway, connection: Connection) -> None:
    gateway.plan = sample_plan(failed=True)
    error = connection.explain("SELECT 1", analyze=True, keep_failure=True).error
    assert isinstance(error, comity.SourceError)
    assert (error.code, error.department, error.exit_status) == ("SOURCE_UNAVAILABLE", "民政", 3)
    gateway.plan = sample_plan(missing=True)
    plan = connection.explain("SELECT 1", analyze=True, allow_partial=True)
    assert (plan.error, plan.missing) == (None, ("民政",))
    assert plan.tree(80).splitlines() == draw_tree(gateway.plan, 80)


def test_a_wide_terminal_is_not_needed(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as narrow:
        # pytest asks too, in its own way, when it reports.
        narrow.setattr(shutil, "get_terminal_size", lambda *_, **__: (20, 20))
        widest = max(map(display_width, draw_tree(sample_plan(), 20)))
    assert widest <= 60
