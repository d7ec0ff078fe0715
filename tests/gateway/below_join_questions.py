"""Random questions that aggregate a join of one department's table with another's, and facts that make it aggregate."""

from __future__ import annotations

import random

from policies.statistics import UNKNOWN_SPEED, ColumnFacts, SourceSpeed, TableFacts
from tests.gateway.federated_world import HOME, PERSON, RATE, TOWN

KINDS = {"person": PERSON, "home": HOME, "town": TOWN, "rate": RATE}
PERSON_VALUES = ("p.small", "p.far", "p.price", "p.even", "p.thin", "p.price * 2", "p.small + p.far")
TOWN_VALUES = ("t.weight", "t.weight + 1", "length(t.title)")
KEYS = ("t.title", "t.code", "p.area", "p.flag", "p.small", "upper(p.area)", "year(p.born)", "t.weight % 2")
CONDITIONS = (
    "p.small > 0",
    "p.name IN ('x', 'X', '张三')",
    "t.weight < 4",
    "p.small < t.weight",
    "p.born >= DATE '2001-01-01'",
    "(p.flag OR t.weight = 1)",
    "p.id IN (SELECT h.id FROM north.home h)",
    "EXISTS (SELECT 1 FROM centre.rate r WHERE r.area = p.area)",
    "p.name IS NULL",
)
JOINS = (
    "FROM north.person p JOIN centre.town t ON t.code = p.area",
    "FROM north.person p, centre.town t WHERE_ t.code = p.area",
    "FROM centre.town t JOIN north.person p ON p.area = t.code AND p.small >= 0",
    "FROM centre.town t LEFT JOIN north.person p ON p.area = t.code",
    "FROM centre.town t LEFT JOIN north.person p ON p.area = t.code AND p.small > 0 AND t.weight > 1",
    "FROM centre.town t LEFT JOIN north.person p ON p.small < t.weight",
    "FROM north.person p JOIN north.home h ON h.id = p.home JOIN centre.town t ON t.code = p.area",
    "FROM north.person p JOIN centre.town t ON p.small < t.weight",
    "FROM north.person p JOIN centre.town t ON t.code = p.area JOIN centre.rate r ON r.area = t.code",
    "FROM north.person p CROSS JOIN centre.town t",
)


class BelowFacts:
    """Many rows in few groups, of every table and caller: whatever can be aggregated is."""

    def table(self, department: str, name: str) -> TableFacts | None:
        del department
        facts = ColumnFacts(distinct=3.0, null_fraction=0.0, width=4.0, bounds=(-10.0, 10.0))
        return TableFacts(1e9, dict.fromkeys(KINDS[name], facts))

    def speed(self, department: str) -> SourceSpeed:
        del department
        return UNKNOWN_SPEED


class BelowJoinMaker:
    """One question of a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def question(self) -> str:
        source = self.chance.choice(JOINS)
        conditions = self.chance.sample(CONDITIONS, self.chance.choice((0, 0, 1, 2)))
        keys = self.chance.sample(KEYS, self.chance.choice((0, 1, 1, 2)))
        calls = [self.call() for _ in range(self.chance.randint(1, 4))]
        if self.chance.random() < 0.1:
            calls = ["count(*)"]
        outputs = [f"{text} AS c{i}" for i, text in enumerate([*keys, *calls])]
        text, _, fixed = source.partition(" WHERE_ ")
        where = " AND ".join([*([fixed] if fixed else []), *conditions])
        sql = f"SELECT {', '.join(outputs)} {text}"
        if where:
            sql += f" WHERE {where}"
        if keys:
            grouping = ", ".join(keys)
            sql += f" GROUP BY {f'ROLLUP({grouping})' if self.chance.random() < 0.15 else grouping}"
            if self.chance.random() < 0.3:
                sql += f" HAVING {self.call()} IS NOT NULL AND count(*) > 1"
        if self.chance.random() < 0.15:
            sql = f"SELECT count(*) AS n, min(q.c0) AS m FROM ({sql}) q"
        return sql

    def call(self) -> str:
        chance = self.chance
        mine, other = chance.choice(PERSON_VALUES), chance.choice(TOWN_VALUES)
        text = chance.choice(
            (
                "count(*)",
                f"count({mine})",
                f"sum({mine})",
                f"avg({mine})",
                f"min({mine})",
                f"max({other})",
                f"count(DISTINCT {mine})",
                f"approx_count_distinct({mine})",
                f"sum({other})",
                f"avg({other})",
                f"count({other})",
                f"sum(DISTINCT {other})",
                "stddev(p.small)",
                "count(p.area)",
                "bool_or(p.flag)",
                "sum(1)",
                f"sum(coalesce({mine}, 1))",
                f"sum(CASE WHEN t.weight > 2 THEN {mine} ELSE 0 END)",
                "count(CASE WHEN p.flag THEN 1 END)",
            )
        )
        if chance.random() < 0.2:
            text += f" FILTER (WHERE {chance.choice(('p.small > 0', 't.weight > 2', 'p.flag'))})"
        return text
