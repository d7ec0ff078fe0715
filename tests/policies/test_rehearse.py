from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest

from comity.errors import ConfigurationError
from policies.department import load_department
from policies.rehearse import Rehearsal, rehearse, untested
from policies.stage import Sandbox

TODAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as opened:
        yield opened


@pytest.fixture
def directory(city: Path, tmp_path: Path) -> Path:
    """A copy of the health department that a test may break."""
    return copytree(city / "departments" / "health", tmp_path / "health")


def change(directory: Path, name: str, *edits: tuple[str, str]) -> None:
    path = directory / "policies" / f"{name}.yaml"
    text = path.read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


def run(directory: Path, sandbox: Sandbox, purposes: frozenset[str] | None = None) -> Rehearsal:
    department = load_department(directory, None)
    path = directory / "policies" / "patients_test.yaml"
    return rehearse(department, path, sandbox, today=TODAY, purposes=purposes)


def problems(rehearsal: Rehearsal) -> list[str]:
    return [problem for outcome in rehearsal.outcomes for problem in outcome.problems]


def test_the_fixture_passes_and_exercises_every_rule(directory: Path, sandbox: Sandbox) -> None:
    rehearsal = run(directory, sandbox, frozenset({"benefit_review", "statistics"}))
    assert rehearsal.passed
    assert problems(rehearsal) == []
    assert rehearsal.unexercised == ()
    assert len(rehearsal.outcomes) == 11


def test_wrong_rows_are_shown_expected_and_got(directory: Path, sandbox: Sandbox) -> None:
    change(directory, "patients_test", ("[male, 2, 1000]", "[male, 3, 1000]"))
    rehearsal = run(directory, sandbox)
    assert problems(rehearsal) == ["expected: male, 3, 1000.00", "got:      male, 2, 1000.00"]
    assert not rehearsal.passed


def test_the_order_counts_only_where_the_question_orders(directory: Path, sandbox: Sandbox) -> None:
    unordered = [
        ("        - [male, 2, 1000]\n", ""),
        ("        - [female, 1, 0]\n", "        - [female, 1, 0]\n        - [male, 2, 1000]\n"),
    ]
    change(directory, "patients_test", *unordered)
    assert run(directory, sandbox).passed
    change(directory, "patients_test", ("ORDER BY born", "ORDER BY born DESC"))
    assert len(problems(run(directory, sandbox))) == 4


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "decision: allow\n      grant: counts",
            "decision: allow\n      grant: other",
            "expected the grant other, got counts",
        ),
        (
            "reason: SQL_COLUMN_UNKNOWN",
            "reason: nonsense",
            "expected a reason with “nonsense”, got: SQL_COLUMN_UNKNOWN",
        ),
        (
            "{decision: deny, reason: SQL_TABLE_UNKNOWN}",
            "{decision: allow, rows: []}",
            "expected allow, got deny",
        ),
        (
            "{decision: allow, grant: benefit-review, rows: []}",
            "{decision: deny}",
            "expected deny, got allow: grant benefit",
        ),
        ("[male, 2, 1000]", "[male, 2]", "the answer has 3 columns, the expected row ['male', 2] has 2"),
        ("SELECT diagnosis FROM", "SELECT diagnosi FROM", "could not be asked: SQL_COLUMN_UNKNOWN"),
        (
            "SELECT diagnosis FROM patients",
            "SELECT diagnosis FROM patient",
            "could not be asked: SQL_TABLE_UNKNOWN",
        ),
        ("SELECT diagnosis FROM", "SELECT FROM diagnosis", "could not be asked: SQL_"),
        (
            "SELECT person_id FROM patients",
            "SELECT 1 / 0 = length(x) FROM (SELECT 'a' AS x)",
            "does not read patients",
        ),
    ],
)
def test_what_is_not_as_expected(directory: Path, sandbox: Sandbox, old: str, new: str, says: str) -> None:
    change(directory, "patients_test", (old, new))
    found = problems(run(directory, sandbox))
    assert any(says in problem for problem in found), found


def test_an_outcome_names_the_question_and_its_line(directory: Path, sandbox: Sandbox) -> None:
    change(directory, "patients_test", ("[male, 2, 1000]", "[male, 3, 1000]"))
    failed = [o for o in run(directory, sandbox).outcomes if o.problems]
    text = (directory / "policies" / "patients_test.yaml").read_text("utf-8").splitlines()
    assert [o.question for o in failed] == ["a clerk counts by sex"]
    assert "a clerk counts by sex" in text[failed[0].line - 1]


