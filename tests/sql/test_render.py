"""Only text that reads back as the same question leaves."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from comity.errors import InternalError
from sql.binder import Binder
from sql.catalog import Catalog
from sql.edits import Edit, apply_edits, original_offset
from sql.parse import parse_query
from sql.render import render
from sql.resolve import resolve_query


def test_identifiers_are_quoted_and_comments_gone(lab: Catalog, lab_binder: Binder) -> None:
    tree = resolve_query(
        parse_query("select /* 为什么 */ a -- x\n from h.t where c = '--'"), lab, lab_binder
    ).tree
    assert render(tree) == 'SELECT "t"."a" AS "a" FROM "h"."t" AS "t" WHERE "t"."c" = \'--\''


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "mysql", "sqlite"])
def test_plain_questions_have_a_text_in_every_dialect(dialect: str, lab: Catalog, lab_binder: Binder) -> None:
    text = "select 姓名, count(*) as n from 医保.参保人 p where 缴费 > 1.50 group by 姓名"
    rendered = render(resolve_query(parse_query(text), lab, lab_binder).tree, dialect)
    again = sqlglot.parse_one(rendered, dialect=dialect)
    assert {table.name for table in again.find_all(exp.Table)} == {"参保人"}
    assert "1.50" in rendered


def test_quotes_inside_names_stay_names() -> None:
    tree = sqlglot.parse_one(
        'SELECT "a""b"."c; DROP TABLE x" AS "d""" FROM "e""f" AS "a""b"', dialect="duckdb"
    )
    for dialect in ("duckdb", "postgres", "mysql", "sqlite"):
        again = sqlglot.parse_one(render(tree, dialect), dialect=dialect)
        assert [column.name for column in again.find_all(exp.Column)] == ["c; DROP TABLE x"]


def test_a_form_that_a_generator_bends_is_a_defect() -> None:
    subscript = exp.Bracket(this=exp.column("c", table="t"), expressions=[exp.Literal.number(0)])
    subscript.this.type = exp.DataType.build("VARCHAR")
    tree = exp.select(exp.alias_(subscript, "x")).from_(exp.to_table("t"))
    with pytest.raises(InternalError, match="changed on the way"):
        render(tree)


def test_a_form_that_a_dialect_lacks_is_a_defect(lab: Catalog, lab_binder: Binder) -> None:
    tree = resolve_query(parse_query("select distinct on (a) a, b from h.t"), lab, lab_binder).tree
    with pytest.raises(InternalError):
        render(tree, "sqlite")


@pytest.mark.parametrize(
    ("after", "before"),
    [
        (0, 0),
        (6, 6),
        (7, 7),
        (9, 7),
        (12, 7),
        (13, 8),
        (16, 11),
        (17, 12),
        (19, 12),
        (20, 12),
        (21, 12),
        (22, 13),
    ],
)
def test_places_after_edits_lead_back_to_places_before(after: int, before: int) -> None:
    text = "select ? + x from t"
    edits = [Edit(7, 8, "(1234)"), Edit(12, 12, '"d".')]
    assert apply_edits(text, edits) == 'select (1234) + x"d". from t'
    assert original_offset(after, edits) == before
