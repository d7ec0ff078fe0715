"""The oracle of floors against answers that were worked out by hand, and the gateway against the oracle."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.compare import table_rows
from comity.client import Connection, connect
from gateway.embedded import serve
from tests.oracle.answer import differences
from tests.oracle.oracle import Oracle, Unclear

FILES = Path(__file__).parents[1] / "gateway/floor_federation"
Row = tuple[Any, ...]


def random_visits(seed: int) -> list[Row]:
    chance = random.Random(seed)
    visits: list[Row] = []
    for _ in range(90):
        ward = chance.choice(("heart", "heart", "heart", "eye", "eye", "skin", "ear", None))
        person = f"{ward}{chance.randrange(8 if ward == 'heart' else 5)}" if chance.random() < 0.9 else None
        visits.append((person, ward, chance.choice("FM"), chance.randrange(5)))
    return visits


ROWS = {"east": random_visits(1), "west": random_visits(2)}
WARDS = [("heart", "large", "heart1"), ("eye", "small", "eye1"), ("skin", "small", None)]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("floors") / "federation"
    shutil.copytree(FILES, place)
    (place / "data").mkdir()
    tables = {**{name: ("visit", rows) for name, rows in ROWS.items()}, "bureau": ("ward", WARDS)}
    columns = {
        "visit": "person TEXT, ward TEXT, sex TEXT, cost INTEGER",
        "ward": "name TEXT PRIMARY KEY, kind TEXT, person TEXT",
    }
    for department, (table, rows) in tables.items():
        with sqlite3.connect(place / "data" / f"{department}.sqlite") as database:
            database.execute(f"CREATE TABLE {table} ({columns[table]})")
            database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
        database.close()
    return place


@pytest.fixture(scope="module")
def oracle(directory: Path) -> Iterator[Oracle]:
    names = ("person", "ward", "sex", "cost")
    rows = {
        (d, "visit"): pa.Table.from_pylist([dict(zip(names, r, strict=True)) for r in v])
        for d, v in ROWS.items()
    }
    wards = [dict(zip(("name", "kind", "person"), row, strict=True)) for row in WARDS]
    found = Oracle(directory, {**rows, ("bureau", "ward"): pa.Table.from_pylist(wards)})
    yield found
    found.close()


@pytest.fixture(scope="module")
def asked(directory: Path) -> Iterator[Connection]:
    with serve(directory) as server, connect(server.address, token="analyst", purpose="statistics") as found:
        yield found


def ask(oracle: Oracle, sql: str) -> set[Row]:
    return set(table_rows(oracle.ask(sql, oracle.principal("analyst"), "statistics").table))


def by_ward(department: str) -> dict[str | None, list[Row]]:
    found: dict[str | None, list[Row]] = {}
    for row in ROWS[department]:
        found.setdefault(row[1], []).append(row)
    return {w: rows for w, rows in found.items() if len({r[0] for r in rows if r[0] is not None}) >= 5}


def test_the_oracle_shows_large_groups_only(oracle: Oracle) -> None:
    large = {(ward, len(rows)) for ward, rows in by_ward("east").items()}
    assert 0 < len(large) < 5
    assert ask(oracle, "SELECT ward, count(*) AS n FROM east.visit GROUP BY ward") == large
    assert ask(oracle, "SELECT ward, count(*) AS n FROM east.visit GROUP BY 1") == large
    assert ask(oracle, "SELECT ward AS w, count(*) AS n FROM east.visit GROUP BY w") == large
    assert ask(oracle, "SELECT DISTINCT ward FROM east.visit") == {(ward,) for ward, _ in large}


def test_the_oracle_has_no_row_for_a_small_total(oracle: Oracle) -> None:
    assert ask(oracle, "SELECT count(*) AS n FROM east.visit") == {(90,)}
    assert ask(oracle, "SELECT count(*) AS n FROM east.visit WHERE ward = 'nowhere'") == set()


def test_the_oracle_says_when_it_cannot_tell(oracle: Oracle) -> None:
    for sql in (
        "SELECT ward, count(*) AS n FROM east.visit GROUP BY ROLLUP (ward)",
        "SELECT count(*) FILTER (WHERE sex = 'F') AS n FROM east.visit",
        "SELECT (SELECT count(*) FROM east.visit) + (SELECT count(*) FROM east.visit) AS n",
        "SELECT (SELECT count(*) FROM east.visit WHERE ward = 'none') AS n",
    ):
        with pytest.raises(Unclear):
            ask(oracle, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ward, count(*) AS n, sum(cost) AS s FROM east.visit GROUP BY ward",
        "SELECT ward, sex, avg(cost) AS m FROM west.visit GROUP BY ward, sex ORDER BY ward, sex",
        "SELECT cost, count(*) AS n FROM east.visit WHERE ward IN ('heart', 'eye') GROUP BY cost HAVING count(*) > 6",
        "SELECT cost % 2 AS odd, count(*) AS n FROM west.visit GROUP BY odd",
        "SELECT DISTINCT ward, sex FROM west.visit",
        "SELECT count(*) AS n, sum(cost) AS s FROM east.visit WHERE sex = 'F'",
        "SELECT count(*) AS n FROM east.visit WHERE ward = 'nowhere'",
        "SELECT ward, count(*) AS n, sum(cost) AS s FROM city.visit GROUP BY ward",
        "SELECT department, ward, count(*) AS n FROM city.visit WHERE cost > 1 GROUP BY department, ward",
        "SELECT count(*) AS n, avg(cost) AS m FROM city.visit",
        "SELECT count(*) AS n FROM city.visit WHERE ward = 'nowhere'",
        "SELECT max(n) AS most FROM (SELECT ward, count(*) AS n FROM city.visit GROUP BY ward) AS g",
        "SELECT w.kind, g.n FROM (SELECT ward, count(*) AS n FROM city.visit GROUP BY 1) g JOIN bureau.ward w ON ward = name",
        "WITH g AS (SELECT ward, count(*) AS n FROM east.visit GROUP BY ward) SELECT a.ward, b.n FROM g AS a, g AS b",
        "SELECT ward, rank() OVER (ORDER BY sum(cost), ward) AS place FROM east.visit GROUP BY ward",
        "SELECT ward, count(*) AS n FROM east.visit GROUP BY ward UNION ALL SELECT name, 1 FROM bureau.ward",
    ],
)
def test_the_gateway_answers_as_the_oracle_does(oracle: Oracle, asked: Connection, sql: str) -> None:
    right = oracle.ask(sql, oracle.principal("analyst"), "statistics")
    assert differences(right, asked.query(sql).to_arrow()) == []
