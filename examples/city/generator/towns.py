"""The six towns' registers of residents: two habits of keeping them, on every engine.

Three towns keep `t_czrk` in pinyin initials with code numbers; three keep 常住人口登记 in Chinese with words
for codes and dates as text. Published, they are one standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from .dirt import lose, smudge, spread
from .people import Person
from .places import TOWNS, Town
from .shape import Shape
from .world import World

TEXT_DATES = frozenset({"town_qingxi"})
"""Towns with code numbers whose engine has no dates (SQLite)."""
CHINESE = frozenset({"town_hekou", "town_baisha", "town_longtan"})


def shape_of(town: Town) -> Shape:
    """The physical table that `town` keeps."""
    if town.department in CHINESE:
        columns = {
            "序号": "bigint",
            "身份证号码": "varchar(20)",
            "姓名": "varchar(60)",
            "性别": "varchar(8)",
            "出生日期": "varchar(8)",
            "户号": "varchar(20)",
            "网格编码": "varchar(15)",
            "家庭住址": "varchar(120)",
            "联系方式": "varchar(20)",
            "人口类别": "varchar(8)",
            "是否独居": "varchar(2)",
            "登记日期": "varchar(10)",
        }
        return Shape(town.department, "常住人口登记", ("序号",), columns)
    day = "text" if town.department in TEXT_DATES else "date"
    columns = {
        "xh": "bigint",  # 序号
        "sfzh": "varchar(20)",
        "xm": "varchar(60)",
        "xb": "varchar(1)",
        "csrq": day,
        "hh": "varchar(20)",
        "wgbh": "varchar(15)",
        "dz": "varchar(120)",  # 地址
        "lxdh": "varchar(20)",
        "rklb": "varchar(2)",  # 人口类别
        "sfdj": "varchar(1)",  # 是否独居
        "djrq": day,  # 登记日期
    }
    return Shape(town.department, "t_czrk", ("xh",), columns)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of a register: somebody, and the day they were written down."""

    person: Person
    day: date


def _entries(world: World) -> dict[str, list[_Entry]]:
    """Who stands in which town's register: nearly everyone at home, some also where they lived before."""
    rng = world.rng("registers")
    entries: dict[str, list[_Entry]] = {town.code: [] for town in TOWNS}
    for person in world.people:
        home = person.household.grid.town.code
        dead = person.number in world.deaths
        if rng.random() > (0.6 if dead else 0.985):
            continue
        day = person.registered.date()
        entries[home].append(_Entry(person, day))
        if rng.random() < 0.012:
            before = rng.choice([town.code for town in TOWNS if town.code != home])
            entries[before].append(
                _Entry(person, max(person.born, day - timedelta(days=rng.randint(100, 900))))
            )
        if rng.random() < 0.004:
            entries[home].append(_Entry(person, day))
    return entries


def _rows(world: World, town: Town, entries: list[_Entry]) -> Iterator[tuple[object, ...]]:
    rng = world.rng(town.department)
    chinese, text = town.department in CHINESE, town.department in TEXT_DATES
    for serial, entry in enumerate(entries):
        person, day = entry.person, entry.day
        home = person.household
        unknown = rng.random() < 0.003
        head = (
            serial + 1,
            lose(rng, smudge(rng, person.number, lower=0.3, blank=0.02, wide=0.005), 0.003),
            spread(rng, person.name, 0.02),
        )
        middle = (home.code, home.grid.code, lose(rng, home.address, 0.005), lose(rng, person.phone, 0.08))
        if chinese:
            sex = "未说明" if unknown else "男性" if person.male else "女性"
            born = lose(rng, "00000000" if rng.random() < 0.002 else f"{person.born:%Y%m%d}", 0.004)
            alone = lose(rng, "是" if person.alone else "否", 0.02)
            kind = "户籍" if person.local else "外来"
            yield *head, sex, born, *middle, kind, alone, f"{day:%Y/%m/%d}"
        else:
            sex = "9" if unknown else "1" if person.male else "2"
            known = rng.random() > 0.004
            shown = person.born if known else None
            kind = "10" if person.local else "20"
            alone = lose(rng, "1" if person.alone else "0", 0.02)
            born_shown = shown.isoformat() if text and shown else shown
            yield *head, sex, born_shown, *middle, kind, alone, day.isoformat() if text else day


def tables(world: World) -> Iterator[tuple[Shape, pa.Table]]:
    entries = _entries(world)
    for town in TOWNS:
        shape = shape_of(town)
        yield shape, shape.table(_rows(world, town, entries[town.code]))
