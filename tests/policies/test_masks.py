from __future__ import annotations

import unicodedata
from datetime import date
from decimal import ROUND_FLOOR, Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from comity.errors import SqlError
from policies.masks import DATE_MASKS, TEXT_MASKS, check_mask, mask_expression
from policies.model import Mask
from sql.engine import open_locked
from sql.render import render

Value = str | int | float | Decimal | date | None

CONNECTION = open_locked(memory="256MB", threads=1)


def masked(
    mask: Mask, value: Value, kind: str = "VARCHAR", connection: duckdb.DuckDBPyConnection | None = None
) -> Value:
    column = exp.column("值", table="t", quoted=True)
    sql = render(exp.select(mask_expression(mask, column, kind)).from_("t"))
    query = f'WITH t AS (SELECT CAST(? AS {kind}) AS "值") SELECT CAST(x AS VARCHAR), typeof(x) FROM ({sql}) AS r(x)'
    text, found = (connection or CONNECTION).execute(query, [value]).fetchall()[0]
    assert found == kind
    return str(text) if text is not None else None


@pytest.mark.parametrize(
    ("mask", "value", "expected"),
    [
        (Mask("null"), "张三", None),
        (Mask("constant", "已隐藏"), "张三", "已隐藏"),
        (Mask("constant", "it's"), "张三", "it's"),
        (Mask("constant", "已隐藏"), None, "已隐藏"),
        (Mask("keep_first", "3"), "440605", "440***"),
        (Mask("keep_first", "3"), "440", "***"),
        (Mask("keep_first", "3"), "", ""),
        (Mask("keep_first", "2"), "广东省佛山市", "广东****"),
        (Mask("keep_last", "4"), "6222020000001234", "************1234"),
        (Mask("keep_last", "4"), "1234", "****"),
        (Mask("keep_last", "1"), "a😀", "*😀"),
        (Mask("person_name"), "张三", "张*"),
        (Mask("person_name"), "王小明", "王**"),
        (Mask("person_name"), "欧阳娜娜", "欧阳**"),
        (Mask("person_name"), "司马光", "司马*"),
        (Mask("person_name"), "司马", "司*"),
        (Mask("person_name"), " 张三 ", "张*"),
        (Mask("person_name"), "张", "*"),
        (Mask("person_name"), "", ""),
        (Mask("person_name"), "阿依古丽·买买提", "阿*******"),
        (Mask("person_name"), "John Smith", "J*********"),
        (Mask("phone"), "13812345678", "138****5678"),
        (Mask("phone"), "+8613812345678", "+86*******5678"),
        (Mask("phone"), " 13812345678", "138****5678"),
        (Mask("phone"), "0757-83280000", "075******0000"),
        (Mask("phone"), "83280000", "********"),
        (Mask("id_number"), "44060519800101123X", "440605********123X"),
        (Mask("id_number"), "440605198001011234  ", "440605********1234"),
        (Mask("id_number"), "440605800101123", "440605******123"),
        (Mask("id_number"), "E12345678", "*********"),
        (Mask("credit_code"), "91440605MA4WXXXX0T", "91440605********0T"),
        (Mask("credit_code"), "440605000012345", "***************"),
        (Mask("address"), "广东省佛山市南海区桂城街道南海大道12号", "广东省佛山市南海区***"),
        (Mask("address"), "佛山市南海区大沥镇盐步3号", "佛山市南海区***"),
        (Mask("address"), "广西壮族自治区桂林市阳朔县西街1号", "广西壮族自治区桂林市阳朔县***"),
        (
            Mask("address"),
            "新疆维吾尔自治区伊犁哈萨克自治州伊宁市解放路",
            "新疆维吾尔自治区伊犁哈萨克自治州伊宁市***",
        ),
        (Mask("address"), "北京市朝阳区建国路88号", "北京市朝阳区***"),
        (Mask("address"), "内蒙古自治区锡林郭勒盟正蓝旗上都镇", "内蒙古自治区锡林郭勒盟正蓝旗***"),
        (Mask("address"), "佛山市阳光花园小区8栋501", "佛山市***"),
        (Mask("address"), "桂城街道夏南一社区", "***"),
        (Mask("address"), "221B Baker Street", "***"),
        (Mask("address"), "", "***"),
        (Mask("sql", "upper(left(值, 1))"), "li", "L"),
        (Mask("sql", "CASE WHEN 值 IS NULL THEN '无' ELSE '有' END"), None, "无"),
        (Mask("sql", "'x' || \"值\" || 'x'"), "y", "xyx"),
    ],
)
def test_text_masks(mask: Mask, value: str | None, expected: str | None) -> None:
    assert masked(mask, value) == expected


