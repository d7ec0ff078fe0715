"""`policy check` points out what undoes a pseudonym."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from policies.department import load_department
from policies.findings import find

Write = Callable[..., Path]

DEPARTMENT = """\
name: health
source: {connector: sqlite, uri: health.sqlite}
tokens: {key: "${TOKEN_KEY}"}
tables:
  patients:
    columns:
      person_id: {type: VARCHAR, element: person.citizen_number}
      hashed: {expr: "EXPRESSION", type: VARCHAR}
"""

POLICY = """\
table: patients
grants:
  - id: linking
    reason: 关联协议
    request: REQ-1
    principals: {departments: [tax], roles: [analyst]}
    purposes: [statistics]
    columns: {person_id: {mask: token}}
  - id: other
    reason: 核查协议
    request: REQ-2
    principals: PRINCIPALS
    purposes: [PURPOSE]
    columns: {person_id: COLUMN}
"""


def messages(
    write_department: Write,
    *,
    expression: str = "upper(sfzh)",
    principals: str = "{roles: [auditor]}",
    purpose: str = "statistics",
    column: str = "{use: [read]}",
) -> list[str]:
    policy = POLICY.replace("PRINCIPALS", principals).replace("PURPOSE", purpose).replace("COLUMN", column)
    directory = write_department(DEPARTMENT.replace("EXPRESSION", expression), policy)
    return [finding.message for finding in find(load_department(directory, None), date(2026, 6, 1))]


def test_a_number_and_its_token_for_one_purpose_are_pointed_out(write_department: Write) -> None:
    (found,) = messages(write_department)
    assert "person_id is a token" in found
    assert "other" in found


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "review"},
        {"principals": "{departments: [civil_affairs]}"},
        {"principals": "{departments: [health]}"},
        {"column": "{mask: id_number}"},
        {"column": "{use: [join]}"},
    ],
)
def test_what_does_not_name_the_tokens_of_a_purpose_is_not(
    write_department: Write, change: dict[str, str]
) -> None:
    assert not [message for message in messages(write_department, **change) if "token" in message]


@pytest.mark.parametrize(
    "expression",
    ["md5(sfzh)", "left(sha256(sfzh || 'salt'), 20)", "sha1(upper(sfzh))", "CAST(hash(sfzh) AS VARCHAR)"],
)
def test_a_published_hash_without_a_key_is_pointed_out(write_department: Write, expression: str) -> None:
    found = messages(write_department, expression=expression, purpose="review")
    assert ["hashed is a hash without a key" in message for message in found] == [True]
