"""Which forms of a join drop every row of a table that has no partner, and which only look like it."""

from __future__ import annotations

import pytest
from sqlglot import parse_one

from sql.uses.joined import joined_tables

P, B = ("health", "p"), ("civil", "b")


@pytest.mark.parametrize(
    "rest",
    [
        "FROM health.p AS p JOIN civil.b AS b ON p.id = b.id",
        "FROM health.p AS p JOIN civil.b AS b ON (p.id = b.id) AND b.x > 1",
        "FROM health.p AS p, civil.b AS b WHERE b.id = p.id AND p.x > 1",
        "FROM health.p AS p SEMI JOIN civil.b AS b ON p.id = b.id",
        "FROM civil.b AS b LEFT JOIN health.p AS p ON p.id = b.id",
        "FROM health.p AS p RIGHT JOIN civil.b AS b ON p.id = b.id",
        "FROM health.p AS p WHERE p.id IN (SELECT b.id FROM civil.b AS b)",
        "FROM health.p AS p WHERE EXISTS (SELECT 1 FROM civil.b AS b WHERE b.id = p.id)",
        "FROM civil.b AS b WHERE b.n > (SELECT count(*) FROM health.p AS p WHERE p.id = b.id)",
        "FROM health.p AS p JOIN civil.b AS b ON p.id = b.id LEFT JOIN tax.c AS c ON c.id = p.id",
    ],
)
def test_every_row_has_a_partner(rest: str) -> None:
    assert B in joined_tables(parse_one(f"SELECT count(*) {rest}", read="duckdb"))[P]


@pytest.mark.parametrize(
    "rest",
    [
        "FROM health.p AS p",
        "FROM health.p AS p CROSS JOIN civil.b AS b",
        "FROM health.p AS p JOIN civil.b AS b ON p.id = b.id OR p.x > 1",
        "FROM health.p AS p JOIN civil.b AS b ON p.id <> b.id",
        "FROM health.p AS p JOIN civil.b AS b ON p.id IS NOT DISTINCT FROM b.id",
        "FROM health.p AS p JOIN civil.b AS b ON coalesce(p.id, b.id) = b.id",
        "FROM health.p AS p LEFT JOIN civil.b AS b ON p.id = b.id",
        "FROM civil.b AS b RIGHT JOIN health.p AS p ON p.id = b.id",
        "FROM health.p AS p FULL JOIN civil.b AS b ON p.id = b.id",
        "FROM health.p AS p ANTI JOIN civil.b AS b ON p.id = b.id",
        "FROM health.p AS p CROSS JOIN civil.b AS b LEFT JOIN tax.c AS c ON p.id = b.id",
        "FROM health.p AS p WHERE NOT p.id IN (SELECT b.id FROM civil.b AS b)",
        "FROM health.p AS p WHERE NOT EXISTS (SELECT 1 FROM civil.b AS b WHERE b.id = p.id)",
        "FROM health.p AS p WHERE EXISTS (SELECT count(*) FROM civil.b AS b WHERE b.id = p.id)",
        "FROM health.p AS p WHERE p.id IN (SELECT b.id FROM civil.b AS b) OR p.x > 1",
        "FROM health.p AS p JOIN civil.b AS b ON p.id = b.id UNION ALL SELECT count(*) FROM health.p AS p_2",
    ],
)
def test_a_row_may_stand_alone(rest: str) -> None:
    assert B not in joined_tables(parse_one(f"SELECT count(*) {rest}", read="duckdb"))[P]
