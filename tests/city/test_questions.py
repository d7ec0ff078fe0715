"""Every question over the example city: the gateway's answer is the oracle's.

The gateway answers through gRPC from real engines; the oracle is one DuckDB over policy views. Values, column names
and Arrow types are compared; rows as a multiset, and in order where the question orders, ties apart.
"""

from __future__ import annotations

from collections import Counter

import pytest

from examples.city.generate import HOMES
from tests.city.conftest import City
from tests.city.question_files import Question, departments_of, read_questions
from tests.oracle.answer import differences
from tests.oracle.oracle import Oracle

QUESTIONS = read_questions()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_the_gateway_answers_as_the_oracle(question: Question, city: City, oracle: Oracle) -> None:
    principal = oracle.principal(question.principal)
    answer = oracle.ask(question.sql, principal, question.purpose, question.parameters)
    assert (answer.table.num_rows == 0) == (question.empty is not None), (
        "an empty answer says why it is meant"
    )
    result = city.connect(question.principal).query(
        question.sql, question.parameters, purpose=question.purpose
    )
    assert differences(answer, result.to_arrow()) == []


def test_a_list_of_questions_is_long_and_says_what_each_is_for() -> None:
    assert len(QUESTIONS) >= 150
    counts = Counter(question.id for question in QUESTIONS)
    assert [name for name, count in counts.items() if count > 1] == []
    assert all(question.why.endswith(".") for question in QUESTIONS)
    assert len({question.principal for question in QUESTIONS}) >= 10


def test_some_questions_lie_wholly_in_one_department_of_each_engine() -> None:
    engines = Counter(
        HOMES[department].engine
        for question in QUESTIONS
        if len(departments := departments_of(question.sql)) == 1
        for department in departments
        if department in HOMES
    )
    assert all(engines[engine] >= 8 for engine in ("postgresql", "mariadb", "sqlite")), engines
    assert engines["duckdb"] + engines["files"] >= 8, engines


def test_some_questions_cross_departments_and_the_federated_table() -> None:
    named = [departments_of(question.sql) for question in QUESTIONS]
    assert sum(len(departments) >= 2 for departments in named) >= 60
    assert sum(len(departments) >= 3 for departments in named) >= 15
    assert sum("city" in departments for departments in named) >= 20
