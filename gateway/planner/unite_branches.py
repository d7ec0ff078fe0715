"""Sees a UNION ALL over several departments as the federated table that it is, of members that the question names."""

from __future__ import annotations

from sqlglot import exp

from gateway.planner.members import BRANCHES, FEDERATED, arms_of, drop_arm, is_member_union
from gateway.planner.merge_wrappers import is_of_one_department, only_joins_and_filters
from gateway.planner.planning import Planning
from sql.annotate import kind_of
from sql.copies import copy_tree
from sql.scopes import block_sources, free_aliases, source_alias, split_conjuncts
from sql.sources import identifier
from sql.substitution import of_its_type


def unite_branches(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with derived tables that are such a union marked as one; a copy where there is one.

    Then each branch filters, aggregates and limits its own rows, as a member of a federated table does. Every branch has
    to be a block of one department that only joins, filters and names, with columns of the same types as the others'.
    Which department a branch is of is no value of its rows: branches are not joined with each other.
    """
    if not any(_is_united(node, planning) for node in tree.find_all(exp.Subquery)):
        return tree
    copy = copy_tree(tree)
    for node in list(copy.find_all(exp.Subquery)):
        if _is_united(node, planning):
            _mark(node)
    return copy


def _is_united(node: exp.Subquery, planning: Planning) -> bool:
    if not isinstance(node.parent, (exp.From, exp.Join)) or not isinstance(node.this, exp.Union):
        return False
    if is_member_union(node) or not source_alias(node) or not _only_appends(node.this):
        return False
    arms = arms_of(node)
    homes = {table.db for arm in arms for table in arm.find_all(exp.Table)}
    if len(homes) < 2 or planning.disclosure.has_floor(node):
        return False
    kinds = [[kind_of(output.unalias()) for output in arm.expressions] for arm in arms]
    return not free_aliases(node.this) and all(
        only_joins_and_filters(arm)
        and all(isinstance(source, exp.Table) and source.db for source, _ in block_sources(arm))
        and is_of_one_department(arm, planning)
        and len({name.lower() for name in arm.named_selects}) == len(arm.expressions)
        and not {None, "NULL"} & set(own)
        and own == kinds[0]
        for arm, own in zip(arms, kinds, strict=True)
    )


def _only_appends(query: exp.Expr) -> bool:
    """Whether it is UNION ALL all the way down to its blocks, with nothing asked of the whole."""
    if isinstance(query, exp.Subquery):
        return not _others(query, {"this"}) and _only_appends(query.this)
    if isinstance(query, exp.Union):
        plain = not query.args.get("distinct") and not _others(query, {"this", "expression", "distinct"})
        return plain and _only_appends(query.this) and _only_appends(query.expression)
    return isinstance(query, exp.Select)


def _is_empty(arm: exp.Select) -> bool:
    where = arm.args.get("where")
    conditions = split_conjuncts(where.this if where is not None else None)
    return any(isinstance(condition, exp.Boolean) and not condition.this for condition in conditions)


def _others(node: exp.Expr, known: set[str]) -> bool:
    return any(value for key, value in node.args.items() if key not in known)


def _mark(node: exp.Subquery) -> None:
    """Gives all branches the names of the first, and constants their type, which is that of the whole column; those that
    a condition excludes are not asked.
    """
    first, *_ = arms = arms_of(node)
    names = first.named_selects
    for arm in arms:
        outputs = []
        for name, output in zip(names, arm.expressions, strict=True):
            value = output.unalias()
            # A text constant is the label of its branch, as the member column of a federated table is.
            if not (isinstance(value, exp.Literal) and value.is_string):
                value = of_its_type(value, kind_of(value)) or value
            outputs.append(exp.alias_(value, identifier(name)))
        arm.set("expressions", outputs)
    for arm in arms:
        if _is_empty(arm):
            drop_arm(arm)
    node.meta[FEDERATED] = source_alias(node)
    node.meta[BRANCHES] = True
