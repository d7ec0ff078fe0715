"""The sketch of an approximate count: the same number as of the values themselves, where it is less than they are."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from gateway.planner.choosing import Choosing, Preference
from gateway.planner.disclosure import Disclosure
from gateway.planner.make_plan import apply_passes
from gateway.planner.members import FEDERATED
from gateway.planner.planning import Planning
from gateway.planner.sketch_counts import REGISTERS, WORTH, WORTH_TIME, sketch_counts
from gateway.planner.words import rounded
from policies.decision import ColumnDecision, Decision, Floor
from sql.render import render
from sql.split import Split
from tests.gateway.federated_world import MEMBERS, PERSON, FederatedWorld, SameFacts
from tests.sql.ask_in_parts import compare

VALUES = {
    "bigint": "n",
    "integer": "CAST(n AS INTEGER)",
    "tinyint": "CAST(n % 50 AS TINYINT)",
    "unsigned": "CAST(n AS UBIGINT) + 18446744073709000000",
    "hugeint": "CAST(n AS HUGEINT) * 10000000000000",
    "boolean": "n % 2 = 0",
    "text": "'区é' || n",
    "empty text": "CASE WHEN n % 2 = 0 THEN '' ELSE ' ' END",
    "decimal": "CAST(n / 7 AS DECIMAL(18, 3))",
    "wide decimal": "CAST(n / 7 AS DECIMAL(38, 3))",
    "double": "CAST(n AS DOUBLE) / 3",
    "float": "CAST(n AS FLOAT)",
    "zeros": "CASE WHEN n % 2 = 0 THEN CAST('-0' AS DOUBLE) ELSE 0.0::DOUBLE END",
    "not numbers": "CASE WHEN n % 2 = 0 THEN CAST('nan' AS DOUBLE) ELSE n END",
    "date": "DATE '2000-01-01' + CAST(n AS INTEGER)",
    "time": "TIME '00:00' + to_seconds(n)",
    "timestamp": "TIMESTAMP '2000-01-01' + to_seconds(n)",
    "timestamptz": "TIMESTAMPTZ '2000-01-01' + to_seconds(n)",
    "blob": "CAST(CAST(n AS VARCHAR) AS BLOB)",
    "list": "[n, n]",
    "some null": "CASE WHEN n % 3 = 0 THEN n END",
    "all null": "CAST(NULL AS INTEGER)",
}
ALONE = "SELECT approx_count_distinct(p.far) AS n FROM land.person p"
SKETCHED = {
    "alone": ALONE,
    "by groups": "SELECT p.area AS a, approx_count_distinct(p.far) AS n FROM land.person p GROUP BY p.area",
    "twice": "SELECT approx_count_distinct(p.far) + approx_count_distinct(p.far) AS n FROM land.person p",
    "filtered": "SELECT approx_count_distinct(p.far) FILTER (WHERE p.small > 1) AS n FROM land.person p",
    "some rows": "SELECT approx_count_distinct(p.name) AS n FROM land.person p WHERE p.small > 0",
    "an expression": "SELECT approx_count_distinct(p.far % 7 + p.small) AS n FROM land.person p",
    "rolled up": "SELECT p.area AS a, approx_count_distinct(p.name) AS n FROM land.person p GROUP BY ROLLUP (p.area)",
    "having": "SELECT p.area AS a FROM land.person p GROUP BY p.area HAVING approx_count_distinct(p.name) > 1",
    "no rows": "SELECT approx_count_distinct(p.name) AS n FROM land.person p WHERE p.id < 0",
    "beside a count": "SELECT approx_count_distinct(p.far) AS n, count(*) AS c FROM land.person p",
    "beside sums": "SELECT p.area AS a, approx_count_distinct(p.far) AS n, sum(p.small) AS s, avg(p.price) AS v,"
    " sum(p.even) AS e FROM land.person p GROUP BY p.area",
    "beside extremes": "SELECT approx_count_distinct(p.far) AS n, min(p.name) AS a, max(p.born) AS b, bool_and(p.flag) AS c,"
    " bool_or(p.flag) AS d FROM land.person p",
    "beside a filtered count": "SELECT p.area AS a, approx_count_distinct(p.far) AS n, count(*) FILTER (WHERE p.small > 1) AS c,"
    " count(p.name) FILTER (WHERE p.area = 'a') AS d FROM land.person p GROUP BY ROLLUP (p.area)",
    "beside the same sum twice": "SELECT approx_count_distinct(p.far) AS n, sum(p.price) AS s, avg(p.price) AS v FROM land.person p",
    "beside values": "SELECT approx_count_distinct(p.far) AS n, count(DISTINCT p.name) AS m FROM land.person p",
    "beside, of no rows": "SELECT approx_count_distinct(p.far) AS n, count(*) AS c, sum(p.small) AS s FROM land.person p WHERE p.id < 0",
    "beside, in HAVING": "SELECT p.area AS a, approx_count_distinct(p.far) AS n FROM land.person p GROUP BY p.area HAVING count(*) > 3",
    "beside, windows over groups": "SELECT p.area AS a, approx_count_distinct(p.far) AS n, sum(count(*)) OVER (ORDER BY p.area) AS r"
    " FROM land.person p GROUP BY p.area",
}
VALUES_LEAVE = {
    "beside a spread": "SELECT approx_count_distinct(p.far) AS n, stddev(p.small) AS d FROM land.person p",
    "beside repeated values": "SELECT approx_count_distinct(p.far) AS n, median(p.small) AS m FROM land.person p",
    "of two columns": "SELECT approx_count_distinct(p.far) AS n, approx_count_distinct(p.name) AS m FROM land.person p",
    "grouped by as well": "SELECT p.far AS f, approx_count_distinct(p.far) AS n FROM land.person p GROUP BY p.far",
    "whole groups": "SELECT p.member AS m, approx_count_distinct(p.far) AS n FROM land.person p GROUP BY p.member",
}


@pytest.fixture(scope="module")
def world() -> Iterator[FederatedWorld]:
    world = FederatedWorld(rows=4000)
    yield world
    world.close()


def planned(
    world: FederatedWorld, sql: str, choosing: Choosing, disclosure: Disclosure | None = None
) -> Split:
    return world.plan(world.resolve(sql), disclosure=disclosure, choosing=choosing)


def is_sketched(split: Split) -> bool:
    return any("HASH(" in render(piece.query) for piece in split.pieces)


@pytest.mark.parametrize("rows", [0, 1, 5, 1000, 40_000])
@pytest.mark.parametrize("kind", VALUES)
def test_the_sketch_is_that_of_the_values(kind: str, rows: int, world: FederatedWorld) -> None:
    """DuckDB's hash and sketch are as the planner takes them to be, for every type, to the bit."""
    value = VALUES[kind]
    text = 'SELECT APPROX_COUNT_DISTINCT("u"."v") AS "n" FROM (SELECT "t"."v" AS "v" FROM "m"."t" AS "t" GROUP BY "t"."v") AS "u"'
    tree = sqlglot.parse_one(text, dialect="duckdb")
    assert isinstance(tree, exp.Select)
    (union,) = tree.find_all(exp.Subquery)
    union.meta[FEDERATED] = "u"
    planning = Planning(world.catalog, world.binder)
    sketched = sketch_counts(tree, planning)
    assert planning.remarks
    with duckdb.connect(config={"temp_directory": ""}) as connection:
        connection.execute(
            f"CREATE SCHEMA m; CREATE TABLE m.t AS SELECT {value} AS v FROM range({rows}) AS r(n)"
        )
        assert connection.sql(render(sketched)).fetchall() == connection.sql(text).fetchall()
        (sent,) = [s for s in sketched.find_all(exp.Subquery) if s.meta.get(FEDERATED)]
        assert len(connection.sql(render(sent.this)).fetchall()) <= REGISTERS + 1
        assert "HASH(" in render(sent.this)


