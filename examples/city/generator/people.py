"""Households and the people in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from .identifiers import citizen_number, mobile_number
from .names import NATIONS, given_name, pick, surname
from .places import DISTRICT_CODE, GRIDS_OF, ORIGINS, TOWNS, Grid, Origin, street_address

TODAY = date(2026, 11, 1)
"""The day on which all this is the state of affairs. Questions name it as a literal, so answers are stable."""


@dataclass(frozen=True, slots=True)
class Household:
    code: str
    grid: Grid
    address: str
    place: tuple[float, float]
    origin: Origin | None
    """Where its people come from; None for locals."""


@dataclass(frozen=True, slots=True)
class Person:
    number: str
    """The citizen number as issued, without dirt."""
    name: str
    male: bool
    born: date
    nation: str
    household: Household
    head: bool
    alone: bool
    married: bool
    phone: str
    registered: datetime

    @property
    def local(self) -> bool:
        return self.household.origin is None

    @property
    def domicile(self) -> str:
        origin = self.household.origin
        return DISTRICT_CODE if origin is None else origin.code

    def age(self, on: date = TODAY) -> int:
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))


_LOCAL_KINDS = {"elder": 11, "elders": 14, "single": 11, "couple": 12, "family": 32, "three generations": 20}
_MIGRANT_KINDS = {"single": 45, "couple": 30, "family": 25}


@dataclass(frozen=True, slots=True)
class _Seat:
    """A place at the table of a household: who sits there, before they have a name."""

    age: int
    male: bool
    family: str
    married: bool


def _seats(rng: Random, kind: str) -> list[_Seat]:
    """The members of one household, its head first."""
    family, other, man = surname(rng), surname(rng), rng.random() < 0.5
    if kind == "elder":
        return [_Seat(min(68 + int(rng.expovariate(1 / 10)), 101), rng.random() < 0.4, family, False)]
    if kind == "elders":
        age = min(62 + int(rng.expovariate(1 / 10)), 97)
        return [_Seat(age, True, family, True), _Seat(max(60, age - rng.randint(-2, 5)), False, other, True)]
    if kind == "single":
        return [_Seat(rng.randint(19, 55), man, family, False)]
    age = rng.randint(26, 54)
    seats = [_Seat(age, True, family, True), _Seat(max(22, age - rng.randint(-2, 5)), False, other, True)]
    if kind == "couple":
        return seats
    for _ in range(rng.choices((1, 2, 3), (50, 40, 10))[0]):
        seats.append(_Seat(max(0, min(age - 24 - rng.randint(0, 8), 24)), rng.random() < 0.52, family, False))
    if kind == "three generations":
        older = age + rng.randint(23, 32)
        seats.append(_Seat(older, False, surname(rng), rng.random() < 0.6))
        if rng.random() < 0.6:
            seats.append(_Seat(older + rng.randint(-2, 5), True, family, True))
    return seats


def _born(rng: Random, age: int) -> date:
    return TODAY - timedelta(days=int(age * 365.25) + 1 + rng.randrange(364))


def make_people(rng: Random, count: int) -> list[Person]:
    """At least `count` people, household by household; citizen numbers are unique."""
    people: list[Person] = []
    taken: set[str] = set()
    serial = 0
    while len(people) < count:
        serial += 1
        town = rng.choices(TOWNS, [t.share for t in TOWNS])[0]
        grid = rng.choice(GRIDS_OF[town.code])
        migrant = rng.random() < 0.26
        origin = rng.choices(tuple(ORIGINS), tuple(ORIGINS.values()))[0] if migrant else None
        household = Household(
            f"{town.code[-3:]}{serial:07d}", grid, street_address(rng, grid), grid.point(rng), origin
        )
        kind = pick(rng, _MIGRANT_KINDS if migrant else _LOCAL_KINDS)
        seats = _seats(rng, kind)
        for place, seat in enumerate(seats):
            born = _born(rng, seat.age)
            issued_by = origin.issuing_code if origin else DISTRICT_CODE
            number = _number(rng, issued_by, born, seat.male, taken)
            people.append(
                Person(
                    number=number,
                    name=seat.family + given_name(rng, born.year, male=seat.male),
                    male=seat.male,
                    born=born,
                    nation=pick(rng, NATIONS),
                    household=household,
                    head=place == 0,
                    alone=len(seats) == 1,
                    married=seat.married,
                    phone=mobile_number(rng),
                    registered=_registered(rng, born),
                )
            )
    return people


def _number(rng: Random, issued_by: str, born: date, male: bool, taken: set[str]) -> str:
    while True:
        number = citizen_number(issued_by, born, rng.randrange(1 if male else 2, 999, 2))
        if number not in taken:
            taken.add(number)
            return number


def _registered(rng: Random, born: date) -> datetime:
    """When the record was last made: office hours after 2009, and not before birth."""
    first = max(born, date(2009, 1, 5))
    day = first + timedelta(days=rng.randrange(max(1, (TODAY - first).days)))
    return datetime.combine(day, time(rng.randint(8, 17), rng.randrange(60), rng.randrange(60)))
