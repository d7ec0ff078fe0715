"""What an answer says of the groups that floors left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.exchange import FragmentStream
from policies.decision import Decision

SMALL_GROUPS = "SMALL_GROUPS"
"""The notice's code. It comes with every answer that rests on a floor, whether or not anything was left out."""


@dataclass(frozen=True, slots=True)
class SmallGroups:
    """One department's floor in one answer.

    `groups` counts the groups left out as far as the department tells: 0 also when there are so few people in them
    that their number would say that somebody is there.
    """

    department: str
    entities: int
    groups: int

    @property
    def message(self) -> str:
        left_out = f"; {self.groups} {'was' if self.groups == 1 else 'were'}" if self.groups else ""
        return f"groups on fewer than {self.entities} are left out, and what is too small is not in totals{left_out}"


def small_groups(decisions: Iterable[Decision], streams: Iterable[FragmentStream]) -> tuple[SmallGroups, ...]:
    """The floors of an answer by department, each with its largest number."""
    floors: dict[str, int] = {}
    for decision in decisions:
        if decision.floor is not None:
            floors[decision.department] = max(floors.get(decision.department, 0), decision.floor.entities)
    told = dict.fromkeys(floors, 0)
    for stream in streams:
        if stream.department in told and stream.receipt is not None:
            told[stream.department] += max(stream.receipt.suppressed_groups, 0)
    return tuple(SmallGroups(name, least, told[name]) for name, least in floors.items())