@pytest.mark.parametrize(
    ("mask", "value", "kind", "expected"),
    [
        (Mask("year"), date(1980, 6, 15), "DATE", "1980-01-01"),
        (Mask("month"), date(1980, 6, 15), "DATE", "1980-06-01"),
        (Mask("year"), "1980-06-15 08:30:00", "TIMESTAMP", "1980-01-01 00:00:00"),
        (Mask("month"), "1980-06-15 08:30:00", "TIMESTAMP", "1980-06-01 00:00:00"),
        (
            Mask("year"),
            "1980-06-15 00:00:00+00",
            "TIMESTAMP WITH TIME ZONE",
            "1980-01-01 00:00:00+00",
        ),
        (Mask("bucket", "10"), 37, "INTEGER", "30"),
        (Mask("bucket", "10"), -3, "INTEGER", "-10"),
        (Mask("bucket", "10"), 0, "TINYINT", "0"),
        (Mask("bucket", "100"), 200, "UTINYINT", "200"),
        (Mask("bucket", "100"), -120, "TINYINT", None),
        (Mask("bucket", "1000"), 9223372036854775807, "BIGINT", "9223372036854775000"),
        (Mask("bucket", "1000"), 2**100 + 7, "HUGEINT", "1267650600228229401496703205000"),
        (Mask("bucket", "1000"), Decimal("1999.99"), "DECIMAL(15,2)", "1000.00"),
        (Mask("bucket", "0.5"), Decimal("-0.10"), "DECIMAL(15,2)", "-0.50"),
        (Mask("bucket", "1000"), Decimal("-9.99"), "DECIMAL(3,2)", None),
        (Mask("bucket", "0.5"), 1.75, "DOUBLE", "1.5"),
        (Mask("constant", "1900-01-01"), date(1980, 6, 15), "DATE", "1900-01-01"),
        (Mask("constant", "0"), 7, "INTEGER", "0"),
        (Mask("null"), 7, "DECIMAL(15,2)", None),
        (Mask("sql", "CAST(值 / 2 AS INTEGER)"), 9, "INTEGER", "4"),
    ],
)
def test_masks_of_dates_and_numbers_keep_the_type(mask: Mask, value: Value, kind: str, expected: str) -> None:
    assert masked(mask, value, kind) == expected


@pytest.mark.parametrize("name", [*TEXT_MASKS, "null"])
def test_null_stays_null_in_text(name: str) -> None:
    assert masked(Mask(name, "3"), None) is None


@pytest.mark.parametrize("name", DATE_MASKS)
@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"])
def test_null_stays_null_in_dates(name: str, kind: str) -> None:
    assert masked(Mask(name), None, kind) is None


@pytest.mark.parametrize("kind", ["TINYINT", "UBIGINT", "HUGEINT", "DECIMAL(38,10)", "FLOAT", "DOUBLE"])
def test_null_stays_null_in_numbers(kind: str) -> None:
    assert masked(Mask("bucket", "10"), None, kind) is None


