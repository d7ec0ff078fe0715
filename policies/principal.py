"""The authenticated caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AttributeValue = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `attributes` are what row filters may name as `principal.<attribute>`.

    `ceiling` is the highest grade of data that may reach the caller: general, important or core.
    """

    subject: str
    department: str
    roles: frozenset[str] = frozenset()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    ceiling: str = "core"
