"""Which uses are inferred of questions that a person can read: one file, each question with what it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import pytest
from sqlglot import exp

from sql.binder import Binder
from sql.catalog import Catalog, ColumnUse, Table, TableUse
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.uses import Influence, infer_uses
from tests.sql.lab import DATA, columns_of

TABLES = {
    ("health", "patient"): "id VARCHAR, name VARCHAR, sex VARCHAR, born DATE, diagnosis VARCHAR, "
    "cost DECIMAL(10,2), visits INTEGER, insured BOOLEAN, seen TIMESTAMP",
    ("civil", "resident"): "id VARCHAR, town VARCHAR, born DATE, sex VARCHAR, age INTEGER",
    ("civil", "benefit"): "resident VARCHAR, amount DECIMAL(10,2), since DATE, note VARCHAR",
    ("医保", "参保人"): "证件号 VARCHAR, 姓名 VARCHAR",
}
CATALOG = Catalog([Table(*key, columns_of(listed)) for key, listed in TABLES.items()], "1")


@dataclass(frozen=True)
class Case:
    """A question, and under it a line for each column of what it does with that column."""

    question: str
    expected: tuple[str, ...]


def read_cases() -> Iterator[Case]:
    """Questions start at the margin, their uses are indented, lines that start with `--` are notes."""
    question, expected = "", []
    for line in [*(DATA / "uses.txt").read_text(encoding="utf-8").splitlines(), "end"]:
        if line.startswith("  "):
            expected.append(" ".join(line.split()))
        elif line and not line.startswith("--"):
            if question:
                yield Case(question, tuple(expected))
            question, expected = line, []


def described(tables: tuple[TableUse, ...]) -> tuple[str, ...]:
    """The uses as the file writes them: `patient.cost: aggregate sum, filter (can fail)`."""
    lines = []
    for table in tables:
        by_column = sorted(table.uses, key=lambda use: use.column)
        for column, uses in groupby(by_column, key=lambda use: use.column):
            lines.append(f"{table.name}.{column}: {', '.join(sorted({_word(use) for use in uses}))}")
    return tuple(sorted(lines))


def _word(use: ColumnUse) -> str:
    words = [use.use]
    if use.use == "join":
        words.append(".".join(use.partner[1:]) if use.partner else "something computed")
    elif use.partner:
        words.append(f"joined with {'.'.join(use.partner[1:])}")
    if use.values:
        words.append(str(use.values))
    if use.function:
        words.append(use.function)
    if use.fails:
        words.append("(can fail)")
    return " ".join(words)


@pytest.fixture(scope="module")
def binder() -> Iterator[Binder]:
    binder = Binder(CATALOG.tables)
    yield binder
    binder.close()


def infer(question: str, binder: Binder, *, crossing: bool = False) -> Influence:
    resolved = resolve_query(parse_query(question), CATALOG, binder)
    return infer_uses(resolved.tree, resolved.tables, question, crossing=crossing)


CASES = list(read_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.question)
def test_a_question_uses_its_columns_as_written_under_it(case: Case, binder: Binder) -> None:
    assert described(infer(case.question, binder).tables) == tuple(sorted(case.expected))


def test_the_file_has_every_kind_of_question() -> None:
    assert len(CASES) > 250
    assert len({case.question for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("question", "column", "use", "place"),
    [
        ("select name from health.patient", "name", "read", (1, 8)),
        ("select sex,\n  p.name from health.patient p", "name", "read", (2, 3)),
        (
            "select count(*) from health.patient\nwhere sex = 'f'\n  and visits > 3",
            "visits",
            "filter",
            (3, 7),
        ),
        ("select sum(cost) from health.patient", "cost", "aggregate", (1, 12)),
        ("select * from health.patient", "cost", "read", (1, 8)),
        ("select 1, p.* from health.patient p", "cost", "read", (1, 11)),
        ("select 1 from health.patient join civil.resident using (id)", "id", "join", (1, 57)),
        ("select count(*) as n, sex as 性别 from health.patient group by 性别", "sex", "group", (1, 23)),
        ("select n from (select name as n from health.patient) q", "name", "read", (1, 8)),
        ("select 1 from health.patient order by cost", "cost", "order", (1, 39)),
    ],
)
def test_a_use_names_its_place_in_the_text(
    question: str, column: str, use: str, place: tuple[int, int], binder: Binder
) -> None:
    uses = [u for table in infer(question, binder).tables for u in table.uses]
    assert next((u.line, u.place) for u in uses if (u.column, u.use) == (column, use)) == place


@pytest.mark.parametrize(
    ("question", "how"),
    [
        ("select name from health.patient", "returns it"),
        ("select upper(name) from health.patient", "returns something computed from it"),
        ("select max(cost) from health.patient", "takes max of it"),
        ("select avg(cost) from health.patient", "takes avg of it"),
        ("select count(*) from health.patient where cost > 3", "compares it by >"),
        (
            "select count(*) from health.patient p join civil.resident r using (id)",
            "joins it with civil.resident.id",
        ),
        (
            "select sex from health.patient order by cost limit 1",
            "orders by it and keeps the first rows",
        ),
    ],
)
def test_a_use_says_what_the_question_does(question: str, how: str, binder: Binder) -> None:
    uses = [u for table in infer(question, binder).tables for u in table.uses]
    assert how in {use.how for use in uses}


@pytest.mark.parametrize(
    ("question", "outputs"),
    [
        ("select name, 1 from health.patient", ["patient.name", ""]),
        ("select name from health.patient where sex = 'f'", ["patient.name patient.sex"]),
        ("select count(*) from health.patient", [""]),
        ("select count(*), sum(cost) from health.patient", ["", "patient.cost"]),
        (
            "select sex, sum(cost) from health.patient group by sex",
            ["patient.sex", "patient.cost patient.sex"],
        ),
        (
            "select count(*) from health.patient group by sex having max(cost) > 3",
            ["patient.cost patient.sex"],
        ),
        ("select name from health.patient order by cost limit 1", ["patient.cost patient.name"]),
        (
            "select name, row_number() over (order by cost) from health.patient",
            ["patient.name", "patient.cost"],
        ),
        (
            "select p.name, r.town from health.patient p join civil.resident r using (id)",
            ["patient.id patient.name resident.id", "patient.id resident.id resident.town"],
        ),
        (
            "select n from (select count(*) as n, sex as s from health.patient group by sex) where s = 'f'",
            ["patient.sex"],
        ),
        (
            "select (select max(amount) from civil.benefit where note = 'x'), name from health.patient",
            ["benefit.amount benefit.note", "patient.name"],
        ),
        (
            "select name from health.patient union all select town from civil.resident where age > 3",
            ["patient.name resident.age resident.town"],
        ),
        (
            "select name from health.patient except select town from civil.resident",
            ["patient.name resident.town"],
        ),
        ("select distinct name, sex from health.patient", ["patient.name patient.sex"] * 2),
        (
            "select name from health.patient where exists (select 1 from civil.benefit where resident = id)",
            ["benefit.resident patient.id patient.name"],
        ),
        (
            "select case when insured then cost end, sex from health.patient",
            ["patient.cost patient.insured", "patient.sex"],
        ),
    ],
)
def test_an_output_depends_on_everything_that_decided_it(
    question: str, outputs: list[str], binder: Binder
) -> None:
    found = infer(question, binder).outputs
    assert [" ".join(sorted(".".join(o[1:]) for o in origins)) for origins in found] == outputs


def test_values_in_a_fragments_output_cross_as_they_are_or_as_something_computed(binder: Binder) -> None:
    question = "select id, upper(name) as n, sex, max(cost) as c from health.patient group by all"
    (patient,) = infer(question, binder, crossing=True).tables
    assert {(u.column, u.use) for u in patient.uses} == {
        ("id", "group"),
        ("name", "group"),
        ("sex", "group"),
        ("cost", "read"),
    }
    (patient,) = infer("select id, upper(name) as n from health.patient", binder, crossing=True).tables
    assert [(u.column, u.use, u.bare) for u in patient.uses] == [
        ("id", "cross", True),
        ("name", "cross", False),
    ]


def test_what_is_not_understood_reads_whatever_it_names(binder: Binder) -> None:
    resolved = resolve_query(parse_query("select id from health.patient where cost > 3"), CATALOG, binder)
    tree = resolved.tree.copy()
    for node in tree.find_all(exp.GT):
        node.replace(exp.Anonymous(this="something_new", expressions=[node.this.copy()]))
    influence = infer_uses(tree, resolved.tables)
    (patient,) = influence.tables
    assert {(u.column, u.use, u.fails) for u in patient.uses} == {
        ("id", "read", True),
        ("cost", "read", True),
    }
    assert influence.outputs == (frozenset({("health", "patient", "id"), ("health", "patient", "cost")}),)


def test_a_long_chain_of_conditions_is_no_deep_recursion(binder: Binder) -> None:
    question = "select count(*) from health.patient where " + " or ".join(
        f"visits = {number}" for number in range(400)
    )
    (patient,) = infer(question, binder).tables
    assert [(u.column, u.use, u.values) for u in patient.uses] == [("visits", "match", 400)]
