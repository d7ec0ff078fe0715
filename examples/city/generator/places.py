"""The invented district: 云河区 of 澜州市, six towns, their villages, and the grids they are watched by.

Prefecture 4454 is not assigned in GB/T 2260. Longitude and latitude are degrees (CGCS2000).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random

CITY = "澜州市"
DISTRICT = "云河区"
DISTRICT_CODE = "445403"
CELL = 0.01
"""Width and height of a grid, in degrees: about one kilometre."""


@dataclass(frozen=True, slots=True)
class Town:
    code: str
    name: str
    department: str
    share: float
    """Its part of the district's people."""
    west: float
    south: float


TOWNS: tuple[Town, ...] = (
    Town("445403101", "清溪镇", "town_qingxi", 0.24, 113.00, 22.95),
    Town("445403102", "河口镇", "town_hekou", 0.20, 113.04, 22.95),
    Town("445403103", "石桥镇", "town_shiqiao", 0.18, 113.08, 22.95),
    Town("445403104", "白沙镇", "town_baisha", 0.15, 113.00, 22.99),
    Town("445403105", "龙潭镇", "town_longtan", 0.13, 113.04, 22.99),
    Town("445403106", "锦浦镇", "town_jinpu", 0.10, 113.08, 22.99),
)

_VILLAGES: Mapping[str, tuple[str, str, str, str]] = {
    "445403101": ("青云社区", "溪头村", "大榕村", "新安社区"),
    "445403102": ("河口社区", "东岸村", "渡头村", "长洲村"),
    "445403103": ("石桥社区", "联星村", "凤鸣村", "上塘村"),
    "445403104": ("白沙社区", "沙尾村", "海心村", "南湾村"),
    "445403105": ("龙潭社区", "潭边村", "竹园村", "松岗村"),
    "445403106": ("锦浦社区", "浦西村", "银塘村", "莲塘村"),
}
STREETS = (
    "解放路",
    "建设路",
    "人民路",
    "桥西路",
    "榕荫街",
    "兴业大道",
    "工业大道",
    "滨河路",
    "文明街",
    "沿江路",
)


@dataclass(frozen=True, slots=True)
class Grid:
    code: str
    name: str
    town: Town
    village_code: str
    village: str
    west: float
    south: float

    @property
    def centre(self) -> tuple[float, float]:
        return round(self.west + CELL / 2, 6), round(self.south + CELL / 2, 6)

    def point(self, rng: Random) -> tuple[float, float]:
        """Some place in the grid: longitude, latitude."""
        return round(self.west + CELL * rng.random(), 6), round(self.south + CELL * rng.random(), 6)


def _grids() -> tuple[Grid, ...]:
    grids = []
    for town in TOWNS:
        for row, village in enumerate(_VILLAGES[town.code]):
            village_code = f"{town.code}{row + 1:03d}"
            for column in range(4):
                grids.append(
                    Grid(
                        code=f"{village_code}{column + 1:03d}",
                        name=f"{town.name}{village}第{'一二三四'[column]}网格",
                        town=town,
                        village_code=village_code,
                        village=village,
                        west=round(town.west + CELL * column, 6),
                        south=round(town.south + CELL * row, 6),
                    )
                )
    return tuple(grids)


GRIDS = _grids()
GRIDS_OF: Mapping[str, tuple[Grid, ...]] = {
    town.code: tuple(grid for grid in GRIDS if grid.town is town) for town in TOWNS
}


@dataclass(frozen=True, slots=True)
class Origin:
    """A prefecture that people come from."""

    code: str
    province: str
    name: str

    @property
    def issuing_code(self) -> str:
        """What their citizen numbers begin with: a county code of the prefecture that nobody was given."""
        return self.code[:4] + "91"


ORIGINS: Mapping[Origin, int] = {
    Origin("450400", "广西壮族自治区", "梧州市"): 14,
    Origin("450900", "广西壮族自治区", "玉林市"): 12,
    Origin("430400", "湖南省", "衡阳市"): 12,
    Origin("431000", "湖南省", "郴州市"): 9,
    Origin("430500", "湖南省", "邵阳市"): 8,
    Origin("360700", "江西省", "赣州市"): 8,
    Origin("511300", "四川省", "南充市"): 8,
    Origin("511700", "四川省", "达州市"): 6,
    Origin("421000", "湖北省", "荆州市"): 6,
    Origin("411300", "河南省", "南阳市"): 5,
    Origin("520300", "贵州省", "遵义市"): 5,
    Origin("500100", "重庆市", "重庆市"): 4,
    Origin("440900", "广东省", "茂名市"): 9,
    Origin("441400", "广东省", "梅州市"): 6,
    Origin("530600", "云南省", "昭通市"): 3,
}


def street_address(rng: Random, grid: Grid) -> str:
    """A full postal address in `grid`."""
    head = f"{CITY}{DISTRICT}{grid.town.name}"
    if grid.village.endswith("村"):
        return f"{head}{grid.village}{rng.randint(1, 18)}组{rng.randint(1, 120)}号"
    return f"{head}{rng.choice(STREETS)}{rng.randint(1, 199)}号{rng.randint(1, 12)}栋{rng.randint(2, 18)}0{rng.randint(1, 4)}"


def exact(place: tuple[float, float]) -> tuple[Decimal, Decimal]:
    """A point as decimals of six places."""
    return Decimal(f"{place[0]:.6f}"), Decimal(f"{place[1]:.6f}")
