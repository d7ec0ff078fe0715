from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from comity.errors import ConfigurationError
from policies.decision import Floor
from policies.department import Department, load_department
from policies.model import ALL_USES, Grant, Mask

Write = Callable[..., Path]
LoadError = Callable[..., ConfigurationError]


def grant_of(directory: Path) -> Grant:
    return load_department(directory, {}).policies["patients"].grants[0]


def policy(*lines: str, columns: str = "      name: {use: [read]}") -> str:
    """A policy whose lines from 7 on are `lines`, and then its columns."""
    return "\n".join(
        [
            "table: patients",
            "grants:",
            "  - id: review",
            "    reason: 协议",
            "    purposes: [benefit_review]",
            "    principals: {departments: [civil_affairs]}",
            *lines,
            "    columns:",
            columns,
            "",
        ]
    )


def test_a_policy_is_read_as_documented(health: Department) -> None:
    review, counts, small = health.policies["patients"].grants
    assert (review.id, review.reason, review.request) == (
        "benefit-review",
        "民政与卫健数据共享协议 2026-07",
        "REQ-2026-0012",
    )
    assert review.principals.departments == frozenset({"civil_affairs"})
    assert review.principals.roles == frozenset({"analyst"})
    assert review.principals.subjects is None
    assert review.purposes == ("benefit_review",)
    assert (review.valid_from, review.valid_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert review.columns["person_id"].uses == ALL_USES
    assert review.columns["name"].mask == Mask("person_name")
    assert review.columns["diagnosis"].uses == {"filter", "group"}
    assert review.row_filter == "town_code = principal.town_code"
    assert counts.columns["cost"].mask == Mask("bucket", "1000")
    assert counts.valid_until is None
    assert small.floor == Floor(2, "person_id")


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("null", Mask("null")),
        ("'null'", Mask("null")),
        ("", Mask("null")),
        ("phone", Mask("phone")),
        ("{constant: 已隐藏}", Mask("constant", "已隐藏")),
        ("{constant: 7}", Mask("constant", "7")),
        ("{constant: true}", Mask("constant", "true")),
        ("{keep_first: 3}", Mask("keep_first", "3")),
        ("{keep_last: 4}", Mask("keep_last", "4")),
        ("{sql: 'left(name, 1)'}", Mask("sql", "left(name, 1)")),
    ],
)
def test_every_way_to_write_a_mask(write_department: Write, mask: str, expected: Mask) -> None:
    grant = grant_of(write_department(policy=policy(columns=f"      name: {{mask: {mask}}}")))
    assert grant.columns["name"].mask == expected
    assert grant.shown["name"].mask == expected.name


@pytest.mark.parametrize(
    ("size", "argument"), [("10", "10"), ("0.5", "0.5"), ("2.50", "2.5"), ("1000.0", "1000")]
)
def test_a_bucket_is_a_whole_number_or_a_decimal(write_department: Write, size: str, argument: str) -> None:
    grant = grant_of(write_department(policy=policy(columns=f"      cost: {{mask: {{bucket: {size}}}}}")))
    assert grant.columns["cost"].mask == Mask("bucket", argument)


def test_a_mask_with_a_list_of_uses_has_only_those(write_department: Write) -> None:
    grant = grant_of(write_department(policy=policy(columns="      name: {mask: phone, use: [group]}")))
    assert grant.columns["name"].uses == {"group"}
    assert grant.shown == {}


def test_all_the_ways_to_name_principals(write_department: Write) -> None:
    text = policy().replace(
        "{departments: [civil_affairs]}",
        "{departments: [a], roles: [], subjects: [x, y], attributes: {level: 3, town: ['1', '2'], on_duty: true}}",
    )
    rule = grant_of(write_department(policy=text)).principals
    assert rule.roles == frozenset()
    assert rule.subjects == frozenset({"x", "y"})
    assert rule.attributes == {"level": (3,), "town": ("1", "2"), "on_duty": (True,)}


