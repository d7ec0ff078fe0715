"""The authenticated caller."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
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


def principal_key(principal: Principal) -> Hashable:
    """Everything about a principal that a decision can depend on, as a key of what is remembered for it.

    >>> principal_key(Principal("a", "tax")) == principal_key(Principal("a", "tax", attributes={"district": 1}))
    False
    """
    attributes = tuple(sorted((name, repr(value)) for name, value in principal.attributes.items()))
    return (
        principal.subject,
        principal.department,
        tuple(sorted(principal.roles)),
        attributes,
        principal.ceiling,
    )
