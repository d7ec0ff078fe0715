"""Copies and texts of trees: equal, apart, and never at the cost of the tree itself."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types

from benchmarks.tpch.tables import query_texts
from sql.copies import _LEFT_ALONE, canonical_text, copy_tree
from tests.city.question_files import read_questions
from tests.sql.plain_questions import plain_question
from tests.sql.random_questions import random_question

QUESTIONS = {
    **query_texts(),
    **{f"city {question.id}": question.sql for question in read_questions()},
    **{f"random {seed}": random_question(seed) for seed in range(150)},
    **{f"plain {seed}": plain_question(seed) for seed in range(150)},
}


@pytest.fixture(scope="module")
def trees() -> dict[str, exp.Expr]:
    """Each question as it is parsed, and with types, which change how sqlglot writes some nodes."""
    plain = {name: sqlglot.parse_one(text, dialect="duckdb") for name, text in QUESTIONS.items()}
    typed = {f"{name}, typed": annotate_types(tree.copy(), dialect="duckdb") for name, tree in plain.items()}
    return {**plain, **typed}


def test_a_copy_is_equal_whole_and_apart(trees: dict[str, exp.Expr]) -> None:
    for name, tree in trees.items():
        copy = copy_tree(tree)
        assert repr(copy) == repr(tree.copy()), name
        nodes = {id(node) for node in tree.walk()}
        for node in copy.walk():
            assert id(node) not in nodes, name
            assert node.parent is None or _held(node.parent, node), name


def _held(parent: exp.Expr, node: exp.Expr) -> bool:
    value = parent.args[str(node.arg_key)]
    return (value if node.index is None else value[node.index]) is node


def test_a_text_changes_nothing(trees: dict[str, exp.Expr]) -> None:
    for name, tree in trees.items():
        before = repr(tree)
        assert canonical_text(tree) == tree.sql(dialect="duckdb", identify=True, comments=False), name
        assert repr(tree) == before, name


def test_many_questions_need_no_copy_for_their_text(trees: dict[str, exp.Expr]) -> None:
    alone = [name for name, tree in trees.items() if {type(node) for node in tree.walk()} <= _LEFT_ALONE]
    assert len(alone) > len(trees) / 3


def test_every_node_that_is_said_to_be_left_alone_was_written_without_a_copy(
    trees: dict[str, exp.Expr],
) -> None:
    tried: set[type] = set()
    for tree in trees.values():
        kinds = {type(node) for node in tree.walk()}
        if kinds <= _LEFT_ALONE:
            tried |= kinds
    assert _LEFT_ALONE - tried == set()
