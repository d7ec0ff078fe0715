"""Whatever is asked, a native answer is DuckDB's."""

from __future__ import annotations

import duckdb
import pytest

from comity.errors import SourceError
from sql.dialects import NotNative
from sql.dialects.native import translate
from tests.dialects.questions import resolve, wrap
from tests.dialects.random_questions import Asker
from tests.dialects.sources import Source, mirror, rows_of
from tests.dialects.test_answers import assert_same_rows

DIALECTS = ("postgres", "mysql", "sqlite")
QUESTIONS = 12
SEEDS = range(100, 170)


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_question_is_refused_or_answered_as_duckdb_answers(
    seed: int, source: Source, oracle: duckdb.DuckDBPyConnection
) -> None:
    asker, native = Asker(seed), 0
    for sql in (asker.question() for _ in range(QUESTIONS)):
        tree = resolve(sql)
        relation = oracle.sql(wrap(tree, mirror(oracle, source)).sql(dialect="duckdb", identify=True))
        schema = relation.limit(0).to_arrow_table().schema
        try:
            expected = relation.to_arrow_table()
        except duckdb.Error:
            # It fails on a value; a source may fail too, or answer with what DuckDB's types could not hold.
            continue
        try:
            text, columns = translate(
                wrap(tree, source.schema), source.dialect, source.capabilities, source.tables
            )
        except NotNative:
            continue
        assert [str(value.kind) for _, value in columns] == [str(kind) for kind in relation.types], sql
        try:
            found = source.ask(text, schema)
        except SourceError as error:
            pytest.fail(f"{error.message}\n{sql}\n{text}")
        assert_same_rows(
            found, rows_of(expected), f"{sql}\n{text}", ordered=tree.args.get("order") is not None
        )
        native += 1
    assert native > 0
