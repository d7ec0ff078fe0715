"""A plan serves other values of the same question when it is the plan they would get; and nothing else."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from comity.errors import SqlError
from comity.values import ParameterValue
from gateway.assembly import Gateway, open_gateway
from gateway.plan_texts import plan_texts
from gateway.stages import FederatedPlan, Lifetime, QueryRequest
from policies.principal import Principal
from tests.oracle.small_federation import FEDERATION, write_databases

NURSE = Principal("nurse", "clinic", frozenset({"analyst"}))
CLERK = Principal("clerk", "bureau", frozenset({"analyst"}), {"area": "east"})
Named = Mapping[str, ParameterValue]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    directory = tmp_path / "federation"
    shutil.copytree(FEDERATION, directory)
    write_databases(directory)
    gateway = open_gateway(directory)
    yield gateway
    gateway.close()


def request(
    sql: str, named: Named | None = None, who: Principal = CLERK, purpose: str = "statistics"
) -> QueryRequest:
    lifetime = Lifetime(time.monotonic() + 60)
    return QueryRequest(
        "q", "", who, "", sql, (), named or {}, purpose, allow_partial=False, lifetime=lifetime
    )


def plan(gateway: Gateway, asked: QueryRequest, *, anew: bool = False) -> FederatedPlan:
    pipeline = gateway.pipeline
    record = pipeline.recorder.begin(asked, pipeline.telemetry)
    return pipeline.make_plan(asked, record) if anew else pipeline.plan(asked, record)


def is_known(gateway: Gateway, asked: QueryRequest) -> bool:
    """Whether a question's plan is not made, and is the plan that would be made."""
    pipeline = gateway.pipeline
    made: list[object] = []
    whole = type(pipeline.planner).plan_admitted

    def count(*given: object) -> FederatedPlan:
        made.append(given)
        return whole(*given)  # type: ignore[arg-type]  # what it was called with

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(pipeline.planner), "plan_admitted", count)
        found = plan(gateway, asked)
    expected = plan(gateway, asked, anew=True)
    assert plan_texts(found) == plan_texts(expected)
    assert found.schema == expected.schema
    assert found.authorized.decisions == expected.authorized.decisions
    assert found.authorized.request is asked
    return not made


LIFTED = {
    "integer": ("SELECT name FROM district.resident WHERE id = {}", ["1", "2", "3"]),
    "text": ("SELECT id FROM district.resident WHERE kind = {}", ["'户籍'", "'it''s'", "''"]),
    "decimal": ("SELECT name FROM bureau.benefit WHERE amount > {}", ["10.25", "99.00", "10.26"]),
    "date": (
        "SELECT count(*) AS n FROM clinic.patient WHERE born < DATE {}",
        ["'1960-01-01'", "'2001-02-28'", "'1951-12-31'"],
    ),
    "date as text": (
        "SELECT count(*) AS n FROM clinic.patient WHERE born BETWEEN '1950-01-01' AND {}",
        ["'1960-01-01'", "'2001-02-28'", "'1951-12-31'"],
    ),
    "date and interval": (
        "SELECT count(*) AS n FROM clinic.patient WHERE born < DATE {} + INTERVAL 1 YEAR",
        ["'1960-01-01'", "'2001-02-28'", "'1951-12-31'"],
    ),
    "list": ("SELECT name FROM district.resident WHERE id IN (1, {})", ["2", "3", "4"]),
    "pattern": ("SELECT id FROM district.resident WHERE name LIKE {}", ["'张%'", "'%娜'", "'_'"]),
    "join": (
        "SELECT b.name FROM bureau.benefit b JOIN district.resident r ON r.id = b.id AND r.kind = {}",
        ["'户籍'", "'流动'", "'x'"],
    ),
    "nested": (
        "SELECT kind, count(*) AS n FROM (SELECT * FROM district.resident WHERE id > {}) s GROUP BY kind",
        ["0", "1", "2"],
    ),
    "group's key": (
        "SELECT kind, count(*) AS n FROM district.resident GROUP BY kind HAVING kind <> {}",
        ["'户籍'", "'流动'", "'x'"],
    ),
    "subquery": (
        "SELECT name FROM bureau.benefit WHERE id IN (SELECT id FROM district.resident WHERE kind = {})",
        ["'户籍'", "'流动'", "'x'"],
    ),
}


