"""税务局: taxpayers and payments. MariaDB, tables and columns in Chinese."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pyarrow as pa

from .dirt import lose, smudge
from .identifiers import mobile_number
from .names import brand
from .people import TODAY
from .places import CITY, TOWNS
from .shape import Shape
from .world import World

TAXPAYER = Shape(
    "tax",
    "纳税人登记",
    ("登记序号",),
    {
        "登记序号": "bigint",
        "纳税人识别号": "varchar(20)",
        "纳税人名称": "varchar(120)",
        "纳税人类型": "varchar(1)",
        "登记日期": "date",
        "纳税人状态": "varchar(2)",
        "联系电话": "varchar(20)",
        "所属镇街": "varchar(9)",
    },
)
PAYMENT = Shape(
    "tax",
    "税款入库",
    ("入库流水号",),
    {
        "入库流水号": "bigint",
        "纳税人识别号": "varchar(20)",
        "征收项目": "varchar(5)",
        "税款所属期": "varchar(6)",
        "税额": "decimal(16,2)",
        "入库时间": "timestamp",
    },
)
_QUARTERS = (("2025Q4", date(2026, 1, 5)), ("2026Q1", date(2026, 4, 6)), ("2026Q2", date(2026, 7, 6)),
             ("2026Q3", date(2026, 10, 9)))  # fmt: skip


def _code(rng: Random, code: str) -> str:
    return smudge(rng, code, lower=0.015, blank=0.02, wide=0.003)


def _taxpayers(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("taxpayer")
    serial = 100_000
    for firm in world.firms:
        if firm.code in world.untaxed:
            continue
        serial += 1
        yield (
            serial,
            _code(rng, firm.code),
            firm.name,
            "2" if firm.individual or rng.random() < 0.4 else "1",
            firm.established + timedelta(days=rng.randint(1, 40)),
            "03" if firm.active else rng.choice(("03", "07", "07", "07")),
            lose(rng, firm.phone, 0.05),
            firm.grid.town.code,
        )
    for code in world.unregistered:
        serial += 1
        yield (
            serial,
            code,
            f"{CITY}{brand(rng)}经营部",
            "2",
            TODAY - timedelta(days=rng.randint(40, 2000)),
            "03",
            mobile_number(rng),
            rng.choice(TOWNS).code,
        )


def _payments(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("payment")
    workers = Counter(firm.code for firm in world.jobs.values())
    payers = [(firm.code, firm.individual) for firm in world.firms if firm.active]
    payers += [(code, True) for code in world.unregistered]
    serial = 9_000_000
    for code, individual in payers:
        if code in world.untaxed:
            continue
        level = (workers.get(code, 0) + 0.6) * rng.lognormvariate(7.9, 0.6)
        for period, first_day in _QUARTERS:
            if rng.random() < 0.03:
                continue
            for item, part in (("10101", 1.0), ("10109", 0.07), ("10104", 0.0 if individual else 0.45)):
                if not part or (item == "10109" and rng.random() < 0.5):
                    continue
                serial += 1
                amount = Decimal(round(level * part * rng.uniform(0.6, 1.4) * 100)).scaleb(-2)
                day = first_day + timedelta(days=rng.randrange(15))
                yield (
                    serial,
                    _code(rng, code),
                    item,
                    period,
                    -amount if rng.random() < 0.006 else amount,  # a refund
                    datetime.combine(day, time(rng.randint(9, 17), rng.randrange(60))),
                )


def tables(world: World) -> Iterator[tuple[Shape, pa.Table]]:
    yield TAXPAYER, TAXPAYER.table(_taxpayers(world))
    yield PAYMENT, PAYMENT.table(_payments(world))
