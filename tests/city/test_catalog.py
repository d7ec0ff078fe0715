"""What the catalog of a real gateway tells each caller."""

from __future__ import annotations

import pytest

from comity.answers import ColumnGrant, TableInfo
from comity.errors import SqlError
from comity.shell.catalog import describe_table
from tests.city.conftest import City

EVERY = ("read", "filter", "match", "join", "group", "order", "aggregate")


def uses(table: TableInfo) -> dict[str, tuple[str, ...]]:
    return {column.name: column.uses for column in table.columns}


def test_a_statistician_is_told_uses_functions_floor_and_limits(city: City) -> None:
    table = city.connect("demo-district").table("health.chronic_disease")
    assert uses(table) == {
        "person_id": ("aggregate",),
        "disease": ("filter", "group"),
        "diagnosed_on": ("filter", "group"),
        "town_code": ("filter", "join", "group"),
        "controlled": ("filter", "group"),
        "yearly_cost": ("aggregate",),
    }
    columns = {column.name: column for column in table.columns}
    assert columns["yearly_cost"].functions == ("avg", "sum")
    assert columns["diagnosed_on"].mask == "year"
    assert (columns["disease"].grade, columns["person_id"].grade) == ("core", "core")
    assert columns["disease"].grants == (ColumnGrant("district-statistics", ("filter", "group"), "", ()),)
    (grant,) = table.grants
    assert (grant.id, grant.request, grant.purposes) == (
        "district-statistics",
        "REQ-2026-0020",
        ("statistics",),
    )
    assert (grant.floor_entities, grant.floor_column, grant.crossing) == (10, "person_id", "aggregate")
    assert grant.limits == {"rows": 10_000, "rows_per_day": 1_000_000}
    assert grant.joins == (
        "town_code may be joined with district_office.town.town_code, public_security.person.town_code only",
    )
    assert grant.tables == ("health.chronic_disease",)


def test_a_clerk_reads_the_row_filter_with_the_own_town_in_it(city: City) -> None:
    (grant,) = city.connect("demo-clerk").table("civil_affairs.elderly").grants
    assert grant.rows == "town_code = your town_code (445403101)"
    assert not grant.rows_withheld
    (unset,) = city.connect("demo-clerk-new").table("civil_affairs.elderly").grants
    assert unset.rows == "town_code = your town_code (not set, so no rows)"


def test_what_lies_above_a_callers_ceiling_is_known_and_not_usable(city: City) -> None:
    table = city.connect("demo-trainee").table("health.patients")
    seen = uses(table)
    assert "nothing: graded core, which may not reach you" in describe_table(table, {})
    assert seen["person_id"] == seen["allergies"] == ()
    assert seen["town_code"] == EVERY
    assert uses(city.connect("demo-health").table("health.patients"))["person_id"] == EVERY


@pytest.mark.parametrize("token", ["demo-district", "demo-outsider", "demo-health"])
def test_a_register_closed_by_law_is_known_to_everybody_with_its_law(token: str, city: City) -> None:
    table = city.connect(token).table("health.psychiatric_care")
    assert (table.sharing, table.legal_basis, table.owner) == ("none", "精神卫生法 第二十三条", "卫生健康局")
    assert set(uses(table).values()) == {()}
    assert (table.grants, table.purposes) == ((), ())


def test_a_table_that_is_not_in_the_catalogue_stays_unknown(city: City) -> None:
    outsider = city.connect("demo-outsider")
    assert [table.qualified_name for table in outsider.tables()] == ["health.psychiatric_care"]
    with pytest.raises(SqlError, match=r"no table health\.patients"):
        outsider.table("health.patients")


def test_grants_of_all_purposes_stand_side_by_side_and_one_purpose_alone(city: City) -> None:
    civil = city.connect("demo-civil")
    assert [grant.id for grant in civil.table("civil_affairs.benefit").grants] == ["own-work"]
    resident = civil.table("city.resident", "benefit_review")
    (grant,) = resident.grants
    assert len(grant.tables) == len(resident.members) == 6
    assert uses(resident)["department"] == EVERY
    assert {column.name: column.mask for column in resident.columns}["phone"] == "phone"


def test_pseudonyms_are_for_joining_and_counting(city: City) -> None:
    table = city.connect("demo-district").table("health.patients")
    person = next(column for column in table.columns if column.name == "person_id")
    assert (person.uses, person.mask, person.functions) == (
        ("join", "aggregate"),
        "token(citizen_number)",
        ("count",),
    )
