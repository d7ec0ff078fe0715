"""The generated data: the same for a seed, valid where it must be, dirty where people are, and consistent."""

from __future__ import annotations

import re
from collections import Counter

import pyarrow as pa
import pytest

from examples.city.generate import CITY, HOMES, TODAY, build
from examples.city.generator.identifiers import citizen_check, credit_check
from examples.city.generator.shape import arrow_type
from policies.department import load_department
from policies.fit import check_fit
from sql.types import canonical_type

Rows = dict[tuple[str, str], pa.Table]
_NARROW = str.maketrans("０１２３４５６７８９Ｘ", "0123456789X")


def values(rows: Rows, department: str, table: str, column: str) -> list[str]:
    return [value for value in rows[department, table][column].to_pylist() if value is not None]


def clean(text: str) -> str:
    return text.strip().translate(_NARROW).upper()


def cleaned(rows: Rows, department: str, table: str, column: str) -> set[str]:
    return {clean(value) for value in values(rows, department, table, column)}


def town_numbers(
    rows: Rows, column: str = "sfzh", chinese: str = "身份证号码"
) -> dict[str, list[str | None]]:
    registers = {}
    for (department, _), table in rows.items():
        if department.startswith("town_"):
            registers[department] = table[chinese if chinese in table.column_names else column].to_pylist()
    return registers


def test_a_seed_gives_the_same_tables() -> None:
    one, two = build(0.02, 7), build(0.02, 7)
    assert one.keys() == two.keys()
    assert all(one[key].equals(two[key], check_metadata=True) for key in one)


def test_another_seed_gives_other_people() -> None:
    key = ("public_security", "t_rkjbxx")
    assert not build(0.02, 7)[key].equals(build(0.02, 8)[key])


def test_a_tenth_is_about_two_thousand_people_and_two_hundred_firms(city_rows: Rows) -> None:
    assert 2000 <= city_rows["public_security", "t_rkjbxx"].num_rows < 2010
    assert city_rows["market_regulation", "企业登记信息"].num_rows == 200
    assert len(town_numbers(city_rows)) == 6


def test_primary_keys_are_unique_and_never_null(city_rows: Rows) -> None:
    for (department, name), table in city_rows.items():
        key = table.schema.metadata[b"primary_key"].decode().split(",")
        seen = list(zip(*(table[column].to_pylist() for column in key), strict=True))
        assert len(set(seen)) == table.num_rows, (department, name)
        assert not any(part is None for parts in seen for part in parts), (department, name)


def test_every_citizen_number_has_its_check_character(city_rows: Rows) -> None:
    numbers = cleaned(city_rows, "public_security", "t_rkjbxx", "sfzh")
    assert numbers
    assert all(len(number) == 18 and citizen_check(number[:17]) == number[17] for number in numbers)


def test_citizen_numbers_say_birth_and_sex(city_rows: Rows) -> None:
    table = city_rows["public_security", "t_rkjbxx"]
    for number, born, sex in zip(*(table[c].to_pylist() for c in ("sfzh", "csrq", "xb")), strict=True):
        assert number[6:14] == f"{born:%Y%m%d}"
        assert sex in {"9", "1" if int(number[16]) % 2 else "2"}


def test_nobodys_number_is_issued_by_a_county_that_exists(city_rows: Rows) -> None:
    divisions = {number[:6] for number in cleaned(city_rows, "public_security", "t_rkjbxx", "sfzh")}
    assert all(division.startswith("4454") or division[4:] == "91" for division in divisions)


def test_every_credit_code_has_its_check_character(city_rows: Rows) -> None:
    codes = cleaned(city_rows, "market_regulation", "企业登记信息", "统一社会信用代码")
    codes |= cleaned(city_rows, "tax", "纳税人登记", "纳税人识别号")
    assert all(len(code) == 18 and credit_check(code[:17]) == code[17] for code in codes)


@pytest.mark.parametrize(
    ("department", "table", "column"),
    [
        ("health", "t_hzjbxx", "sfzh"),
        ("civil_affairs", "t_dyff", "sfzh"),
        ("human_resources", "t_yljff", "sfzh"),
        ("human_resources", "t_cbry", "sfzh"),
    ],
)
def test_numbers_are_dirty_where_clerks_type_them(
    city_rows: Rows, department: str, table: str, column: str
) -> None:
    base = set(values(city_rows, "public_security", "t_rkjbxx", "sfzh"))
    found = values(city_rows, department, table, column)
    lost = [number for number in found if number not in base]
    assert 0.01 < len(lost) / len(found) < 0.2
    assert any("x" in number for number in found)
    assert any(number.endswith(" ") for number in found)


