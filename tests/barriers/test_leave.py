"""Sizes are told only where they tell nothing of hidden rows."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from gateway.leave import sees_counts, sees_whole
from policies.decision import Decision, Floor
from sql.catalog import Fragment, TableUse

WHOLE = Decision(
    department="north",
    table="person",
    allowed=True,
    known=True,
    grant_id="g",
    reasons=(),
    columns={},
    row_filter=None,
    legal_basis=None,
    policy_digest="d",
)
FILTERED = replace(WHOLE, row_filter="town = 'east'")
FLOORED = replace(WHOLE, floor=Floor(5, "id"))
FRAGMENT = Fragment(
    "fragment_1",
    "north",
    "SELECT 1",
    pa.schema([]),
    tables=(TableUse("north", "person", frozenset()),),
)


@pytest.mark.parametrize(
    ("decisions", "whole"),
    [
        ([WHOLE], True),
        ([FILTERED], False),
        ([FLOORED], False),
        ([replace(WHOLE, allowed=False)], False),
        ([replace(WHOLE, department="south")], False),
        ([], False),
        ([WHOLE, replace(FILTERED, table="other")], True),
    ],
)
def test_a_tables_size_is_told_to_who_sees_all_of_it(decisions: list[Decision], whole: bool) -> None:
    assert sees_whole(FRAGMENT, decisions) is whole


def test_one_filtered_table_keeps_a_fragments_sizes_back() -> None:
    both = replace(FRAGMENT, tables=(*FRAGMENT.tables, TableUse("north", "visit", frozenset())))
    assert sees_whole(both, [WHOLE, replace(WHOLE, table="visit")])
    assert not sees_whole(both, [WHOLE, replace(FILTERED, table="visit")])


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (WHOLE, True),
        (FILTERED, True),
        (FLOORED, True),
        (replace(FLOORED, crossing="raw"), False),
        (replace(WHOLE, crossing="raw"), True),
    ],
)
def test_rows_that_cross_under_a_floor_are_not_counted(decision: Decision, told: bool) -> None:
    assert sees_counts(FRAGMENT, [decision]) is told
