"""Resolution, by fixture: what questions become, and what is refused where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlglot import exp

from comity.errors import SqlError
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table, TableUse
from sql.parameters import bind_parameters
from sql.parse import parse_query
from sql.render import render
from sql.resolve import ResolvedQuery, resolve_query
from tests.sql.lab import Refusal, read_pairs, read_refusals

REFUSALS = list(read_refusals("refused.sql"))


def resolve(text: str, catalog: Catalog, binder: Binder) -> ResolvedQuery:
    return resolve_query(parse_query(text), catalog, binder)


@pytest.mark.parametrize(("question", "expected"), list(read_pairs("resolved.sql")))
def test_a_question_becomes_explicit(question: str, expected: str, lab: Catalog, lab_binder: Binder) -> None:
    parsed = parse_query(question)
    before = parsed.tree.sql("duckdb")
    assert render(resolve_query(parsed, lab, lab_binder).tree) == expected
    assert parsed.tree.sql("duckdb") == before, "the parsed question was changed"


@pytest.mark.parametrize("refusal", REFUSALS, ids=[refusal.text[:60] for refusal in REFUSALS])
def test_a_question_is_refused_with_its_code_and_place(
    refusal: Refusal, lab: Catalog, lab_binder: Binder
) -> None:
    with pytest.raises(SqlError) as caught:
        resolve(refusal.text, lab, lab_binder)
    assert caught.value.code == refusal.code
    assert (caught.value.line, caught.value.column) == refusal.place
    assert refusal.says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("SELECT a,\n       nosuch\nFROM h.t", (2, 8)),
        ("SELECT a\r\nFROM h.t\r\nWHERE nosuch = 1", (3, 7)),
        ("select '多字节文字', 姓名2 from 医保.参保人", (1, 17)),
        ("select a -- 说明\n, b\n  ,nosuch from h.t", (3, 4)),
        ("select a\nfrom h.t\n\nwhere a +", (4, 9)),
        ("select a\n\nfrom nosuch.t", (3, 6)),
        ("select '长文' as x, sum('文') from h.t", (1, 19)),
    ],
)
def test_places_are_counted_in_lines_and_characters(
    text: str, place: tuple[int, int], lab: Catalog, lab_binder: Binder
) -> None:
    with pytest.raises(SqlError) as caught:
        resolve(text, lab, lab_binder)
    assert (caught.value.line, caught.value.column) == place


def test_a_type_error_is_placed_in_the_text_as_written_after_values_were_put_in(
    lab: Catalog, lab_binder: Binder
) -> None:
    parsed = bind_parameters(parse_query("select $name, a + c from h.t where a = $name"), [], {"name": 12345})
    with pytest.raises(SqlError) as caught:
        resolve_query(parsed, lab, lab_binder)
    assert (caught.value.code, caught.value.line, caught.value.column) == ("SQL_TYPE", 1, 17)


def test_uses_name_the_columns_of_every_scope_and_the_first_place(lab: Catalog, lab_binder: Binder) -> None:
    resolved = resolve(
        "select t.a,\n (select max(d) from k.u where u.a = t.b) from h.t\n where exists (select * from k.v)"
        " and t.a in (select u2.a from k.u u2) order by c",
        lab,
        lab_binder,
    )
    assert set(resolved.tables) == {
        TableUse("h", "t", frozenset({"a", "b", "c"}), 2, 48),
        TableUse("k", "u", frozenset({"a", "d"}), 2, 22),
        TableUse("k", "v", frozenset(), 3, 30),
    }


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("select count(*) from h.t", set()),
        ("select count(a) from h.t", {"a"}),
        ("select * exclude (b) from h.t", {"a", "c"}),
        ("select 1 from h.t where exists (select * from k.u where u.a = t.b)", {"b"}),
        ("select x.n from h.t as x(n)", {"a"}),
        ("select q.a from (h.t left join (k.u join h.t as q on u.a = q.b) on t.c is null)", {"a", "b", "c"}),
        ("select z from (select a as z from h.t) where z > 1", {"a"}),
        ("with w as (select b from h.t) select 1", {"b"}),
        ("select 1 from h.t natural join k.u", {"a"}),
        ("select 1 from h.t group by c order by max(b)", {"b", "c"}),
    ],
)
def test_only_columns_that_are_read_count_as_used(
    text: str, used: set[str], lab: Catalog, lab_binder: Binder
) -> None:
    uses = {use.name: use.columns for use in resolve(text, lab, lab_binder).tables if use.department == "h"}
    assert uses == {"t": frozenset(used)}


def test_the_present_is_one_instant_in_utc(lab: Catalog, lab_binder: Binder) -> None:
    now = datetime(2026, 11, 23, 7, 30, tzinfo=timezone(timedelta(hours=8)))
    parsed = parse_query("select current_date as d, now() as n, localtimestamp as l, today() as t from h.t")
    text = render(resolve_query(parsed, lab, lab_binder, now=now).tree)
    assert text == (
        "SELECT CAST('2026-11-22' AS DATE) AS \"d\", CAST('2026-11-22 23:30:00+00:00' AS TIMESTAMPTZ) AS \"n\", "
        "CAST('2026-11-22 23:30:00' AS TIMESTAMP) AS \"l\", CAST('2026-11-22' AS DATE) AS \"t\" "
        'FROM "h"."t" AS "t"'
    )


def test_the_present_defaults_to_now(lab: Catalog, lab_binder: Binder) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    tree = resolve("select localtimestamp as l", lab, lab_binder).tree
    literal = tree.find(exp.Literal)
    assert literal is not None
    assert before <= datetime.fromisoformat(literal.this) <= datetime.now(UTC).replace(tzinfo=None)


def test_a_placeholder_without_a_value_is_refused_with_its_place(lab: Catalog, lab_binder: Binder) -> None:
    for text, place in [("select a from h.t where b = ?", 29), ("select a from h.t limit $n", 25)]:
        with pytest.raises(SqlError, match="no value for the placeholder") as caught:
            resolve(text, lab, lab_binder)
        assert (caught.value.code, caught.value.column) == ("SQL_PARAMETER", place)


def test_values_of_parameters_are_bound_like_literals(lab: Catalog, lab_binder: Binder) -> None:
    parsed = bind_parameters(
        parse_query("select a + ? as n from h.t where c = ? limit ?"), [1, "it's; --", 2], {}
    )
    resolved = resolve_query(parsed, lab, lab_binder)
    assert render(resolved.tree) == (
        'SELECT "t"."a" + 1 AS "n" FROM "h"."t" AS "t" WHERE "t"."c" = \'it\'\'s; --\' LIMIT 2'
    )


def test_aliases_that_double_again_and_again_are_stopped(lab: Catalog, lab_binder: Binder) -> None:
    outputs = ", ".join(f"x{n} || x{n} as x{n + 1}" for n in range(60))
    with pytest.raises(SqlError) as caught:
        resolve(f"select c as x0, {outputs} from h.t", lab, lab_binder)
    assert caught.value.code == "SQL_TOO_LARGE"


@pytest.mark.parametrize(
    "text",
    [
        "select * from " + "(select *, * from " * 14 + "h.t" + ")" * 14,
        "select * from k.u a0"
        + "".join(f", lateral (select a{n}.a from k.v v{n}) a{n + 1}" for n in range(40)),
    ],
    ids=["stars", "laterals"],
)
def test_short_texts_that_grow_large_are_refused(text: str, lab: Catalog, lab_binder: Binder) -> None:
    with pytest.raises(SqlError) as caught:
        resolve(text, lab, lab_binder)
    assert caught.value.code == "SQL_TOO_LARGE"


@pytest.mark.parametrize(
    "text",
    [
        "nullif({}, 1)",
        "fmod({}, 3)",
        "cast(split_part(cast({} as varchar), 'x', 1) as integer)",
        "cast({} between 1 and 2 as integer)",
        "case {} when 1 then 1 when 2 then 2 end",
        "length(array_to_string(string_split(cast({} as varchar), 'x'), 'y'))",
    ],
)
def test_functions_that_duckdb_writes_out_twice_are_not_nested_without_end(
    text: str, lab: Catalog, lab_binder: Binder
) -> None:
    def nested(depth: int) -> str:
        inner = "a"
        for _ in range(depth):
            inner = text.format(inner)
        return inner

    assert resolve(f"select {nested(3)} as x from h.t", lab, lab_binder).columns[0].name == "x"
    with pytest.raises(SqlError) as caught:
        resolve(f"select {nested(25)} as x from h.t", lab, lab_binder)
    assert caught.value.code == "SQL_TOO_DEEP"
    chain = ", ".join(f"{text.format(f'x{n}')} as x{n + 1}" for n in range(25))
    with pytest.raises(SqlError) as caught:
        resolve(f"select a as x0, {chain} from h.t", lab, lab_binder)
    assert caught.value.code == "SQL_TOO_DEEP"


def test_a_case_with_many_branches_may_hold_others_in_its_branches(lab: Catalog, lab_binder: Binder) -> None:
    branches = " ".join(f"when {n} then case b when 1 then {n} end" for n in range(300))
    assert resolve(f"select case a {branches} end as x from h.t", lab, lab_binder).schema.names == ["x"]


# --- what one principal may see ----------------------------------------------------------------

FULL = Table("h", "p", tuple(Column(name, "INTEGER") for name in "abcd"))
OTHER = Table("h", "q", tuple(Column(name, "INTEGER") for name in "ade"))
SEEN = Table(
    "h", "p", (Column("c", "INTEGER"), Column("a", "VARCHAR"), Column("d", "INTEGER")), star=("a", "d")
)


@pytest.fixture
def partial() -> tuple[Catalog, Binder]:
    return Catalog([SEEN, OTHER], "2"), Binder([FULL, OTHER])


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ("select * from p", ["a VARCHAR", "d INTEGER"]),
        ("select *, c from p", ["a VARCHAR", "d INTEGER", "c INTEGER"]),
        ("select *, c + 1 from p", ["a VARCHAR", "d INTEGER", "(c + 1) INTEGER"]),
        ("select p.*, count(*) over () as n from p", ["a VARCHAR", "d INTEGER", "n BIGINT"]),
        ("select * exclude (a) from p", ["d INTEGER"]),
        ("select * from p natural join q", ["a VARCHAR", "d INTEGER", "e INTEGER"]),
        ("select c, count(*) from p group by c", ["c INTEGER", "count_star() BIGINT"]),
        ("select x from p as z(x, y)", ["x VARCHAR"]),
        ("select * from p as z(x)", ["x VARCHAR", "d INTEGER"]),
        ("select z.x as n, z.d as n from p as z(x) where z.c > 1", ["n VARCHAR", "n INTEGER"]),
        ("select z.x, y.x from p as z(x), p as y(x) where z.c > 1", ["x VARCHAR", "x VARCHAR"]),
        ("select x, x as x_1 from p as z(x) where c > 1", ["x VARCHAR", "x_1 VARCHAR"]),
    ],
)
def test_star_means_the_visible_star_with_the_types_that_are_seen(
    text: str, outputs: list[str], partial: tuple[Catalog, Binder]
) -> None:
    columns = resolve(text, *partial).columns
    assert [f"{column.name} {column.type}" for column in columns] == outputs


@pytest.mark.parametrize("text", ["select b from p", "select p.b from p", "select * exclude (b) from p"])
def test_a_hidden_column_reads_like_one_that_is_not_there(text: str, partial: tuple[Catalog, Binder]) -> None:
    with pytest.raises(SqlError) as hidden:
        resolve(text, *partial)
    with pytest.raises(SqlError) as absent:
        resolve(text.replace("b", "y"), *partial)
    assert hidden.value.code == absent.value.code == "SQL_COLUMN_UNKNOWN"
    assert str(hidden.value).replace(" b", " y").replace(".b", ".y") == str(absent.value)


def test_names_in_a_list_are_for_the_columns_of_the_star(partial: tuple[Catalog, Binder]) -> None:
    with pytest.raises(SqlError) as caught:
        resolve("select z.x from p as z(x, y, w) where z.c > 1", *partial)
    assert str(caught.value).startswith("3 column names for 2 columns")


def test_suggestions_name_only_what_may_be_seen() -> None:
    shown = Table("health", "patients", (Column("name", "VARCHAR"), Column("town", "VARCHAR")))
    hidden = Table("health", "patients_secret", (Column("diagnosis", "VARCHAR"),))
    whole = Table("health", "patients", (*shown.columns, Column("diagnosis", "VARCHAR")))
    catalog, binder = Catalog([shown], "1"), Binder([whole, hidden])
    for text in (
        "select diagnose from patients",
        "select * from patients_secre",
        "select diagnosis + 1 from patients",
    ):
        with pytest.raises(SqlError) as caught:
            resolve(text, catalog, binder)
        assert "diagnosis?" not in str(caught.value)
        assert "secret" not in str(caught.value)


def test_a_name_in_two_departments_needs_its_department(lab: Catalog, lab_binder: Binder) -> None:
    with pytest.raises(SqlError, match=r"Write h\.t or k\.t") as caught:
        resolve("select * from t", lab, lab_binder)
    assert caught.value.code == "SQL_AMBIGUOUS"
    only = Catalog([table for table in lab.tables if table.department == "h"], "3")
    assert resolve("select a from t", only, lab_binder).tables[0].department == "h"


def test_a_star_stands_beside_a_table_of_which_nothing_may_be_read() -> None:
    columns = (Column("a", "INTEGER"),)
    tables = [Table("h", "t", columns), Table("k", "u", (Column("d", "INTEGER"),), star=())]
    binder = Binder(tables)
    question = "select x.* from h.t x where exists (select 1 from k.u)"
    resolved = resolve(question, Catalog(tables, "1"), binder)
    assert resolved.schema.names == ["a"]
    binder.close()
