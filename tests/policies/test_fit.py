from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from comity.errors import ConfigurationError
from policies.department import Department, load_department
from policies.fit import check_fit

Write = Callable[..., Path]

TYPES = {
    "sfzh": "BIGINT",
    "xm": "VARCHAR",
    "xb": "INTEGER",
    "csrq": "VARCHAR",
    "town_code": "VARCHAR",
    "zd": "VARCHAR",
}

UNTYPED = """\
name: health
source: {connector: sqlite, uri: health.sqlite}
tables:
  patients:
    entity: person_id
"""


def policy(column: str, rows: str = "true") -> str:
    return f"""\
table: patients
grants:
  - id: review
    reason: 协议
    principals: {{roles: [analyst]}}
    purposes: [benefit_review]
    columns: {{{column}}}
    rows: "{rows}"
"""


def test_the_published_types_come_back_in_order(health: Department) -> None:
    types = check_fit(health, "patients", TYPES | {"fy": "DOUBLE"})
    assert list(types.items()) == [
        ("person_id", "VARCHAR"),
        ("name", "VARCHAR"),
        ("sex", "VARCHAR"),
        ("born", "DATE"),
        ("town_code", "VARCHAR"),
        ("diagnosis", "VARCHAR"),
        ("cost", "DECIMAL(15,2)"),
    ]
    assert check_fit(health, "诊所", {"名称": "VARCHAR", "n": "HUGEINT"}) == {
        "名称": "VARCHAR",
        "n": "HUGEINT",
    }


@pytest.mark.parametrize(
    ("types", "code", "says"),
    [
        ({"name": "VARCHAR"}, "CONFIG_REFERENCE", "the entity `person_id` is not a published column"),
        (
            {"person_id": "BIGINT", "nam": "VARCHAR"},
            "CONFIG_REFERENCE",
            "publishes no column `name`; did you mean `nam`?",
        ),
        ({"person_id": "BIGINT", "name": "BIGINT"}, "CONFIG_POLICY", "the mask phone is for text"),
    ],
)
def test_a_table_that_lists_no_columns_is_checked_once_its_own_are_known(
    write_department: Write, types: dict[str, str], code: str, says: str
) -> None:
    department = load_department(write_department(UNTYPED, policy("name: {mask: phone}")), {})
    with pytest.raises(ConfigurationError) as caught:
        check_fit(department, "patients", types)
    assert caught.value.code == code
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("rows", "code"),
    [("town = '1'", "CONFIG_REFERENCE"), ("name", "CONFIG_POLICY"), ("length(name)", "CONFIG_POLICY")],
)
def test_row_filters_are_checked_once_the_columns_are_known(
    write_department: Write, rows: str, code: str
) -> None:
    department = load_department(write_department(UNTYPED, policy("name: {use: [read]}", rows)), {})
    with pytest.raises(ConfigurationError) as caught:
        check_fit(department, "patients", {"person_id": "BIGINT", "name": "VARCHAR"})
    assert caught.value.code == code
    assert "policies/patients.yaml:3: grant review: " in caught.value.message


def test_a_physical_column_that_is_not_there_is_named_with_its_table(health: Department) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_fit(health, "patients", {"sfzh": "BIGINT", "csrq": "VARCHAR"})
    assert caught.value.code == "CONFIG_REFERENCE"
    assert "department.yaml: table patients: the published column name reads `xm`" in caught.value.message
