"""区政府办公室: the towns themselves, the list that everyone joins names from. SQLite, in Chinese."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from .identifiers import mobile_number
from .names import given_name, surname
from .places import TOWNS
from .shape import Shape
from .world import World

TOWN = Shape(
    "district_office",
    "镇街基本情况",
    ("镇街编码",),
    {
        "镇街编码": "text",
        "镇街名称": "text",
        "镇长": "text",
        "值班电话": "text",
        "面积": "double",
        "财政收入目标_分": "bigint",
        "备注": "text",
    },
)


def _towns(world: World) -> Iterator[tuple[object, ...]]:
    rng = world.rng("town")
    for town in TOWNS:
        mayor = surname(rng) + given_name(rng, 1975, male=rng.random() < 0.7)
        target = round(120_000_000_00 * town.share) // 10_000 * 10_000
        note = "区政府驻地" if town.code.endswith("101") else None
        yield town.code, town.name, mayor, mobile_number(rng), 18.17, target, note


def tables(world: World) -> Iterator[tuple[Shape, pa.Table]]:
    yield TOWN, TOWN.table(_towns(world))
