"""Values as text and JSON: exact, ISO, and readable back."""

from __future__ import annotations

import csv
import io
import json
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.shell.cells import column_jsons, column_texts, unique_names
from comity.shell.formats import CsvWriter, JsonWriter, ParquetWriter


@pytest.mark.parametrize(
    ("values", "kind", "text", "as_json"),
    [
        ([Decimal("0.0000000001")], pa.decimal128(20, 10), "0.0000000001", "0.0000000001"),
        ([Decimal(-(10**37))], pa.decimal128(38, 0), "-1" + "0" * 37, "-1" + "0" * 37),
        ([0.1], pa.float32(), "0.1", "0.1"),
        ([float("nan")], pa.float64(), "NaN", '"NaN"'),
        ([float("-inf")], pa.float64(), "-Infinity", '"-Infinity"'),
        ([True], pa.bool_(), "true", "true"),
        ([2**64 - 1], pa.uint64(), "18446744073709551615", "18446744073709551615"),
        ([time(1, 2, 3, 4)], pa.time64("us"), "01:02:03.000004", '"01:02:03.000004"'),
        ([timedelta(seconds=-1.5)], pa.duration("us"), "PT-1.5S", '"PT-1.5S"'),
        ([timedelta(days=2)], pa.duration("us"), "P2D", '"P2D"'),
        ([(14, 3, 0)], pa.month_day_nano_interval(), "P1Y2M3D", '"P1Y2M3D"'),
        ([(0, 0, 0)], pa.month_day_nano_interval(), "PT0S", '"PT0S"'),
        ([b"\x00\xff"], pa.binary(), "00ff", '"00ff"'),
        ([10_000_000], pa.date32(), "29349-01-26", '"29349-01-26"'),
        ([[10_000_000, None]], pa.list_(pa.date32()), '["29349-01-26", null]', '["29349-01-26", null]'),
        (
            [{"d": 10_000_000}],
            pa.struct([("d", pa.date32())]),
            '{"d": "29349-01-26"}',
            '{"d": "29349-01-26"}',
        ),
        (
            [[("k", 10_000_000)]],
            pa.map_(pa.string(), pa.date32()),
            '[["k", "29349-01-26"]]',
            '[["k", "29349-01-26"]]',
        ),
        ([["x", None]], pa.list_(pa.string()), '["x", null]', '["x", null]'),
        ([{"名": Decimal("1.0")}], pa.struct([("名", pa.decimal128(3, 1))]), '{"名": 1.0}', '{"名": 1.0}'),
        ([[("k", 1)]], pa.map_(pa.string(), pa.int32()), '[["k", 1]]', '[["k", 1]]'),
        (["a\u2028\x01"], pa.string(), "a\u2028\x01", '"a\u2028\\u0001"'),
        ([None], pa.null(), None, "null"),
    ],
    ids=str,
)
def test_a_value_is_written_exactly(
    values: list[Any], kind: pa.DataType, text: str | None, as_json: str
) -> None:
    column = pa.array(values, kind)
    assert column_texts(column) == [text]
    assert column_jsons(column) == [as_json]


def test_nanoseconds_are_kept() -> None:
    column = pa.array(["2026-01-02 03:04:05.123456789"]).cast(pa.timestamp("ns"))
    assert column_texts(column) == ["2026-01-02 03:04:05.123456789"]


@given(st.lists(st.tuples(*[st.none() | st.text(st.characters(exclude_categories=["Cs"]))] * 2), max_size=5))
def test_csv_reads_back_and_keeps_null_apart_from_empty(rows: list[tuple[str | None, str | None]]) -> None:
    names = ["a", "b"]
    table = pa.table({name: pa.array([row[n] for row in rows], pa.string()) for n, name in enumerate(names)})
    out = io.StringIO()
    writer = CsvWriter(out)
    writer.begin(table.schema)
    for batch in table.to_batches():
        writer.write(batch)
    writer.end()
    # csv reads NUL since Python 3.11; NULL and an empty text differ in quotes, which it does not tell.
    read = list(csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True))
    assert read == [names, *([cell or "" for cell in row] for row in rows)]
    quoted_empty = sum(cell == "" for row in rows for cell in row)
    if not any('"' in (cell or "") for row in rows for cell in row):
        assert out.getvalue().count('""') == quoted_empty


def test_columns_of_the_same_name_are_told_apart_where_names_are_keys() -> None:
    assert unique_names(["a", "a", "a_1", "a", "b"]) == ["a", "a_2", "a_1", "a_3", "b"]
    batch = pa.record_batch([pa.array([1]), pa.array([2])], names=["n", "n"])
    out = io.StringIO()
    writer = JsonWriter(out, lines=True)
    writer.begin(batch.schema)
    writer.write(batch)
    writer.end()
    assert json.loads(out.getvalue()) == {"n": 1, "n_1": 2}
    binary = io.BytesIO()
    parquet = ParquetWriter(binary)
    parquet.begin(batch.schema)
    parquet.write(batch)
    parquet.end()
    assert pa.parquet.read_table(io.BytesIO(binary.getvalue())).to_pylist() == [{"n": 1, "n_1": 2}]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_json_reads_back(texts: list[str]) -> None:
    assert [json.loads(text) for text in column_jsons(pa.array(texts, pa.string()))] == texts
