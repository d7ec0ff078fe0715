"""应急管理局: safety inspections, sensors and their readings. Files: Parquet, and one CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa

from .dirt import smudge
from .people import TODAY
from .places import GRIDS
from .shape import Shape
from .world import World

INSPECTION = Shape(
    "emergency",
    "安全检查",
    ("检查编号",),
    {
        "检查编号": "text",
        "企业代码": "text",
        "计划日期": "date",
        "实际日期": "date",
        "检查结果": "text",
        "隐患数": "integer",
        "未整改数": "integer",
        "罚款": "decimal(12,2)",
    },
)
SENSOR = Shape(
    "emergency",
    "监测点",
    ("设备编号",),
    {
        "设备编号": "text",
        "监测类型": "text",
        "企业代码": "text",
        "经度": "double",
        "纬度": "double",
        "限值": "double",
        "安装日期": "date",
    },
)
READING = Shape(
    "emergency",
    "监测数据",
    ("设备编号", "监测时间"),
    {
        "设备编号": "text",
        "监测时间": "timestamp",
        "数值": "double",
        "有效": "boolean",
    },
)
_LIMITS = {"VOC": 60.5, "H2S": 10.0, "PM2.5": 75.0, "噪声": 65.5}
"""mg/m³, mg/m³, µg/m³, dB(A)."""
_FIRST_READING = datetime.combine(date(2026, 10, 20), time())
_READINGS = 144  # every two hours, twelve days


def _inspections(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("inspection")
    serial = 0
    for firm in world.firms:
        if not (firm.active and (firm.industry.hazardous or firm.industry.industrial)):
            continue
        if rng.random() < 0.3:
            continue
        neglected = rng.random() < 0.22
        first = date(2025, 10, 1) + timedelta(days=rng.randrange(60))
        for visit in range(4):
            planned = first + timedelta(days=120 * visit + rng.randrange(15))
            day = planned + timedelta(days=rng.randint(-3, 12))
            done = None if day >= TODAY or (neglected and visit >= 2) else day
            serial += 1
            result = None if done is None else rng.choices(("合格", "不合格"), (78, 22))[0]
            found = None if result is None else 0 if result == "合格" else rng.randint(1, 9)
            left = None if found is None else rng.randint(0, found) if rng.random() < 0.4 else 0
            fine = Decimal(rng.choice((0, 0, 5000, 10000, 30000))) if found else Decimal(0)
            yield (
                f"AJ{planned:%Y%m}{serial:05d}",
                smudge(rng, firm.code, lower=0.01, blank=0.01),
                planned,
                done,
                result,
                found,
                left,
                None if result is None else fine.quantize(Decimal("0.01")),
            )


def _sensors(world: World) -> list[tuple[str, str, str | None, float, float, float, date]]:
    rng = world.rng("sensor")
    watched = [firm for firm in world.firms if firm.active and firm.industry.hazardous]
    sensors = []
    for serial in range(world.sized(180, 30)):
        kind = rng.choice(tuple(_LIMITS))
        firm = rng.choice(watched) if rng.random() < 0.8 else None
        longitude, latitude = firm.place if firm else rng.choice(GRIDS).point(rng)
        installed = date(2022, 3, 1) + timedelta(days=rng.randrange(1500))
        code = firm.code if firm else None
        sensors.append((f"CGQ{serial + 1:05d}", kind, code, longitude, latitude, _LIMITS[kind], installed))
    return sensors


def _readings(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("reading")
    for code, _, _, _, _, limit, _ in _sensors(world):
        level = limit * (rng.uniform(0.85, 1.02) if rng.random() < 0.22 else rng.uniform(0.2, 0.6))
        for step in range(_READINGS):
            if rng.random() < 0.02:
                continue  # the line was down
            value = None if rng.random() < 0.004 else round(level * rng.lognormvariate(0, 0.16), 2)
            yield code, _FIRST_READING + timedelta(hours=2 * step), value, rng.random() > 0.01


def tables(world: World) -> Iterator[tuple[Shape, pa.Table]]:
    yield INSPECTION, INSPECTION.table(_inspections(world))
    yield SENSOR, SENSOR.table(_sensors(world))
    yield READING, READING.table(_readings(world))