@pytest.mark.parametrize("case", LIFTED)
def test_the_third_value_needs_no_plan_of_its_own(gateway: Gateway, case: str) -> None:
    sql, values = LIFTED[case]
    first, second, third = (request(sql.format(value)) for value in values)
    assert not is_known(gateway, first)
    assert not is_known(gateway, second)
    assert is_known(gateway, third)


def test_a_parameter_is_a_value(gateway: Gateway) -> None:
    sql = "SELECT name FROM district.resident WHERE id = $id OR (id > $id AND kind = $kind)"
    asked = [request(sql, {"id": number, "kind": kind}) for number, kind in ((1, "a"), (2, "b"), (3, "a"))]
    assert [is_known(gateway, one) for one in asked] == [False, False, True]


UNLIKE: dict[str, tuple[str, list[ParameterValue]]] = {
    "sign": ("SELECT name FROM bureau.benefit WHERE id > $p", [4, 5, -7, -8, -9, 6]),
    "sign of a list": ("SELECT name FROM district.resident WHERE id IN (1, $p)", [2, 3, -2]),
    "number for text": ("SELECT id FROM district.resident WHERE kind = $p", ["1", "2", 1.0, Decimal(1), 1]),
    "date for text": ("SELECT id FROM district.resident WHERE kind = $p", ["a", "b", date(2000, 1, 1)]),
    "bytes for text": ("SELECT id FROM district.resident WHERE kind = $p", ["a", "b", b"a"]),
    "time for text": ("SELECT id FROM district.resident WHERE kind = $p", ["a", "b", datetime(2000, 1, 1)]),
    "scale": (
        "SELECT name FROM bureau.benefit WHERE amount > $p",
        [Decimal("1.5"), Decimal("2.5"), Decimal("1.50")],
    ),
    "NULL": ("SELECT name FROM bureau.benefit WHERE id > $p", [1, 2, None, 3]),
}


@pytest.mark.parametrize("case", UNLIKE)
def test_a_parameter_is_also_its_sign_and_its_type(gateway: Gateway, case: str) -> None:
    sql, values = UNLIKE[case]
    for value in values:
        # It compares the plan with the one that is made anew; what does not fit the column's type has none.
        with suppress(SqlError):
            is_known(gateway, request(sql, {"p": value}))


def test_what_is_true_is_part_of_a_parameters_shape(gateway: Gateway) -> None:
    sql = "SELECT name FROM bureau.benefit WHERE (id > 1) = $true AND id < $id"
    for is_true, number in ((True, 4), (True, 5), (False, 6), (None, 7), (False, 8), (True, 9)):
        is_known(gateway, request(sql, {"true": is_true, "id": number}))


FIXED = {
    "limit": ("SELECT name FROM bureau.benefit ORDER BY id LIMIT {}", ["1", "2", "3"]),
    "member": ("SELECT name FROM district.resident WHERE town = {}", ["'town_east'", "'town_west'", "'x'"]),
    "output's name": ("SELECT id = {} FROM bureau.benefit", ["1", "2", "3"]),
    "output": ("SELECT id + {} AS n FROM bureau.benefit", ["1", "2", "3"]),
    "negative": ("SELECT name FROM bureau.benefit WHERE id > -{}", ["1", "2", "3"]),
    "type": ("SELECT CAST(amount AS DECIMAL(10, {})) AS a FROM bureau.benefit", ["1", "2", "0"]),
    "position": ("SELECT id, name FROM bureau.benefit ORDER BY {}", ["1", "2", "1 DESC, 2"]),
    "constant column": (
        "SELECT a FROM (SELECT 'x' AS a, id FROM bureau.benefit) s WHERE a = {}",
        ["'x'", "'y'", "'z'"],
    ),
    "more digits": ("SELECT name FROM bureau.benefit WHERE id > {}", ["1", "22", "333"]),
    "other type": ("SELECT name FROM bureau.benefit WHERE id > {}", ["2147483647", "2147483648", "1"]),
    "other scale": ("SELECT name FROM bureau.benefit WHERE amount > {}", ["1", "1.0", "1.00"]),
    "no date": ("SELECT count(*) AS n FROM clinic.patient WHERE name > {}", ["1", "2", "'1950-01-01'"]),
}


