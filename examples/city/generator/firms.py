"""Firms of the district, and who works where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from .identifiers import credit_code, mobile_number
from .names import brand
from .people import TODAY, Person
from .places import DISTRICT, DISTRICT_CODE, GRIDS, Grid, street_address


@dataclass(frozen=True, slots=True)
class Industry:
    """A class of GB/T 4754 with what its firms are called."""

    code: str
    word: str
    hazardous: bool
    industrial: bool
    size: float
    """How much larger than others its firms tend to be."""


INDUSTRIES: Mapping[Industry, int] = {
    Industry("C1311", "食品制造", False, True, 1.6): 5,
    Industry("C1751", "纺织", True, True, 2.2): 8,
    Industry("C2110", "家具", True, True, 1.8): 8,
    Industry("C2641", "涂料化工", True, True, 1.3): 6,
    Industry("C3252", "铝型材", True, True, 2.4): 10,
    Industry("C3360", "金属表面处理", True, True, 1.2): 6,
    Industry("C3829", "电气设备", False, True, 1.8): 7,
    Industry("C3985", "电子元件", False, True, 2.0): 6,
    Industry("G5949", "危险品仓储", True, True, 0.6): 2,
    Industry("F5212", "商贸", False, False, 0.5): 18,
    Industry("H6210", "餐饮", False, False, 0.6): 12,
    Industry("I6513", "软件科技", False, False, 0.9): 6,
    Industry("L7211", "企业管理", False, False, 0.5): 4,
    Industry("E4813", "建筑工程", True, False, 1.5): 5,
}


@dataclass(frozen=True, slots=True)
class Firm:
    code: str
    """The unified social credit code, without dirt."""
    name: str
    kind: str
    industry: Industry
    legal_person: Person
    capital: Decimal
    """Registered capital in 10,000 yuan."""
    established: date
    status: str
    grid: Grid
    address: str
    place: tuple[float, float]
    phone: str
    weight: float
    """How many people it would like to employ, compared with the others."""

    @property
    def individual(self) -> bool:
        return self.kind == "9500"

    @property
    def active(self) -> bool:
        return self.status == "1"


def _kind(rng: Random, industry: Industry) -> str:
    if not industry.industrial and rng.random() < 0.5:
        return "9500"
    return rng.choices(("1100", "1200", "4500"), (82, 6, 12))[0]


def _firm_name(rng: Random, kind: str, industry: Industry) -> str:
    if kind == "9500":
        return f"{DISTRICT}{brand(rng)}{industry.word}店"
    ending = {"1100": "有限公司", "1200": "股份有限公司", "4500": "厂"}[kind]
    return f"澜州市{brand(rng)}{industry.word}{ending}"


def make_firms(rng: Random, count: int, people: Sequence[Person]) -> list[Firm]:
    """`count` firms with unique codes and names."""
    owners = [person for person in people if 24 <= person.age() <= 68]
    industries, weights = tuple(INDUSTRIES), tuple(INDUSTRIES.values())
    firms: dict[str, Firm] = {}
    names: set[str] = set()
    while len(firms) < count:
        industry = rng.choices(industries, weights)[0]
        kind = _kind(rng, industry)
        name = _firm_name(rng, kind, industry)
        code = credit_code(rng, DISTRICT_CODE, individual=kind == "9500")
        if name in names or code in firms:
            continue
        names.add(name)
        grid = rng.choice(GRIDS)
        individual = kind == "9500"
        firms[code] = Firm(
            code=code,
            name=name,
            kind=kind,
            industry=industry,
            legal_person=rng.choice(owners),
            capital=Decimal(rng.choice((1, 2, 3, 5) if individual else (10, 50, 100, 200, 500, 1000, 5000))),
            established=TODAY - timedelta(days=rng.randrange(60, 9000)),
            status=rng.choices(("1", "2", "3"), (90, 7, 3))[0],
            grid=grid,
            address=street_address(rng, grid),
            place=grid.point(rng),
            phone=mobile_number(rng),
            weight=0.4 if individual else min(rng.paretovariate(1.0), 90) * industry.size,
        )
    return list(firms.values())


def make_jobs(rng: Random, people: Sequence[Person], firms: Sequence[Firm]) -> dict[str, Firm]:
    """Who works where: citizen number → firm. Migrants of working age nearly all work, in industry mostly."""
    open_firms = [firm for firm in firms if firm.active]
    anywhere = [firm.weight for firm in open_firms]
    industrial = [firm.weight * (3 if firm.industry.industrial else 1) for firm in open_firms]
    jobs = {}
    for person in people:
        if not 18 <= person.age() <= 59:
            continue
        if rng.random() < (0.62 if person.local else 0.88):
            jobs[person.number] = rng.choices(open_firms, anywhere if person.local else industrial)[0]
    return jobs
