from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from comity.errors import SqlError
from policies.principal import AttributeValue, Principal
from policies.row_filter import bind_row_filter, check_filter_type, check_row_filter, filter_columns
from sql.engine import open_locked
from sql.render import render

CONNECTION = open_locked(memory="256MB", threads=1)
CONNECTION.execute("CREATE TABLE rows (id INTEGER, town_code VARCHAR, level INTEGER, open BOOLEAN)")
CONNECTION.execute(
    "INSERT INTO rows VALUES (1, '440605', 1, true), (2, '440604', 2, false), (3, NULL, NULL, NULL), (4, '其他', 3, true)"
)
TYPES = {"id": "INTEGER", "town_code": "VARCHAR", "level": "INTEGER", "open": "BOOLEAN"}
EVERY = [1, 2, 3, 4]


def passing(text: str, attributes: Mapping[str, AttributeValue], **principal: str) -> list[int]:
    """The ids of the rows that pass the filter for a caller with these attributes."""
    caller = Principal(
        principal.get("subject", "li.wei"),
        principal.get("department", "health"),
        frozenset({"analyst"}),
        attributes,
    )
    condition = bind_row_filter(text, caller, TYPES, "rows")
    sql = render(exp.select("id").from_("rows").where(condition).order_by("id"))
    return [row[0] for row in CONNECTION.execute(sql).fetchall()]


@pytest.mark.parametrize(
    ("text", "attributes", "expected"),
    [
        ("town_code = '440605'", {}, [1]),
        ("TOWN_CODE = '440605' OR level > 2", {}, [1, 4]),
        ("town_code = principal.town_code", {"town_code": "440605"}, [1]),
        ("town_code <> principal.town_code", {"town_code": "440605"}, [2, 4]),
        ("town_code IS DISTINCT FROM principal.town_code", {"town_code": "440605"}, [2, 3, 4]),
        ("principal.town_code = town_code", {"town_code": "其他"}, [4]),
        ("town_code LIKE principal.area || '%'", {"area": "4406"}, [1, 2]),
        ("starts_with(town_code, principal.area)", {"area": "44060"}, [1, 2]),
        ("level <= principal.level", {"level": 2}, [1, 2]),
        ("level > -principal.level", {"level": 2}, [1, 2, 4]),
        ("level >= principal.level", {"level": -1}, [1, 2, 4]),
        ("level = principal.level", {"level": "2"}, [2]),
        ("open = principal.open", {"open": True}, [1, 4]),
        ("principal.all OR level = 1", {"all": False}, [1]),
        ("principal.all OR level = 1", {"all": True}, EVERY),
        ("town_code IN (principal.towns)", {"towns": ("440605", "其他")}, [1, 4]),
        ("town_code NOT IN (principal.towns)", {"towns": ("440605",)}, [2, 4]),
        ("town_code IN (principal.town_code)", {"town_code": "440605"}, [1]),
        ("town_code IN (principal.town_code, '其他')", {"town_code": "440605"}, [1, 4]),
        ("level IN (principal.levels)", {"levels": ("1", "3")}, [1, 4]),
    ],
)
def test_rows_that_pass(text: str, attributes: Mapping[str, AttributeValue], expected: list[int]) -> None:
    check_row_filter(text)
    check_filter_type(text, TYPES)
    assert passing(text, attributes) == expected


def test_a_number_is_compared_with_a_text_column_as_text() -> None:
    # As a number it would make the database convert every town_code, and fail on 其他.
    assert passing("town_code = principal.town_code", {"town_code": 440605}) == [1]
    assert passing("town_code IN (principal.town_code)", {"town_code": 440605}) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "town_code = principal.town_code",
        "town_code <> principal.town_code",
        "NOT town_code = principal.town_code",
        "NOT (town_code IN (principal.town_code))",
        "town_code NOT IN (principal.town_code)",
        "level = 1 OR town_code = principal.town_code",
        "principal.town_code IS NULL",
        "coalesce(principal.town_code, 'x') = 'x'",
        "town_code = 'x' OR NOT (level = 9 AND town_code = principal.town_code)",
        "CASE WHEN principal.town_code = '1' THEN false ELSE true END",
    ],
)
@pytest.mark.parametrize(
    "attributes", [{}, {"town_code": ()}, {"town_code": ""}, {"town_code": "a\0b"}, {"other": "x"}]
)
def test_an_attribute_that_is_unset_lets_no_row_pass_wherever_it_stands(
    text: str, attributes: Mapping[str, AttributeValue]
) -> None:
    assert passing(text, attributes) == []


