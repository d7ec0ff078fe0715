"""Floors in whole questions: over federated tables, across departments, and in what the caller is told."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.reader import AuditReader
from comity.client import Connection, connect
from comity.errors import PolicyError
from comity.result import Result
from gateway.embedded import serve

FILES = Path(__file__).parent / "floor_federation"
Row = tuple[Any, ...]


def visits(wards: dict[str, int]) -> list[Row]:
    """As many people of each ward, with two visits each, of which the first costs 10 and the second 30."""
    return [
        (f"{ward}{number}", ward, "FM"[number % 2], cost)
        for ward, people in wards.items()
        for number in range(people)
        for cost in (10, 30)
    ]


ROWS: dict[str, list[Row]] = {
    "east": visits({"heart": 8, "eye": 2, "skin": 2, "ear": 2}),
    "west": visits({"heart": 2, "eye": 9}),
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("floors") / "federation"
    shutil.copytree(FILES, place)
    (place / "data").mkdir()
    for department, rows in ROWS.items():
        with sqlite3.connect(place / "data" / f"{department}.sqlite") as database:
            database.execute("CREATE TABLE visit (person TEXT, ward TEXT, sex TEXT, cost INTEGER)")
            database.executemany("INSERT INTO visit VALUES (?, ?, ?, ?)", rows)
        database.close()
    with sqlite3.connect(place / "data/bureau.sqlite") as database:
        database.execute("CREATE TABLE ward (name TEXT PRIMARY KEY, kind TEXT, person TEXT)")
        database.execute("INSERT INTO ward VALUES ('heart', 'large', 'heart1'), ('eye', 'small', 'eye1')")
    database.close()
    return place


@pytest.fixture(scope="module")
def asked(directory: Path) -> Iterator[Connection]:
    with serve(directory) as server, connect(server.address, token="analyst", purpose="statistics") as found:
        yield found


def answer(connection: Connection, sql: str) -> tuple[set[Row], Result]:
    result = connection.query(sql)
    columns = [column.to_pylist() for column in result.to_arrow().columns]
    return set(zip(*columns, strict=True)), result


def test_one_departments_small_groups_are_left_out_and_the_caller_is_told(
    asked: Connection, directory: Path
) -> None:
    rows, result = answer(asked, "SELECT ward, count(*) AS n, sum(cost) AS s FROM east.visit GROUP BY ward")
    assert rows == {("heart", 16, 320)}
    assert result.summary is not None
    assert result.summary.suppressed_groups == 3
    (notice,) = result.notices
    assert (notice.code, notice.department) == ("SMALL_GROUPS", "east")
    assert "fewer than 5" in notice.message
    assert "3 were" in notice.message
    records = AuditReader(directory / "audit").records()
    own = {r.type: r.event for r in records if r.query_id == result.summary.query_id}
    outcome, receipt = own["query.completed"]["outcome"], own["fragment.completed"]["receipt"]
    assert (outcome["suppressed_groups"], receipt["suppressed_groups"]) == (3, 3)
    assert outcome["notices"] == ["SMALL_GROUPS"]


def test_the_notice_comes_whether_or_not_a_group_is_left_out(asked: Connection) -> None:
    """Or its absence would say that a person is not there."""
    told = []
    for cost in (10, 99):
        rows, result = answer(
            asked,
            f"SELECT ward, count(*) AS n FROM west.visit WHERE ward = 'heart' AND cost = {cost} GROUP BY ward",
        )
        assert result.summary is not None
        told.append((rows, [n.message for n in result.notices], result.summary.suppressed_groups))
    assert told[0] == told[1]
    assert len(told[0][1]) == 1


def test_each_department_keeps_its_floor_in_a_federated_table(asked: Connection) -> None:
    rows, result = answer(asked, "SELECT ward, count(*) AS n, avg(cost) AS a FROM city.visit GROUP BY ward")
    assert rows == {("heart", 16, 20.0), ("eye", 18, 20.0)}
    assert {notice.department for notice in result.notices} == {"east", "west"}


def test_totals_over_departments_hold_what_each_shows_of_its_own(asked: Connection) -> None:
    # In the east eye, skin and ear are six people together, so the total has them; in the west heart is two.
    sql = "SELECT ward, count(*) AS n FROM city.visit GROUP BY ROLLUP (ward)"
    assert answer(asked, sql)[0] == {("heart", 16), ("eye", 18), (None, 28 + 18)}
    sql = "SELECT department, ward, count(*) AS n FROM city.visit GROUP BY ROLLUP (department, ward)"
    rows = answer(asked, sql)[0]
    assert {row for row in rows if row[1] is not None} == {("east", "heart", 16), ("west", "eye", 18)}
    assert {row[2] for row in rows if row[0] is None} <= {34, 46}


def test_a_total_of_which_nothing_may_be_shown_has_no_row(asked: Connection) -> None:
    assert answer(asked, "SELECT count(*) AS n FROM city.visit WHERE ward = 'ear'")[0] == set()
    assert (
        answer(asked, "SELECT count(*) AS n, sum(cost) AS s FROM city.visit WHERE ward = 'none'")[0] == set()
    )
    assert answer(asked, "SELECT count(*) AS n FROM city.visit")[0] == {(50,)}


REFUSED = {
    "a table and its federation": (
        "SELECT (SELECT count(*) FROM city.visit) - (SELECT count(*) FROM east.visit) AS n"
    ),
    "a total beside its parts": (
        "SELECT ward, count(*) AS n FROM east.visit GROUP BY ward UNION ALL SELECT 'all', count(*) FROM east.visit"
    ),
    "rows at the merge": (
        "SELECT w.kind, count(*) AS n FROM east.visit AS v JOIN bureau.ward AS w ON v.person = w.person "
        "GROUP BY w.kind"
    ),
    "smaller groups at the merge": (
        "SELECT w.kind, sum(v.cost) AS n FROM east.visit AS v JOIN bureau.ward AS w ON v.ward = w.name GROUP BY w.kind"
    ),
    "different values over departments": "SELECT count(DISTINCT sex) AS n FROM city.visit",
    "existence": "SELECT name FROM bureau.ward WHERE EXISTS (SELECT 1 FROM east.visit AS v WHERE v.ward = name)",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_get_around_a_floor_is_refused_before_anything_is_sent(
    asked: Connection, name: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        answer(asked, REFUSED[name])
    assert caught.value.code == "POLICY_DENIED"
    assert caught.value.line == 1


def test_groups_may_be_joined_once_they_are_large_enough(asked: Connection) -> None:
    sql = (
        "SELECT w.kind, v.n FROM (SELECT ward, count(*) AS n FROM city.visit GROUP BY ward) AS v "
        "JOIN bureau.ward AS w ON v.ward = w.name"
    )
    assert answer(asked, sql)[0] == {("large", 16), ("small", 18)}
