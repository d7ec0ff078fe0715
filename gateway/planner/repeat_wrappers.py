"""Reads a WITH query that several places read in each of them, so that each asks for its own part of it."""

from __future__ import annotations

from collections import Counter

from sqlglot import exp

from gateway.planner.merge_wrappers import is_of_one_department, only_joins_and_filters
from gateway.planner.planning import Planning
from gateway.planner.remarks import Remark
from gateway.planner.share_blocks import expected_bytes
from gateway.stages import FederatedPlan
from sql.copies import copy_tree
from sql.from_items import named_query
from sql.scopes import BLOCK, block_sources, is_cte_reference, source_alias, used_names
from sql.sources import identifier

REPEATED = Remark("choice", "a WITH query is asked for in parts, each place its own")
_MOST_PLACES = 4


def repeat_wrappers(tree: exp.Query, planning: Planning) -> exp.Query | None:
    """A copy of `tree` in which WITH queries that only join and filter stand in each place that reads them; None where
    there are none, and for a question of one department.

    What is computed twice is the same twice; whether less leaves is for `moves_less` to say.
    """
    if tree.find(exp.CTE) is None or is_of_one_department(tree, planning) or not _repeated(tree):
        return None
    copy = copy_tree(tree)
    taken = set(used_names(copy))
    while found := _repeated(copy):
        # A later WITH query may read an earlier one, which is then read more often.
        cte, references = found
        for reference in references:
            reference.replace(named_query(_renamed(cte.this, taken), source_alias(reference)))
        with_ = cte.parent
        assert isinstance(with_, exp.With)
        cte.pop()
        if not with_.expressions:
            with_.pop()
    return copy


def moves_less(once: FederatedPlan, apart: FederatedPlan) -> bool:
    """Whether clearly less is expected to leave departments where each place asks for its own part."""
    whole, parts = expected_bytes(once), expected_bytes(apart)
    return whole is not None and parts is not None and 2 * parts < whole


def _repeated(tree: exp.Query) -> tuple[exp.CTE, list[exp.Table]] | None:
    """The last such WITH query, and where it is read."""
    read = [table for table in tree.find_all(exp.Table) if is_cte_reference(table)]
    times = Counter(table.name for table in read)
    for cte in reversed(list(tree.find_all(exp.CTE))):
        references = [table for table in read if table.name == cte.alias]
        plain = isinstance(cte.this, exp.Select) and only_joins_and_filters(cte.this)
        if (
            plain
            and 1 < times[cte.alias] <= _MOST_PLACES
            and all(isinstance(table.parent, (exp.From, exp.Join)) for table in references)
            and sum(1 for _ in cte.this.find_all(exp.Query)) == 1
        ):
            return cte, references
    return None


def _renamed(body: exp.Select, taken: set[str]) -> exp.Select:
    """A copy of a block, under other names of its own."""
    copy = copy_tree(body)
    # It is no longer the one block that the question has.
    copy.meta.pop(BLOCK, None)
    names: dict[str, str] = {}
    for source, _ in block_sources(copy):
        old = source_alias(source)
        number = 2
        while f"{old}_{number}".lower() in taken:
            number += 1
        names[old] = f"{old}_{number}"
        taken.add(names[old].lower())
        source.set("alias", exp.TableAlias(this=identifier(names[old])))
    for column in copy.find_all(exp.Column):
        if column.table in names:
            column.set("table", identifier(names[column.table]))
    return copy