def test_some_values_are_full_width(city_rows: Rows) -> None:
    wide = re.compile("[０-９]{15}")
    in_towns = [n for numbers in town_numbers(city_rows).values() for n in numbers if n and wide.match(n)]
    assert in_towns
    assert any("\u3000" in name for name in values(city_rows, "health", "t_hzjbxx", "xm"))


def test_town_registers_have_gaps_and_people_twice(city_rows: Rows) -> None:
    registers = town_numbers(city_rows)
    assert any(number is None for numbers in registers.values() for number in numbers)
    towns_of = Counter(
        number for numbers in registers.values() for number in {clean(n) for n in numbers if n}
    )
    assert any(count > 1 for count in towns_of.values())
    assert any(
        len({clean(n) for n in numbers if n}) < len([n for n in numbers if n])
        for numbers in registers.values()
    )


def test_the_same_people_stand_in_every_register(city_rows: Rows) -> None:
    base = cleaned(city_rows, "public_security", "t_rkjbxx", "sfzh")
    for numbers in town_numbers(city_rows).values():
        assert {clean(n) for n in numbers if n} <= base
    for department, table in [
        ("public_security", "t_ldrkdj"),
        ("health", "t_hzjbxx"),
        ("health", "t_mxbdj"),
        ("health", "t_swyxzm"),
        ("human_resources", "t_cbry"),
        ("human_resources", "t_yljff"),
        ("civil_affairs", "t_dyff"),
        ("civil_affairs", "t_dbjt"),
        ("civil_affairs", "t_cjr"),
        ("civil_affairs", "t_lnr"),
        ("civil_affairs", "t_hhdj"),
    ]:
        found = cleaned(city_rows, department, table, "sfzh")
        assert found, (department, table)
        assert found <= base, (department, table)


def test_the_same_firms_stand_in_every_register(city_rows: Rows) -> None:
    base = cleaned(city_rows, "market_regulation", "企业登记信息", "统一社会信用代码")
    for department, table, column in [
        ("market_regulation", "行政许可办件", "统一社会信用代码"),
        ("market_regulation", "许可证", "统一社会信用代码"),
        ("human_resources", "t_cbry", "dwxydm"),
        ("human_resources", "t_cbdw", "dwxydm"),
        ("emergency", "安全检查", "企业代码"),
        ("emergency", "监测点", "企业代码"),
        ("public_security", "t_ldrkdj", "ydwxydm"),
    ]:
        found = cleaned(city_rows, department, table, column)
        assert found, (department, table)
        assert found <= base, (department, table)


def test_registers_of_firms_and_taxpayers_differ_both_ways(city_rows: Rows) -> None:
    firms = cleaned(city_rows, "market_regulation", "企业登记信息", "统一社会信用代码")
    taxpayers = cleaned(city_rows, "tax", "纳税人登记", "纳税人识别号")
    assert firms - taxpayers
    assert taxpayers - firms
    assert len(firms & taxpayers) > 0.8 * len(firms)


def test_places_are_those_of_the_spatial_base(city_rows: Rows) -> None:
    grids = set(values(city_rows, "natural_resources", "wg_hf", "wgbh"))
    towns = set(values(city_rows, "district_office", "镇街基本情况", "镇街编码"))
    assert set(values(city_rows, "public_security", "t_hjxx", "wgbh")) <= grids
    assert set(values(city_rows, "civil_affairs", "t_lnr", "wgbh")) <= grids
    assert {grid[:9] for grid in grids} == towns


def test_nothing_registered_lies_in_the_future(city_rows: Rows) -> None:
    for department, table, column in [
        ("public_security", "t_rkjbxx", "csrq"),
        ("health", "t_mxbdj", "qzrq"),
        ("market_regulation", "行政许可办件", "办结日期"),
        ("emergency", "安全检查", "实际日期"),
    ]:
        assert all(str(day) <= str(TODAY) for day in values(city_rows, department, table, column))


def test_department_files_fit_the_tables_and_name_their_engines(city_rows: Rows) -> None:
    physical = set()
    for name, home in HOMES.items():
        directory = CITY / "departments" / name
        assert home.source() in (directory / "department.yaml").read_text(encoding="utf-8").splitlines()
        department = load_department(directory, None)
        for table in department.tables.values():
            physical.add((name, table.physical[-1]))
            schema = city_rows[name, table.physical[-1]].schema
            types = check_fit(department, table.name, {f.name: canonical_type(f.type) for f in schema})
            assert table.columns is not None
            assert all(column.type and column.title for column in table.columns), (name, table.name)
            assert list(types) == [column.name for column in table.columns]
    assert physical == set(city_rows)


def test_an_unknown_column_type_is_refused() -> None:
    with pytest.raises(ValueError, match="geometry"):
        arrow_type("geometry")
