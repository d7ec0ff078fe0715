"""Attack class 16: texts of full size, which would not fit into the case files."""

from __future__ import annotations

import pytest

from conformance.case import Question
from conformance.suite import Suite

TEXTS = {
    "parentheses": "SELECT " + "(" * 5000 + "1" + ")" * 5000,
    "subqueries": "SELECT id FROM " + "(SELECT id FROM " * 400 + "proof.resident" + ") AS x" * 400,
    "minus signs": "SELECT " + "- " * 20000 + "1",
    "nots": "SELECT id FROM proof.resident WHERE " + "NOT " * 20000 + "true",
    "cases": "SELECT " + "CASE WHEN true THEN " * 2000 + "1" + " END" * 2000,
    "ands": "SELECT id FROM proof.resident WHERE " + " AND ".join(["id = 1"] * 20000),
    "in list": "SELECT id FROM proof.resident WHERE id IN (" + ", ".join(map(str, range(200_000))) + ")",
    "unions": " UNION ALL ".join(["SELECT id FROM proof.resident"] * 2000),
    "joins": "SELECT 1 FROM " + ", ".join(f"proof.resident r{i}" for i in range(2000)),
    "columns": "SELECT " + ", ".join(["id"] * 30000) + " FROM proof.resident",
    "stars": "SELECT " + ", ".join(["*"] * 5000) + " FROM proof.resident",
    "comment": "/*" + "x" * 400_000 + "*/ SELECT 1",
    "literal": "SELECT '" + "x" * 400_000 + "'",
    "name": 'SELECT "' + "x" * 100_000 + '" FROM proof.resident',
    "number": "SELECT " + "9" * 100_000,
    "open comment": "SELECT 1 " + "/*" * 50_000,
    "with names": "WITH " + ", ".join(f"w{i} AS (SELECT 1 AS a)" for i in range(5000)) + " SELECT 1",
}
REFUSED = {
    "SQL_TOO_LARGE",
    "SQL_TOO_DEEP",
    "SQL_SYNTAX",
    "SQL_TEXT_REFUSED",
    "SQL_CONSTRUCT_REFUSED",
    "LIMIT_MESSAGE_SIZE",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("way", ["query", "explain", "fragment"])
def test_a_text_that_would_exhaust_its_reader_is_refused(suite: Suite, name: str, way: str) -> None:
    question = Question(TEXTS[name], "analyst", "proof_statistics").on("duckdb")
    reply = suite.ask(question, way, "duckdb")
    assert reply.code in REFUSED, reply.message
    after = suite.ask(Question("SELECT 1 AS a", "analyst", "proof_statistics"), "query", None)
    assert after.rows == (("1",),)


def test_names_that_double_a_product_are_read_without_being_written_out(suite: Suite) -> None:
    names = [f"w{i} AS (SELECT a.* FROM w{i - 1} a, w{i - 1} b)" for i in range(1, 60)]
    text = f"WITH w0 AS (SELECT 1 AS a), {', '.join(names)} SELECT count(*) FROM w59"
    reply = suite.ask(Question(text, "analyst", "proof_statistics"), "explain", None)
    assert reply.code is None or reply.code in REFUSED, reply.message
