"""DuckDB asked for types: over tables in several shapes, from several threads, with errors in our words."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pyarrow as pa
import pytest

from comity.errors import SqlError
from sql.binder import Binder
from sql.catalog import Column, Table
from sql.parse import parse_query

PATIENTS = Table(
    "health",
    "patients",
    (Column("id", "VARCHAR"), Column("姓名", "VARCHAR"), Column("cost", "DECIMAL(12,2)")),
)
FIRMS = Table("tax", "firms", (Column("id", "INTEGER"),))


@pytest.fixture
def binder() -> Iterator[Binder]:
    binder = Binder([PATIENTS, FIRMS])
    yield binder
    binder.close()


def test_a_query_has_the_schema_that_duckdb_gives_it(binder: Binder) -> None:
    schema = binder.schema_of(
        "select 姓名, sum(cost) as s, count(*), null as n from health.patients group by all"
    )
    assert schema == pa.schema(
        [("姓名", pa.string()), ("s", pa.decimal128(38, 2)), ("count_star()", pa.int64()), ("n", pa.null())]
    )


def test_a_tree_is_bound_like_its_text(binder: Binder) -> None:
    tree = parse_query("select p.姓名, f.id from health.patients p join tax.firms f on true").tree
    assert [column.type for column in binder.columns_of(tree)] == ["VARCHAR", "INTEGER"]


def test_a_table_is_bound_in_the_shape_in_which_it_is_seen(binder: Binder) -> None:
    masked = Table("health", "patients", (Column("cost", "VARCHAR"), Column("id", "VARCHAR")))
    less = Table("health", "patients", (Column("id", "VARCHAR"),))
    text = "select * from health.patients"
    assert [c.type for c in binder.columns_of(text)] == ["VARCHAR", "VARCHAR", "DECIMAL(12,2)"]
    assert [c.name for c in binder.columns_of(text, [masked])] == ["cost", "id"]
    assert [c.name for c in binder.columns_of(text, [less])] == ["id"]
    assert [c.name for c in binder.columns_of(text, [masked])] == ["cost", "id"]
    with pytest.raises(SqlError):
        binder.columns_of("select cost from health.patients", [less])


def test_tables_unknown_at_the_start_are_added(binder: Binder) -> None:
    added = Table("民政", "低保", (Column("金额", "DECIMAL(10,2)"),))
    (column,) = binder.columns_of("select sum(金额) as 合计 from 民政.低保, tax.firms", [added, FIRMS])
    assert (column.name, column.type) == ("合计", "DECIMAL(38,2)")


def test_more_shapes_than_are_kept_still_answer(binder: Binder) -> None:
    for number in range(150):
        table = Table("health", "patients", (Column(f"c{number}", "INTEGER"),))
        assert binder.columns_of("select * from health.patients", [table])[0].name == f"c{number}"
    assert len(binder.columns_of("select * from health.patients")) == 3


@pytest.mark.parametrize(
    ("text", "code", "says", "place"),
    [
        (
            "select cost + 姓名 from health.patients",
            "SQL_TYPE",
            "+ does not take (DECIMAL(12,2), VARCHAR)",
            (1, 13),
        ),
        ("select\n  lower(1, 2)", "SQL_TYPE", "lower does not take", (2, 3)),
        (
            "select nosuch(id) from tax.firms",
            "SQL_FUNCTION_REFUSED",
            "the function nosuch is not available",
            (1, 8),
        ),
        (
            "select 姓名, sum(cost) from health.patients",
            "SQL_TYPE",
            '"姓名" must appear in the GROUP BY',
            (1, 8),
        ),
        ("select a from", "SQL_SYNTAX", "syntax error", (1, 10)),
        ("select sum(sum(cost)) from health.patients", "SQL_TYPE", "cannot be nested", (1, 12)),
        ("drop table tax.firms", "SQL_NOT_A_QUERY", "one SELECT", None),
        ("select 1; select 2", "SQL_NOT_A_QUERY", "one SELECT", None),
    ],
)
def test_errors_are_in_our_words_and_placed(
    text: str, code: str, says: str, place: tuple[int, int] | None, binder: Binder
) -> None:
    with pytest.raises(SqlError) as caught:
        binder.columns_of(text)
    assert caught.value.code == code
    assert says in caught.value.message
    assert place is None or (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize(
    "text",
    [
        "select costs from health.patients",
        "select nosuch from health.patients p",
        "select * from health.patient",
        "select lowerr(id) from health.patients",
        "select p.costs from health.patients p",
    ],
)
def test_errors_give_no_candidates_and_no_lines_of_text(text: str, binder: Binder) -> None:
    with pytest.raises(SqlError) as caught:
        binder.columns_of(text)
    shown = str(caught.value)
    assert not [word for word in ("LINE", "Candidate", "Did you mean", "^", "\n") if word in shown]
    assert '"cost"' not in shown


def test_many_threads_share_one_binder(binder: Binder) -> None:
    failures: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            table = Table(
                "health", "patients", tuple(Column(f"c{n}", "INTEGER") for n in range(number % 4 + 1))
            )
            for _ in range(10):
                assert len(binder.columns_of("select * from health.patients", [table])) == number % 4 + 1
                assert len(binder.columns_of(f"select id, {number} as n from tax.firms")) == 2
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_threads_that_ask_for_many_shapes_push_each_other_out_and_still_get_answers(binder: Binder) -> None:
    failures: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            for n in range(60):
                table = Table("health", "patients", (Column(f"c{number}_{n}", "INTEGER"),))
                (column,) = binder.columns_of("select * from health.patients", [table])
                assert column.name == f"c{number}_{n}"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_asking_for_types_runs_nothing(binder: Binder) -> None:
    (column,) = binder.columns_of("select count(*) as n from range(1000000000000) a, range(1000000000000) b")
    assert column.type == "BIGINT"