@pytest.mark.parametrize(
    ("edits", "unexercised"),
    [
        (
            [("SELECT name, sex, born FROM health.patients ORDER BY born", "SELECT name, sex FROM health.patients ORDER BY born")],
            None,
        ),
        (
            [
                ("SELECT name, sex, born FROM health.patients ORDER BY born", "SELECT sex FROM health.patients ORDER BY sex"),
                ("[欧阳**, female, 1955-01-01]", "[female]"),
                ("[王**, male, 1980-01-01]", "[male]"),
            ],
            (
                "grant benefit-review: no question reads name, masked by person_name",
                "grant benefit-review: no question reads born, masked by year",
            ),
        ),
        (
            [('town_code: "440604"', 'town_code: "440605"'), ("- [王**, male, 1980-01-01]", "- [李*, male, 1972-01-01]\n        - [王**, male, 1980-01-01]")],
            None,
        ),
        (
            [("    principal: clerk\n    purpose: statistics", "    principal: stranger\n    purpose: statistics")],
            ("grant counts: no question is allowed by it",),
        ),
        (
            [("    principal: statistician\n    purpose: statistics\n    sql: SELECT count", "    principal: clerk\n    purpose: statistics\n    sql: SELECT count")],
            ("grant small-groups: in no question the floor shows a group",),
        ),
    ],
)  # fmt: skip
def test_rules_that_no_question_reaches(
    directory: Path, sandbox: Sandbox, edits: list[tuple[str, str]], unexercised: tuple[str, ...] | None
) -> None:
    change(directory, "patients_test", *edits)
    rehearsal = run(directory, sandbox)
    if unexercised is not None:
        assert rehearsal.unexercised == unexercised
        assert not rehearsal.passed


def test_a_row_filter_must_hide_a_row_and_let_one_pass(directory: Path, sandbox: Sandbox) -> None:
    change(directory, "patients", ('rows: "town_code = principal.town_code"', 'rows: "true"'))
    assert (
        "grant benefit-review: in no question the row filter hides a row"
        in run(directory, sandbox).unexercised
    )
    change(directory, "patients", ('rows: "true"', 'rows: "false"'))
    assert "grant benefit-review: in no question the row filter lets a row pass" in (
        run(directory, sandbox).unexercised
    )


def test_a_policy_without_a_test_fails_with_every_grant(directory: Path) -> None:
    rehearsal = untested(load_department(directory, None), "patients")
    assert not rehearsal.passed
    assert len(rehearsal.unexercised) == 3


def test_a_weakened_policy_fails_its_test(directory: Path, sandbox: Sandbox) -> None:
    change(directory, "patients", ("name: {mask: person_name}", "name: {use: [read]}"))
    assert "got:      王小明, male, 1980-01-01" in problems(run(directory, sandbox))
    change(
        directory,
        "patients",
        ("roles: [analyst]", "roles: [analyst, other]"),
        ("departments: [civil_affairs], ", ""),
    )
    assert any("expected deny, got allow" in p for p in problems(run(directory, sandbox)))


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("table: patients", "table: patient", "CONFIG_POLICY", "must be the file's name without _test"),
        ("principal: analyst\n", "principal: analist\n", "CONFIG_REFERENCE", "did you mean `analyst`?"),
        ("purpose: statistics", "purpose: statistic", "CONFIG_REFERENCE", "did you mean `statistics`?"),
        ("diagnosis: E11", "diagnose: E11", "CONFIG_REFERENCE", "publishes no column `diagnose`; did you mean `diagnosis`?"),
        ("born: 1972-03-03", "born: 1972-02-30", "CONFIG_POLICY", "`born` does not hold a value of type DATE"),
        ("cost: 20}", "cost: [20]}", "CONFIG_POLICY", "`cost` "),
        ("{decision: deny}", "{decision: deny, rows: []}", "CONFIG_POLICY", "a denial has no rows and no grant"),
        (", grant: benefit-review, rows: []}", "}", "CONFIG_POLICY", "an allowed question lists the rows"),
        ("decision: allow", "decision: allowed", "CONFIG_POLICY", "did you mean `allow`?"),
        ("date: 2026-06-01", "date: soon", "CONFIG_POLICY", "must be a date"),
        ("date: 2026-06-01", "types: {phone: VARCHAR}", "CONFIG_REFERENCE", "publishes no column `phone`"),
        ("date: 2026-06-01", "types: {born: MONEY}", "CONFIG_POLICY", "MONEY"),
        ("date: 2026-06-01", "types: {born: VARCHAR}", "CONFIG_POLICY", "year is for dates"),
        ("    sql: SELECT name FROM patients\n", "", "CONFIG_POLICY", "`sql` is missing"),
    ],
)  # fmt: skip
def test_a_test_file_that_is_wrong_is_an_error_with_its_line(
    directory: Path, sandbox: Sandbox, old: str, new: str, code: str, says: str
) -> None:
    change(directory, "patients_test", (old, new))
    with pytest.raises(ConfigurationError) as caught:
        run(directory, sandbox, frozenset({"benefit_review", "statistics"}))
    assert caught.value.code == code
    assert says in caught.value.message
    assert ".yaml:" in caught.value.message


def test_a_test_for_a_table_that_is_not_published_is_an_error(directory: Path, sandbox: Sandbox) -> None:
    path = directory / "policies" / "visits_test.yaml"
    path.write_text("table: visits\nprincipals: {}\nrows: []\nquestions: []\n")
    with pytest.raises(ConfigurationError, match="health publishes no table `visits`"):
        rehearse(load_department(directory, None), path, sandbox, today=TODAY)


