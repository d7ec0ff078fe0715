"""All departments' physical tables, in memory."""

from __future__ import annotations

import pyarrow as pa

from . import (
    civil_affairs,
    district_office,
    emergency,
    health,
    human_resources,
    market_regulation,
    natural_resources,
    public_security,
    tax,
    towns,
)
from .world import make_world

SEED = 2026
_MODULES = (
    public_security,
    market_regulation,
    natural_resources,
    health,
    human_resources,
    civil_affairs,
    district_office,
    tax,
    emergency,
    towns,
)


def build(scale: float = 1.0, seed: int = SEED) -> dict[tuple[str, str], pa.Table]:
    """(department, physical table) → its rows. The same scale and seed give the same tables.

    Column types are the declared ones; a field's metadata has the declaration under `native`, the schema's
    metadata the primary key under `primary_key`.
    """
    world = make_world(scale, seed)
    return {
        (shape.department, shape.name): table for module in _MODULES for shape, table in module.tables(world)
    }
