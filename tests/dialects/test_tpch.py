"""TPC-H: all of it runs in one PostgreSQL; in MariaDB and SQLite what their types allow."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from benchmarks.tpch.tables import DEPARTMENTS, QUERIES
from sql.dialects import NotNative, SourceColumn, SourceTables, render_native
from sql.dialects.behaviour import proven_answers

TABLES = {table.name: table.columns for department in DEPARTMENTS for table in department.tables}
NATIVE = {
    "postgres": {
        "BIGINT": "bigint",
        "INTEGER": "integer",
        "DECIMAL": "numeric(15,2)",
        "VARCHAR": "text",
        "DATE": "date",
    },
    "mysql": {
        "BIGINT": "bigint(20)",
        "INTEGER": "int(11)",
        "DECIMAL": "decimal(15,2)",
        "VARCHAR": "varchar(199) collate utf8mb4_general_ci",
        "DATE": "date",
    },
    "sqlite": {
        "BIGINT": "integer",
        "INTEGER": "integer",
        "DECIMAL": "decimal(15,2)",
        "VARCHAR": "text",
        "DATE": "date",
    },
}
CAPABILITIES = frozenset({"supports_window", "supports_aggregate_filter", "supports_full_join"})
LOCAL = {
    "postgres": frozenset(),
    "mysql": frozenset({"q08", "q14"}),
    "sqlite": frozenset(f"q{number:02}" for number in range(1, 23)) - {"q04", "q12", "q13", "q16", "q21"},
}


def columns_of(table: str, dialect: str) -> dict[str, SourceColumn]:
    found = {}
    for name, kind in TABLES[table].items():
        published = "BIGINT" if dialect == "sqlite" and kind == "INTEGER" else kind
        found[name] = SourceColumn(published, NATIVE[dialect][kind.partition("(")[0]])
    return found


@pytest.mark.parametrize("dialect", NATIVE)
@pytest.mark.parametrize("number", range(1, 23))
def test_a_query_is_native_where_its_types_allow(number: int, dialect: str) -> None:
    name = f"q{number:02}"
    known: dict[str, object] = dict(TABLES)
    schema = MappingSchema(known, dialect="duckdb", normalize=False)
    text = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    tree = qualify(
        sqlglot.parse_one(text, dialect="duckdb"), schema=schema, dialect="duckdb", quote_identifiers=True
    )
    assert isinstance(tree, exp.Query)
    tables: SourceTables = {(table,): columns_of(table, dialect) for table in TABLES}
    try:
        render_native(tree, dialect, CAPABILITIES | proven_answers(dialect), tables)
    except NotNative as refused:
        if name not in LOCAL[dialect]:
            pytest.fail(refused.reason)
    else:
        assert name not in LOCAL[dialect]
