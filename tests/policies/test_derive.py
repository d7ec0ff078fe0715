"""`comity policy derive`: what it prints allows the question, and nothing less does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest
from typer.testing import CliRunner, Result

from comity.errors import PolicyError, SqlError
from gateway.commands.paper import Asked, PaperGateway
from gateway.commands.policy import policy
from gateway.commands.policy_directory import PolicyDirectory, open_directory
from policies.department import Department
from policies.derive import fewer_uses, quote
from policies.load_policy import load_policy
from policies.model import Grant, TablePolicy
from policies.yaml_document import parse_yaml

EXAMPLE = Path(__file__).parents[2] / "examples" / "city"
FIXTURE = Path(__file__).parent / "data" / "city"
TODAY = date(2026, 11, 1)
QUESTIONS = {
    line.partition(": ")[0]: line.partition(": ")[2]
    for line in (Path(__file__).parent / "data" / "derive_questions.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
}
Key = tuple[str, str]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(policy, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def city() -> PolicyDirectory:
    return open_directory(EXAMPLE)


@pytest.fixture(scope="module")
def paper(city: PolicyDirectory) -> Iterator[PaperGateway]:
    with PaperGateway(city, city.departments, lambda: TODAY) as gateway:
        yield gateway


def derived(sql: str, target: Path, city: PolicyDirectory, *more: str) -> dict[Key, Grant]:
    """The grants that the command writes, read back from its files."""
    result = run(
        "derive", sql, "--federation", EXAMPLE, "--as", "chen.guohua", "-p", "statistics", "-o", target, *more
    )
    assert result.exit_code == 0, result.stderr
    departments = {d.name: d for d in city.departments}
    found: dict[Key, Grant] = {}
    for line in result.stdout.splitlines():
        path = Path(line)
        table = departments[path.parent.name].tables[path.stem]
        loaded, _ = load_policy(path, table)
        (found[path.parent.name, path.stem],) = loaded.grants
    return found


def is_allowed(paper: PaperGateway, city: PolicyDirectory, sql: str, grants: Mapping[Key, Grant]) -> bool:
    """Whether these grants alone, and nothing else in the federation, let the district leader ask."""
    paper.replace([_with_only(department, grants) for department in city.departments])
    assert city.federation is not None
    asker = city.federation.principals["demo-district"]
    try:
        paper.plan(Asked(asker, "statistics", sql))
    except (PolicyError, SqlError) as error:
        # A column that no grant lists reads as one that does not exist.
        if error.code not in {"POLICY_DENIED", "SQL_COLUMN_UNKNOWN", "SQL_TABLE_UNKNOWN"}:
            raise
        return False
    return True


def _with_only(department: Department, grants: Mapping[Key, Grant]) -> Department:
    own = {
        table: TablePolicy(table, (g,), "") for (name, table), g in grants.items() if name == department.name
    }
    return replace(department, policies=own)


@pytest.mark.parametrize("sql", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_a_question_is_allowed_under_its_grants_and_refused_with_any_use_less(
    sql: str, tmp_path: Path, city: PolicyDirectory, paper: PaperGateway
) -> None:
    grants = derived(sql, tmp_path, city)
    assert is_allowed(paper, city, sql, grants)
    tried = 0
    for key, grant in grants.items():
        for column, use, less in fewer_uses(grant):
            assert not is_allowed(paper, city, sql, {**grants, key: less}), (key, column, use)
            tried += 1
        assert not is_allowed(paper, city, sql, {k: g for k, g in grants.items() if k != key}), key
    assert tried >= 1


def test_what_it_prints_checks_clean_in_the_place_it_names(tmp_path: Path) -> None:
    mine = copytree(EXAMPLE, tmp_path / "city", ignore=lambda _d, names: {"data", "audit"} & set(names))
    sql = "SELECT disease, avg(yearly_cost) FROM health.chronic_disease WHERE controlled GROUP BY disease"
    more = ("--as", "chen.guohua", "-p", "statistics", "--reason", "统计法 第十条", "--request", "REQ-1")
    result = run("derive", sql, "--federation", mine, *more)
    path = mine / "departments/health/policies/chronic_disease.yaml"
    assert result.stdout.startswith(f"# health.chronic_disease: for {path}\n# yaml-language-server: $schema=")
    path.write_text(result.stdout, "utf-8")
    checked = run("check", mine)
    assert checked.exit_code == 0
    assert "health.chronic_disease" not in checked.stderr
    again = run("derive", sql, "--federation", mine, *more)
    assert again.stderr.startswith("health.chronic_disease: the grant statistics-")


def test_uses_functions_floor_and_joins_are_the_questions_own(tmp_path: Path, city: PolicyDirectory) -> None:
    grants = derived(QUESTIONS["joined aggregates"], tmp_path, city)
    cases = grants["health", "chronic_disease"]
    assert {name: (set(rule.uses), set(rule.functions)) for name, rule in cases.columns.items()} == {
        "person_id": ({"join", "aggregate"}, {"count"}),
        "disease": ({"group"}, set()),
        "yearly_cost": ({"aggregate"}, {"avg"}),
    }
    assert cases.floor is not None
    assert (cases.floor.entities, cases.floor.column) == (10, "person_id")
    assert cases.joins.allowed == {"person_id": ("health.patients.person_id",)}
    assert cases.crossing == "aggregate"


def test_members_of_a_federated_table_each_get_a_grant(tmp_path: Path, city: PolicyDirectory) -> None:
    grants = derived("SELECT town_code, count(*) FROM city.resident GROUP BY town_code", tmp_path, city)
    assert len(grants) == 6
    assert {table for _, table in grants} == {"resident"}


def test_values_of_the_question_are_not_written_down() -> None:
    sql = "SELECT allergies FROM health.patients WHERE person_id = '445403193604080226'"
    result = run("derive", sql, "--federation", EXAMPLE)
    assert result.exit_code == 0
    assert "445403193604080226" not in result.stdout
    assert "person_id = ?" in result.stdout


def test_nobody_is_let_in_until_a_reviewer_says_who_and_for_what(
    tmp_path: Path, city: PolicyDirectory
) -> None:
    result = run("derive", "SELECT count(*) FROM health.patients", "--federation", EXAMPLE)
    assert result.exit_code == 0
    path = tmp_path / "patients.yaml"
    path.write_text(result.stdout, "utf-8")
    table = next(d for d in city.departments if d.name == "health").tables["patients"]
    (grant,) = load_policy(path, table)[0].grants
    assert grant.purposes == ()
    assert grant.principals.departments == frozenset()
    assert result.stdout.count("REVIEW") >= 4


def test_callers_are_those_of_a_department_and_role(tmp_path: Path, city: PolicyDirectory) -> None:
    del city
    result = run(
        "derive", "SELECT sex FROM health.patients", "--federation", EXAMPLE,
        "--department", "tax", "--role", "analyst", "-p", "tax_control", "-o", tmp_path,
    )  # fmt: skip
    assert result.exit_code == 0
    text = (tmp_path / "health" / "patients.yaml").read_text("utf-8")
    assert "principals: {departments: [tax], roles: [analyst]}" in text
    assert "purposes: [tax_control]" in text


def test_what_the_policy_allows_already_is_said() -> None:
    result = run(
        "derive", "SELECT town_code, count(*) FROM health.chronic_disease GROUP BY town_code",
        "--federation", EXAMPLE, "--as", "chen.guohua", "-p", "statistics",
    )  # fmt: skip
    assert result.stderr == "health.chronic_disease: the grant district-statistics allows this already\n"


def test_no_grant_is_written_for_what_the_law_keeps_closed() -> None:
    result = run("derive", "SELECT count(*) FROM health.psychiatric_care", "--federation", EXAMPLE)
    assert result.exit_code == 4
    assert "health.psychiatric_care is not to be shared: 精神卫生法 第二十三条" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["SELECT nothing FROM health.patients"], "SQL_COLUMN_UNKNOWN"),
        (["SELECT 1 FROM"], "SQL_SYNTAX"),
        (["SELECT sex FROM health.patients", "--as", "chen.guohau"], "did you mean `chen.guohua`?"),
        (["SELECT sex FROM health.patients", "--as", "chen.guohua", "--role", "x"], "not both"),
        (["SELECT sex FROM health.patients WHERE born > $day"], "SQL_PARAMETER"),
    ],
)
def test_a_question_that_is_none_and_options_that_do_not_fit(arguments: list[str], says: str) -> None:
    result = run("derive", *arguments, "--federation", EXAMPLE)
    assert result.exit_code in {1, 2}
    assert says in result.stderr


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    arguments = ("derive", "SELECT sex FROM health.patients", "--federation", EXAMPLE, "-o", tmp_path)
    assert run(*arguments).exit_code == 0
    again = run(*arguments)
    assert again.exit_code == 2
    assert "is there already" in again.stderr


@pytest.mark.parametrize(
    "text", ["true", "Null", "440605", "a b", "民政", "li.wei", "x: y", "'", '"', "-", "no"]
)
def test_a_quoted_text_reads_back(text: str, tmp_path: Path) -> None:
    assert parse_yaml(tmp_path, f"a: {quote(text)}".encode()).value == {"a": text}


def test_what_only_the_database_knows_is_named(tmp_path: Path) -> None:
    mine = copytree(FIXTURE, tmp_path / "city")
    path = mine / "departments" / "health" / "department.yaml"
    path.write_text(
        path.read_text("utf-8").replace('cost: {from: fy, type: "DECIMAL(15,2)"}', "cost: {from: fy}"),
        "utf-8",
    )
    result = run("derive", "SELECT sum(cost) FROM health.patients", "--federation", mine)
    assert result.exit_code == 1
    assert (
        "hint: Without a type in department.yaml these are taken for text: health.patients.cost"
        in result.stderr
    )
    unlisted = run("derive", "SELECT count(*) FROM health.诊所", "--federation", mine)
    assert unlisted.exit_code == 1
    assert (
        "hint: These list no columns in department.yaml, which derive needs: health.诊所" in unlisted.stderr
    )
