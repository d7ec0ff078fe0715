"""What holds of every grant and every use: more is never less, and read is the most there is."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from policies.decision import Floor
from policies.grades import GRADES
from policies.joins import JoinRules
from policies.model import ALL_USES, USES, ColumnRule, Grant, PrincipalRule
from policies.published import PublishedColumn, PublishedTable
from policies.refuse import Request, refusals
from sql.catalog import ColumnUse, TableUse

COLUMNS = ("a", "b")
TABLE = PublishedTable("t", ("t",), entity="a", columns=tuple(PublishedColumn(c, c) for c in COLUMNS))


def _rule(uses: frozenset[str], grade: str) -> ColumnRule:
    return ColumnRule(ALL_USES if "read" in uses else uses, grade=grade)


rules = st.builds(_rule, st.frozensets(st.sampled_from(USES)), st.sampled_from(GRADES))
column_uses = st.builds(
    ColumnUse,
    column=st.sampled_from(COLUMNS),
    use=st.sampled_from([*USES, "cross"]),
    how=st.just("does it"),
    function=st.sampled_from(["", "sum", "count"]),
    partner=st.sampled_from([None, ("d", "u", "x")]),
    values=st.integers(0, 3),
    fails=st.booleans(),
    bare=st.booleans(),
)
table_uses = st.lists(column_uses, max_size=4).map(
    lambda uses: TableUse("d", "t", frozenset(u.column for u in uses), uses=tuple(uses))
)
grants = st.builds(
    lambda a, b, floor, crossing, joins: Grant(
        "g",
        "reason",
        None,
        PrincipalRule(roles=frozenset({"x"})),
        ("p",),
        None,
        None,
        {"a": a, "b": b},
        floor=floor,
        crossing=crossing,
        joins=joins,
    ),
    rules,
    rules,
    st.sampled_from([None, Floor(5, "a")]),
    st.sampled_from(["aggregate", "raw"]),
    st.sampled_from(
        [JoinRules(), JoinRules(allowed={"a": ("d.u.x",)}), JoinRules(blocked={"a": ("*.*.*",)})]
    ),
)


def allowed(grant: Grant, use: TableUse, ceiling: str = "core", *, fragment: bool = False) -> bool:
    return not refusals(grant, Request("d", TABLE, use, ceiling, frozenset(COLUMNS), fragment))


@given(grant=grants, use=table_uses, more=st.sampled_from(USES), column=st.sampled_from(COLUMNS))
def test_a_grant_with_one_use_more_refuses_nothing_more(
    grant: Grant, use: TableUse, more: str, column: str
) -> None:
    rule = grant.columns[column]
    wider = replace(grant, columns={**grant.columns, column: _rule(rule.uses | {more}, rule.grade)})
    assert not allowed(grant, use) or allowed(wider, use)


@given(grant=grants, use=table_uses, ceiling=st.sampled_from(GRADES))
def test_a_higher_ceiling_refuses_nothing_more(grant: Grant, use: TableUse, ceiling: str) -> None:
    assert not allowed(grant, use, ceiling) or allowed(grant, use, "core")


@given(grant=grants, use=table_uses)
def test_using_less_is_refused_nothing_more(grant: Grant, use: TableUse) -> None:
    if not use.uses:
        return
    rest = use.uses[1:]
    less = replace(use, uses=rest, columns=frozenset(u.column for u in rest))
    assert not allowed(grant, use) or allowed(grant, less)


@given(grant=grants, use=table_uses)
def test_every_refusal_is_of_a_use_that_was_made(grant: Grant, use: TableUse) -> None:
    made = {(u.column, u.use) for u in use.uses}
    for refusal in refusals(grant, Request("d", TABLE, use, "core", frozenset(COLUMNS))):
        assert not refusal.column or (refusal.column, refusal.use) in made
        assert refusal.message


@given(use=table_uses)
def test_a_use_without_read_never_lets_out_what_is_computed(use: TableUse) -> None:
    closed = {c: ColumnRule(ALL_USES - {"read"}) for c in COLUMNS}
    grant = Grant("g", "r", None, PrincipalRule(roles=frozenset({"x"})), ("p",), None, None, closed)
    leaves = any(u.use == "read" or (u.use == "cross" and not u.bare) or u.fails for u in use.uses)
    assert allowed(grant, use) == (not leaves)
