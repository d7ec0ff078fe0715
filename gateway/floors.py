"""Floors at the gateway: the question as a whole, then each fragment, are checked as the agents will.

The agents keep the floors. What is refused here would be refused there, or would come back as groups so much
smaller than those that were asked for that most of them were left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from comity.errors import PolicyError
from gateway.catalogs import Catalogs
from gateway.stages import FederatedPlan
from policies.decision import Decision, Floor
from policies.floor_blocks import FloorBlock, Floors, find_floor_blocks, grouping_levels
from policies.floors import check_floors
from sql.catalog import TableUse

Key = tuple[str, str]


def check_question(plan: FederatedPlan, catalogs: Catalogs) -> None:
    """Refuses a question in which a floor could be got around. Raises `PolicyError` with the place."""
    resolved = plan.authorized.bound.resolved
    check_floors(resolved.tree, _question_floors(plan, catalogs), resolved.parsed.text)
    _check_read_once(plan, catalogs)


def check_fragment(
    tree: exp.Query, decisions: Sequence[Decision], plan: FederatedPlan, catalogs: Catalogs
) -> None:
    """Refuses a plan under which a department would be asked for rows, or for smaller groups than the question's."""
    floors = {(d.department, d.table): d.floor for d in decisions if d.floor is not None}
    if not floors:
        return
    try:
        check_floors(tree, floors)
    except PolicyError as error:
        table = next(iter(floors))
        hint = (
            f"Aggregate {'.'.join(table)} in a subquery that reads no other department's tables, and join "
            "its groups."
        )
        raise _refusal(table, floors[table], _rows_needed(error), hint, plan, catalogs) from None
    asked = find_floor_blocks(plan.authorized.bound.resolved.tree, _question_floors(plan, catalogs))
    for block in find_floor_blocks(tree, floors):
        for table, finer in _finer_keys(block, asked, catalogs):
            message = (
                f"this needs it grouped by {', '.join(sorted(finer))} first, and small groups of that would be "
                "missing from the answer"
            )
            hint = "Group by that in a subquery, join its groups, and aggregate them: what is missing then is seen."
            raise _refusal(table, floors[table], message, hint, plan, catalogs)


def _rows_needed(error: PolicyError) -> str:
    reason = error.message.partition(": ")[2]
    return f"this question needs more of it at the merge ({reason})"


def _question_floors(plan: FederatedPlan, catalogs: Catalogs) -> Floors:
    """The floors of the question's own tables: of a federated one the largest among its members."""
    own = {(d.department, d.table): d.floor for d in plan.authorized.decisions}
    floors: dict[Key, Floor] = {}
    for use in plan.authorized.bound.resolved.tables:
        found = [own.get(member) for member in catalogs.members_of(use.department, use.name)]
        kept = [floor for floor in found if floor is not None]
        if kept:
            floors[use.department, use.name] = max(kept, key=lambda floor: floor.entities)
    return floors


def _check_read_once(plan: FederatedPlan, catalogs: Catalogs) -> None:
    floors = {(d.department, d.table): d.floor for d in plan.authorized.decisions if d.floor is not None}
    reads: Iterable[Key] = (
        (use.department, use.name) for planned in plan.fragments for use in planned.fragment.tables
    )
    twice = [key for key, count in Counter(reads).items() if count > 1 and key in floors]
    if twice:
        message = "it is read twice, and the difference of two groups can be one person"
        hint = "Read it once; for totals beside their parts use GROUP BY ROLLUP."
        raise _refusal(twice[0], floors[twice[0]], message, hint, plan, catalogs)


def _finer_keys(
    block: FloorBlock, asked: Sequence[FloorBlock], catalogs: Catalogs
) -> Iterator[tuple[Key, frozenset[str]]]:
    """The columns of each table that a fragment groups by and the question does not."""
    for source in block.sources:
        table = (source.node.db, source.node.name)
        wanted: frozenset[str] | None = None
        for other in asked:
            for own in other.sources:
                if table in catalogs.members_of(own.node.db, own.node.name):
                    wanted = _grouped(other.select, own.alias)
        finer = _grouped(block.select, source.alias)
        if wanted is not None and not finer <= wanted:
            yield table, finer - wanted


def _grouped(select: exp.Select, alias: str) -> frozenset[str]:
    """The columns of one FROM item that a block groups by, or takes the different values of."""
    group = select.args.get("group")
    levels = grouping_levels(group) if group is not None else None
    keys: list[exp.Expr] = list(levels[-1]) if levels else []
    if group is None and select.args.get("distinct") is not None:
        keys = [output.this for output in select.expressions]
    return frozenset(c.name for key in keys for c in key.find_all(exp.Column) if c.table == alias)


def _refusal(
    table: Key, floor: Floor | None, message: str, hint: str, plan: FederatedPlan, catalogs: Catalogs
) -> PolicyError:
    asked = _asked(table, plan, catalogs)
    least = floor.entities if floor is not None else 0
    return PolicyError(
        f"{'.'.join(table)} is shown in groups of at least {least} only: {message}",
        hint=hint,
        department=table[0],
        line=asked.line if asked is not None else None,
        column=asked.column if asked is not None else None,
    )


def _asked(table: Key, plan: FederatedPlan, catalogs: Catalogs) -> TableUse | None:
    uses = plan.authorized.bound.resolved.tables
    return next((use for use in uses if table in catalogs.members_of(use.department, use.name)), None)