def test_types_are_declared_given_or_guessed(directory: Path, sandbox: Sandbox) -> None:
    (directory / "policies" / "诊所.yaml").write_text(
        """\
table: 诊所
grants:
  - id: all
    reason: 公开
    principals: {roles: [anyone]}
    purposes: [statistics]
    columns:
      名称: {use: [read]}
      床位: {use: [read]}
      评分: {use: [read]}
      开放: {use: [read]}
      成立: {mask: month}
"""
    )
    path = directory / "policies" / "诊所_test.yaml"
    path.write_text(
        """\
table: 诊所
types: {成立: DATE}
principals:
  anyone: {subject: a, department: b, roles: [anyone]}
rows:
  - {名称: 人民医院, 床位: 500, 评分: 4.5, 开放: true, 成立: 1950-07-15}
  - {名称: null}
questions:
  - name: types fit
    principal: anyone
    purpose: statistics
    sql: SELECT 名称, 床位 + 1, 评分 / 3, NOT 开放, 成立 FROM 诊所
    expect:
      decision: allow
      rows:
        - [人民医院, 501, 1.5, false, 1950-07-01]
        - [null, null, null, null, null]
"""
    )
    rehearsal = rehearse(load_department(directory, None), path, sandbox, today=TODAY)
    assert problems(rehearsal) == []
    assert rehearsal.passed


def test_questions_may_use_ctes_joins_and_aliases_of_the_table(directory: Path, sandbox: Sandbox) -> None:
    question = """\
    sql: >
      WITH patients_ AS (SELECT sex, town_code FROM patients)
      SELECT a.sex, (SELECT count(*) FROM health.patients) FROM patients_ a JOIN patients AS b USING (town_code)
      WHERE a.sex = 'female' GROUP BY 1
    expect: {decision: allow, rows: [[female, 3]]}
"""
    change(
        directory,
        "patients_test",
        (
            """\
    sql: SELECT sex, count(*), sum(cost) FROM patients GROUP BY sex
    expect:
      decision: allow
      grant: counts
      rows:
        - [male, 2, 1000]
        - [female, 1, 0]
""",
            question,
        ),
    )
    assert problems(run(directory, sandbox)) == []


JOINS = [
    ("      person_id: {use: [read]}\n", "      person_id: {use: [join]}\n"),
    (
        '    rows: "town_code = principal.town_code"\n',
        '    rows: "town_code = principal.town_code"\n    joins: {required: [civil_affairs.benefits]}\n',
    ),
]
PARTNERS = """\
partners:
  civil_affairs.benefits: {rows: [{person_id: "440605198001011234", amount: 5}]}
questions:
  - name: only people with a benefit count
    principal: analyst
    purpose: benefit_review
    sql: SELECT name, amount FROM patients JOIN civil_affairs.benefits AS b ON b.person_id = patients.person_id
    expect: {decision: allow, grant: benefit-review, rows: [[王**, 5]]}
  - name: nobody else does
    principal: analyst
    purpose: benefit_review
    sql: SELECT name FROM patients
    expect: {decision: deny, reason: join it with civil_affairs.benefits}
"""


def test_questions_join_with_partners_under_the_rules_on_joins(directory: Path, sandbox: Sandbox) -> None:
    change(directory, "patients", *JOINS)
    change(directory, "patients_test", ("questions:\n", PARTNERS))
    outcomes = {o.question: o.problems for o in run(directory, sandbox).outcomes}
    assert outcomes["only people with a benefit count"] == ()
    assert outcomes["nobody else does"] == ()


def test_rules_on_joins_must_refuse_a_question(directory: Path, sandbox: Sandbox) -> None:
    rule = 'joins: {blocked: {person_id: ["tax.*.*"]}}'
    change(
        directory,
        "patients",
        (
            'rows: "town_code = principal.town_code"',
            f'rows: "town_code = principal.town_code"\n    {rule}',
        ),
    )
    rehearsal = run(directory, sandbox)
    assert "grant benefit-review: no question is refused for what it joins" in rehearsal.unexercised


@pytest.mark.parametrize(
    ("partners", "says"),
    [
        ("{benefits: {}}", "which is not a name or text allowed here"),
        ("{a.b: {}}", "`a.b` has no columns: give rows, or types"),
        ("{health.patients: {types: {a: DATE}}}", "`health.patients` is there twice, or is the table itself"),
        ("{a.b: {types: {a: DATE}, rows: [{a: x}]}}", "a value of this row is not of its column's type"),
        ("{a.b: {types: {a: MONEY}}}", "MONEY"),
    ],
)
def test_a_partner_that_is_wrong_is_an_error(
    directory: Path, sandbox: Sandbox, partners: str, says: str
) -> None:
    change(directory, "patients_test", ("questions:\n", f"partners: {partners}\nquestions:\n"))
    with pytest.raises(ConfigurationError) as caught:
        run(directory, sandbox)
    assert says in caught.value.message
