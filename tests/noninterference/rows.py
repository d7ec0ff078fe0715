"""The rows of a pair of worlds: what a caller sees is the same in both, and all else differs.

Hidden rows hold what each engine finds hardest: numbers at the ends of their types, dates that are none, infinity,
texts that are no numbers, two rows with one id. Behind masks stand other values of the same appearance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

COLUMNS = ("id", "town", "name", "phone", "born", "level", "score", "big", "money", "ok", "secret")
ENGINES = ("postgresql", "mysql", "sqlite", "duckdb")
SIDES = ("left", "right")
Value = str | int | None
Row = dict[str, Value]

FILTERS: Mapping[str, str | None] = {
    "own": "town = principal.town",
    "list": "town IN (principal.towns)",
    # PostgreSQL tries what is cheapest first, and this is not.
    "dear": " OR ".join(["town = 'east'", *(f"town LIKE 'ea{n}%'" for n in range(12)), "length(town) = 40"]),
    # These fail on some rows, which they then hide; `rank` is computed from the level.
    "cast": "CAST(level AS INTEGER) < 6",
    "rank": "rank < 6",
    "none": "town = 'nowhere'",
    "mask": None,
}
"""The tables `person_…` and their row filters."""

FAILING = frozenset({"cast", "rank"})
BORN_MASKED = frozenset({"list", "mask"})
"""The tables of which only the year of birth is shown."""

ODD: Mapping[str, Mapping[str, tuple[Value, ...]]] = {
    "postgresql": {"born": ("infinity", "-infinity", "5874897-12-31", "0044-03-15 BC"), "ok": (1, 0, None)},
    "mysql": {"born": ("0000-00-00", "2020-00-10", "9999-12-31", "1000-01-01"), "ok": (2, 0, None)},
    "sqlite": {"born": ("bad", "2020-13-45", "", "9999-12-31"), "ok": (2, 0, None)},
    "duckdb": {"born": ("infinity", "-infinity", "5881580-07-10", "0001-01-01"), "ok": (1, 0, None)},
}
LEVELS = ("x", "", "99999999999", "(", "9", "%", None)
SCORES = (2147483647, -2147483648, 0, -1, None)
BIGS = (9223372036854775807, -9223372036854775808, 0, None)
MONEYS = ("99999999.99", "-99999999.99", "0", None)


@dataclass(frozen=True, slots=True)
class Sides:
    """One table's rows in both worlds, and `bare`, in which there is nothing but what is seen."""

    left: tuple[Row, ...]
    right: tuple[Row, ...]
    bare: tuple[Row, ...]

    def of(self, side: str) -> tuple[Row, ...]:
        return {"left": self.left, "right": self.right, "bare": self.bare}[side]


def person_rows(seed: int, engine: str, table: str) -> Sides:
    """Rows of `person_<table>` on one engine; visible ones stand in the same order in both worlds."""
    chance = Random(f"{seed} {engine} {table}")
    seen = [] if table == "none" else [_seen(number, chance, table) for number in range(1, 25)]
    found = {}
    for side in SIDES:
        apart = Random(f"{seed} {engine} {table} {side}")
        rows = [_behind(row, apart, masked=table in BORN_MASKED) for row in seen]
        many = apart.randrange(3, 40) if FILTERS[table] is not None else 0
        if table == "none":
            many = 12 if side == "left" else 0
        for _ in range(many):
            rows.insert(apart.randrange(len(rows) + 1), _hidden(engine, table, apart))
        found[side] = tuple(rows)
    return Sides(found["left"], found["right"], tuple(seen))


def _seen(number: int, chance: Random, table: str) -> Row:
    town = "west" if table in {"mask", *FAILING} and chance.random() < 0.4 else "east"
    return {
        "id": number,
        "town": town,
        "name": chance.choice("张李王赵") + chance.choice(("伟", "小红", "秀英")),
        "phone": f"138{chance.randrange(10**4):04}{chance.randrange(10**4):04}",
        "born": f"{chance.randrange(1950, 2010)}-06-15",
        "level": str(chance.randrange(1, 6)),
        "score": chance.randrange(1, 50),
        "big": chance.randrange(1, 10**9),
        "money": f"{chance.randrange(100, 99999) / 100:.2f}",
        "ok": chance.randrange(2),
        "secret": "",
    }


def _behind(row: Row, apart: Random, *, masked: bool) -> Row:
    """The same row as its masks show it: another name of that beginning and length, another day of that year."""
    name, phone, born = str(row["name"]), str(row["phone"]), str(row["born"])
    return row | {
        "name": name[0] + "".join(apart.choice("一二三四(%") for _ in name[1:]),
        "phone": f"{phone[:3]}{apart.randrange(10**4):04}{phone[7:]}",
        "born": f"{born[:4]}-{apart.randrange(1, 13):02}-{apart.randrange(1, 29):02}" if masked else born,
        "secret": apart.choice(("", "x", "(", "a secret", "'")),
    }


def _hidden(engine: str, table: str, apart: Random) -> Row:
    # No database computes these filters itself, so that its connector delivers what that hides, too.
    born, ok = (
        (("1900-01-01", None), (1, 0)) if table in FAILING else (ODD[engine]["born"], ODD[engine]["ok"])
    )
    level = apart.choice([level for level in LEVELS if level is not None or table not in FAILING])
    return {
        "id": apart.randrange(0, 30),
        "town": apart.choice(("west", "south")) if table not in FAILING else "east",
        "name": apart.choice(("(", "", "张伟", "x" * 30, None)),
        "phone": apart.choice(("13800000000", "x", None)),
        "born": apart.choice(born),
        "level": level,
        "score": apart.choice(SCORES),
        "big": apart.choice(BIGS),
        "money": apart.choice(MONEYS),
        "ok": apart.choice(ok),
        "secret": apart.choice(("", "x", "(")),
    }


def visit_rows(seed: int, engine: str) -> Sides:
    """Visits by town under a floor of three persons: one in town c and one in d, whose visits differ.

    Together they are too few for it to be told how many towns were left out.
    """
    chance = Random(f"{seed} {engine} visit")
    large: list[Row] = [
        {"person": f"p{n}", "town": "ab"[n % 2], "cost": chance.randrange(100)} for n in range(16)
    ]
    found = {}
    for side in SIDES:
        apart = Random(f"{seed} {engine} visit {side}")
        small: list[Row] = []
        for town in "cd":
            for _ in range(apart.randrange(1, 9)):
                small.append({"person": f"{side} {town}", "town": town, "cost": apart.randrange(100)})
        found[side] = (*large, *small)
    return Sides(found["left"], found["right"], tuple(large))
