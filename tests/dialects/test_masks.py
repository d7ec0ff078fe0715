"""Masks have DuckDB's values wherever they run."""

from __future__ import annotations

import duckdb
import pytest
from sqlglot import exp

from policies.masks import mask_expression
from policies.model import Mask
from sql.dialects import NotNative, render_native
from tests.dialects.questions import resolve, wrap
from tests.dialects.sources import Source, mirror, rows_of
from tests.dialects.test_answers import assert_same_rows

DIALECTS = ("postgres", "mysql", "sqlite")
EVERYWHERE = frozenset(DIALECTS)
SERVERS = frozenset({"postgres", "mysql"})

MASKS: tuple[tuple[Mask, str, str, frozenset[str]], ...] = (
    (Mask("null"), "texts", "a", EVERYWHERE),
    (Mask("constant", "***"), "texts", "a", EVERYWHERE),
    (Mask("keep_first", "2"), "texts", "a", EVERYWHERE),
    (Mask("keep_last", "1"), "texts", "b", EVERYWHERE),
    (Mask("phone"), "texts", "a", EVERYWHERE),
    (Mask("id_number"), "texts", "a", EVERYWHERE),
    (Mask("credit_code"), "texts", "b", EVERYWHERE),
    (Mask("person_name"), "texts", "a", frozenset()),
    (Mask("address"), "texts", "a", frozenset()),
    (Mask("year"), "moments", "d", SERVERS),
    (Mask("month"), "moments", "ts", SERVERS),
    (Mask("bucket", "10"), "numbers", "b", SERVERS),
    (Mask("bucket", "0.5"), "numbers", "d", SERVERS),
)


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
@pytest.mark.parametrize(("mask", "table", "column", "native"), MASKS, ids=[case[0].name for case in MASKS])
def test_a_mask_shows_the_same_everywhere(
    mask: Mask,
    table: str,
    column: str,
    native: frozenset[str],
    source: Source,
    oracle: duckdb.DuckDBPyConnection,
) -> None:
    tree = resolve(f"SELECT id, {column} AS v FROM {table} WHERE {column} IS NOT NULL AND id <> 8")
    name = next(name for name in source.tables if name[-1] == table)
    kind = source.tables[name][column].type

    def masked(schema: tuple[str, ...]) -> exp.Query:
        wrapped = wrap(tree, schema)
        for alias in list(wrapped.find_all(exp.Alias)):
            if (
                isinstance(alias.this, exp.Column)
                and alias.this.table == "_published"
                and alias.alias == column
            ):
                alias.set("this", mask_expression(mask, alias.this, kind))
        return wrapped

    relation = oracle.sql(masked(mirror(oracle, source)).sql(dialect="duckdb", identify=True))
    expected = relation.to_arrow_table()
    try:
        text = render_native(masked(source.schema), source.dialect, source.capabilities, source.tables)
    except NotNative as refused:
        if source.dialect in native:
            pytest.fail(refused.reason)
        return
    assert source.dialect in native, text
    assert_same_rows(source.ask(text, expected.schema), rows_of(expected), text, ordered=False)