BLANKS = "".join(chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs")
"""What DuckDB's trim() takes off, of which nothing is left to be masked."""

# DuckDB takes no surrogates and no NUL in text; a star could not be told from a mask's.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0*"), max_size=40)
CHINESE = st.text(st.sampled_from("张王李欧阳司马市区县省号栋一二三12345 "), max_size=30)


@given(value=TEXT | CHINESE, name=st.sampled_from(TEXT_MASKS), n=st.integers(1, 50))
def test_no_text_mask_shows_a_value_as_it_is(value: str, name: str, n: int) -> None:
    shown = masked(Mask(name, str(n)), value)
    assert isinstance(shown, str)
    trimmed = value.strip(BLANKS)
    if trimmed:
        assert shown not in {value, trimmed}
        assert "*" in shown


@given(value=TEXT, n=st.integers(1, 10))
def test_keep_first_and_keep_last_keep_the_length_and_at_most_n_characters(value: str, n: int) -> None:
    first, last = masked(Mask("keep_first", str(n)), value), masked(Mask("keep_last", str(n)), value)
    kept = n if len(value) > n else 0
    assert first == value[:kept] + "*" * (len(value) - kept)
    assert last == "*" * (len(value) - kept) + value[len(value) - kept :]


@given(value=st.integers(-(2**63), 2**63 - 1), size=st.integers(1, 10**6))
def test_a_bucket_of_integers_is_the_floor_and_never_fails(value: int, size: int) -> None:
    expected = value // size * size
    shown = masked(Mask("bucket", str(size)), value, "BIGINT")
    assert shown == (str(expected) if expected >= -(2**63) else None)


@given(value=st.decimals(-(10**10), 10**10, places=2), size=st.integers(1, 10**6))
def test_a_bucket_of_decimals_is_exact(value: Decimal, size: int) -> None:
    shown = masked(Mask("bucket", str(size)), value, "DECIMAL(15,2)")
    assert shown is not None
    assert Decimal(str(shown)) == (value / size).to_integral_value(ROUND_FLOOR) * size


@given(value=st.dates(date(1, 1, 1)))
def test_a_year_is_its_first_day(value: date) -> None:
    assert masked(Mask("year"), value, "DATE") == value.replace(month=1, day=1).isoformat()


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        *[(Mask(name, "3"), "BIGINT") for name in TEXT_MASKS],
        *[(Mask(name), "VARCHAR") for name in DATE_MASKS],
        (Mask("year"), "TIME"),
        (Mask("bucket", "10"), "VARCHAR"),
        (Mask("bucket", "10"), "DATE"),
        (Mask("bucket", "0.5"), "INTEGER"),
        (Mask("bucket", "0.001"), "DECIMAL(15,2)"),
        (Mask("bucket", "1" + "0" * 37), "DECIMAL(38,10)"),
        (Mask("constant", "abc"), "INTEGER"),
        (Mask("constant", "2026-13-01"), "DATE"),
        (Mask("sql", "length(值)"), "VARCHAR"),
        (Mask("sql", "no_such_function(值)"), "VARCHAR"),
    ],
)
def test_a_mask_that_does_not_fit_the_type_is_refused(mask: Mask, kind: str) -> None:
    with pytest.raises(SqlError):
        check_mask(mask, "值", kind)


@pytest.mark.parametrize(
    "sql",
    [
        "other",
        "值 || other",
        "t.值",
        "principal.subject",
        "值 || principal.subject",
        "(SELECT 值)",
        "max(值)",
        "row_number() OVER ()",
        "?",
        "*",
        "值, 值",
        "值; SELECT 1",
        "值 AS x",
        "",
    ],
)
def test_a_mask_reads_its_own_column_and_is_one_scalar_expression(sql: str) -> None:
    with pytest.raises(SqlError):
        check_mask(Mask("sql", sql), "值", None)


def test_a_mask_never_reads_the_column_under_another_relation() -> None:
    tree = mask_expression(Mask("phone"), exp.column("tel", table="a", quoted=True), "VARCHAR")
    assert {(c.table, c.name) for c in tree.find_all(exp.Column)} == {("a", "tel")}
    again = mask_expression(Mask("phone"), exp.column("tel", table="b", quoted=True), "VARCHAR")
    assert {(c.table, c.name) for c in again.find_all(exp.Column)} == {("b", "tel")}


@given(name=st.text(st.characters(categories=["L"]), min_size=1, max_size=20) | st.just('we"ird name'))
def test_any_column_name_is_quoted(name: str) -> None:
    tree = mask_expression(Mask("keep_first", "1"), exp.column(name, table="t", quoted=True), "VARCHAR")
    assert {c.name for c in tree.find_all(exp.Column)} == {name}
