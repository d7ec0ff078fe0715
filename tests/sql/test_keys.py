"""What a comparison with join keys is a use of, and where its column leaves beside all that it decides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from comity.errors import InternalError
from sql.binder import Binder
from sql.catalog import Catalog, Column, ColumnUse, Table
from sql.keys import KEYS, KeyColumn
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.uses import infer_uses

TABLES = (
    Table("h", "t", (Column("k", "INTEGER"), Column("x", "INTEGER"), Column("s", "VARCHAR"))),
    Table("h", "u", (Column("k", "INTEGER"), Column("y", "INTEGER"))),
)
SENT = (KeyColumn("keys_1", ("c", "b", "id"), "BIGINT", 5),)
IN = 'IN (SELECT "key" FROM "_keys"."keys_1")'

BESIDE = (
    f"SELECT t.k, t.x FROM h.t WHERE t.k {IN}",
    f"SELECT t.x AS a, t.k AS b FROM h.t WHERE t.k NOT {IN} AND t.x > 3 ORDER BY a LIMIT 3",
    f"SELECT t.k FROM h.t WHERE (t.k {IN} OR t.x = 1)",
    f"SELECT DISTINCT t.k, t.x FROM h.t WHERE t.k {IN}",
    f"SELECT t.k, sum(t.x) AS s FROM h.t WHERE t.k {IN} GROUP BY t.k HAVING count(*) > 1",
    f"SELECT t.s, t.k, sum(t.x) AS s FROM h.t WHERE t.k {IN} GROUP BY t.s, t.k",
    f"SELECT t.k, u.y FROM h.t JOIN h.u ON t.k = u.k WHERE t.k {IN}",
    f"SELECT t.k, u.y FROM h.t LEFT JOIN h.u ON t.k = u.k WHERE t.k {IN}",
    f"SELECT d.z, d.x FROM (SELECT t.k AS z, t.x FROM h.t WHERE t.k {IN}) AS d WHERE d.x > 1",
    f"SELECT t.k FROM h.t WHERE t.k {IN} UNION ALL SELECT u.k FROM h.u WHERE u.k {IN}",
)
PICKING = (
    f"SELECT t.x FROM h.t WHERE t.k {IN}",
    f"SELECT t.k + 0 AS k FROM h.t WHERE t.k {IN}",
    f"SELECT count(*) AS n FROM h.t WHERE t.k {IN}",
    f"SELECT t.s, count(*) AS n FROM h.t WHERE t.k {IN} GROUP BY t.s",
    f"SELECT t.k, count(*) AS n FROM h.t WHERE t.k {IN} GROUP BY ROLLUP (t.k)",
    f"SELECT t.k, count(*) FILTER (WHERE t.k {IN}) AS n FROM h.t GROUP BY t.k",
    f"SELECT t.k, count(*) OVER () AS n FROM h.t WHERE t.k {IN}",
    f"SELECT DISTINCT ON (t.s) t.s, t.k FROM h.t WHERE t.k {IN}",
    f"SELECT t.k FROM h.t WHERE t.k {IN} UNION SELECT u.k FROM h.u WHERE u.k {IN}",
    f"SELECT t.k FROM h.t WHERE t.k {IN} EXCEPT SELECT u.k FROM h.u WHERE u.k {IN}",
    f"SELECT u.k FROM h.u WHERE u.k = (SELECT max(t.x) FROM h.t WHERE t.k {IN})",
    f"SELECT u.k FROM h.u WHERE EXISTS (SELECT t.k FROM h.t WHERE t.k {IN})",
    f"SELECT u.k FROM h.u WHERE EXISTS (SELECT 1 FROM h.t WHERE t.k = u.y AND u.k {IN})",
    f"SELECT t.k, u.y FROM h.t LEFT JOIN h.u ON t.k = u.k AND t.k {IN}",
    f"SELECT u.k, d.k AS z FROM h.u LEFT JOIN (SELECT t.k FROM h.t WHERE t.k {IN}) AS d ON d.k = u.k",
    f"SELECT d.x FROM (SELECT t.k, t.x FROM h.t WHERE t.k {IN}) AS d",
    f"SELECT count(*) AS n FROM (SELECT t.k FROM h.t WHERE t.k {IN}) AS d",
    f"SELECT d.k FROM (SELECT t.k FROM h.t WHERE t.k {IN} LIMIT 5) AS d",
    f"WITH d AS (SELECT t.k FROM h.t WHERE t.k {IN}) SELECT d.k FROM d AS d",
)


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    found = Binder(TABLES)
    yield found
    found.close()


def uses(sql: str, binder: Binder) -> list[ColumnUse]:
    resolved = resolve_query(parse_query(sql), Catalog(TABLES, ""), binder, keys=SENT)
    assert {use.department for use in resolved.tables} == {"h"}
    influence = infer_uses(resolved.tree, resolved.tables, sql, crossing=True, keys=SENT)
    assert all(("c", "b") not in joined for table in influence.tables for joined in table.joined)
    return [use for table in influence.tables for use in table.uses]


@pytest.mark.parametrize("sql", BESIDE)
def test_keys_whose_column_leaves_beside_what_they_decide(sql: str, binder: Binder) -> None:
    found = [use for use in uses(sql, binder) if use.partner == ("c", "b", "id")]
    assert found
    assert all((use.column, use.use, use.values, use.bare) == ("k", "join", 5, True) for use in found)


@pytest.mark.parametrize("sql", PICKING)
def test_keys_that_pick_rows_for_something_else(sql: str, binder: Binder) -> None:
    found = [use for use in uses(sql, binder) if use.partner == ("c", "b", "id")]
    assert found
    assert any(use.use == "join" and not use.bare for use in found)


def test_each_mention_counts_its_keys(binder: Binder) -> None:
    sql = f"SELECT count(*) AS n FROM h.t WHERE t.k {IN} OR NOT t.k {IN}"
    (found,) = (use for use in uses(sql, binder) if use.use == "join")
    assert found.values == 10


def test_groups_that_are_compared_with_keys_have_a_partner(binder: Binder) -> None:
    sql = f"SELECT d.k FROM (SELECT t.k, sum(t.x) AS s FROM h.t GROUP BY t.k) AS d WHERE d.k {IN}"
    assert ("group", ("c", "b", "id")) in {(use.use, use.partner) for use in uses(sql, binder)}
    assert not [use for use in uses(sql, binder) if use.use == "join"]


def test_something_computed_is_read_by_a_comparison_with_keys(binder: Binder) -> None:
    sql = f"SELECT d.x FROM (SELECT t.k + 1 AS z, t.x FROM h.t) AS d WHERE d.z {IN}"
    assert [(use.column, use.use) for use in uses(sql, binder)] == [("k", "read"), ("x", "cross")]


def test_keys_are_no_table_that_a_row_is_joined_with(binder: Binder) -> None:
    sql = f"SELECT t.k FROM h.t WHERE t.k {IN}"
    resolved = resolve_query(parse_query(sql), Catalog(TABLES, ""), binder, keys=SENT)
    (table,) = infer_uses(resolved.tree, resolved.tables, sql, crossing=True, keys=SENT).tables
    assert table.joined == ()


def test_a_catalog_with_a_department_of_that_name_answers_nothing(binder: Binder) -> None:
    catalog = Catalog([*TABLES, Table(KEYS, "keys_7", (Column("key", "INTEGER"),))], "")
    sql = 'SELECT t.k FROM h.t WHERE t.k IN (SELECT "key" FROM "_keys"."keys_7")'
    with pytest.raises(InternalError):
        resolve_query(parse_query(sql), catalog, binder)
