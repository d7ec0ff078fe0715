"""What an OR over several tables says of each of them, and to whom it is said."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from gateway.planner.disclosure import Disclosure
from gateway.planner.factor_conditions import factor_conditions
from gateway.planner.planning import Planning
from sql.binder import Binder
from sql.catalog import Catalog
from sql.scopes import split_conjuncts

PLANNING = Planning(Catalog([], "1"), Binder([]), Disclosure(()))
TRADE = (
    "SELECT s.id FROM east.town AS one CROSS JOIN west.seller AS s CROSS JOIN west.buyer AS b CROSS JOIN east.town AS two "
    "WHERE s.town = one.id AND b.town = two.id AND s.id = b.id "
    "AND ((one.name = 'A' AND two.name = 'B') OR (one.name = 'B' AND two.name = 'A'))"
)


def said(question: str) -> set[str]:
    """The conjuncts that the pass adds."""
    tree = sqlglot.parse_one(question, dialect="duckdb")
    assert isinstance(tree, exp.Select)
    for column in tree.find_all(exp.Column):
        column.type = exp.DataType.build("VARCHAR")
    for literal in tree.find_all(exp.Literal):
        literal.type = exp.DataType.build("VARCHAR")
    after = factor_conditions(tree, PLANNING)
    known = {part.unnest().sql("duckdb") for part in split_conjuncts(tree.args["where"].this)}
    return {part.unnest().sql("duckdb") for part in split_conjuncts(after.args["where"].this)} - known


def test_tables_of_one_department_that_nothing_in_it_joins_hear_their_part_each() -> None:
    assert said(TRADE) == {"one.name = 'A' OR one.name = 'B'", "two.name = 'B' OR two.name = 'A'"}


def test_tables_that_their_department_joins_hear_the_whole() -> None:
    assert (
        said(TRADE.replace("s.id = b.id", "s.id = b.id AND one.id < two.id AND one.region = two.region"))
        == set()
    )


def test_a_question_of_one_department_stays_as_it_is() -> None:
    assert said(TRADE.replace("west.", "east.")) == set()
