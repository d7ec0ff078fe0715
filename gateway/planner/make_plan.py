"""The planner: passes over the resolved tree, then fragments and a residual."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import TypeAlias

from sqlglot import exp

from gateway.planner.aggregate_below_joins import aggregate_below_joins
from gateway.planner.choosing import Choosing
from gateway.planner.disclosure import Disclosure
from gateway.planner.distinct_lookups import distinct_lookups
from gateway.planner.drop_empty_totals import drop_empty_totals
from gateway.planner.estimate_fragments import estimate_fragments
from gateway.planner.expand_federated_tables import expand_federated_tables
from gateway.planner.factor_conditions import factor_conditions
from gateway.planner.fence_left_joins import fence_left_joins
from gateway.planner.gather_department import gather_department
from gateway.planner.gather_members import gather_members
from gateway.planner.join_members import join_members
from gateway.planner.look_up_in_members import look_up_in_members
from gateway.planner.members import has_member_union
from gateway.planner.merge_wrappers import merge_wrappers
from gateway.planner.place_key_exchanges import place_key_exchanges
from gateway.planner.planning import Planning
from gateway.planner.prune_columns import prune_columns
from gateway.planner.push_filters_into_queries import push_filters_into_queries
from gateway.planner.push_filters_into_unions import push_filters_into_unions
from gateway.planner.push_limits_into_members import push_limits_into_members
from gateway.planner.remarks import Remark
from gateway.planner.repeat_wrappers import REPEATED, moves_less, repeat_wrappers
from gateway.planner.share_blocks import SHARED, cheaper, share_blocks
from gateway.planner.share_fragments import (
    must_materialise,
    query_text,
    restore_types,
    share_fragments,
    table_uses,
)
from gateway.planner.simplify_outer_joins import simplify_outer_joins
from gateway.planner.sketch_counts import sketch_counts
from gateway.planner.split_aggregates import split_aggregates
from gateway.planner.unite_branches import unite_branches
from gateway.stages import AuthorizedQuery, FederatedPlan, PlannedFragment
from sql.binder import Binder
from sql.catalog import Catalog, Fragment
from sql.copies import canonical_text
from sql.split import Split, split_query

Pass: TypeAlias = Callable[[exp.Query, Planning], exp.Query]

PASSES: dict[str, Pass] = {
    # What no join has to decide is decided before it. Not a choice: DuckDB breaks down over some of it.
    "fence_left_joins": lambda tree, _: fence_left_joins(tree),
    # What nobody reads is asked of nobody.
    "prune_columns": lambda tree, _: prune_columns(tree),
    # What tools and WITH queries wrap is one block with what reads it.
    "merge_wrappers": merge_wrappers,
    # A join that keeps rows which no condition wants need not.
    "simplify_outer_joins": lambda tree, _: simplify_outer_joins(tree),
    # What is asked of a derived table is asked of what it is made of.
    "push_filters_into_queries": push_filters_into_queries,
    # What a question itself puts together of several departments is as good as a federated table.
    "unite_branches": unite_branches,
    # Unions over members, with only the columns that are used. Not a choice: departments know no federated tables.
    "expand_federated_tables": lambda tree, planning: expand_federated_tables(tree, planning.catalog),
    # Each department hears its part of conditions over several.
    "factor_conditions": factor_conditions,
    # Members filter, and excluded members are not asked.
    "push_filters_into_unions": lambda tree, _: push_filters_into_unions(tree),
    # Members join what lies together, and then filter what could only be decided on both tables.
    "join_members": lambda tree, _: push_filters_into_unions(join_members(tree)),
    # Members look up what the question says to be theirs.
    "look_up_in_members": look_up_in_members,
    # What only members read, since they filter and join, does not leave them.
    "prune_members": lambda tree, _: prune_columns(tree),
    # What a department can aggregate alone is seen as a federated table of one member.
    "gather_department": gather_department,
    # So is what a department had better aggregate before another's tables are joined.
    "aggregate_below_joins": aggregate_below_joins,
    # Members aggregate, and the merge puts their groups together.
    "split_aggregates": split_aggregates,
    # A total of which a floor left out every part is not 0.
    "drop_empty_totals": drop_empty_totals,
    # Members give their first rows, and the merge the first of these.
    "push_limits_into_members": lambda tree, _: push_limits_into_members(tree),
    # Where an approximate count is made of very many values, members send its sketch instead of them.
    "sketch_counts": sketch_counts,
}
"""The passes over the tree, in order; each is exact alone, and with or without any other."""


OF_MEMBERS = frozenset(
    {
        "push_filters_into_unions",
        "join_members",
        "look_up_in_members",
        "prune_members",
        "split_aggregates",
        "drop_empty_totals",
        "push_limits_into_members",
        "sketch_counts",
    }
)
"""Passes that change nothing in a tree without a union over members, for which they are not run."""


def make_plan(
    query: AuthorizedQuery, binder: Binder, published: Catalog, choosing: Choosing | None = None
) -> FederatedPlan:
    """Plans an authorised question. Pure: nothing is asked of any department.

    After `PASSES`, `split_query` finds the largest parts that one department runs alone and the residual, and
    `share_fragments` runs equal parts once. `place_key_exchanges` lets some wait for the keys of others.
    """
    choosing = choosing or Choosing()
    question = query.bound.resolved.tree

    def planned(tree: exp.Query, remarks: tuple[Remark, ...] = ()) -> FederatedPlan:
        disclosure = Disclosure(query.decisions)
        planning = Planning(query.bound.admitted.catalog, binder, disclosure, choosing, list(remarks))
        return _plan(query, tree, planning, published, in_place=tree is not question)

    plan = planned(question)
    apart = repeat_wrappers(question, Planning(query.bound.admitted.catalog, binder))
    if apart is not None:
        repeated = planned(apart, (REPEATED,))
        plan = repeated if moves_less(plan, repeated) else plan
    together = share_blocks(question, Disclosure(query.decisions), query.bound.admitted.catalog)
    if together is None:
        return plan
    shared = planned(together, (SHARED,))
    return shared if cheaper(plan, shared) else plan


def _plan(
    query: AuthorizedQuery, question: exp.Query, planning: Planning, published: Catalog, *, in_place: bool
) -> FederatedPlan:
    """The plan for a tree that means what the question means; changed if `in_place` only."""
    choosing, binder = planning.choosing, planning.binder
    tree = apply_passes(question, planning)
    # What a pass has changed is a copy already.
    split = split_query(tree, lambda table: table.db, in_place=in_place or tree is not question)
    schema = query.bound.resolved.schema
    if split.residual is None:
        fragment = _whole(split, query)
        whole = estimate_fragments((fragment,), {split.pieces[0].name: split.pieces[0].query}, choosing)
        return FederatedPlan(query, whole, None, "", materialise=False, schema=schema)
    distinct_lookups(split, planning)
    shared, residual = share_fragments(split, binder, published)
    queries = {piece.name: piece.query for piece in split.pieces}
    choosing = choosing.settled()
    shared = estimate_fragments(shared, queries, choosing)
    keys = place_key_exchanges(shared, queries, residual, query.decisions, choosing)
    fragments = keys.fragments
    # A fragment that waits for another's keys waits for ever where the merge reads one after the other.
    materialise = must_materialise(residual, fragments) or any(planned.exchanges for planned in fragments)
    if not materialise:
        residual = restore_types(residual, fragments)
    gathered = gather_members(residual, fragments)
    return FederatedPlan(
        authorized=query,
        fragments=fragments,
        residual=residual,
        residual_sql=canonical_text(gathered.query),
        materialise=materialise,
        schema=schema,
        remarks=(*planning.remarks, *keys.remarks),
        gathered=gathered.relations,
    )


def apply_passes(tree: exp.Query, planning: Planning, skip: Container[str] = ()) -> exp.Query:
    """The tree after every pass but those named in `skip`."""
    members: bool | None = None
    for name, run in PASSES.items():
        if name in skip:
            continue
        if name not in OF_MEMBERS:
            tree, members = run(tree, planning), None
            continue
        if members is None:
            members = has_member_union(tree)
        if members:
            tree = run(tree, planning)
    return tree


def _whole(split: Split, query: AuthorizedQuery) -> PlannedFragment:
    piece = split.pieces[0]
    schema = query.bound.resolved.schema
    fragment = Fragment(
        piece.name,
        piece.context,
        query_text(piece.query),
        schema,
        ordered=piece.query.args.get("order") is not None,
        tables=table_uses(piece.query),
    )
    return PlannedFragment(fragment, (), None)
