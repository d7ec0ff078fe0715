"""What a change of policies opens and closes, in words; and which past answers it changes."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import pytest
from typer.testing import CliRunner, Result

from gateway.commands.policy import policy

HEALTH = Path("departments") / "health"
PATIENTS = HEALTH / "policies" / "patients.yaml"


@pytest.fixture
def new(city: Path, tmp_path: Path) -> Path:
    """A copy of the fixture city, to be changed."""
    return copytree(city, tmp_path / "new")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(policy, ["diff", *(str(a) for a in arguments)])


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), "utf-8")


def changes(old: Path, new: Path) -> list[str]:
    """`effect: text [grant]` of each change."""
    result = run(old, new, "--format", "json")
    assert result.exit_code in {0, 1}, result.stderr
    found = json.loads(result.stdout)["changes"]
    return [f"{c['effect']}: {c['text']}" + (f" [{c['grant']}]" if c["grant"] else "") for c in found]


WHO = "analyst of civil_affairs"
CASES = [
    (
        "born: {mask: year}",
        "born: {use: [read]}",
        [f"opened: {WHO} may read born for benefit_review (before: read as year) [benefit-review]"],
    ),
    (
        "sex: {use: [read]}\n      born: {mask: year}",
        "sex: {use: [group]}\n      born: {mask: month}",
        [
            f"closed: {WHO} may only use sex for group for benefit_review (before: read) [benefit-review]",
            f"opened: {WHO} may read born as month for benefit_review (before: read as year) [benefit-review]",
        ],
    ),
    (
        "name: {mask: person_name}",
        "name: {mask: {keep_first: 1}}",
        [
            (
                f"changed: {WHO} may read name as keep_first(1) for benefit_review (before: read as person_name) "
                "[benefit-review]"
            )
        ],
    ),
    (
        "      name: {mask: person_name}\n",
        "",
        [f"closed: {WHO} may not use name for benefit_review (before: read as person_name) [benefit-review]"],
    ),
    (
        "diagnosis: {use: [filter, group]}",
        "diagnosis: {use: []}",
        [
            (
                f"closed: {WHO} may only know that diagnosis exists for benefit_review (before: filter, group) "
                "[benefit-review]"
            )
        ],
    ),
    (
        "cost: {mask: {bucket: 1000}}",
        "cost: {mask: {bucket: 5000}}",
        [
            (
                "closed: everyone of civil_affairs may only read cost as bucket(5000) for statistics, benefit_review "
                "(before: read as bucket(1000)) [counts]"
            )
        ],
    ),
    (
        'rows: "town_code = principal.town_code"',
        "rows: \"town_code = principal.town_code AND sex = 'male'\"",
        [
            (
                f"changed: {WHO} may use only rows where town_code = principal.town_code AND sex = 'male' "
                "(before: only rows where town_code = principal.town_code) [benefit-review]"
            )
        ],
    ),
    (
        '    rows: "town_code = principal.town_code"\n',
        "",
        [
            (
                f"opened: {WHO} may use all rows (before: only rows where town_code = principal.town_code) "
                "[benefit-review]"
            )
        ],
    ),
    (
        "floor: {entities: 2}",
        "floor: {entities: 10}",
        ["closed: no group may rest on fewer than 10 person_id (before: 2 person_id) [small-groups]"],
    ),
    (
        "    floor: {entities: 2}\n",
        "",
        ["opened: a group may rest on any number of entities (before: 2 person_id) [small-groups]"],
    ),
    (
        "floor: {entities: 2}",
        "floor: {entities: 2}\n    limits: {rows: 1000}",
        ["closed: limit rows: 1,000 (before: none) [small-groups]"],
    ),
    (
        "valid: {from: 2026-01-01, until: 2026-12-31}",
        "valid: {from: 2026-03-01}",
        [
            "closed: the grant applies from 2026-03-01 (before: 2026-01-01) [benefit-review]",
            "opened: the grant applies without an end day (before: 2026-12-31) [benefit-review]",
        ],
    ),
    (
        "purposes: [statistics, benefit_review]",
        "purposes: [statistics]",
        ["closed: everyone of civil_affairs may no longer use the grant for benefit_review [counts]"],
    ),
    (
        "principals: {departments: [civil_affairs]}",
        "principals: {departments: [civil_affairs, health]}",
        [
            (
                "opened: the grant is for everyone of civil_affairs or health (before: everyone of civil_affairs) "
                "[counts]"
            )
        ],
    ),
    (
        "    floor: {entities: 2}\n",
        "    floor: {entities: 2}\n    crossing: raw\n    key_exchange: [civil_affairs]\n",
        [
            (
                "opened: row values may leave the department for questions of every statistician (before: aggregate) "
                "[small-groups]"
            ),
            "opened: join keys may be sent to civil_affairs [small-groups]",
        ],
    ),
    (
        "    floor: {entities: 2}\n",
        "    floor: {entities: 2}\n    joins: {allowed: {diagnosis: [civil_affairs.b.c]}, blocked: {diagnosis: [civil_affairs.b.d]}}\n",
        [
            "closed: diagnosis may be joined with civil_affairs.b.c only (before: with any column) [small-groups]",
            "closed: diagnosis may be joined but not with civil_affairs.b.d (before: with any column) [small-groups]",
        ],
    ),
    (
        "    floor: {entities: 2}\n",
        "    floor: {entities: 2}\n    joins: {required: [civil_affairs.*]}\n",
        ["closed: rows count only where joined with civil_affairs.* (before: none) [small-groups]"],
    ),
    (
        "reason: 慢病统计",
        "reason: 慢病监测",
        ["changed: the grant's reason is 慢病监测 (before: 慢病统计) [small-groups]"],
    ),
    (
        "id: small-groups",
        "id: few",
        ["changed: the grant was called small-groups [few]"],
    ),
]


@pytest.mark.parametrize(
    ("before", "after", "expected"), CASES, ids=[c[1].strip()[:50] or c[0] for c in CASES]
)
def test_a_change_of_a_grant_is_put_into_words(
    city: Path, new: Path, before: str, after: str, expected: list[str]
) -> None:
    edit(new / PATIENTS, before, after)
    assert changes(city, new) == expected


def test_nothing_changed_is_exit_status_0(city: Path, new: Path) -> None:
    result = run(city, new)
    assert result.exit_code == 0
    assert result.stdout == "0 opened, 0 closed, 0 changed\n"


def test_a_new_grant_says_what_its_callers_had_before(city: Path, new: Path) -> None:
    path = new / PATIENTS
    more = """\
  - id: wider
    reason: 补充协议
    principals: {departments: [civil_affairs], roles: [analyst]}
    purposes: [benefit_review]
    columns:
      born: {use: [read]}
      cost: {use: [aggregate], functions: [sum]}