def test_limits_floors_crossing_and_key_exchange_are_accepted(write_department: Write) -> None:
    lines = (
        "    limits: {rows: 100, bytes: 5, rows_per_day: 6, bytes_per_day: 7}",
        "    crossing: raw",
        "    key_exchange: [tax, health]",
    )
    columns = "      cost: {use: [aggregate], functions: [sum, avg]}"
    grant = grant_of(write_department(policy=policy(*lines, columns=columns)))
    assert (grant.limits.rows, grant.limits.bytes_per_day) == (100, 7)
    assert grant.crossing == "raw"
    assert grant.key_exchange == ("tax", "health")
    assert grant.columns["cost"].functions == {"sum", "avg"}


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("    row: x", "CONFIG_POLICY", "`row` is not a key here; did you mean `rows`?"),
        ("    valid: {until: 2026-13-01}", "CONFIG_POLICY", "must be a date written as 2026-12-31"),
        ("    valid: {until: 20261231}", "CONFIG_POLICY", "must be a date written as 2026-12-31"),
        ("    valid: {from: 2026-02-01, until: 2026-01-01}", "CONFIG_POLICY", "until is before from"),
        ("    valid: {to: 2026-01-01}", "CONFIG_POLICY", "`to` is not a key here"),
        ("    valid:", "CONFIG_POLICY", "`valid` has no value"),
        ("    rows:", "CONFIG_POLICY", "`rows` has no value"),
        ("    rows: town = '1'", "CONFIG_REFERENCE", "patients publishes no column `town`"),
        ("    rows: town_code =", "CONFIG_POLICY", "`rows`: "),
        ("    rows: town_code", "CONFIG_POLICY", "a row filter is true or false, and this is VARCHAR"),
        ("    rows: town_code IN (SELECT 1)", "CONFIG_POLICY", "`rows`: "),
        ("    rows: count(*) > 1", "CONFIG_POLICY", "`rows`: "),
        ("    rows: town_code = ?", "CONFIG_POLICY", "`rows`: "),
        ("    rows: other.town_code = '1'", "CONFIG_POLICY", "write a column's name alone"),
        ("    rows: town_code = principal.a.b", "CONFIG_POLICY", "`rows`: "),
        ("    rows: born + 'x'", "CONFIG_POLICY", "`rows`: "),
        ("    floor: {entities: 0}", "CONFIG_POLICY", "`entities` "),
        (
            "    floor: {entities: 5}",
            "CONFIG_POLICY",
            "a floor counts entities: give the table patients an `entity`",
        ),
        ("    joins: {}", "CONFIG_POLICY", "says nothing: give required, allowed or blocked"),
        (
            "    joins: {require: []}",
            "CONFIG_POLICY",
            "`require` is not a key here; did you mean `required`?",
        ),
        ("    joins: {required: [benefit]}", "CONFIG_POLICY", "which is not a name or text allowed here"),
        ("    joins: {required: [a.b.c]}", "CONFIG_POLICY", "which is not a name or text allowed here"),
        ("    joins: {required: [health.visits]}", "CONFIG_REFERENCE", "health publishes no table `visits`"),
        ("    joins: {allowed: {name: [a.b]}}", "CONFIG_POLICY", "which is not a name or text allowed here"),
        (
            "    joins: {allowed: {nam: [a.b.c]}}",
            "CONFIG_REFERENCE",
            "not a column of this grant; did you mean `name`?",
        ),
        (
            "    joins: {allowed: {name: [health.patients.nam]}}",
            "CONFIG_REFERENCE",
            "patients publishes no column `nam`; did you mean `name`?",
        ),
        ("    limits: {matches: 0}", "CONFIG_POLICY", "`matches` "),
        ("    floor: 10", "CONFIG_POLICY", "`floor` must be a mapping, not a number"),
        ("    limits: {rows: lots}", "CONFIG_POLICY", "`rows` must be a whole number, not text"),
        ("    crossing: none", "CONFIG_POLICY", "`none` is not a value of `crossing`"),
        ("    key_exchange: tax", "CONFIG_POLICY", "`key_exchange` must be a list, not text"),
        ("    request: 12", "CONFIG_POLICY", "`request` must be text, not a number (put it in quotes)"),
        ("    password: hunter2", "CONFIG_SECRET", "a secret never stands in a file"),
    ],
)
def test_what_a_grant_may_not_say(load_error: LoadError, line: str, code: str, says: str) -> None:
    error = load_error(policy=policy(line))
    assert error.code == code, error.message
    assert says in error.message
    assert "patients.yaml:7: " in error.message


