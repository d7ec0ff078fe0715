"""Every bad question has its code, says where and why, and leaves nothing running."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from comity.errors import ComityError

QUESTIONS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "bad_questions.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: f"{q['ask'][:50]}-{q.get('token', '')}")
def test_a_bad_question_is_refused_with_its_code(gateway: Any, question: dict[str, Any]) -> None:
    token = question.get("token", "analyst")
    purpose = question.get("purpose", "statistics")
    with gateway.connect(token, None) as connection, pytest.raises(ComityError) as caught:
        connection.query(question["ask"], purpose=purpose).to_arrow()
    error = caught.value
    codes = question["code"] if isinstance(question["code"], list) else [question["code"]]
    assert error.code in codes, str(error)
    for words in question.get("says", ()):
        assert words in str(error)
    for words in question.get("silent", ()):
        assert words not in str(error)
    if "line" in question:
        assert error.line == question["line"]
    if "column" in question:
        assert error.column == question["column"]
    pipeline = gateway.server.gateway.pipeline
    assert pipeline.admission._places._value == 4, "the question still holds its place"
    if error.code != "TOKEN_INVALID":
        last = [r.type for r in gateway.records() if r.query_id]
        assert last[-1] in {"query.denied", "query.completed"}, "the refusal is not on record"


def test_absence_and_hidden_existence_read_the_same(gateway: Any) -> None:
    def message(table: str) -> tuple[str, str]:
        with gateway.connect("outsider") as connection, pytest.raises(ComityError) as caught:
            connection.query(f"SELECT id FROM {table}").to_arrow()
        return caught.value.code, str(caught.value).replace(table, "TABLE").replace(
            table.split(".")[1], "NAME"
        )

    assert message("north.person") == message("north.nosuch")
    assert message("centre.secret") == message("centre.nosuch")


def test_the_same_holds_for_hidden_columns(gateway: Any) -> None:
    def message(column: str) -> str:
        with gateway.connect() as connection, pytest.raises(ComityError) as caught:
            connection.query(f"SELECT {column} FROM north.person").to_arrow()
        return f"{caught.value.code} {caught.value}".replace(column, "COLUMN")

    assert message("name") == message("nothere")
