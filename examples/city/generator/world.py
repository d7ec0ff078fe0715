"""The one state of affairs that every department's tables are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from .firms import Firm, make_firms, make_jobs
from .identifiers import credit_code
from .people import TODAY, Person, make_people
from .places import DISTRICT_CODE

RESIDENTS = 20_000
FIRMS = 2_000


@dataclass(frozen=True, slots=True)
class World:
    """People, firms, and the facts about them that more than one department knows."""

    seed: int
    scale: float
    people: Sequence[Person]
    firms: Sequence[Firm]
    jobs: Mapping[str, Firm]
    """Citizen number → employer."""
    deaths: Mapping[str, date]
    """Citizen number → day of death, of those who died lately and still stand in some register."""
    poor: frozenset[str]
    """Household codes entitled to subsistence allowance."""
    disabled: Mapping[str, int]
    """Citizen number → grade of disability, 1 the gravest."""
    untaxed: frozenset[str]
    """Codes of firms at work that the tax office does not know."""
    unregistered: Sequence[str]
    """Codes that the tax office knows and market regulation does not."""

    def rng(self, name: str) -> Random:
        """The source of chance for one table, so that one table's change leaves the others as they were."""
        return Random(f"{self.seed}:{name}")

    def sized(self, count: int, least: int = 1) -> int:
        """A count at scale 1, scaled."""
        return max(least, round(count * self.scale))

    def living(self) -> list[Person]:
        return [person for person in self.people if person.number not in self.deaths]


def _deaths(rng: Random, people: Sequence[Person]) -> dict[str, date]:
    deaths = {}
    for person in people:
        age = person.age()
        chance = 0.002 if age < 50 else 0.012 if age < 65 else 0.06 if age < 80 else 0.17
        if rng.random() < chance:
            deaths[person.number] = TODAY - timedelta(days=rng.randint(25, 900))
    return deaths


def make_world(scale: float, seed: int) -> World:
    """The district at `scale` (1: about 20,000 people and 2,000 firms)."""
    people = make_people(Random(f"{seed}:people"), max(400, round(RESIDENTS * scale)))
    firms = make_firms(Random(f"{seed}:firms"), max(80, round(FIRMS * scale)), people)
    rng = Random(f"{seed}:fates")
    deaths = _deaths(rng, people)
    living = [person for person in people if person.number not in deaths]
    jobs = make_jobs(Random(f"{seed}:jobs"), living, firms)
    local_households = sorted({person.household.code for person in living if person.local})
    poor = frozenset(code for code in local_households if rng.random() < 0.022)
    disabled = {
        person.number: rng.choices((1, 2, 3, 4), (12, 24, 34, 30))[0]
        for person in people
        if person.local and rng.random() < (0.02 if person.age() < 60 else 0.05)
    }
    untaxed = frozenset(firm.code for firm in firms if firm.active and rng.random() < 0.045)
    unregistered = [
        credit_code(rng, DISTRICT_CODE, individual=rng.random() < 0.6) for _ in range(len(firms) // 45)
    ]
    return World(seed, scale, people, firms, jobs, deaths, poor, disabled, untaxed, unregistered)
