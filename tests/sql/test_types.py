"""Type names, Arrow types, and the way between them."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from comity.errors import SqlError
from sql.catalog import Catalog, Column, Table, fold_name
from sql.types import arrow_schema, arrow_type, canonical_name, canonical_type, sqlglot_type

TYPES = [
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT",
    "DOUBLE", "DECIMAL(15,2)", "DECIMAL(38,0)", "DECIMAL(4,4)", "VARCHAR", "BLOB", "DATE", "TIME", "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "INTERVAL", "VARCHAR[]",
    "INTEGER[3]", "DECIMAL(10,2)[][]",
]  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_a_type_survives_the_way_to_arrow_and_back(name: str) -> None:
    assert canonical_name(name) == name
    assert canonical_type(arrow_type(name)) == name


@pytest.mark.parametrize("name", [*TYPES, "HUGEINT", "UHUGEINT"])
def test_arrow_types_and_names_are_those_that_duckdb_gives(name: str) -> None:
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        connection.execute("SET TimeZone='UTC'")
        relation = connection.sql(f"SELECT CAST(NULL AS {name}) AS x")
        assert relation is not None
        assert canonical_name(str(relation.types[0])) == name
        assert relation.to_arrow_table().schema.field(0).type == arrow_type(name)
        spelled = sqlglot_type(name).sql("duckdb")
        again = connection.sql(f"SELECT CAST(NULL AS {spelled}) AS x")
        assert again is not None
        assert canonical_name(str(again.types[0])) == name
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        (" int ", "INTEGER"),
        ("numeric( 12 , 3 )", "DECIMAL(12,3)"),
        ("decimal", "DECIMAL(18,3)"),
        ("numeric(9)", "DECIMAL(9,0)"),
        ("varchar(20)", "VARCHAR"),
        ("text", "VARCHAR"),
        ("timestamptz", "TIMESTAMP WITH TIME ZONE"),
        ("double  precision", "DOUBLE"),
        ("json", "VARCHAR"),
        ("uuid", "VARCHAR"),
        ("int8[]", "BIGINT[]"),
    ],
)
def test_other_spellings_become_canonical(name: str, canonical: str) -> None:
    assert canonical_name(name) == canonical


@pytest.mark.parametrize(
    "name",
    [
        "",
        "MONEY",
        "STRUCT(a INTEGER)",
        "MAP(VARCHAR, INTEGER)",
        "DECIMAL(39,2)",
        "DECIMAL(3,4)",
        "BIT",
        "INT; x",
    ],
)
def test_other_types_are_refused(name: str) -> None:
    with pytest.raises(SqlError) as caught:
        canonical_name(name)
    assert caught.value.code == "SQL_TYPE"


@pytest.mark.parametrize(
    ("arrow", "name"),
    [
        (pa.large_string(), "VARCHAR"),
        (pa.string_view(), "VARCHAR"),
        (pa.dictionary(pa.int8(), pa.string()), "VARCHAR"),
        (pa.timestamp("us", "Asia/Shanghai"), "TIMESTAMP WITH TIME ZONE"),
        (pa.decimal256(20, 2), "DECIMAL(20,2)"),
        (pa.date64(), "DATE"),
        (pa.time32("s"), "TIME"),
        (pa.binary(16), "BLOB"),
        (pa.large_list(pa.int16()), "SMALLINT[]"),
        (pa.null(), "NULL"),
    ],
)
def test_arrow_types_of_drivers_have_canonical_names(arrow: pa.DataType, name: str) -> None:
    assert canonical_type(arrow) == name


@pytest.mark.parametrize(
    "arrow", [pa.struct([("a", pa.int8())]), pa.map_(pa.string(), pa.int8()), pa.decimal256(50, 2)]
)
def test_arrow_types_without_a_name_are_refused(arrow: pa.DataType) -> None:
    with pytest.raises(SqlError):
        canonical_type(arrow)


def test_a_schema_keeps_order_and_names() -> None:
    schema = arrow_schema([Column("姓名", "VARCHAR"), Column("a", "BIGINT")])
    assert schema == pa.schema([("姓名", pa.string()), ("a", pa.int64())])


# --- the catalog -------------------------------------------------------------------------------


def test_names_are_found_in_any_case_of_ascii_letters_and_in_no_other_disguise() -> None:
    table = Table("Health", "Patients_表", (Column("a", "INTEGER"),))
    catalog = Catalog([table], "1")
    assert catalog.find("HEALTH", "patients_表") is table
    assert catalog.find_unqualified("PATIENTS_表") == (table,)
    for disguise in ("Ｈealth", "heаlth", "healt\u0068\u0301", "health "):
        assert catalog.find(disguise, "patients_表") is None
    kelvin = Catalog([Table("k", "t", ())], "1")
    assert kelvin.find("\u212a", "t") is None
    assert fold_name("ÄÖ") == "ÄÖ"


def test_tables_that_differ_only_in_case_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="letter case"):
        Catalog([Table("h", "T", ()), Table("H", "t", ())], "1")
