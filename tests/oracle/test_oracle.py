"""The oracle against answers that were worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from benchmarks.compare import table_rows
from tests.oracle.answer import differences
from tests.oracle.oracle import Doubtful, NoAnswer, Oracle
from tests.oracle.small_federation import FEDERATION, federation_rows

TODAY = date(2026, 11, 1)


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    oracle = Oracle(FEDERATION, federation_rows(), TODAY)
    yield oracle
    oracle.close()


def ask(oracle: Oracle, sql: str, token: str, purpose: str = "statistics", **parameters: Any) -> list[Any]:
    answer = oracle.ask(sql, oracle.principal(token), purpose, parameters or None)
    return table_rows(answer.table)


def test_a_mapping_gives_standard_names_codes_and_types(oracle: Oracle) -> None:
    answer = oracle.ask("SELECT * FROM clinic.patient", oracle.principal("nurse"), "review")
    assert table_rows(answer.table) == [
        (1, "张伟", "男", date(1950, 5, 6), Decimal("150.00")),
        (2, "欧阳小红", "女", date(1950, 12, 31), Decimal("99.99")),
        (3, None, "9", None, None),
    ]
    assert answer.table.schema.field("born").type == pa.date32()


def test_every_use_sees_the_masked_value(oracle: Oracle) -> None:
    assert ask(oracle, "SELECT name, cost FROM clinic.patient ORDER BY cost", "clerk") == [
        ("欧阳**", Decimal("0.00")),
        ("张*", Decimal("100.00")),
        (None, None),
    ]
    assert ask(oracle, "SELECT count(*) FROM clinic.patient WHERE name = '张伟'", "clerk") == [(0,)]
    assert ask(oracle, "SELECT sex FROM clinic.patient WHERE cost = 100", "clerk") == [("男",)]


def test_a_row_filter_sees_raw_values_and_an_unset_attribute_no_rows(oracle: Oracle) -> None:
    question = "SELECT id, area, amount FROM bureau.benefit ORDER BY id"
    assert ask(oracle, question, "clerk") == [
        (1, "某片区", Decimal("10.50")),
        (3, "某片区", Decimal("0.01")),
    ]
    assert ask(oracle, question, "lost-clerk") == []


def test_the_first_grant_governs_when_it_allows_the_whole_question(oracle: Oracle) -> None:
    assert ask(oracle, "SELECT DISTINCT born FROM clinic.patient WHERE born IS NOT NULL", "clerk") == [
        (date(1950, 1, 1),)
    ]


def test_the_second_grant_governs_when_the_first_lacks_a_column(oracle: Oracle) -> None:
    assert ask(oracle, "SELECT born, cost FROM clinic.patient ORDER BY born", "clerk") == [
        (date(1950, 5, 6), Decimal("100.00")),
        (date(1950, 12, 31), Decimal("0.00")),
        (None, None),
    ]


def test_a_star_is_the_columns_of_the_chosen_grant(oracle: Oracle) -> None:
    principal = oracle.principal("clerk")
    first = oracle.ask("SELECT * FROM clinic.patient", principal, "statistics")
    assert first.table.column_names == ["sex", "born"]
    second = oracle.ask("SELECT * FROM clinic.patient WHERE cost >= 0", principal, "statistics")
    assert second.table.column_names == ["name", "sex", "born", "cost"]


def test_a_federated_table_is_the_rows_of_its_members_with_the_members_name(oracle: Oracle) -> None:
    question = "SELECT town, name, kind FROM district.resident ORDER BY town, name"
    assert ask(oracle, question, "clerk") == [
        ("town_east", "张伟", "户籍"),
        ("town_east", "李娜", "流动"),
        ("town_west", "王五", "流动"),
    ]
    # Both towns' first grants show `kind`; only one of them shows `name`.
    star = oracle.ask("SELECT * FROM district.resident", oracle.principal("clerk"), "statistics")
    assert star.table.column_names == ["kind", "town"]


def test_a_federated_table_with_a_hidden_member_is_not_there(oracle: Oracle) -> None:
    assert ask(oracle, "SELECT id FROM town_east.resident", "nurse", "review") == [(1,), (2,)]
    with pytest.raises(NoAnswer):
        ask(oracle, "SELECT id FROM district.resident", "nurse", "review")


def test_departments_join_each_under_its_own_policy(oracle: Oracle) -> None:
    question = (
        "SELECT b.id, p.cost FROM bureau.benefit b LEFT JOIN clinic.patient p "
        "ON left(p.name, 1) = left(b.name, 1) ORDER BY b.id"
    )
    assert ask(oracle, question, "clerk") == [(1, Decimal("100.00")), (3, None)]


def test_a_table_may_be_named_alone_when_one_visible_table_has_the_name(oracle: Oracle) -> None:
    assert ask(oracle, "SELECT sum(amount) FROM benefit", "clerk") == [(Decimal("10.51"),)]
    with pytest.raises(NoAnswer, match="resident"):
        ask(oracle, "SELECT kind FROM resident", "clerk")


@pytest.mark.parametrize(
    ("sql", "token", "purpose"),
    [
        ("SELECT count(*) FROM clinic.patient", "visitor", "statistics"),
        ("SELECT id FROM clinic.patient", "clerk", "statistics"),
        ("SELECT id FROM clinic.patient", "clerk", "review"),
        ("SELECT count(*) FROM bureau.benefit", "clerk", "review"),
        ("SELECT xm FROM clinic.t_hz", "nurse", "review"),
        ('SELECT xm FROM "raw clinic".t_hz', "nurse", "review"),
        ("SELECT id FROM clinic.patients", "nurse", "review"),
        ("SELECT nothing FROM clinic.patient", "nurse", "review"),
        ("SELECT FROM WHERE", "nurse", "review"),
    ],
    ids=[
        "no grant names the caller",
        "no grant for the purpose opens the column",
        "the grant has expired",
        "another purpose",
        "a physical name",
        "a raw name",
        "an unknown table",
        "an unknown column",
        "no SQL",
    ],
)
def test_what_nobody_allowed_has_no_answer(oracle: Oracle, sql: str, token: str, purpose: str) -> None:
    with pytest.raises(NoAnswer):
        ask(oracle, sql, token, purpose)


def test_a_denial_gives_the_owners_reasons_to_a_caller_it_knows(oracle: Oracle) -> None:
    with pytest.raises(NoAnswer) as raised:
        ask(oracle, "SELECT id FROM clinic.patient", "clerk", "review")
    (denial,) = raised.value.denials
    assert denial.startswith("clinic.patient: ")
    assert "expired after 2025-12-31" in denial
    with pytest.raises(NoAnswer) as raised:
        ask(oracle, "SELECT id FROM clinic.patient", "visitor", "review")
    assert raised.value.denials == ()


def test_what_one_caller_was_shown_another_is_not(oracle: Oracle) -> None:
    question = "SELECT count(*) FROM clinic.patient WHERE name = '张伟'"
    assert ask(oracle, question, "nurse") == [(1,)]
    assert ask(oracle, question, "clerk") == [(0,)]
    assert ask(oracle, question, "nurse", "review") == [(1,)]


def test_a_name_that_another_grant_would_bind_elsewhere_is_refused_as_doubtful(oracle: Oracle) -> None:
    # Under the first grant `name` is hidden and would fall to the outer query's table.
    question = (
        "SELECT b.id FROM bureau.benefit b WHERE EXISTS (SELECT 1 FROM clinic.patient p WHERE {} LIKE '张%')"
    )
    with pytest.raises(Doubtful, match="name"):
        ask(oracle, question.format("name"), "clerk")
    assert ask(oracle, question.format("b.name"), "clerk") == [(1,)]
    assert sorted(ask(oracle, question.format("p.name"), "clerk")) == [(1,), (3,)]


def test_parameters_are_values(oracle: Oracle) -> None:
    question = "SELECT id FROM clinic.patient WHERE sex = $sex AND cost > $cost"
    assert ask(oracle, question, "nurse", sex="男", cost=Decimal("1.5")) == [(1,)]
    principal = oracle.principal("nurse")
    answer = oracle.ask("SELECT id FROM clinic.patient WHERE id = ?", principal, "review", [2])
    assert table_rows(answer.table) == [(2,)]


def test_variables_of_the_process_are_no_tables(oracle: Oracle) -> None:
    secret = pa.table({"x": [1]})
    assert secret.num_rows == 1
    with pytest.raises(NoAnswer):
        ask(oracle, "SELECT * FROM secret", "nurse")


def test_what_fails_as_it_runs_is_a_failure_and_not_a_refusal(oracle: Oracle) -> None:
    with pytest.raises(duckdb.ConversionException):
        ask(oracle, "SELECT CAST(name AS INTEGER) FROM clinic.patient", "nurse")


@pytest.mark.parametrize(
    ("sql", "right", "wrong"),
    [
        ("SELECT id FROM clinic.patient", [3, 1, 2], [1, 2, 2]),
        ("SELECT id FROM clinic.patient ORDER BY cost DESC NULLS LAST", [1, 2, 3], [1, 3, 2]),
        ("SELECT id FROM clinic.patient ORDER BY year(born)", [2, 1, 3], [3, 1, 2]),
        ("SELECT id FROM clinic.patient ORDER BY year(born) LIMIT 1", [2], [3]),
        ("SELECT id FROM clinic.patient ORDER BY year(born) LIMIT 2 OFFSET 1", [1, 3], [3, 1]),
        ("SELECT id FROM clinic.patient LIMIT 2", [3, 1], [1, 1]),
        ("SELECT DISTINCT id FROM clinic.patient ORDER BY id DESC", [3, 2, 1], [1, 2, 3]),
        (
            "SELECT id FROM clinic.patient UNION ALL SELECT id FROM clinic.patient ORDER BY id LIMIT 3",
            [1, 1, 2],
            [1, 2, 2],
        ),
        ("SELECT id FROM clinic.patient ORDER BY ALL DESC", [3, 2, 1], [3, 1, 2]),
        (
            "SELECT max(id) AS id FROM clinic.patient GROUP BY year(born) ORDER BY count(*) DESC",
            [2, 3],
            [3, 2],
        ),
    ],
)
def test_ties_may_stand_in_any_order_and_nothing_else_may(
    oracle: Oracle, sql: str, right: list[int], wrong: list[int]
) -> None:
    answer = oracle.ask(sql, oracle.principal("nurse"), "review")
    assert differences(answer, pa.table({"id": pa.array(right, pa.int32())})) == []
    assert differences(answer, pa.table({"id": pa.array(wrong, pa.int32())})) != []
