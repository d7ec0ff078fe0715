"""卫生健康局: patients, chronic diseases, death certificates. PostgreSQL, columns in pinyin initials."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa

from .dirt import lose, smudge, spread
from .people import TODAY
from .shape import Shape
from .world import World

PATIENT = Shape(
    "health",
    "t_hzjbxx",
    ("hzbh",),
    {
        "hzbh": "bigint",  # 患者编号
        "sfzh": "varchar(20)",
        "xm": "varchar(60)",
        "xb": "varchar(1)",
        "csrq": "varchar(10)",  # 出生日期, as text
        "szxz": "varchar(9)",
        "lxdh": "varchar(20)",
        "ybkh": "varchar(20)",  # 医保卡号
        "gms": "text",  # 过敏史
        "jdrq": "date",  # 建档日期
    },
)
CHRONIC = Shape(
    "health",
    "t_mxbdj",
    ("bh",),
    {
        "bh": "bigint",  # 编号
        "sfzh": "varchar(20)",
        "jbdm": "varchar(8)",  # 疾病代码 ICD-10
        "qzrq": "date",  # 确诊日期
        "szxz": "varchar(9)",
        "kzqk": "boolean",  # 控制情况
        "sfrq": "date",  # 最近随访日期
        "nfy": "decimal(10,2)",  # 年费用
    },
)
DEATH = Shape(
    "health",
    "t_swyxzm",
    ("zmbh",),
    {
        "zmbh": "varchar(12)",  # 证明编号
        "sfzh": "varchar(20)",
        "xm": "varchar(60)",
        "swsj": "timestamp",  # 死亡时间
        "swyy": "varchar(8)",  # 死亡原因 ICD-10
        "swdd": "varchar(1)",  # 死亡地点
        "kjrq": "date",  # 开具日期
    },
)
PSYCHIATRY = Shape(
    "health",
    "t_jsza",
    ("bh",),
    {
        "bh": "bigint",  # 管理编号
        "sfzh": "varchar(20)",
        "szxz": "varchar(9)",
        "gljb": "varchar(1)",  # 管理级别
        "sfrq": "date",  # 最近随访日期
    },
)
_CHANCES = {"I10": 0.46, "E11": 0.19, "I25": 0.12, "J44": 0.08, "I63": 0.07, "F20": 0.006}
"""Hypertension, diabetes, coronary disease, COPD, stroke, schizophrenia: chance at 75 years and over."""
_YEARLY_COST = {"I10": 1800, "E11": 4200, "I25": 7600, "J44": 5300, "I63": 11800, "F20": 6900}
_ALLERGIES = ("青霉素", "磺胺类", "头孢类;花粉", "无", "海鲜")


def _patients(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("patient")
    serial = 2_000_000
    for person in world.people:
        if rng.random() > (0.38 if person.age() < 50 else 0.8):
            continue
        for _ in range(2 if rng.random() < 0.012 else 1):  # a second card, at another clinic
            serial += 1
            yield (
                serial,
                lose(rng, smudge(rng, person.number, lower=0.4, blank=0.02, wide=0.004), 0.006),
                spread(rng, person.name, 0.03),
                "1" if person.male else "2",
                lose(rng, f"{person.born:%Y-%m-%d}", 0.01),
                person.household.grid.town.code,
                lose(rng, person.phone, 0.1),
                f"YB{rng.randrange(10**10):010d}",
                lose(rng, rng.choice(_ALLERGIES), 0.6),
                max(person.born, TODAY - timedelta(days=rng.randint(1, 4000))),
            )


def _chronic(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("chronic")
    serial = 800_000
    for person in world.people:
        age = person.age()
        factor = 0.0 if age < 25 else 0.08 if age < 45 else 0.45 if age < 60 else 0.8 if age < 75 else 1.0
        for disease, chance in _CHANCES.items():
            if rng.random() >= chance * (1.0 if disease == "F20" and age >= 18 else factor):
                continue
            serial += 1
            found = TODAY - timedelta(days=rng.randint(100, 4500))
            seen = max(found, TODAY - timedelta(days=rng.randint(1, 700)))
            cost = _YEARLY_COST[disease] * rng.lognormvariate(0, 0.5)
            yield (
                serial,
                smudge(rng, person.number, lower=0.4, blank=0.02),
                disease,
                found,
                person.household.grid.town.code,
                None if rng.random() < 0.05 else rng.random() < 0.62,
                None if rng.random() < 0.04 else seen,
                None if rng.random() < 0.02 else Decimal(round(cost * 100)).scaleb(-2),
            )


def _deaths(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("death")
    serial = 44_000_000
    for person in world.people:
        day = world.deaths.get(person.number)
        if day is None or rng.random() > 0.92:
            continue
        serial += 1
        yield (
            f"SW{serial:010d}",
            smudge(rng, person.number, lower=0.3, blank=0.03),
            person.name,
            datetime.combine(day, time(rng.randrange(24), rng.randrange(60))),
            rng.choice(("I21", "I63", "C34", "J44", "E11", "R54", "V03")),
            rng.choice(("1", "1", "2", "2", "9")),
            day + timedelta(days=rng.randint(0, 6)),
        )


def _psychiatry(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("psychiatry")
    serial = 900_000
    for person in world.people:
        if person.age() < 18 or rng.random() > 0.005:
            continue
        serial += 1
        seen = TODAY - timedelta(days=rng.randint(1, 120))
        yield serial, person.number, person.household.grid.town.code, rng.choice("0012"), seen


def tables(world: World) -> Iterator[tuple[Shape, pa.Table]]:
    yield PATIENT, PATIENT.table(_patients(world))
    yield CHRONIC, CHRONIC.table(_chronic(world))
    yield DEATH, DEATH.table(_deaths(world))
    yield PSYCHIATRY, PSYCHIATRY.table(_psychiatry(world))
