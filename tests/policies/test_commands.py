from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import pytest
from typer.testing import CliRunner, Result
from wcwidth import wcswidth

from gateway.commands.policy import policy


@pytest.fixture
def mine(city: Path, tmp_path: Path) -> Path:
    """A copy of the fixture city that a test may break."""
    return copytree(city, tmp_path / "city")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(policy, [str(a) for a in arguments])


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_check_summarises_every_grant_without_any_secret_or_database(city: Path) -> None:
    result = run("check", city)
    assert result.exit_code == 0
    assert "health  卫生健康局" in result.stdout
    assert "benefit-review: department civil_affairs and role analyst; for benefit_review; " in result.stdout
    assert "4 columns, 2 masked, 1 column for some uses, rows filtered" in result.stdout
    assert "诊所: nobody" in result.stdout
    assert "2 departments, 3 tables, 4 grants: 0 errors" in result.stdout
    assert "warning: health.诊所: has no policy: nobody sees it" in result.stderr


def test_check_takes_one_department_and_knows_its_federations_purposes(mine: Path) -> None:
    assert run("check", mine / "departments" / "health").exit_code == 0
    edit(mine / "departments" / "health" / "policies" / "patients.yaml", "[benefit_review]", "[marketing]")
    result = run("check", mine / "departments" / "health")
    assert result.exit_code == 2
    assert "CONFIG_REFERENCE" in result.stderr
    assert "there is no purpose `marketing` in this federation" in result.stderr


def test_check_takes_departments_without_a_federation_file(mine: Path) -> None:
    (mine / "federation.yaml").unlink()
    assert "2 departments" in run("check", mine).stdout


def test_check_shows_every_departments_error_and_still_the_others(mine: Path) -> None:
    edit(mine / "departments" / "health" / "policies" / "patients.yaml", "purposes:", "purpose:")
    result = run("check", mine)
    assert result.exit_code == 2
    assert "CONFIG_POLICY" in result.stderr
    assert "patients.yaml:" in result.stderr
    assert "did you mean `purposes`?" in result.stderr
    assert "civil_affairs  民政局" in result.stdout
    assert "1 department, 1 table, 1 grant: 1 error" in result.stdout


def test_a_department_that_does_not_exist_is_found_over_the_whole_federation(mine: Path) -> None:
    path = mine / "departments" / "health" / "policies" / "patients.yaml"
    edit(path, "departments: [civil_affairs], roles", "departments: [civil_affair], roles")
    result = run("check", mine)
    assert result.exit_code == 2
    assert (
        "there is no department `civil_affair` in this federation; did you mean `civil_affairs`?"
        in result.stderr
    )
    # One department alone cannot know the others.
    assert run("check", mine / "departments" / "health").exit_code == 0


def test_a_department_that_only_sends_callers_exists(mine: Path) -> None:
    path = mine / "departments" / "health" / "policies" / "patients.yaml"
    edit(path, "departments: [civil_affairs], roles", "departments: [consultants], roles")
    assert run("check", mine).exit_code == 2
    edit(mine / "identity.yaml", "tokens:", "tokens:\n  t-x: {subject: x, department: consultants}")
    assert run("check", mine).exit_code == 0


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_directory_that_is_nothing_of_ours(tmp_path: Path, command: str) -> None:
    result = run(command, tmp_path)
    assert result.exit_code == 2
    assert "neither a federation (federation.yaml) nor a department" in result.stderr


def test_test_prints_a_line_per_file_and_totals(city: Path) -> None:
    result = run("test", city)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "ok    departments/civil_affairs/policies/benefits_test.yaml  1 question",
        "ok    departments/health/policies/patients_test.yaml  11 questions",
        "2 files, 12 questions: all as expected",
    ]


def test_test_shows_expected_and_got_and_exits_with_1(mine: Path) -> None:
    edit(
        mine / "departments" / "health" / "policies" / "patients_test.yaml",
        "[male, 2, 1000]",
        "[male, 3, 1000]",
    )
    result = run("test", mine)
    assert result.exit_code == 1
    assert "FAIL  departments/health/policies/patients_test.yaml" in result.stdout
    assert "expected: male, 3, 1000.00" in result.stdout
    assert "got:      male, 2, 1000.00" in result.stdout
    assert "1 failed, 0 rules not exercised" in result.stdout


