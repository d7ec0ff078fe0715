"""市场监督管理局: the legal-entity base, approvals, licences. PostgreSQL, tables and columns in Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pyarrow as pa

from .dirt import lose, smudge
from .people import TODAY
from .places import exact
from .shape import Shape
from .world import World

ENTERPRISE = Shape(
    "market_regulation",
    "企业登记信息",
    ("统一社会信用代码",),
    {
        "统一社会信用代码": "varchar(18)",
        "企业名称": "varchar(120)",
        "企业类型": "varchar(4)",
        "法定代表人": "varchar(60)",
        "法人证件号码": "varchar(18)",
        "注册资本": "decimal(18,4)",
        "成立日期": "date",
        "行业代码": "varchar(5)",
        "所属镇街": "varchar(9)",
        "网格编码": "varchar(15)",
        "住所": "varchar(120)",
        "联系电话": "varchar(20)",
        "登记状态": "varchar(1)",
        "经度": "decimal(9,6)",
        "纬度": "decimal(9,6)",
    },
)
APPROVAL = Shape(
    "market_regulation",
    "行政许可办件",
    ("办件编号",),
    {
        "办件编号": "varchar(20)",
        "统一社会信用代码": "varchar(20)",
        "事项名称": "varchar(60)",
        "承办科室": "varchar(30)",
        "受理日期": "date",
        "法定时限": "smallint",
        "应办结日期": "date",
        "办结日期": "date",
        "办理结果": "varchar(1)",
    },
)
LICENCE = Shape(
    "market_regulation",
    "许可证",
    ("许可证编号",),
    {
        "许可证编号": "varchar(20)",
        "统一社会信用代码": "varchar(20)",
        "许可类别": "varchar(2)",
        "发证日期": "date",
        "有效期至": "date",
    },
)
_MATTERS = (
    ("食品经营许可", "食品科", 20),
    ("特种设备使用登记", "特设科", 30),
    ("危险化学品经营许可", "许可科", 45),
    ("企业变更登记", "登记科", 5),
    ("企业注销登记", "登记科", 10),
    ("检验检测机构资质认定", "质量科", 30),
    ("广告发布登记", "登记科", 5),
)
_NATIONAL_DAY = frozenset(date(2026, 10, day) for day in range(1, 8))


def working_days_after(start: date, days: int) -> date:
    """The last day of a legal time limit of `days` working days, Saturdays, Sundays and 1–7 October left out."""
    day = start
    while days:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in _NATIONAL_DAY:
            days -= 1
    return day


def _enterprises(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("enterprise")
    for firm in world.firms:
        yield (
            firm.code,
            firm.name,
            firm.kind,
            firm.legal_person.name,
            smudge(rng, firm.legal_person.number, lower=0.3),
            None if rng.random() < 0.01 else firm.capital,
            firm.established,
            lose(rng, firm.industry.code, 0.01),
            firm.grid.town.code,
            firm.grid.code,
            firm.address,
            lose(rng, firm.phone, 0.05),
            firm.status,
            *(exact(firm.place) if rng.random() > 0.02 else (None, None)),
        )


def _approvals(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("approval")
    firms = [firm for firm in world.firms if firm.active]
    for serial in range(world.sized(3000, 200)):
        firm = rng.choice(firms)
        matter, office, limit = rng.choice(_MATTERS)
        accepted = max(firm.established, TODAY - timedelta(days=rng.randint(2, 500)))
        due = working_days_after(accepted, limit)
        fate = rng.random()
        if fate < 0.05:  # late, by days or by weeks
            decided: date | None = due + timedelta(days=rng.randint(1, 60))
        elif fate < 0.07:  # forgotten
            decided = None
        else:
            decided = accepted + timedelta(days=rng.randint(0, max(0, (due - accepted).days)))
        if decided is not None and decided >= TODAY:
            decided = None
        yield (
            f"BJ{accepted:%Y%m}{serial:06d}",
            smudge(rng, firm.code, lower=0.02, blank=0.03),
            matter,
            office,
            accepted,
            limit,
            due,
            decided,
            None if decided is None else rng.choices(("1", "2"), (93, 7))[0],
        )


def _licences(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("licence")
    serial = 0
    for firm in world.firms:
        word = firm.industry.word
        kinds = {"食品制造": ("01",), "餐饮": ("02",), "涂料化工": ("03",), "危险品仓储": ("03",)}.get(
            word, ()
        )
        if firm.industry.industrial and rng.random() < 0.4:
            kinds = (*kinds, "04")
        for kind in kinds:
            if rng.random() < 0.06:
                continue
            serial += 1
            issued = max(firm.established, TODAY - timedelta(days=rng.randint(10, 2200)))
            yield (
                f"XK{kind}{serial:08d}",
                smudge(rng, firm.code, lower=0.01),
                kind,
                issued,
                issued + timedelta(days=5 * 365),
            )


def tables(world: World) -> Iterator[tuple[Shape, pa.Table]]:
    yield ENTERPRISE, ENTERPRISE.table(_enterprises(world))
    yield APPROVAL, APPROVAL.table(_approvals(world))
    yield LICENCE, LICENCE.table(_licences(world))