@pytest.mark.parametrize("case", FIXED)
def test_what_planning_may_read_is_planned(gateway: Gateway, case: str) -> None:
    sql, values = FIXED[case]
    for value in values:
        try:
            assert not is_known(gateway, request(sql.format(value), who=NURSE if "clinic" in sql else CLERK))
        except Exception as error:
            if getattr(error, "code", "") not in {"SQL_TYPE", "SQL_CONSTRUCT_REFUSED"}:
                raise


def test_a_fixed_value_is_part_of_the_shape(gateway: Gateway) -> None:
    sql = "SELECT name FROM district.resident WHERE id < {} ORDER BY id LIMIT {}"
    asked = [(1, 5), (2, 5), (3, 5), (4, 6), (7, 6), (8, 6), (9, 5)]
    known = [is_known(gateway, request(sql.format(*values))) for values in asked]
    assert known == [False, False, True, False, False, True, True]


def test_values_that_were_different_may_not_become_equal(gateway: Gateway) -> None:
    """Equal conditions are planned once, so that one that was alone may not be any more."""
    sql = "SELECT name FROM district.resident WHERE (id = {} AND kind = 'a') OR (id = {} AND kind = 'b')"
    known = [is_known(gateway, request(sql.format(*values))) for values in ((1, 2), (3, 4), (5, 6), (7, 7))]
    assert known == [False, False, True, False]


def test_no_shape_is_shared_by_two_callers_or_purposes(gateway: Gateway) -> None:
    sql = "SELECT count(*) AS n FROM clinic.patient WHERE sex = {}"
    for value in ("'男'", "'女'"):
        plan(gateway, request(sql.format(value), who=NURSE))
    callers = [
        replace(NURSE, subject="other"),
        replace(NURSE, attributes={"area": "west"}),
        replace(NURSE, ceiling="general"),
        CLERK,
    ]
    for number, who in enumerate(callers):
        assert not is_known(gateway, request(sql.format(f"'{number}'"), who=who))
    assert not is_known(gateway, request(sql.format("'x'"), who=NURSE, purpose="review"))
    assert is_known(gateway, request(sql.format("'x'"), who=NURSE))


def test_no_shape_outlives_its_day(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "SELECT name FROM district.resident WHERE id = {}"
    for value in (1, 2):
        plan(gateway, request(sql.format(value)))
    monkeypatch.setattr(gateway.pipeline.catalogs, "today", lambda: date(2030, 1, 1))
    assert not is_known(gateway, request(sql.format(3)))


def test_what_is_explained_is_planned(gateway: Gateway) -> None:
    sql = "SELECT name FROM district.resident WHERE id = {}"
    for value in (1, 2):
        plan(gateway, request(sql.format(value)))
    assert not is_known(gateway, replace(request(sql.format(3)), operation="explain"))


def test_answers_are_those_of_their_own_values(gateway: Gateway) -> None:
    sql = "SELECT name FROM district.resident WHERE kind = {} AND id < {} ORDER BY name"
    answers = {}
    for kind, number in itertools.product(("户籍", "流动", "'"), (1, 2, 3)):
        literal = "'" + kind.replace("'", "''") + "'"
        answer = gateway.pipeline.answer(request(sql.format(literal, number)))
        answers[kind, number] = [row["name"] for batch in answer.read() for row in batch.to_pylist()]
    assert answers["户籍", 3] == ["张伟"]
    assert answers["流动", 2] == ["王五"]
    assert answers["流动", 3] == ["李娜", "王五"]
    assert not any(rows for (kind, number), rows in answers.items() if kind == "'" or number == 1)


def test_the_record_tells_the_values_of_its_own_question(gateway: Gateway) -> None:
    sql = "SELECT name FROM district.resident WHERE kind = {}"
    records = []
    for value in ("'a'", "'b'", "'c'"):
        asked = request(sql.format(value))
        record = gateway.pipeline.recorder.begin(asked, gateway.pipeline.telemetry)
        gateway.pipeline.plan(asked, record)
        records.append(record)
    assert records[2].decisions == records[1].decisions
    assert records[2].decisions
