"""`comity audit` as an auditor runs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.events import AuthRefused, Event
from audit.log import AuditLog
from audit.reader import AuditReader
from audit.table import display_width
from gateway.commands.audit import audit
from gateway.commands.policy_replay import read_questions

LifeOf = Callable[..., Sequence[Event]]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(audit, arguments)


@pytest.fixture
def path(log: AuditLog, query_life: LifeOf) -> Path:
    log.append_many(query_life("q-1"))
    log.append_many(query_life("q-2", subject="王芳", purpose="统计", status="denied"))
    log.append(AuthRefused("t", "ipv4:10.0.0.1", "token", "TOKEN_INVALID"))
    log.close()
    return log.path


def test_search_writes_a_table_that_stays_aligned(path: Path) -> None:
    result = run("search", "--log", str(path))
    assert result.exit_code == 0
    header, rule, denied, answered = result.stdout.splitlines()
    assert "王芳@civil_affairs" in denied
    assert "ok" in answered
    for title in ("purpose", "status"):
        place = header.index(title)
        for line in (denied, answered):
            cells = next(n for n in range(len(line)) if display_width(line[:n]) == place)
            assert line[cells - 1] == " "
            assert line[cells] != " "
    assert set(rule) == {"─", " "}


def test_search_filters_and_writes_json(path: Path) -> None:
    result = run("search", "--log", str(path), "--status", "denied", "--format", "json")
    (found,) = json.loads(result.stdout)
    assert (found["query_id"], found["code"]) == ("q-2", "POLICY_DENIED")
    lines = run("search", "--log", str(path), "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["query_id"] for line in lines] == ["q-2", "q-1"]


def test_search_says_when_there_is_more(path: Path) -> None:
    result = run("search", "--log", str(path), "--limit", "1", "--format", "jsonl")
    assert len(result.stdout.splitlines()) == 1
    assert "--offset 1" in result.stderr
    assert "--offset" not in run("search", "--log", str(path), "--limit", "2").stderr


def test_search_lists_single_records_by_type(path: Path) -> None:
    result = run("search", "--log", str(path), "--type", "auth.refused", "--format", "jsonl")
    record = json.loads(result.stdout)
    assert record["event"]["code"] == "TOKEN_INVALID"
    assert record["envelope"]["leaf_index"] == 9


def test_show_tells_the_story_in_order(path: Path) -> None:
    result = run("show", "q-1", "--log", str(path))
    assert result.exit_code == 0
    story = result.stdout
    parts = [
        "li.wei of civil_affairs as analyst, auditor",
        "benefit_review",
        "town_code = ? AND 姓名 = ?",
        "health.patients: allowed by grant chronic-benefit-review",
        "name → person_name",
        "town_code = principal.town_code",
        "民政与卫健数据共享协议 2026-07",
        "sent to health, fragment f1",
        "400 rows more, 1,000 in all",
        "health finished fragment f1: ok",
        "12 rows, 3,456 bytes in 0.250000 s, native",
        "ended: ok after 1.500000 s",
        "1,000 granted, 12 released",
    ]
    places = [story.index(part) for part in parts]
    assert places == sorted(places)
    assert "张三" not in story


def test_show_reveals_literals_only_when_asked(path: Path) -> None:
    assert "姓名 = '张三'" in run("show", "q-1", "--log", str(path), "--literals").stdout
    (path / "000000000000.payloads").write_bytes(b"")
    erased = run("show", "q-1", "--log", str(path), "--literals").stdout
    assert "姓名 = ? (literals erased)" in erased


def test_show_explains_a_denial(path: Path) -> None:
    story = run("show", "q-2", "--log", str(path)).stdout
    assert "denied: POLICY_DENIED" in story
    assert "column diagnosis lacks use read" in story


def test_show_says_when_no_end_is_recorded(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life(status="unfinished"))
    log.close()
    assert "No end is recorded" in run("show", "q-1", "--log", str(log.path)).stdout


def test_show_writes_records_as_json(path: Path) -> None:
    whole = json.loads(run("show", "q-1", "--log", str(path), "--format", "json").stdout)
    lines = run("show", "q-1", "--log", str(path), "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == whole
    assert [record["envelope"]["leaf_index"] for record in whole] == list(range(7))


def test_show_of_an_unknown_query_fails(path: Path) -> None:
    result = run("show", "q-9", "--log", str(path))
    assert result.exit_code == 1
    assert "no query q-9" in result.stderr


def test_reading_is_recorded(path: Path) -> None:
    run("search", "--log", str(path), "--subject", "王芳")
    run("show", "q-1", "--log", str(path))
    reads = [record.event for record in AuditReader(path).records() if record.type == "audit.read"]
    assert [(read["command"], read["query"]) for read in reads] == [
        ("search", {"subject": "王芳"}),
        ("show", {"literals": "false", "query_id": "q-1"}),
    ]
    assert all(read["actor"]["method"] == "local" for read in reads)


def test_reading_beside_a_running_gateway_goes_on_and_says_so(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life())
    result = run("search", "--log", str(log.path), "--format", "jsonl")
    assert json.loads(result.stdout)["query_id"] == "q-1"
    assert "not recorded: a running gateway holds the log" in result.stderr


def test_a_changed_log_is_an_error_with_its_code(path: Path) -> None:
    leaves = path / "000000000000.jsonl"
    leaves.write_bytes(leaves.read_bytes().replace(b"li.wei", b"wu.wei"))
    result = run("search", "--log", str(path))
    assert result.exit_code == 1
    assert "AUDIT_INVALID" in result.stderr
    assert "a changed record at leaf 0" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("--log", "a", "--federation", "b")])
def test_the_log_must_be_named_once(arguments: tuple[str, ...]) -> None:
    result = run("search", *arguments)
    assert result.exit_code == 2
    assert "--log DIR or --federation DIR" in result.stderr


def test_a_missing_log_is_an_error(tmp_path: Path) -> None:
    result = run("search", "--log", str(tmp_path))
    assert result.exit_code == 3
    assert "there is no audit log" in result.stderr


def test_what_would_move_the_cursor_is_made_visible(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life(subject="evil\x1b[2Jname"))
    log.close()
    for command in (["search"], ["show", "q-1"]):
        assert "\x1b" not in run(*command, "--log", str(log.path)).stdout


def test_a_federation_names_its_log(tmp_path: Path, query_life: LifeOf) -> None:
    (tmp_path / "departments" / "health").mkdir(parents=True)
    (tmp_path / "departments" / "health" / "department.yaml").touch()
    (tmp_path / "federation.yaml").write_text(
        "name: city\nidentity: {}\npurposes: {statistics: {title: 统计}}\naudit: {path: records/}\n"
    )
    with AuditLog.open(tmp_path / "records", "city") as log:
        log.append_many(query_life())
    result = run("search", "--federation", str(tmp_path), "--format", "jsonl")
    assert json.loads(result.stdout)["query_id"] == "q-1"


def test_search_exports_questions_that_a_policy_change_can_be_tried_on(path: Path, tmp_path: Path) -> None:
    result = run("search", "--log", str(path), "--format", "questions", "--oldest-first")
    assert result.exit_code == 0
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["query_id"], second["query_id"]) == ("q-1", "q-2")
    assert (second["subject"], second["department"], second["purpose"]) == ("王芳", "civil_affairs", "统计")
    assert set(first) == {"query_id", "time", "subject", "department", "roles", "purpose", "sql"}
    assert first["roles"] == ["analyst", "auditor"]
    file = tmp_path / "questions.jsonl"
    file.write_text(result.stdout, "utf-8")
    assert [question.name for question in read_questions(file)] == ["q-1", "q-2"]


def test_questions_have_literals_only_when_asked_for(path: Path) -> None:
    export = ("search", "--log", str(path), "--format", "questions", "--query-id", "q-1")
    bare = json.loads(run(*export).stdout)["sql"]
    whole = json.loads(run(*export, "--literals").stdout)["sql"]
    assert "?" in bare
    assert "?" not in whole
    readings = [
        record.event["query"] for record in AuditReader(path).records() if record.type == "audit.read"
    ]
    assert [reading["questions"] for reading in readings] == ["without literals", "with literals"]


@pytest.mark.parametrize("more", [["--format", "questions", "--type", "auth.refused"], ["--literals"]])
def test_options_of_questions_go_together(path: Path, more: list[str]) -> None:
    assert run("search", "--log", str(path), *more).exit_code == 2
