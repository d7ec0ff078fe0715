"""A physical table outside its policy stops the fragment before anything is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlglot
from sqlglot import exp

from agent.barriers import allowed_rows, boundary_of, check_barriers
from agent.enforce import EnforcedFragment, wrap_tables
from agent.publication import Publisher
from comity.errors import InternalError
from tests.barriers.departments import Departments, run
from tests.noninterference.rows import ENGINES
from tests.noninterference.world import NAMES

TABLE: tuple[str, ...] = ("public", "t_person")
FILTERED = {TABLE: frozenset({True})}
WHOLE = """
SELECT "x"."id" AS "id" FROM (
  SELECT "_published"."id" AS "id" FROM (
    SELECT "_physical"."nr" AS "id", "_physical"."ort" AS "town" FROM "public"."t_person" AS "_physical"
  ) AS "_published" WHERE "_published"."town" = 'east'
) AS "x" WHERE "x"."id" + 1 > 3
"""


def parse(text: str) -> exp.Query:
    tree = sqlglot.parse_one(text, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    return tree


def test_a_wrapped_question_passes() -> None:
    check_barriers(parse(WHOLE), FILTERED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (' WHERE "_published"."town" = \'east\'', ""),
        ('FROM "public"."t_person" AS "_physical"', 'FROM "public"."t_person" AS "p"'),
        ('AS "_published" WHERE', 'AS "_published" CROSS JOIN "public"."t_person" AS "_physical" WHERE'),
        ('"t_person" AS "_physical"', '"t_person" AS "_physical" JOIN "public"."t_person" AS "q" ON TRUE'),
        (
            '"t_person" AS "_physical"',
            '"t_person" AS "_physical" WHERE CAST("_physical"."nr" AS INTEGER) > 1',
        ),
        ('"t_person" AS "_physical"', '"t_other" AS "_physical"'),
        (') AS "_published" WHERE', ') AS "_other" WHERE'),
        ('"_published"."id" AS "id"', 'max("_published"."id") AS "id"'),
        ('"x"."id" + 1 > 3', '"x"."id" IN (SELECT "p"."nr" FROM "public"."t_person" AS "p")'),
        ('"x"."id" + 1 > 3', 'EXISTS (SELECT 1 FROM "public"."t_person" AS "_physical")'),
        ("= 'east'", '= \'east\' AND EXISTS (SELECT 1 FROM "public"."t_person" AS "_physical")'),
        ('AS "x" WHERE', 'AS "x", "t_person" AS "y" WHERE'),
        ('SELECT "x"."id" AS "id" FROM', 'SELECT (SELECT max("nr") FROM "public"."t_person") AS "id" FROM'),
    ],
)
def test_whatever_stands_outside_its_policy_is_found(before: str, after: str) -> None:
    assert before in WHOLE
    with pytest.raises(InternalError):
        check_barriers(parse(WHOLE.replace(before, after)), FILTERED)


def test_a_row_filter_where_the_decision_has_none_is_found() -> None:
    with pytest.raises(InternalError):
        check_barriers(parse(WHOLE), {TABLE: frozenset({False})})


def test_the_allowed_rows_are_read_without_the_question() -> None:
    (table,) = parse(WHOLE).find_all(exp.Table)
    rows = allowed_rows(boundary_of(table), ["nr"]).sql(dialect="duckdb")
    assert rows == (
        'SELECT "_physical"."nr" AS "nr" FROM "public"."t_person" AS "_physical" WHERE "_physical"."ort" = \'east\''
    )


def _bare(tree: exp.Query, _: EnforcedFragment, publisher: Publisher) -> tuple[exp.Query, list[exp.Table]]:
    """What a rewrite would make that forgets the policy."""
    copy = tree.copy()
    tables = list(copy.find_all(exp.Table))
    for table in tables:
        parts = publisher.department.tables[table.name].physical
        physical = exp.table_(parts[-1], db=parts[0] if len(parts) > 1 else None, quoted=True)
        physical.set("alias", table.args["alias"].copy())
        table.replace(physical)
    return copy, list(copy.find_all(exp.Table))


def _without_filter(
    wrap: Callable[..., tuple[exp.Query, list[exp.Table]]],
) -> Callable[..., tuple[exp.Query, list[exp.Table]]]:
    def wrapped(
        tree: exp.Query, enforced: EnforcedFragment, publisher: Publisher
    ) -> tuple[exp.Query, list[exp.Table]]:
        found, tables = wrap(tree, enforced, publisher)
        for table in tables:
            boundary_of(table).shown.set("where", None)
        return found, tables

    return wrapped


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("column", ["id", "rank"])
@pytest.mark.parametrize("fault", ["bare", "without filter"])
def test_a_fragment_with_a_table_outside_its_policy_reads_nothing(
    fault: str, column: str, engine: str, departments: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = f"SELECT max(x.{column}) AS m FROM {NAMES[engine]}.person_own AS x"
    assert run(departments.full[engine], sql)[0]
    recorded = departments.recorded(engine)
    recorded.texts.clear()
    # A text that was checked is remembered; it is one that is made now that must not run.
    departments.full[engine].known.clear()
    broken = _bare if fault == "bare" else _without_filter(wrap_tables)
    monkeypatch.setattr("agent.execute.wrap_tables", broken)
    with pytest.raises(InternalError):
        run(departments.full[engine], sql)
    assert not recorded.texts
