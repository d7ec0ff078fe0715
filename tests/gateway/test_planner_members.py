"""What members are asked, as questions and the trees that the passes make of them, and why work stays at the merge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from gateway.planner.describe_merge import Part, describe_merge
from gateway.planner.disclosure import Disclosure
from gateway.planner.make_plan import PASSES, apply_passes
from gateway.planner.planning import Planning
from policies.decision import ColumnDecision, Decision, Floor
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.split import split_query

COLUMNS = tuple(
    Column(n, t) for n, t in [("id", "INTEGER"), ("area", "VARCHAR"), ("balance", "DECIMAL(12,2)")]
)
TOWN = (Column("code", "VARCHAR"), Column("name", "VARCHAR"))
MEMBERS = (("north", "person"), ("south", "person"))
CATALOG = Catalog(
    [
        Table("north", "person", COLUMNS),
        Table("south", "person", COLUMNS),
        Table("centre", "town", TOWN),
        Table(
            "land",
            "person",
            (*COLUMNS, Column("department", "VARCHAR")),
            members=MEMBERS,
            member_column="department",
        ),
    ],
    "1",
)


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    binder = Binder(CATALOG.tables)
    yield binder
    binder.close()


def blocks(name: str) -> list[list[str]]:
    """The lines of each entry of a fixture file, the title without its dashes."""
    text = (Path(__file__).parent / "fixtures" / name).read_text(encoding="utf-8")
    return [block.strip().removeprefix("-- ").splitlines() for block in text.split("\n\n")[1:]]


def resolve(question: str, binder: Binder) -> exp.Query:
    return resolve_query(parse_query(question.rstrip(";")), CATALOG, binder).tree


def held(*, floor: bool = False, functions: frozenset[str] = frozenset()) -> Disclosure:
    """Every member lets balances be aggregated and nobody see them; centre shows everything."""
    rules = {column.name: ColumnDecision(frozenset({"read"})) for column in COLUMNS}
    rules["balance"] = ColumnDecision(frozenset({"aggregate"}), functions=functions)
    decided = [
        Decision(
            department=department,
            table=table,
            allowed=True,
            known=True,
            grant_id="g",
            reasons=(),
            columns=rules,
            row_filter=None,
            legal_basis=None,
            policy_digest="",
            floor=Floor(3, "id") if floor else None,
        )
        for department, table in MEMBERS
    ]
    return Disclosure(decided)


def asked(question: str, binder: Binder, disclosure: Disclosure) -> dict[str, list[str]]:
    """Department → what it is asked."""
    tree = apply_passes(resolve(question, binder), Planning(CATALOG, binder, disclosure))
    found: dict[str, list[str]] = {}
    for piece in split_query(tree, lambda table: table.db).pieces:
        found.setdefault(piece.context, []).append(piece.query.sql(dialect="duckdb"))
    return found


@pytest.mark.parametrize(("title", "question", "plan"), blocks("member_plans.sql"))
def test_members_are_asked_for_their_part(title: str, question: str, plan: str, binder: Binder) -> None:
    tree = resolve(question, binder)
    before = tree.sql(dialect="duckdb")
    planned = apply_passes(tree, Planning(CATALOG, binder))
    assert planned.sql(dialect="duckdb") == sqlglot.parse_one(plan, dialect="duckdb").sql("duckdb"), title
    assert tree.sql(dialect="duckdb") == before, "the input was changed"


@pytest.mark.parametrize(("title", "question", "reason"), blocks("member_plans__stayed.sql"))
def test_a_plan_says_why_rows_meet(title: str, question: str, reason: str, binder: Binder) -> None:
    tree = resolve(question, binder)
    split = split_query(apply_passes(tree, Planning(CATALOG, binder)), lambda table: table.db)
    assert split.residual is not None
    parts = {piece.name: Part(piece.context, piece.query.sql(dialect="duckdb")) for piece in split.pieces}
    merge = describe_merge(split.residual, tree, parts)
    operation, _, why = reason.partition(": ")
    assert (operation, why) in [(each.text, each.why) for each in merge.walk()], title


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (
            "SELECT t.name AS n, avg(p.balance) AS a FROM land.person p JOIN centre.town t ON t.code = p.area GROUP BY t.name",
            "final, partials (count, sum) come from the 2 members of land.person;"
            + " land.person.balance may not be read: aggregated below the join",
        ),
        (
            "SELECT t.name AS n, sum(p.balance) AS a FROM north.person p JOIN centre.town t ON t.code = p.area GROUP BY t.name",
            "final, partials (sum) come from north; north.person.balance may not be read: aggregated below the join",
        ),
    ],
)
def test_a_plan_names_the_column_whose_policy_has_groups_leave(
    question: str, why: str, binder: Binder
) -> None:
    tree = resolve(question, binder)
    planned = apply_passes(tree, Planning(CATALOG, binder, held()))
    split = split_query(planned, lambda table: table.db)
    assert split.residual is not None
    parts = {piece.name: Part(piece.context, piece.query.sql(dialect="duckdb")) for piece in split.pieces}
    reasons = {each.kind: each.why for each in describe_merge(split.residual, tree, parts).walk()}
    assert reasons["aggregate"] == why


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_leaves_its_input_alone(name: str, binder: Binder) -> None:
    planning = Planning(CATALOG, binder)
    for _, question, _ in blocks("member_plans.sql"):
        tree = resolve(question, binder)
        for other, run in PASSES.items():
            before = tree.sql(dialect="duckdb")
            after = run(tree, planning)
            assert other != name or tree.sql(dialect="duckdb") == before, question
            tree = after


def test_passes_that_are_left_out_where_there_are_no_members_would_change_nothing(binder: Binder) -> None:
    questions = [question for _, question, _ in blocks("member_plans.sql")]
    questions += [
        question.replace("land.", "north.") for question in questions if "department" not in question
    ]
    for question in questions:
        tree, planning = resolve(question, binder), Planning(CATALOG, binder)
        expected = apply_passes(tree, planning).sql(dialect="duckdb")
        for run in PASSES.values():
            tree = run(tree, planning)
        assert tree.sql(dialect="duckdb") == expected, question


def test_what_may_not_be_read_is_aggregated_below_a_join(binder: Binder) -> None:
    question = "SELECT t.name AS n, sum(p.balance) AS s FROM land.person p JOIN centre.town t ON t.code = p.area GROUP BY t.name"
    parts = asked(question, binder, held())
    text = 'SELECT "north"."area" AS "area", SUM("north"."balance") AS "sum" FROM "north"."person" AS "north"'
    assert parts["north"] == [f'{text} GROUP BY "north"."area"']
    assert asked(question, binder, Disclosure())["north"] == [
        'SELECT "north"."area" AS "area", "north"."balance" AS "balance" FROM "north"."person" AS "north"'
    ]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT t.name AS n, avg(p.balance) AS a FROM north.person p JOIN centre.town t ON t.code = p.area GROUP BY t.name",
        "SELECT t.name AS n, (SELECT sum(p.balance) FROM north.person p WHERE p.area = t.code) AS s FROM centre.town t",
        "SELECT t.name AS n, (SELECT var_pop(p.balance) FROM land.person p WHERE p.area = t.code) AS s FROM centre.town t",
        "SELECT p.area AS a, stddev(p.balance) AS s FROM north.person p GROUP BY p.area HAVING count(*) > (SELECT count(*) FROM centre.town)",
        "SELECT count(*) AS n, stddev_samp(p.balance) AS s FROM land.person p WHERE p.area IN (SELECT t.code FROM centre.town t)",
    ],
)
def test_no_department_sends_what_may_not_be_read(question: str, binder: Binder) -> None:
    parts = asked(question, binder, held())
    for part in parts["north"]:
        tree = sqlglot.parse_one(part, dialect="duckdb")
        shown = [column for column in tree.find_all(exp.Column) if column.name == "balance"]
        assert shown
        assert all(column.find_ancestor(exp.AggFunc) for column in shown), part
        assert "MIN(" not in part, "a least value is a value"


def test_an_average_is_sent_as_one_where_sums_are_not_allowed(binder: Binder) -> None:
    functions = frozenset({"avg", "count"})
    parts = asked("SELECT avg(p.balance) AS a FROM land.person p", binder, held(functions=functions))
    assert "SUM(" not in parts["north"][0]
    assert 'AVG("north"."balance")' in parts["north"][0]


def test_a_deviation_is_sent_as_one_where_variances_are_not_allowed(binder: Binder) -> None:
    functions = frozenset({"stddev", "avg", "count"})
    parts = asked("SELECT stddev_pop(p.balance) AS a FROM land.person p", binder, held(functions=functions))
    assert 'STDDEV_POP("north"."balance")' in parts["north"][0]
    assert "VAR" not in parts["north"][0]


def test_members_roll_up_under_a_floor(binder: Binder) -> None:
    question = "SELECT p.area AS a, count(*) AS n FROM land.person p GROUP BY ROLLUP (p.area)"
    assert "ROLLUP" in asked(question, binder, held(floor=True))["south"][0]
    assert "ROLLUP" not in asked(question, binder, held())["south"][0]


def test_nothing_is_looked_up_in_members_under_a_floor(binder: Binder) -> None:
    question = (
        "SELECT count(*) AS n FROM land.person p WHERE EXISTS"
        " (SELECT 1 FROM land.person q WHERE q.department = p.department AND q.area = p.area)"
    )
    assert "EXISTS" in asked(question, binder, held())["north"][0]
    assert not any("EXISTS" in text for text in asked(question, binder, held(floor=True))["north"])


def test_a_constant_is_not_asked_of_a_column_that_may_only_be_joined(binder: Binder) -> None:
    question = (
        "SELECT t.name AS n FROM north.person p JOIN centre.town t ON t.code = p.balance WHERE t.code = '1.5'"
    )
    assert "1.5" not in asked(question, binder, held())["north"][0]
