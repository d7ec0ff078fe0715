from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from comity.errors import ConfigurationError, InternalError
from policies.decision import ColumnDecision, Decision
from policies.department import Department, PublishedColumn, PublishedTable
from policies.model import ALL_USES
from policies.principal import Principal
from policies.wrap import published_columns, published_type, wrap_table
from sql.engine import open_locked
from sql.render import render

PATIENTS = """
    CREATE SCHEMA IF NOT EXISTS public;
    CREATE TABLE public.t_hzjbxx (sfzh BIGINT, xm VARCHAR, xb INTEGER, csrq VARCHAR, town_code VARCHAR,
                                  zd VARCHAR, fy DOUBLE, 备注 VARCHAR);
    INSERT INTO public.t_hzjbxx VALUES
        (440605198001011234, '王小明', 1, '1980-01-01', '440605', 'I10', 1999.5, 'x'),
        (440605195506152345, '欧阳娜娜', 2, '1955-06-15', '440605', NULL, 20, 'y'),
        (440604197203033456, NULL, 9, NULL, '440604', 'E11', NULL, 'z'),
        (NULL, '李雷', NULL, '1972-03-03', NULL, NULL, -5, NULL);
"""
TYPES = {
    "sfzh": "BIGINT",
    "xm": "VARCHAR",
    "xb": "INTEGER",
    "csrq": "VARCHAR",
    "town_code": "VARCHAR",
    "zd": "VARCHAR",
    "fy": "DOUBLE",
    "备注": "VARCHAR",
}
LI = Principal("li.wei", "civil_affairs", frozenset({"analyst"}), {"town_code": "440605"})


@pytest.fixture(scope="module")
def database() -> Iterable[duckdb.DuckDBPyConnection]:
    connection = open_locked(memory="256MB", threads=1)
    connection.execute(PATIENTS)
    yield connection
    connection.close()


def decision(masks: Mapping[str, tuple[str, str | None] | None], row_filter: str | None = None) -> Decision:
    """A decision that shows these columns, each as it is (None) or masked."""
    columns = {
        name: ColumnDecision(ALL_USES, mask[0] if mask else None, mask[1] if mask else None)
        for name, mask in masks.items()
    }
    return Decision(
        department="health",
        table="patients",
        allowed=True,
        known=True,
        grant_id="g",
        reasons=(),
        columns=columns,
        row_filter=row_filter,
        legal_basis=None,
        policy_digest="",
    )


def rows(
    database: duckdb.DuckDBPyConnection, wrapped: exp.Subquery, select: str = "*"
) -> list[tuple[object, ...]]:
    return database.execute(render(exp.select(select, dialect="duckdb").from_(wrapped))).fetchall()


def test_columns_are_renamed_cast_decoded_and_computed(
    database: duckdb.DuckDBPyConnection, health: Department
) -> None:
    names = ("person_id", "name", "sex", "born", "cost")
    wrapped = wrap_table(health.tables["patients"], TYPES, decision(dict.fromkeys(names)), LI, names, "p")
    assert rows(database, wrapped) == [
        ("440605198001011234", "王小明", "male", date(1980, 1, 1), Decimal("1999.50")),
        ("440605195506152345", "欧阳娜娜", "female", date(1955, 6, 15), Decimal("20.00")),
        ("440604197203033456", None, "9", None, None),
        (None, "李雷", None, date(1972, 3, 3), Decimal("-5.00")),
    ]


def test_the_wrap_equals_what_a_person_would_have_written(
    database: duckdb.DuckDBPyConnection, health: Department
) -> None:
    shown = decision(
        {
            "person_id": None,
            "name": ("person_name", None),
            "born": ("year", None),
            "cost": ("bucket", "1000"),
        },
        "town_code = principal.town_code OR cost < 0",
    )
    wrapped = wrap_table(health.tables["patients"], TYPES, shown, LI, ["cost", "born", "name"], "p")
    by_hand = """
        SELECT CASE WHEN cost >= 0 THEN CAST(CAST(cost / 1000 AS INTEGER) * 1000 - CASE WHEN cost % 1000 >= 500
                    THEN 1000 ELSE 0 END AS DECIMAL(15,2)) ELSE CAST(-1000 AS DECIMAL(15,2)) END,
               make_date(year(born), 1, 1),
               CASE name WHEN '王小明' THEN '王**' WHEN '欧阳娜娜' THEN '欧阳**' WHEN '李雷' THEN '李*' END
        FROM (SELECT CAST(fy AS DECIMAL(15,2)) AS cost, CAST(csrq AS DATE) AS born, xm AS name, town_code
              FROM public.t_hzjbxx)
        WHERE town_code = '440605' OR cost < 0
    """
    assert rows(database, wrapped) == database.execute(by_hand).fetchall()
    assert len(rows(database, wrapped)) == 3


def test_only_the_requested_columns_leave_and_only_they_and_the_filters_are_read(health: Department) -> None:
    shown = decision({"name": None, "cost": None}, "town_code = principal.town_code")
    wrapped = wrap_table(health.tables["patients"], TYPES, shown, LI, ["name"], "p")
    assert [c.alias for c in wrapped.this.expressions] == ["name"]
    physical = {c.name for c in wrapped.find_all(exp.Column) if c.table == "_physical"}
    assert physical == {"xm", "town_code"}
    assert wrapped.alias == "p"


