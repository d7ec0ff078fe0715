"""民政局: benefits, low income, disability, the elderly, cremations. SQLite: dates as text, money in cents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pyarrow as pa

from .dirt import lose, smudge, spread
from .names import given_name
from .people import TODAY, Person
from .shape import Shape
from .world import World

BENEFIT = Shape(
    "civil_affairs",
    "t_dyff",
    ("lsh",),
    {
        "lsh": "bigint",  # 流水号
        "sfzh": "text",
        "xm": "text",
        "dylx": "text",  # 待遇类型
        "ny": "text",  # 年月
        "je_fen": "bigint",  # 金额(分)
        "yhkh": "text",  # 银行卡号
        "szxz": "text",
    },
)
LOW_INCOME = Shape(
    "civil_affairs",
    "t_dbjt",
    ("bh",),
    {
        "bh": "bigint",
        "hh": "text",  # 户号
        "sfzh": "text",
        "sprq": "text",  # 审批日期 YYYYMMDD
        "dbjb": "text",  # 低保级别
        "yrjsr_fen": "bigint",  # 月人均收入(分)
        "szxz": "text",
    },
)
DISABILITY = Shape(
    "civil_affairs",
    "t_cjr",
    ("cjzh",),
    {
        "cjzh": "text",  # 残疾证号
        "sfzh": "text",
        "cjlb": "text",  # 残疾类别 GB/T 26341
        "cjdj": "bigint",  # 残疾等级
        "fzrq": "text",  # 发证日期
        "szxz": "text",
    },
)
ELDERLY = Shape(
    "civil_affairs",
    "t_lnr",
    ("bh",),
    {
        "bh": "bigint",
        "sfzh": "text",
        "xm": "text",
        "csrq": "text",
        "wgbh": "text",
        "szxz": "text",
        "zz": "text",
        "sfdj": "text",  # 是否独居
        "zldj": "text",  # 自理等级
        "lxdh": "text",
        "jjlxr": "text",  # 紧急联系人
        "jjlxdh": "text",
    },
)
CREMATION = Shape(
    "civil_affairs",
    "t_hhdj",
    ("bh",),
    {
        "bh": "text",
        "sfzh": "text",
        "xm": "text",
        "hhrq": "text",  # 火化日期
        "bgmc": "text",  # 殡仪馆名称
    },
)
BENEFIT_MONTHS = tuple(date(2026, month, 1) for month in range(5, 11))


def _number(rng: Random, person: Person) -> str:
    """As civil affairs' clerks type it: lower case as often as not, blanks from fixed-width forms."""
    return smudge(rng, person.number, lower=0.5, blank=0.04, wide=0.002)


def _entitlements(world: World, person: Person, rng: Random) -> Iterator[tuple[str, int, float]]:
    """What a local may draw: kind, cents a month, and the chance that they do."""
    if person.age() >= 80:
        age = person.age()
        yield "02", 10_000 if age < 90 else 20_000 if age < 100 else 50_000, 0.9
    if person.household.code in world.poor:
        yield "01", rng.randint(45_000, 91_000), 0.93
        if person.alone and person.age() >= 60:
            yield "04", 145_600, 0.8
    if world.disabled.get(person.number, 9) <= 2:
        yield "03", 31_000 if world.disabled[person.number] == 1 else 28_000, 0.86


def _benefits(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("benefit")
    serial = 60_000_000
    for person in world.people:
        if not person.local:
            continue
        died = world.deaths.get(person.number)
        for kind, cents, chance in _entitlements(world, person, rng):
            unnoticed, account = rng.random() < 0.3, f"6228{rng.randrange(10**15):015d}"
            if rng.random() > chance:
                continue
            for month in BENEFIT_MONTHS:
                if died is not None and died < month and not unnoticed:
                    break
                serial += 1
                yield (
                    serial,
                    _number(rng, person),
                    spread(rng, person.name, 0.02),
                    kind,
                    f"{month:%Y%m}",
                    cents,
                    lose(rng, account, 0.01),
                    person.household.grid.town.code,
                )


def _low_income(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("low income")
    serial = 0
    levels = {code: (rng.choice("ABC"), rng.randint(20_000, 118_000)) for code in sorted(world.poor)}
    for person in world.people:
        if person.household.code not in world.poor:
            continue
        serial += 1
        level, income = levels[person.household.code]
        approved = TODAY - timedelta(days=rng.randint(30, 2500))
        yield (
            serial,
            person.household.code,
            _number(rng, person),
            lose(rng, f"{approved:%Y%m%d}", 0.01),
            level,
            income,
            person.household.grid.town.code,
        )


def _disability(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("disability")
    for person in world.people:
        grade = world.disabled.get(person.number)
        if grade is None:
            continue
        kind = rng.choice("1234567")
        issued = TODAY - timedelta(days=rng.randint(30, 3600))
        town = person.household.grid.town.code
        yield f"{person.number}{kind}{grade}", _number(rng, person), kind, grade, f"{issued:%Y-%m-%d}", town


def _elderly(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("elderly")
    serial = 0
    for person in world.living():
        if not person.local or person.age() < 60 or rng.random() < 0.05:
            continue
        serial += 1
        need = 0.05 + max(0, person.age() - 70) * 0.012
        care = "3" if rng.random() < need * 0.4 else "2" if rng.random() < need else "1"
        yield (
            serial,
            _number(rng, person),
            spread(rng, person.name, 0.02),
            f"{person.born:%Y-%m-%d}",
            person.household.grid.code,
            person.household.grid.town.code,
            lose(rng, person.household.address, 0.01),
            "是" if person.alone else "否" if rng.random() < 0.96 else None,
            care,
            lose(rng, person.phone, 0.12),
            person.name[0] + given_name(rng, 1985, male=True),
            f"141{rng.randrange(10**8):08d}",
        )


def _cremations(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("cremation")
    serial = 0
    for person in world.people:
        died = world.deaths.get(person.number)
        if died is None or rng.random() > 0.85:
            continue
        serial += 1
        day = died + timedelta(days=rng.randint(2, 8))
        yield f"HH{day:%Y}{serial:05d}", _number(rng, person), person.name, f"{day:%Y-%m-%d}", "澜州市殡仪馆"


def tables(world: World) -> Iterator[tuple[Shape, pa.Table]]:
    yield BENEFIT, BENEFIT.table(_benefits(world))
    yield LOW_INCOME, LOW_INCOME.table(_low_income(world))
    yield DISABILITY, DISABILITY.table(_disability(world))
    yield ELDERLY, ELDERLY.table(_elderly(world))
    yield CREMATION, CREMATION.table(_cremations(world))