@pytest.mark.parametrize("question", SKETCHED)
def test_members_send_the_sketch_and_the_answer_is_the_same(question: str, world: FederatedWorld) -> None:
    sql = SKETCHED[question]
    assert is_sketched(planned(world, sql, Choosing()))
    assert compare(world, sql, world.plan).status == "same"


@pytest.mark.parametrize("question", VALUES_LEAVE)
def test_what_cannot_be_put_together_from_parts_is_sent(question: str, world: FederatedWorld) -> None:
    sql = VALUES_LEAVE[question]
    assert not is_sketched(planned(world, sql, Choosing()))
    assert compare(world, sql, world.plan).status == "same"


@pytest.mark.parametrize(
    ("prefer", "worth"), [("exposure", WORTH), ("time", WORTH_TIME)], ids=["exposure", "time"]
)
@pytest.mark.parametrize("question", ["alone", "by groups"])
def test_few_values_are_sent_themselves(
    question: str, prefer: Preference, worth: int, world: FederatedWorld
) -> None:
    for more in (-1, 1):
        # Of the eight areas each has a sketch.
        choosing = Choosing(SameFacts(1e12, worth * REGISTERS + more, area=8.0), prefer)
        assert is_sketched(planned(world, SKETCHED[question], choosing)) is (more > 0)


def test_unknown_values_are_sent_where_answers_are_to_come_soonest(world: FederatedWorld) -> None:
    assert not is_sketched(planned(world, ALONE, Choosing(prefer="time")))


def test_under_a_floor_departments_make_no_sketch(world: FederatedWorld) -> None:
    rules = {name: ColumnDecision(frozenset({"read"})) for name in PERSON}
    disclosure = Disclosure(
        Decision(member, "person", True, True, "grant", (), rules, None, None, "", floor=Floor(2, "id"))
        for member in MEMBERS
    )
    assert not is_sketched(planned(world, ALONE, Choosing(), disclosure))


def test_a_sketch_is_no_larger_however_many_the_rows(world: FederatedWorld) -> None:
    split = planned(world, "SELECT approx_count_distinct(p.id) AS n FROM land.person p", Choosing())
    sent = [world.answer(render(piece.query)).num_rows for piece in split.pieces]
    assert len(sent) == len(MEMBERS)
    assert max(sent) <= REGISTERS < 2000


@pytest.mark.parametrize(
    ("values", "prefer", "text"),
    [
        (
            5 * REGISTERS,
            "exposure",
            "the sketch of its values crosses rather than {0}; with prefer: time the other way round",
        ),
        (
            5 * REGISTERS,
            "time",
            "{0} cross rather than the sketch of its values; with prefer: exposure the other way round",
        ),
        (99 * REGISTERS, "exposure", "the sketch of its values crosses rather than {0}"),
        (99 * REGISTERS, "time", "the sketch of its values crosses rather than {0}"),
        (REGISTERS, "exposure", None),
    ],
)
def test_a_plan_says_what_the_other_preference_would_send(
    values: int, prefer: Preference, text: str | None, world: FederatedWorld
) -> None:
    planning = Planning(world.catalog, world.binder, choosing=Choosing(SameFacts(1e12, values), prefer))
    apply_passes(world.resolve(ALONE).tree, planning)
    said = [remark.text for remark in planning.remarks]
    members = 4
    both = f"about {rounded(float(members * values))} values"
    assert said == ([] if text is None else [f"for an approximate count {text.format(both)}"])