def test_a_rule_that_no_test_exercises_fails(mine: Path) -> None:
    path = mine / "departments" / "civil_affairs" / "policies" / "benefits.yaml"
    path.write_text(path.read_text("utf-8") + "      note: {mask: phone}\n", "utf-8")
    edit(path.with_stem("benefits_test"), "amount: 100}", "amount: 100, note: x}")
    edit(path.with_stem("benefits_test"), "SELECT *", "SELECT person_id, amount")
    result = run("test", mine)
    assert result.exit_code == 1
    assert "not exercised" in result.stdout
    assert "grant all: no question reads note, masked by phone" in result.stdout


def test_a_policy_without_a_test_fails(mine: Path) -> None:
    (mine / "departments" / "civil_affairs" / "policies" / "benefits_test.yaml").unlink()
    result = run("test", mine)
    assert result.exit_code == 1
    assert "benefits_test.yaml  there is no such test" in result.stdout
    assert "grant all: no question is allowed by it" in result.stdout


def test_a_test_file_that_is_wrong_does_not_hide_the_others(mine: Path) -> None:
    edit(mine / "departments" / "civil_affairs" / "policies" / "benefits_test.yaml", "sql:", "SQL:")
    result = run("test", mine)
    assert result.exit_code == 1
    assert "`SQL` is not a key here; did you mean `sql`?" in result.stderr
    assert "ok    departments/health" in result.stdout


def test_who_says_who_may_do_what_with_each_column_aligned_with_chinese(city: Path) -> None:
    result = run("who", "health.patients", "--federation", city)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("health.patients  患者基本信息")
    start = lines.index("department civil_affairs and role analyst, for benefit_review")
    assert (
        lines[start + 1]
        == "  grant benefit-review, until 2026-12-31: 民政与卫健数据共享协议 2026-07 (REQ-2026-0012)"
    )
    assert lines[start + 2] == "  only rows where town_code = principal.town_code"
    table = lines[start + 3 : start + 10]
    assert len({tuple(wcswidth(line[:i]) for i, c in enumerate(line) if c in "│┼") for line in table}) == 1
    assert [line.split("│")[1].strip() for line in table if "│" in line][1:] == [
        "read",
        "read as person_name",
        "read",
        "read as year",
        "filter, group",
    ]


def test_who_of_one_column_says_for_whom_and_on_which_conditions(city: Path) -> None:
    result = run("who", "health.patients.diagnosis", "--federation", city)
    paragraphs = result.stdout.rstrip().split("\n\n")
    assert paragraphs[0] == "health.patients.diagnosis  (graded core)"
    assert [p.splitlines()[0] for p in paragraphs[1:]] == [
        "department civil_affairs and role analyst, for benefit_review: filter, group",
        "role statistician, for statistics: read",
    ]
    assert "  no group of fewer than 2 person_id" in paragraphs[2].splitlines()


def test_who_of_a_column_says_that_a_row_filter_reads_it(mine: Path) -> None:
    path = mine / "departments" / "health" / "policies" / "patients.yaml"
    edit(path, "      sex: {use: [read]}", "      town_code: {use: [group]}\n      sex: {use: [read]}")
    found = run("who", "health.patients.town_code", "--federation", mine).stdout
    assert "the grant's rows are chosen by it" in found.split("\n\n")[1]
    assert "chosen by it" not in found.split("\n\n")[2]


def test_who_as_json_has_every_part_of_a_grant(city: Path) -> None:
    result = run("who", "health.patients.name", "--federation", city, "--format", "json")
    (grant,) = json.loads(result.stdout)
    assert grant["grant"] == "benefit-review"
    assert grant["purposes"] == ["benefit_review"]
    assert grant["row_filter"] == "town_code = principal.town_code"
    assert grant["columns"] == [
        {
            "column": "name",
            "uses": ["read", "filter", "match", "join", "group", "order", "aggregate"],
            "mask": "person_name",
            "functions": [],
            "grade": "important",
            "decides_rows": False,
            "may": "read as person_name",
        }
    ]


def test_who_says_nobody(city: Path) -> None:
    assert run("who", "health.诊所", "--federation", city).stdout.endswith("nobody may use it\n")
    assert run("who", "health.诊所.名称", "--federation", city).stdout.endswith("nobody may use it\n")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("patients", "write department.table or department.table.column"),
        ("healt.patients", "did you mean `health`?"),
        ("health.patient", "did you mean `patients`?"),
        ("health.patients.nam", "did you mean `name`?"),
    ],
)
def test_who_about_something_that_does_not_exist(city: Path, table: str, says: str) -> None:
    result = run("who", table, "--federation", city)
    assert result.exit_code == 2
    assert "CONFIG_REFERENCE" in result.stderr
    assert says in result.stderr