"""
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    assert changes(city, new) == [
        f"opened: {WHO} may read born for benefit_review (before: read as year under benefit-review) [wider]",
        (
            f"opened: {WHO} may use cost for aggregate (only sum) for benefit_review "
            "(before: read as bucket(1000) under counts) [wider]"
        ),
    ]
    assert [line.partition(": ")[0] for line in changes(new, city)] == ["closed", "closed"]


def test_a_grant_that_adds_nothing_is_no_door_opened(city: Path, new: Path) -> None:
    path = new / PATIENTS
    more = """\
  - id: again
    reason: 重复
    principals: {departments: [civil_affairs], roles: [analyst]}
    purposes: [statistics]
    columns:
      sex: {use: [group]}
"""
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    (line,) = changes(city, new)
    assert line == (
        f"changed: {WHO} may use sex for group for statistics (before: read under counts, so nothing more) [again]"
    )


def test_a_grant_tried_before_others_is_told_to_take_them_over(city: Path, new: Path) -> None:
    first = """\
grants:
  - id: first
    reason: 先
    principals: {departments: [civil_affairs]}
    purposes: [statistics]
    columns:
      sex: {mask: null}
"""
    edit(new / PATIENTS, "grants:\n", first)
    assert (
        "changed: is tried before counts, small-groups: what both allow is answered by this grant now [first]"
        in changes(city, new)
    )


def test_grants_in_another_order_are_told(city: Path, new: Path) -> None:
    path = new / PATIENTS
    head, one, two, three = path.read_text("utf-8").split("  - id: ")
    path.write_text(f"{head}  - id: {two}  - id: {one}  - id: {three}", "utf-8")
    assert changes(city, new) == [
        (
            "changed: the grants are tried in the order counts, benefit-review, small-groups "
            "(before: benefit-review, counts, small-groups)"
        )
    ]


def test_what_is_published_belongs_to_the_change(city: Path, new: Path) -> None:
    path = new / HEALTH / "department.yaml"
    edit(path, "diagnosis: {from: zd, type: VARCHAR, grade: core}", "diagnosis: {from: zd, type: VARCHAR}")
    edit(path, "cost: {from: fy,", "cost: {from: fy2,")
    edit(path, "sharing: conditional", "sharing: conditional\n    catalogue: true")
    assert changes(city, new) == [
        "opened: every caller may know that it exists",
        "opened: diagnosis is graded important and now reaches callers below that (before: core)",
        "changed: cost is read from the source in another way: from, expr, type or codes",
    ]


def test_a_table_that_goes_takes_its_grants_along(city: Path, new: Path) -> None:
    path = new / "departments" / "civil_affairs"
    for file in (path / "policies").iterdir():
        file.unlink()
    text = (path / "department.yaml").read_text("utf-8")
    head, _, _ = text.partition("  benefits:")
    (path / "department.yaml").write_text(head + "  other:\n    from: x\n    columns: {a: {}}\n", "utf-8")
    found = changes(city, new)
    assert "closed: is published no longer" in found
    assert any(line.startswith("closed: ") and line.endswith("[all]") for line in found)
    assert "changed: is published now" in found


def test_the_federations_own_files_are_part_of_the_change(city: Path, new: Path) -> None:
    edit(new / "identity.yaml", "roles: [analyst]", "roles: [statistician], ceiling: important")
    edit(new / "identity.yaml", 'town_code: "440605"', 'town_code: "440604"')
    edit(new / "federation.yaml", "departments:", "ceilings: {query: general}\ndepartments:")
    edit(new / "federation.yaml", "  statistics:", "  audit: {title: 审计}\n  statistics:")
    assert changes(city, new) == [
        "changed: there is a purpose audit now",
        "closed: up to general may be given out by the channel query (before: core)",
        "opened: li.wei of civil_affairs has the role statistician",
        "closed: li.wei of civil_affairs has the role analyst no longer",
        "changed: the town_code of li.wei of civil_affairs is 440604 (before: 440605)",
        "closed: up to important may reach li.wei of civil_affairs (before: core)",
    ]
    assert run(city, new).stdout.startswith("the federation\n  changes: there is a purpose audit now\n")
    edit(new / "identity.yaml", "subject: li.wei", "subject: li.na")
    assert {
        "opened: li.na of civil_affairs may call now",
        "closed: li.wei of civil_affairs may call no longer",
    } <= set(changes(city, new))


def test_a_ceiling_of_the_federation_holds_for_past_questions(city: Path, new: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(question("SELECT sex FROM health.patients"), "utf-8")
    edit(new / "federation.yaml", "departments:", "ceilings: {query: general}\ndepartments:")
    (answer,) = json.loads(run(city, new, "--questions", file, "--format", "json").stdout)["answers"]
    assert (answer["before"], answer["after"]) == ("allowed", "denied")


def test_two_policy_files_compare_by_themselves(city: Path, tmp_path: Path) -> None:
    other = tmp_path / "draft.yaml"
    other.write_text((city / PATIENTS).read_text("utf-8").replace("{mask: year}", "{use: [read]}"), "utf-8")
    result = run(city / PATIENTS, other)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:2] == [
        "health.patients",
        f"  opens:   {WHO} may read born for benefit_review (before: read as year)  [benefit-review]",
    ]
    other.write_text("table: patients\ngrants: {}\n", "utf-8")
    wrong = run(city / PATIENTS, other)
    assert wrong.exit_code == 2
    assert f"{other}:2" in wrong.stderr


def question(sql: str, **more: object) -> str:
    asker = {"subject": "li.wei", "department": "civil_affairs", "roles": ["analyst"]}
    given = {"attributes": {"town_code": "440605"}, "purpose": "benefit_review", "sql": sql}
    return json.dumps({**asker, **given, **more}, ensure_ascii=False) + "\n"


def test_past_questions_say_which_answers_change(city: Path, new: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(
        question("SELECT name, born FROM health.patients WHERE town_code = ?", query_id="q-1")
        + question("SELECT sex FROM health.patients", query_id="q-2")
        + question("SELECT diagnosis, count(*) FROM health.patients GROUP BY 1", query_id="q-3")
        + question("SELECT cost FROM health.patients", query_id="q-4", purpose="statistics")
        + question("SELECT count(*) FROM health.patients WHERE sex = $s", query_id="q-5"),
        "utf-8",
    )
    path = new / PATIENTS
    edit(path, "born: {mask: year}", "born: {mask: month}\n      town_code: {use: [match]}")
    edit(path, "diagnosis: {use: [filter, group]}", "diagnosis: {use: [filter]}")
    result = run(city, new, "--questions", file, "--format", "json")
    assert result.exit_code == 1
    answers = {a["question"]: a for a in json.loads(result.stdout)["answers"]}
    assert list(answers) == ["q-1", "q-3"]
    assert (answers["q-1"]["before"], answers["q-1"]["after"]) == ("denied", "allowed")
    assert (answers["q-3"]["before"], answers["q-3"]["after"]) == ("allowed", "denied")
    assert "diagnosis is granted for filter, not for group" in answers["q-3"]["changes"][1]
    shown = run(city, new, "--questions", file).stdout
    assert "q-3, li.wei of civil_affairs, for benefit_review\n" in shown
    assert shown.endswith("2 of 5 answers would change\n")


def test_an_answer_that_stays_allowed_can_still_be_another(city: Path, new: Path, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(
        question("SELECT * FROM health.patients") + question("SELECT sex FROM health.patients"), "utf-8"
    )
    path = new / PATIENTS
    edit(path, "born: {mask: year}", "born: {mask: month}")
    edit(path, "      person_id: {use: [read]}\n", "")
    edit(
        path,
        'rows: "town_code = principal.town_code"',
        'rows: "town_code = principal.town_code AND cost > 0"',
    )
    edit(path, "request: REQ-2026-0012", "request: REQ-2026-0012\n    limits: {rows: 50}")
    first, second = json.loads(run(city, new, "--questions", file, "--format", "json").stdout)["answers"]
    rows = (
        "health.patients: only rows where town_code = principal.town_code AND cost > 0 "
        "(before: only rows where town_code = principal.town_code)"
    )
    assert first["changes"] == [
        "columns: name, sex, born (before: person_id, name, sex, born)",
        "health.patients: born is shown as month (before: as year)",
        rows,
        "health.patients: rows: 50 (before: none)",
    ]
    assert second["changes"] == [rows, "health.patients: rows: 50 (before: none)"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "is not one JSON object"),
        ("[]", "is not one JSON object"),
        ('{"sql": "SELECT 1"}', "is missing"),
        (question("SELECT 1", sqll=1), "`sqll` is not a key here"),
        (question("SELECT 1", roles="analyst"), "`roles` has a value of another type"),
        (question("SELECT 1", purpose=3), "`purpose` has a value of another type"),
        (question("SELECT 1", parameters="x"), "neither a list nor an object"),
    ],
)
def test_a_file_of_questions_that_is_none_names_the_line(
    city: Path, tmp_path: Path, line: str, says: str
) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text("\n" + line, "utf-8")
    result = run(city, city, "--questions", file)
    assert result.exit_code == 2
    assert f"{file}:2: " in result.stderr
    assert says in result.stderr


def test_sides_that_cannot_be_compared(city: Path, tmp_path: Path) -> None:
    assert run(city, tmp_path).exit_code == 2
    assert "compare two directories, or two policy files" in run(city, city / PATIENTS).stderr
    lonely = tmp_path / "a" / "b.yaml"
    lonely.parent.mkdir()
    lonely.write_text("table: b\ngrants: []\n", "utf-8")
    assert "of a department" in run(lonely, lonely).stderr
    file = tmp_path / "questions.jsonl"
    file.write_text("", "utf-8")
    assert "whole departments" in run(city / PATIENTS, city / PATIENTS, "--questions", file).stderr