@pytest.mark.parametrize(
    ("column", "code", "says"),
    [
        ("      phone: {use: [read]}", "CONFIG_REFERENCE", "patients publishes no column `phone`"),
        ("      nam: {use: [read]}", "CONFIG_REFERENCE", "did you mean `name`?"),
        ("      Name: {use: [read]}", "CONFIG_REFERENCE", "did you mean `name`?"),
        ("      '*': {use: [read]}", "CONFIG_REFERENCE", "publishes no column `*`"),
        ("      name: {}", "CONFIG_POLICY", "says nothing: give use, mask or both"),
        (
            "      cost: {use: [aggregate], functions: [max]}",
            "CONFIG_POLICY",
            "`max` gives out some row's own value",
        ),
        (
            "      cost: {use: [aggregate], functions: [median]}",
            "CONFIG_POLICY",
            "not a value of `functions`",
        ),
        ("      name:", "CONFIG_POLICY", "`name` has no value"),
        ("      name: {use: }", "CONFIG_POLICY", "`use` has no value"),
        ("      name: {use: read}", "CONFIG_POLICY", "`use` must be a list, not text"),
        (
            "      name: {use: [reed]}",
            "CONFIG_POLICY",
            "`reed` is not a value of `use`; did you mean `read`?",
        ),
        ("      name: {mask: person}", "CONFIG_POLICY", "did you mean `person_name`?"),
        ("      name: {mask: keep_first}", "CONFIG_POLICY", "`keep_first` needs a value: {keep_first: …}"),
        (
            "      name: {mask: {keep_frist: 3}}",
            "CONFIG_POLICY",
            "is not a mask: write one of null, person_name",
        ),
        ("      name: {mask: {keep_first: 3, keep_last: 3}}", "CONFIG_POLICY", "is not a mask"),
        ("      name: {mask: {keep_first: 0}}", "CONFIG_POLICY", "`keep_first` "),
        ("      name: {mask: {keep_first: three}}", "CONFIG_POLICY", "must be a whole number, not text"),
        ("      name: {mask: year}", "CONFIG_POLICY", "the mask year is for dates and timestamps"),
        ("      name: {mask: {bucket: 10}}", "CONFIG_POLICY", "the mask bucket is for numbers"),
        ("      born: {mask: phone}", "CONFIG_POLICY", "the mask phone is for text"),
        ("      born: {mask: {constant: soon}}", "CONFIG_POLICY", "`born`: "),
        ("      cost: {mask: {bucket: 0.001}}", "CONFIG_POLICY", "is finer than DECIMAL(15,2)"),
        ("      cost: {mask: {bucket: 0}}", "CONFIG_POLICY", "`bucket` "),
        ("      cost: {mask: {sql: 'round(cost)'}}", "CONFIG_POLICY", "CAST it, so that the type stays"),
        ("      name: {mask: {sql: person_id}}", "CONFIG_POLICY", "a mask reads its own column only"),
        (
            "      name: {mask: {sql: principal.subject}}",
            "CONFIG_POLICY",
            "a mask cannot depend on the caller",
        ),
        ("      name: {mask: {sql: (SELECT 1)}}", "CONFIG_POLICY", "`name`: "),
        ("      name: {mask: {sql: 'name ||'}}", "CONFIG_POLICY", "`name`: "),
        ("      cost: {use: [read], functions: [sum]}", "CONFIG_POLICY", "functions restrict a column"),
        ("      cost: {use: [aggregate], functions: [median]}", "CONFIG_POLICY", "`median` is not a value"),
    ],
)
def test_what_a_column_may_not_say(load_error: LoadError, column: str, code: str, says: str) -> None:
    error = load_error(policy=policy(columns=column))
    assert error.code == code, error.message
    assert says in error.message
    assert "patients.yaml:8: " in error.message