def test_a_question_without_columns_counts_the_allowed_rows(
    database: duckdb.DuckDBPyConnection, health: Department
) -> None:
    patients = health.tables["patients"]
    assert rows(database, wrap_table(patients, TYPES, decision({}), LI, (), "p"), "count(*)") == [(4,)]
    filtered = wrap_table(patients, TYPES, decision({}, "town_code = principal.town_code"), LI, (), "p")
    assert rows(database, filtered, "count(*)") == [(2,)]
    constant = wrap_table(patients, TYPES, decision({}, "1 = 1"), LI, (), "p")
    assert rows(database, constant, "count(*)") == [(4,)]


def test_a_whole_row_reference_sees_only_masked_values(
    database: duckdb.DuckDBPyConnection, health: Department
) -> None:
    shown = decision({"name": ("person_name", None)}, "town_code = '440605'")
    wrapped = wrap_table(health.tables["patients"], TYPES, shown, LI, ["name"], "p")
    for form in ("p", "to_json(p)", "COLUMNS('.*')", "p.*"):
        text = str(database.execute(f"SELECT {form} FROM {render(wrapped)}").fetchall())
        assert "王**" in text
        assert "小明" not in text
        assert "440605" not in text


def test_what_is_not_projected_cannot_be_named_from_outside(
    database: duckdb.DuckDBPyConnection, health: Department
) -> None:
    shown = decision({"name": None}, "town_code = '440605'")
    text = render(wrap_table(health.tables["patients"], TYPES, shown, LI, ["name"], "p"))
    for column in (
        "town_code",
        "xm",
        "_published.town_code",
        "_physical.xm",
        "p.rowid",
        "public.t_hzjbxx.xm",
    ):
        with pytest.raises(duckdb.Error):
            database.execute(f"SELECT {column} FROM {text}")


def test_the_filter_sees_raw_values_where_the_question_sees_masked_ones(
    database: duckdb.DuckDBPyConnection, health: Department
) -> None:
    shown = decision({"name": ("constant", "王小明")}, "name = '李雷'")
    wrapped = wrap_table(health.tables["patients"], TYPES, shown, LI, ["name"], "p")
    assert rows(database, wrapped) == [("王小明",)]


def test_an_unset_attribute_shows_no_rows(database: duckdb.DuckDBPyConnection, health: Department) -> None:
    shown = decision({"name": None}, "town_code = principal.town_code")
    wrapped = wrap_table(health.tables["patients"], TYPES, shown, replace(LI, attributes={}), ["name"], "p")
    assert rows(database, wrapped) == []


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({"1": "male", "2": "female"}, ["male", "female", "9", None]),
        ({"1": "male", "*": "other"}, ["male", "other", "other", None]),
        ({"*": "some"}, ["some", "some", "some", None]),
        ({"1": "it's", "9": ""}, ["it's", "2", "", None]),
    ],
)
def test_a_code_that_is_not_listed_is_never_lost(
    database: duckdb.DuckDBPyConnection, codes: Mapping[str, str], expected: list[str | None]
) -> None:
    table = PublishedTable(
        "patients", ("public", "t_hzjbxx"), columns=(PublishedColumn("sex", "xb", codes=codes),)
    )
    wrapped = wrap_table(table, TYPES, decision({"sex": None}), LI, ["sex"], "p")
    assert [row[0] for row in rows(database, wrapped)] == expected


def test_a_table_without_columns_publishes_every_physical_one(database: duckdb.DuckDBPyConnection) -> None:
    table = PublishedTable("patients", ("public", "t_hzjbxx"))
    assert list(published_columns(table, TYPES)) == list(TYPES)
    wrapped = wrap_table(
        table, TYPES, decision({"备注": None, "xb": None}, "xb = 2"), LI, ["备注", "xb"], "患者"
    )
    assert rows(database, wrapped) == [("y", 2)]


def test_a_column_that_was_added_later_is_not_shown_by_an_older_decision() -> None:
    table = PublishedTable("patients", ("public", "t_hzjbxx"))
    with pytest.raises(InternalError):
        wrap_table(table, TYPES | {"new": "VARCHAR"}, decision({"xm": None}), LI, ["xm", "new"], "p")


def test_physical_names_of_any_form_are_quoted(health: Department) -> None:
    table = PublishedTable("patients", ("weird db", 'sche"ma', "select"))
    wrapped = wrap_table(table, {"from": "INTEGER"}, decision({"from": None}), LI, ["from"], "order")
    assert '"weird db"."sche""ma"."select"' in render(wrapped)


def test_nothing_is_read_without_a_decision_that_allows_it(health: Department) -> None:
    patients = health.tables["patients"]
    denied = replace(decision({"name": None}), allowed=False)
    other = replace(decision({"name": None}), table="visits")
    for wrong in (denied, other):
        with pytest.raises(InternalError):
            wrap_table(patients, TYPES, wrong, LI, ["name"], "p")
    for column in ("diagnosis", "nothing", "Name"):
        with pytest.raises(InternalError):
            wrap_table(patients, TYPES, decision({"name": None}), LI, ["name", column], "p")


