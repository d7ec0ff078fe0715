"""公安局: the population base. PostgreSQL, columns in pinyin initials."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pyarrow as pa

from .dirt import lose, smudge
from .people import TODAY, Person
from .places import exact
from .shape import Shape
from .world import World

PERSON = Shape(
    "public_security",
    "t_rkjbxx",
    ("rybh",),
    {
        "rybh": "bigint",  # 人员编号
        "sfzh": "varchar(18)",  # 身份证号
        "xm": "varchar(60)",  # 姓名
        "xb": "varchar(1)",  # 性别 GB/T 2261.1
        "mz": "varchar(2)",  # 民族 GB/T 3304
        "csrq": "date",  # 出生日期
        "hh": "varchar(20)",  # 户号
        "yhzgx": "varchar(2)",  # 与户主关系 GB/T 4761
        "hyzk": "varchar(2)",  # 婚姻状况 GB/T 2261.2
        "hjxzqh": "varchar(6)",  # 户籍行政区划
        "jzlb": "varchar(1)",  # 居住类别
        "szxz": "varchar(9)",  # 所在乡镇
        "zz": "varchar(120)",  # 住址
        "lxdh": "varchar(20)",  # 联系电话
        "ryzt": "varchar(1)",  # 人员状态
        "djsj": "timestamp",  # 登记时间
    },
)
HOUSEHOLD = Shape(
    "public_security",
    "t_hjxx",
    ("hh",),
    {
        "hh": "varchar(20)",  # 户号
        "hzsfzh": "varchar(18)",  # 户主身份证号
        "szxz": "varchar(9)",  # 所在乡镇
        "csbm": "varchar(12)",  # 村社编码
        "wgbh": "varchar(15)",  # 网格编号
        "zz": "varchar(120)",  # 住址
        "rs": "integer",  # 人数
        "jd": "decimal(9,6)",  # 经度
        "wd": "decimal(9,6)",  # 纬度
    },
)
MIGRANT = Shape(
    "public_security",
    "t_ldrkdj",
    ("djbh",),
    {
        "djbh": "bigint",  # 登记编号
        "sfzh": "varchar(18)",
        "lyxzqh": "varchar(6)",  # 来源行政区划
        "lys": "varchar(30)",  # 来源省
        "lyd": "varchar(30)",  # 来源地
        "mdxz": "varchar(9)",  # 目的乡镇
        "dlrq": "date",  # 到来日期
        "jzsy": "varchar(2)",  # 居住事由
        "ydwxydm": "varchar(18)",  # 用人单位信用代码
        "yxqz": "date",  # 有效期至
        "zxbz": "varchar(1)",  # 注销标志
    },
)


def _marital(person: Person, rng: Random) -> str | None:
    if person.age() < 20:
        return "10"
    if rng.random() < 0.01:
        return None
    if person.married:
        return "20"
    return "30" if person.age() > 65 else rng.choice(("10", "10", "40"))


def _people(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("person")
    for serial, person in enumerate(world.people):
        dead = person.number in world.deaths
        yield (
            10_000_001 + serial,
            smudge(rng, person.number, lower=0.04),
            person.name,
            "9" if rng.random() < 0.002 else "1" if person.male else "2",
            person.nation,
            person.born,
            person.household.code,
            "01" if person.head else "10" if person.married else "20",
            _marital(person, rng),
            person.domicile,
            "1" if person.local else "2",
            person.household.grid.town.code,
            lose(rng, person.household.address, 0.004),
            lose(rng, person.phone, 0.06),
            "2" if dead and rng.random() < 0.72 else "1",
            person.registered,
        )


def _households(world: World) -> Iterator[tuple[object, ...]]:
    members: dict[str, list[Person]] = {}
    for person in world.people:
        members.setdefault(person.household.code, []).append(person)
    for code, persons in members.items():
        home = persons[0].household
        yield (
            code,
            persons[0].number,
            home.grid.town.code,
            home.grid.village_code,
            home.grid.code,
            home.address,
            len(persons),
            *exact(home.place),
        )


def _migrants(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("migrant")
    serial = 500_000
    for person in world.living():
        origin = person.household.origin
        if origin is None:
            continue
        firm = world.jobs.get(person.number)
        arrived = TODAY - timedelta(days=rng.randint(20, 3000))
        reason = "01" if firm else "03" if person.age() < 18 else rng.choice(("02", "04", "09"))
        renewals: list[tuple[date, str]] = [(arrived, "0")]
        if rng.random() < 0.08:
            renewals.insert(0, (arrived - timedelta(days=rng.randint(400, 900)), "1"))
        for day, cancelled in renewals:
            serial += 1
            valid_until = max(day + timedelta(days=365), TODAY + timedelta(days=rng.randint(-90, 300)))
            yield (
                serial,
                smudge(rng, person.number, lower=0.3),
                origin.code,
                origin.province,
                origin.name,
                person.household.grid.town.code,
                day,
                reason,
                lose(rng, smudge(rng, firm.code, lower=0.02), 0.15) if firm and cancelled == "0" else None,
                day + timedelta(days=365) if cancelled == "1" else valid_until,
                cancelled,
            )


def tables(world: World) -> Iterator[tuple[Shape, pa.Table]]:
    yield PERSON, PERSON.table(_people(world))
    yield HOUSEHOLD, HOUSEHOLD.table(_households(world))
    yield MIGRANT, MIGRANT.table(_migrants(world))
