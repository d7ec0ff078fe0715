"""Grants compose through a real gateway as the oracle says: the first under which the whole question is allowed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.client import Connection, connect
from comity.errors import ComityError
from gateway.embedded import serve
from tests.oracle.answer import differences
from tests.oracle.oracle import NoAnswer, Oracle
from tests.oracle.small_federation import FEDERATION, federation_rows, write_databases

LINES = (Path(__file__).parent / "composition.sql").read_text(encoding="utf-8").splitlines()
QUESTIONS = [line.removesuffix(";") for line in LINES if line and not line.startswith("--")]


@pytest.fixture(scope="module")
def clerk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    directory = tmp_path_factory.mktemp("small") / "federation"
    shutil.copytree(FEDERATION, directory)
    write_databases(directory)
    with serve(directory) as server, connect(server.address, token="clerk") as connection:
        yield connection


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    oracle = Oracle(FEDERATION, federation_rows())
    yield oracle
    oracle.close()


@pytest.mark.parametrize("sql", QUESTIONS)
def test_the_gateway_chooses_the_grant_that_the_oracle_chooses(
    sql: str, clerk: Connection, oracle: Oracle
) -> None:
    answer = oracle.ask(sql, oracle.principal("clerk"), "statistics")
    assert answer.table.num_rows > 0
    assert differences(answer, clerk.query(sql, purpose="statistics").to_arrow()) == []


@pytest.mark.parametrize(
    ("sql", "purpose", "code"),
    [
        ("SELECT id FROM clinic.patient", "statistics", "SQL_COLUMN_UNKNOWN"),
        ("SELECT id FROM clinic.patient", "review", "POLICY_DENIED"),
        ("SELECT id FROM clinic.patients", "statistics", "SQL_TABLE_UNKNOWN"),
        ("SELECT kind FROM resident", "statistics", "SQL_AMBIGUOUS"),
    ],
)
def test_what_the_oracle_cannot_answer_the_gateway_refuses(
    sql: str, purpose: str, code: str, clerk: Connection, oracle: Oracle
) -> None:
    with pytest.raises(NoAnswer):
        oracle.ask(sql, oracle.principal("clerk"), purpose)
    with pytest.raises(ComityError) as refused:
        clerk.query(sql, purpose=purpose)
    assert refused.value.code == code
