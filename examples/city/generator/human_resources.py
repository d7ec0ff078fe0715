"""人力资源和社会保障局: insured persons, employers, pensions. MariaDB, columns in pinyin initials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa

from .dirt import lose, smudge, spread
from .people import TODAY, Person
from .shape import Shape
from .world import World

INSURED = Shape(
    "human_resources",
    "t_cbry",
    ("cbh",),
    {
        "cbh": "varchar(12)",  # 参保号
        "sfzh": "varchar(20)",
        "xm": "varchar(60)",
        "dwxydm": "varchar(20)",  # 单位信用代码
        "cblx": "varchar(1)",  # 参保类型
        "jfjs": "decimal(10,2)",  # 缴费基数
        "cbrq": "date",  # 参保日期
        "tbrq": "date",  # 停保日期
    },
)
EMPLOYER = Shape(
    "human_resources",
    "t_cbdw",
    ("dwxydm",),
    {
        "dwxydm": "varchar(18)",
        "dwmc": "varchar(120)",  # 单位名称
        "cbrs": "integer",  # 参保人数
        "qfje": "decimal(14,2)",  # 欠费金额
        "zhjfy": "varchar(6)",  # 最后缴费月
    },
)
PENSION = Shape(
    "human_resources",
    "t_yljff",
    ("lsh",),
    {
        "lsh": "bigint",  # 流水号
        "sfzh": "varchar(20)",
        "xm": "varchar(60)",
        "szxz": "varchar(9)",
        "ny": "varchar(6)",  # 年月
        "je": "decimal(10,2)",  # 金额
        "yhkh": "varchar(24)",  # 银行卡号
        "ffsj": "timestamp",  # 发放时间
    },
)
PENSION_MONTHS = (date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1))


def _insured(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("insured")
    serial = 7_000_000
    for person in world.people:
        firm = world.jobs.get(person.number)
        if firm is None and not (person.local and 25 <= person.age() <= 59 and rng.random() < 0.2):
            continue
        if firm is not None and rng.random() < (0.34 if firm.individual else 0.11):
            continue  # works, but nobody insures them
        serial += 1
        started = TODAY - timedelta(days=rng.randint(15, 3600))
        stopped = rng.random() < 0.06
        yield (
            f"SB{serial:010d}",
            smudge(rng, person.number, lower=0.5, blank=0.012),
            spread(rng, person.name, 0.02),
            smudge(rng, firm.code, lower=0.01, blank=0.01) if firm else None,
            "1" if firm else "2",
            Decimal(max(4546, round(rng.lognormvariate(8.72, 0.35)))).quantize(Decimal("0.01")),
            started,
            max(started, TODAY - timedelta(days=rng.randint(1, 300))) if stopped else None,
        )


def _employers(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("employer")
    workers = Counter(firm.code for firm in world.jobs.values())
    for firm in world.firms:
        count = workers.get(firm.code, 0)
        if not count:
            continue
        late = rng.random() < 0.07
        owed = Decimal(count * rng.randint(80_000, 900_000)).scaleb(-2) if late else Decimal(0)
        yield firm.code, firm.name, count, owed, "202606" if late else "202610"


def _draws_pension(person: Person) -> bool:
    return person.local and person.age() >= (60 if person.male else 55)


def _pensions(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("pension")
    serial = 30_000_000
    for person in world.people:
        if not _draws_pension(person) or rng.random() > 0.74:
            continue
        died = world.deaths.get(person.number)
        unnoticed = rng.random() < 0.17
        amount = Decimal(round(rng.lognormvariate(7.7, 0.5) * 100)).scaleb(-2)
        account = lose(rng, f"6217{rng.randrange(10**15):015d}", 0.01)
        for month in PENSION_MONTHS:
            if died is not None and died < month and not unnoticed:
                break
            serial += 1
            yield (
                serial,
                smudge(rng, person.number, lower=0.5, blank=0.015, wide=0.002),
                person.name,
                person.household.grid.town.code,
                f"{month:%Y%m}",
                amount,
                account,
                datetime.combine(month.replace(day=rng.randint(10, 15)), time(9, rng.randrange(60))),
            )


def tables(world: World) -> Iterator[tuple[Shape, pa.Table]]:
    yield INSURED, INSURED.table(_insured(world))
    yield EMPLOYER, EMPLOYER.table(_employers(world))
    yield PENSION, PENSION.table(_pensions(world))
