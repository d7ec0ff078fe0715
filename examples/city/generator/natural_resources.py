"""自然资源局: the spatial base. DuckDB, columns in pinyin initials."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pyarrow as pa

from .dirt import lose, smudge
from .firms import Firm
from .identifiers import mobile_number
from .names import given_name, surname
from .people import TODAY
from .places import CELL, GRIDS, Grid
from .shape import Shape
from .world import World

PARCEL = Shape(
    "natural_resources",
    "zd_jbxx",
    ("zdh",),
    {
        "zdh": "varchar(19)",  # 宗地号
        "szxz": "varchar(9)",
        "wgbh": "varchar(15)",
        "mj": "decimal(12,2)",  # 面积(平方米)
        "djyt": "varchar(4)",  # 登记用途 GB/T 21010
        "ghyt": "varchar(4)",  # 规划用途 GB/T 21010
        "qlrlx": "varchar(1)",  # 权利人类型
        "qlr": "varchar(120)",  # 权利人
        "qlrzjh": "varchar(20)",  # 权利人证件号
        "jd": "double",
        "wd": "double",
        "djsj": "timestamptz",  # 登记时间
    },
)
GRID = Shape(
    "natural_resources",
    "wg_hf",
    ("wgbh",),
    {
        "wgbh": "varchar(15)",
        "wgmc": "varchar(60)",  # 网格名称
        "szxz": "varchar(9)",
        "csbm": "varchar(12)",
        "csmc": "varchar(30)",  # 村社名称
        "wgy": "varchar(30)",  # 网格员
        "wgydh": "varchar(20)",
        "zxjd": "double",  # 中心经度
        "zxwd": "double",  # 中心纬度
        "mj": "double",  # 面积(平方千米)
    },
)
SCHOOL = Shape(
    "natural_resources",
    "xx_dw",
    ("xxbh",),
    {
        "xxbh": "varchar(10)",  # 学校编号
        "xxmc": "varchar(60)",  # 学校名称
        "xxlb": "varchar(1)",  # 学校类别
        "szxz": "varchar(9)",
        "jd": "double",
        "wd": "double",
        "xss": "integer",  # 学生数
        "js": "boolean",  # 寄宿
    },
)
_NEIGHBOUR_USES = {
    "0601": ("0701", "0810", "0505"),
    "0604": ("0601", "0810"),
    "0501": ("0701", "0505"),
    "0505": ("0501",),
    "0701": ("0803", "0810"),
    "0702": ("0701", "0601"),
}
_SCHOOL_KINDS = {"1": "幼儿园", "2": "小学", "3": "初级中学", "4": "高级中学"}
_LATITUDE_KM, _LONGITUDE_KM = 110.8, 102.5


def _firm_use(firm: Firm) -> str:
    if firm.industry.code.startswith("G59"):
        return "0604"
    if firm.industry.industrial:
        return "0601"
    return "0501" if firm.industry.code.startswith(("F", "H")) else "0505"


def _parcel(rng: Random, grid: Grid, use: str, area: float) -> tuple[object, ...]:
    """The columns of a parcel between its number and its holder."""
    planned = rng.choice(_NEIGHBOUR_USES[use]) if rng.random() < 0.07 else use
    return (
        grid.town.code,
        grid.code,
        Decimal(round(area * 100)).scaleb(-2),
        lose(rng, use, 0.01),
        lose(rng, planned, 0.01),
    )


def _parcels(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("parcel")
    serial = 0

    def number(grid: Grid) -> str:
        nonlocal serial
        serial += 1
        return f"{grid.village_code}GB{serial:05d}"

    def registered() -> datetime:
        day = TODAY - timedelta(days=rng.randint(30, 7000))
        return datetime(day.year, day.month, day.day, rng.randint(1, 9), rng.randrange(60), tzinfo=UTC)

    for firm in world.firms:
        if firm.individual or rng.random() < 0.2:
            continue
        area = (
            (40 if not firm.industry.industrial else 600) * min(firm.weight, 60) * rng.lognormvariate(0, 0.5)
        )
        head = _parcel(rng, firm.grid, _firm_use(firm), area)
        code = lose(rng, smudge(rng, firm.code, lower=0.02, blank=0.02), 0.02)
        yield number(firm.grid), *head, "2", firm.name, code, *firm.place, registered()
    owners = [person for person in world.people if person.head and person.local]
    for owner in rng.sample(owners, min(len(owners), world.sized(700, 20))):
        home = owner.household
        use = "0702" if home.grid.village.endswith("村") else "0701"
        head = _parcel(rng, home.grid, use, rng.uniform(60, 240))
        code = smudge(rng, owner.number, lower=0.3)
        yield number(home.grid), *head, "1", owner.name, code, *home.place, registered()


def _grids(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("grid")
    for grid in GRIDS:
        male = rng.random() < 0.5
        yield (
            grid.code,
            grid.name,
            grid.town.code,
            grid.village_code,
            grid.village,
            surname(rng) + given_name(rng, 1985, male=male),
            mobile_number(rng),
            *grid.centre,
            round(CELL * _LATITUDE_KM * CELL * _LONGITUDE_KM, 4),
        )


def _schools(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("school")
    for serial, grid in enumerate(rng.sample(GRIDS, 44)):
        kind = rng.choices(tuple(_SCHOOL_KINDS), (20, 16, 6, 2))[0]
        name = f"{grid.town.name}{grid.village}{_SCHOOL_KINDS[kind]}"
        students = rng.randint(120, 400) if kind == "1" else rng.randint(500, 2400)
        longitude, latitude = grid.point(rng)
        yield (
            f"XX{serial + 1:05d}",
            name,
            kind,
            grid.town.code,
            longitude,
            latitude,
            None if rng.random() < 0.03 else students,
            kind in "34" and rng.random() < 0.6,
        )


def tables(world: World) -> Iterator[tuple[Shape, pa.Table]]:
    yield PARCEL, PARCEL.table(_parcels(world))
    yield GRID, GRID.table(_grids(world))
    yield SCHOOL, SCHOOL.table(_schools(world))
