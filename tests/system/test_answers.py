"""Answers through gRPC: one department, several, federated tables, parameters, masks, row filters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest


def rows(connection: Any, sql: str, *parameters: Any, **more: Any) -> list[tuple[Any, ...]]:
    table = connection.query(sql, list(parameters) or None, **more).to_arrow()
    return [tuple(row.values()) for row in table.to_pylist()]


def test_one_department_answers_without_a_merge(gateway: Any) -> None:
    with gateway.connect() as connection:
        plan = connection.explain("SELECT area, count(*) AS n FROM centre.person GROUP BY area ORDER BY area")
        assert plan.json["merge"] is None
        assert rows(
            connection, "SELECT area, count(*) AS n FROM centre.person GROUP BY area ORDER BY area"
        ) == [
            ("C0", 10),
            ("C1", 10),
            ("C2", 10),
            ("C3", 10),
        ]


def test_departments_on_three_engines_join(gateway: Any) -> None:
    question = (
        "SELECT n.id, n.balance + s.balance + c.id AS total FROM north.person n "
        "JOIN south.person s ON s.id = n.id LEFT JOIN centre.person c ON c.id = n.id "
        "WHERE n.area = 'N1' AND s.area = 'S1' ORDER BY n.id"
    )
    with gateway.connect() as connection:
        result = connection.query(question)
        table = result.to_arrow()
        assert table.to_pydict() == {
            "id": [3, 9, 15],
            "total": [Decimal("37.50"), Decimal("112.50"), Decimal("187.50")],
        }
        assert table.schema.field("total").type == pa.decimal128(14, 2)
        assert {part.department for part in result.summary.coverage} == {"north", "south", "centre"}


def test_a_federated_table_is_the_rows_of_its_members(gateway: Any) -> None:
    with gateway.connect() as connection:
        assert rows(connection, "SELECT count(*), sum(balance) FROM shared.person") == [
            (50, Decimal("2797.50"))
        ]
        question = (
            "SELECT department, count(*) AS n FROM shared.person WHERE area <> 'N2' GROUP BY 1 ORDER BY 1"
        )
        assert rows(connection, question) == [("north", 10), ("south", 30)]


def test_a_condition_on_the_member_column_asks_only_that_member(gateway: Any) -> None:
    with gateway.connect() as connection:
        plan = connection.explain("SELECT count(*) AS n FROM shared.person WHERE department = 'south'")
        assert [fragment["department"] for fragment in plan.json["fragments"]] == ["south"]
        assert rows(connection, "SELECT count(*) FROM shared.person WHERE department = 'nowhere'") == [(0,)]


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELECT id FROM north.person WHERE id = ? AND area = ?", [3, "N1"]),
        ("SELECT id FROM north.person WHERE id = $1 AND area = $2", [3, "N1"]),
        ("SELECT id FROM north.person WHERE id = $id AND area = $area", {"id": 3, "area": "N1"}),
        ("SELECT id FROM north.person WHERE balance = ?  OR area = ?", [Decimal("30.00"), "it's; -- 引号\\"]),
    ],
)
def test_parameters_are_values_and_never_text(gateway: Any, sql: str, parameters: Any) -> None:
    with gateway.connect() as connection:
        assert connection.query(sql, parameters).to_arrow().to_pydict() == {"id": [3]}


def test_a_mask_is_what_every_use_sees(gateway: Any) -> None:
    with gateway.connect(purpose="review") as connection:
        found = rows(connection, "SELECT DISTINCT name FROM north.person ORDER BY name")
        assert all("*" in name for (name,) in found)
        assert rows(connection, "SELECT count(*) FROM north.person WHERE name = '张3'") == [(0,)]


def test_a_row_filter_follows_the_principal(gateway: Any) -> None:
    with gateway.connect("clerk", "review") as connection:
        assert rows(connection, "SELECT count(*), min(area), max(area) FROM north.person") == [
            (10, "N1", "N1")
        ]
        assert rows(connection, "SELECT count(*) FROM south.person") == [(0,)]


def test_star_means_what_the_first_grant_shows(gateway: Any) -> None:
    with gateway.connect() as connection:
        assert connection.query("SELECT * FROM north.person LIMIT 1").schema.names == [
            "id",
            "area",
            "balance",
        ]
        assert connection.query("SELECT * FROM shared.person LIMIT 1").schema.names == [
            "id",
            "area",
            "balance",
            "department",
        ]


def test_an_empty_answer_still_has_its_columns(gateway: Any) -> None:
    with gateway.connect() as connection:
        table = connection.query("SELECT id, balance FROM north.person WHERE id < 0").to_arrow()
        assert table.num_rows == 0
        assert table.schema.names == ["id", "balance"]
        assert table.schema.field("balance").type == pa.decimal128(12, 2)


def test_a_question_without_tables_needs_no_department(gateway: Any) -> None:
    with gateway.connect() as connection:
        assert rows(connection, "SELECT 1 + 1 AS two") == [(2,)]


def test_progress_and_summary_name_every_department(gateway: Any) -> None:
    seen: set[str] = set()
    with gateway.connect() as connection:
        result = connection.query(
            "SELECT count(*) FROM shared.person", on_progress=lambda p: seen.add(p.department)
        )
        result.to_arrow()
        assert seen == {"north", "south"}
        summary = result.summary
        assert summary.rows == 1
        assert not summary.partial
        assert {"parse", "resolve", "authorize", "plan", "merge"} <= set(summary.timings)


def test_explain_analyze_shows_what_left_each_department(gateway: Any) -> None:
    with gateway.connect() as connection:
        plan = connection.explain("SELECT area, sum(balance) FROM shared.person GROUP BY area", analyze=True)
    actual = {fragment["department"]: fragment["actual"]["rows"] for fragment in plan.json["fragments"]}
    # Groups leave, and no rows.
    assert actual == {"north": 2, "south": 2}
    assert "north" in plan.text


def test_the_catalog_shows_only_what_the_caller_may_see(gateway: Any) -> None:
    with gateway.connect("outsider", None) as connection:
        assert connection.tables() == ()
    with gateway.connect("analyst", None) as connection:
        names = [f"{table.department}.{table.name}" for table in connection.tables("review")]
        assert names == ["north.person", "shared.person", "south.person"]
        columns = {column.name: column.mask for column in connection.table("north.person", "review").columns}
        assert columns == {"id": "", "name": "person_name", "area": ""}


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT * FROM north.person", ["id", "name", "area"]),
        ("SELECT * FROM north.person WHERE balance >= 100", ["id", "balance"]),
        ("WITH p AS (SELECT * FROM north.person) SELECT balance FROM p", ["balance"]),
        ("SELECT *, balance AS b FROM shared.person", ["id", "balance", "department", "b"]),
        (
            "SELECT n.*, s.balance FROM north.person n JOIN south.person s USING (id)",
            ["id", "name", "area", "balance"],
        ),
    ],
)
def test_star_follows_the_grant_that_governs_the_question(gateway: Any, sql: str, columns: list[str]) -> None:
    with gateway.connect("double", "review") as connection:
        table = connection.query(sql).to_arrow()
    assert table.schema.names == columns
    assert table.num_rows