@pytest.mark.parametrize(
    ("principals", "says"),
    [
        ("{}", "names nobody"),
        ("", "`principals` has no value"),
        ("{departments: }", "`departments` has no value"),
        ("{departments: civil_affairs}", "`departments` must be a list, not text"),
        ("{role: [analyst]}", "`role` is not a key here; did you mean `roles`?"),
        ("{attributes: {town: }}", "`town` "),
        ("[civil_affairs]", "`principals` must be a mapping, not a list"),
    ],
)
def test_principals_that_name_nobody_or_would_name_too_many(
    load_error: LoadError, principals: str, says: str
) -> None:
    error = load_error(policy=policy().replace("{departments: [civil_affairs]}", principals))
    assert error.code == "CONFIG_POLICY"
    assert says in error.message
    assert "patients.yaml:6: " in error.message


@pytest.mark.parametrize("missing", ["id", "reason", "purposes", "principals", "columns"])
def test_what_a_grant_must_say(load_error: LoadError, missing: str) -> None:
    keys = {
        "id": "id: a",
        "reason": "reason: b",
        "purposes": "purposes: [c]",
        "principals": "principals: {roles: [d]}",
        "columns": "columns: {}",
    }
    lines = [line for key, line in keys.items() if key != missing]
    text = "table: patients\ngrants:\n  - " + "\n    ".join(lines) + "\n"
    error = load_error(policy=text)
    assert error.code == "CONFIG_POLICY"
    assert f"`{missing}` is missing" in error.message
    assert "patients.yaml:3: " in error.message


def test_join_rules_are_read_as_written(write_department: Write) -> None:
    lines = (
        '    joins: {required: [civil.benefit, "town_*.resident"], allowed: {name: [a.b.c]}, blocked: {name: ["*.*.*"]}}',
    )
    joins = grant_of(write_department(policy=policy(*lines))).joins
    assert joins.required == ("civil.benefit", "town_*.resident")
    assert joins.allowed == {"name": ("a.b.c",)}
    assert joins.blocked == {"name": ("*.*.*",)}


def test_a_join_rule_over_a_column_that_may_not_be_joined_is_an_error(load_error: LoadError) -> None:
    error = load_error(
        policy=policy("    joins: {allowed: {name: [a.b.c]}}", columns="      name: {use: [filter]}")
    )
    assert "`name` may not be joined at all: give it the use join, or leave it out here" in error.message


def test_an_empty_list_of_uses_is_kept(write_department: Write) -> None:
    grant = grant_of(write_department(policy=policy(columns="      name: {use: []}")))
    assert grant.columns["name"].uses == frozenset()
    assert not grant.usable


@pytest.mark.parametrize(
    ("element", "mask", "kind"),
    [
        ("person.citizen_number", "token", "citizen_number"),
        ("enterprise.credit_code", "token", "credit_code"),
        ("person.name", "token", "text:person.name"),
        ("person.citizen_number", "{token: text}", "text"),
    ],
)
def test_a_token_normalises_by_the_columns_element_unless_it_says_otherwise(
    write_department: Write, element: str, mask: str, kind: str
) -> None:
    text = f"""\
name: health
source: {{connector: sqlite, uri: x.sqlite}}
tokens: {{key: "${{TOKEN_KEY}}"}}
tables:
  patients: {{columns: {{name: {{type: VARCHAR, element: {element}}}}}}}
"""
    directory = write_department(text, policy(columns=f"      name: {{mask: {mask}}}"))
    grant = load_department(directory, None).policies["patients"].grants[0]
    assert grant.columns["name"].mask == Mask("token", kind)


def test_a_grant_id_used_twice_is_refused(load_error: LoadError) -> None:
    once = policy()
    error = load_error(policy=once + "\n".join(once.splitlines()[2:]) + "\n")
    assert "the grant id `review` is used twice" in error.message


def test_the_file_is_named_after_its_table(load_error: LoadError) -> None:
    error = load_error(policy=policy().replace("table: patients", "table: visits"))
    assert "patients.yaml:1: `table: visits` must be the file's name, patients" in error.message


def test_several_mistakes_give_the_first_and_the_number_of_the_others(load_error: LoadError) -> None:
    error = load_error(policy=policy("    row: x", "    reasn: y", "    crossing: none"))
    assert "patients.yaml:7: " in error.message
    assert "(and 2 more)" in error.message