def test_one_attribute_of_two_that_is_unset_lets_no_row_pass() -> None:
    assert passing("level = principal.level OR town_code IN (principal.towns)", {"level": 1}) == []
    assert passing("town_code IN (principal.a, principal.b)", {"a": "440605"}) == []


def test_a_list_where_one_value_is_needed_lets_no_row_pass() -> None:
    for text in ("town_code = principal.towns", "NOT town_code = principal.towns"):
        assert passing(text, {"towns": ("440605",)}) == []
        assert passing(text, {"towns": ("440605", "440604")}) == []


def test_attribute_names_are_compared_exactly() -> None:
    assert passing("town_code = principal.Town_Code", {"town_code": "440605"}) == []


def test_subject_department_and_roles_are_the_callers_own() -> None:
    claimed: dict[str, AttributeValue] = {"subject": "forged", "department": "forged", "roles": ("forged",)}
    assert passing("principal.subject = 'li.wei'", claimed) == EVERY
    assert passing("principal.subject = 'forged'", claimed) == []
    assert passing("principal.department = 'health'", claimed) == EVERY
    assert passing("'analyst' IN (principal.roles)", claimed) == EVERY
    assert passing("'forged' IN (principal.roles)", claimed) == []
    assert passing("principal.subject = 'x' OR true", {}, subject="") == []


@given(value=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_an_attribute_is_a_literal_whatever_it_holds(value: str) -> None:
    rows = passing("town_code = principal.town_code", {"town_code": value})
    assert rows == {"440605": [1], "440604": [2], "其他": [4]}.get(value, [])


@pytest.mark.parametrize(
    "value", ["' OR true --", "'; DROP TABLE rows --", "\\' OR 1=1", "$$", "principal.subject", "?", "/*"]
)
def test_an_attribute_cannot_become_sql(value: str) -> None:
    assert passing("town_code = principal.town_code", {"town_code": value}) == []
    assert passing("town_code IN (principal.town_code)", {"town_code": (value, value)}) == []
    assert len(passing("town_code <> principal.town_code", {"town_code": value})) == 3


@pytest.mark.parametrize(
    "text",
    [
        "EXISTS (SELECT 1)",
        "town_code IN (SELECT town_code FROM rows)",
        "max(level) > 1",
        "row_number() OVER () = 1",
        "town_code = ?",
        "town_code = $1",
        "rows.town_code = '1'",
        "principal.a.b = '1'",
        "a.principal.b = '1'",
        "town_code IN principal.towns",
        "level = 1; DELETE FROM rows",
        "level = 1, level = 2",
        "level = 1 AS x",
        "*",
        "",
        "level =",
        "WHERE level = 1",
    ],
)
def test_what_is_not_one_scalar_condition_is_refused(text: str) -> None:
    with pytest.raises(SqlError):
        check_row_filter(text)


@pytest.mark.parametrize("text", ["level", "town_code", "level + 1", "'true'", "lower(town_code)"])
def test_what_is_not_a_condition_over_these_types_is_refused(text: str) -> None:
    with pytest.raises(SqlError):
        check_filter_type(text, TYPES)


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(SqlError) as caught:
        filter_columns("phone = '1'", TYPES)
    assert caught.value.code == "SQL_COLUMN_UNKNOWN"
    with pytest.raises(SqlError):
        bind_row_filter("phone = '1'", Principal("a", "b"), TYPES, "rows")


def test_the_columns_read_are_spelled_as_published() -> None:
    assert filter_columns("Town_Code = principal.level AND OPEN", TYPES) == {"town_code", "open"}