@pytest.mark.parametrize(
    ("masks", "row_filter", "code"),
    [
        ({"born": ("phone", None)}, None, "CONFIG_POLICY"),
        ({"name": None}, "no_such_column = 1", "CONFIG_POLICY"),
        ({"name": ("sql", "cost")}, None, "CONFIG_POLICY"),
    ],
)
def test_a_policy_that_does_not_fit_the_table_is_a_configuration_error(
    health: Department, masks: Mapping[str, tuple[str, str | None] | None], row_filter: str | None, code: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        wrap_table(health.tables["patients"], TYPES, decision(masks, row_filter), LI, list(masks), "p")
    assert caught.value.code == code


def test_a_physical_column_that_is_gone_is_a_reference_to_nothing(health: Department) -> None:
    types = {name: kind for name, kind in TYPES.items() if name not in {"xm", "csrq"}}
    for column in ("name", "born"):
        with pytest.raises(ConfigurationError) as caught:
            wrap_table(health.tables["patients"], types, decision({column: None}), LI, [column], "p")
        assert caught.value.code == "CONFIG_REFERENCE"


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (PublishedColumn("a", "fy"), "DOUBLE"),
        (PublishedColumn("a", "FY"), "DOUBLE"),
        (PublishedColumn("a", "fy", type="DECIMAL(15,2)"), "DECIMAL(15,2)"),
        (PublishedColumn("a", "xb", codes={"1": "x"}), "VARCHAR"),
        (PublishedColumn("a", None, expr="CAST(csrq AS DATE)"), "DATE"),
        (PublishedColumn("a", None, expr="xb + 1"), "INTEGER"),
        (PublishedColumn("a", None, expr="upper(备注) || XM"), "VARCHAR"),
        (PublishedColumn("a", None, expr="CAST(csrq AS DATE)", type="VARCHAR"), "VARCHAR"),
    ],
)
def test_the_published_type(column: PublishedColumn, expected: str) -> None:
    assert published_type(column, TYPES) == expected


@pytest.mark.parametrize(
    ("column", "code"),
    [
        (PublishedColumn("a", "none"), "CONFIG_REFERENCE"),
        (PublishedColumn("a", None, expr="none + 1"), "CONFIG_REFERENCE"),
        (PublishedColumn("a", None, expr="xm + 1"), "CONFIG_INVALID"),
        (PublishedColumn("a", None, expr="no_such_function(xm)"), "CONFIG_INVALID"),
    ],
)
def test_a_type_that_cannot_be_told(column: PublishedColumn, code: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        published_type(column, TYPES)
    assert caught.value.code == code


COLUMNS = ("person_id", "name", "sex", "born", "town_code", "diagnosis", "cost")
MASKS: dict[str, list[tuple[str, str | None] | None]] = {
    "person_id": [None, ("null", None), ("id_number", None), ("keep_first", "6")],
    "name": [None, ("person_name", None), ("constant", "某")],
    "sex": [None, ("keep_last", "1")],
    "born": [None, ("year", None), ("month", None)],
    "town_code": [None, ("null", None)],
    "diagnosis": [None, ("keep_first", "1"), ("sql", "left(diagnosis, 1)")],
    "cost": [None, ("bucket", "100"), ("null", None)],
}
FILTERS = [
    None,
    "town_code = principal.town_code",
    "cost > 0 AND sex <> '9'",
    "town_code IN (principal.towns)",
]


@given(data=st.data())
def test_every_wrap_runs_with_its_published_types_and_the_rows_its_filter_lets_pass(
    data: st.DataObject,
) -> None:
    from pathlib import Path

    from policies.department import load_department

    health = load_department(Path(__file__).parent / "data" / "city" / "departments" / "health", None)
    patients = health.tables["patients"]
    columns = data.draw(st.lists(st.sampled_from(COLUMNS), unique=True))
    masks = {name: data.draw(st.sampled_from(MASKS[name])) for name in columns}
    row_filter = data.draw(st.sampled_from(FILTERS))
    caller = replace(
        LI, attributes=data.draw(st.sampled_from([{}, {"town_code": "440605"}, {"towns": ("440604",)}]))
    )
    wrapped = wrap_table(patients, TYPES, decision(masks, row_filter), caller, columns, "p")

    relation = CONNECTION.sql(f"SELECT * FROM {render(wrapped)}")
    if columns:
        assert relation.columns == columns
        known = published_columns(patients, TYPES)
        assert [str(kind) for kind in relation.types] == [
            published_type(known[name], TYPES) for name in columns
        ]
    raw = wrap_table(patients, TYPES, decision(dict.fromkeys(columns), row_filter), caller, columns, "p")
    assert len(relation.fetchall()) == len(rows(CONNECTION, raw))


CONNECTION = open_locked(memory="256MB", threads=1)
CONNECTION.execute(PATIENTS)
