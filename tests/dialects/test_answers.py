"""Each question is native exactly where its file says, and then has DuckDB's answer."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import duckdb
import pytest

from sql.dialects import NotNative
from sql.dialects.native import translate
from tests.dialects.questions import Question, read_questions, resolve, wrap
from tests.dialects.sources import Source, mirror, rows_of

DIALECTS = ("postgres", "mysql", "sqlite")
QUESTIONS = list(read_questions())


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_a_question_is_refused_or_answered_as_duckdb_answers(
    question: Question, source: Source, oracle: duckdb.DuckDBPyConnection
) -> None:
    tree = resolve(question.sql)
    relation = oracle.sql(wrap(tree, mirror(oracle, source)).sql(dialect="duckdb", identify=True))
    expected = relation.to_arrow_table()
    try:
        text, columns = translate(
            wrap(tree, source.schema), source.dialect, source.capabilities, source.tables
        )
    except NotNative as refused:
        if source.dialect in question.native:
            pytest.fail(f"{refused.reason}\n{question.sql}")
        return
    assert source.dialect in question.native, f"native, though the file does not say so:\n{text}"
    assert [str(value.kind) for _, value in columns] == [str(kind) for kind in relation.types]
    found = source.ask(text, expected.schema)
    ordered = tree.args.get("order") is not None
    assert_same_rows(found, rows_of(expected), text, ordered=ordered)


def assert_same_rows(
    found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]], text: str, *, ordered: bool
) -> None:
    if not ordered:
        found, expected = sorted(found, key=_key), sorted(expected, key=_key)
    assert len(found) == len(expected), text
    for got, wanted in zip(found, expected, strict=True):
        assert all(_equal(a, b) for a, b in zip(got, wanted, strict=True)), f"{got} for {wanted}\n{text}"


def _equal(found: Any, expected: Any) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        if math.isnan(expected):
            return math.isnan(found)
        return found == expected or math.isclose(found, expected, rel_tol=1e-9)
    return type(found) is type(expected) and bool(found == expected)


def _key(row: tuple[Any, ...]) -> list[tuple[bool, Any]]:
    """Sorts rows with NULLs; doubles are cut to the digits that must agree."""
    return [(value is None, _sortable(value)) for value in row]


def _sortable(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.8e}") if not math.isnan(value) else math.inf
    return "" if value is None else value


def test_questions_have_distinct_texts() -> None:
    repeated = [text for text, count in Counter(q.sql for q in QUESTIONS).items() if count > 1]
    assert not repeated
