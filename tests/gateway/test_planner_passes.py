"""The planner's passes, as questions and what they become."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from gateway.planner.expand_federated_tables import expand_federated_tables
from gateway.planner.prune_columns import prune_columns
from gateway.planner.push_filters_into_unions import push_filters_into_unions
from sql.catalog import Catalog, Column, Table
from sql.scopes import free_aliases

COLUMNS = tuple(
    Column(n, t) for n, t in [("id", "INTEGER"), ("area", "VARCHAR"), ("balance", "DECIMAL(12,2)")]
)
MEMBERS = (("north", "person"), ("south", "person"))
CATALOG = Catalog(
    [
        Table("north", "person", COLUMNS),
        Table("south", "person", COLUMNS),
        Table("centre", "town", (Column("code", "VARCHAR"), Column("name", "VARCHAR"))),
        Table(
            "all",
            "person",
            (*COLUMNS, Column("department", "VARCHAR")),
            members=MEMBERS,
            member_column="department",
        ),
    ],
    "1",
)


def pairs(name: str) -> list[tuple[str, str, str]]:
    """(title, question, plan) of a fixture file."""
    found = []
    text = (Path(__file__).parent / "fixtures" / name).read_text(encoding="utf-8")
    for block in text.split("\n\n")[1:]:
        title, question, plan = block.strip().splitlines()
        found.append((title.removeprefix("-- "), question.rstrip(";"), plan))
    return found


def parse(sql: str) -> exp.Query:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    return tree


def text(tree: exp.Expr) -> str:
    return tree.sql(dialect="duckdb", identify=True)


@pytest.mark.parametrize(("title", "question", "plan"), pairs("push_filters_into_unions.sql"))
def test_federated_tables_are_expanded_and_filtered(title: str, question: str, plan: str) -> None:
    tree = parse(question)
    before = text(tree)
    expanded = expand_federated_tables(tree, CATALOG)
    held = text(expanded)
    pushed = push_filters_into_unions(expanded)
    assert text(pushed) == text(parse(plan)), title
    assert text(tree) == before, "the input was changed"
    assert text(expanded) == held, "the input was changed"


@pytest.mark.parametrize(("title", "question", "plan"), pairs("prune_columns.sql"))
def test_what_nobody_reads_is_dropped(title: str, question: str, plan: str) -> None:
    tree = parse(question)
    before = text(tree)
    assert text(prune_columns(tree)) == text(parse(plan)), title
    assert text(tree) == before, "the input was changed"


def test_members_do_not_take_the_aliases_of_the_question() -> None:
    question = "SELECT north.code AS code FROM centre.town AS north WHERE EXISTS(SELECT 1 AS o FROM all.person AS p WHERE p.area = north.code)"
    tree = expand_federated_tables(parse(question), CATALOG)
    aliases = [source.alias for source in tree.find_all(exp.Table, exp.Subquery)]
    assert len(set(aliases)) == len(aliases)
    assert free_aliases(next(tree.find_all(exp.Exists))) == {"north"}


def test_members_do_not_take_the_names_of_columns() -> None:
    catalog = Catalog(
        [
            Table("all", "person", COLUMNS, members=(("area", "person"), ("code", "person"))),
            Table("centre", "town", (Column("code", "VARCHAR"),)),
        ],
        "1",
    )
    question = "SELECT p.id AS id FROM all.person AS p, centre.town AS t"
    tree = expand_federated_tables(parse(question), catalog)
    assert not {source.alias for source in tree.find_all(exp.Table)} & {"area", "code"}


def test_four_hundred_members_nest_in_single_digits() -> None:
    members = tuple((f"town_{n}", "person") for n in range(400))
    catalog = Catalog([Table("all", "person", COLUMNS, members=members)], "1")
    tree = expand_federated_tables(parse("SELECT p.id AS id FROM all.person AS p"), catalog)
    deepest = max(len(list(_unions_above(select))) for select in tree.find_all(exp.Select))
    assert deepest <= 9
    assert len(list(tree.find_all(exp.Table))) == 400


def _unions_above(node: exp.Expr) -> list[exp.Expr]:
    found: list[exp.Expr] = []
    parent = node.parent
    while parent is not None:
        if isinstance(parent, exp.Union):
            found.append(parent)
        parent = parent.parent
    return found
