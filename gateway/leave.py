"""What a caller may be told about sizes: nothing that depends on rows which its decisions hide.

How many rows a table has, how many a database read and how far a fragment has come are answers too. They are told
where the caller sees the whole table, or counts what the caller is given anyway. Auditors' records stay complete.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from audit.events import Coverage
from gateway.exchange import FragmentProgress
from gateway.stages import FederatedPlan
from policies.decision import Decision
from sql.catalog import Fragment


def sees_whole(fragment: Fragment, decisions: Iterable[Decision]) -> bool:
    """Whether the caller sees every row of every table of a fragment, so that their sizes tell nothing new."""
    governing = {(d.department, d.table): d for d in decisions}
    found = [governing.get((use.department, use.name)) for use in fragment.tables]
    return all(d is not None and d.allowed and d.row_filter is None and d.floor is None for d in found)


def sees_counts(fragment: Fragment, decisions: Iterable[Decision]) -> bool:
    """Whether the number of rows that a fragment sends may be told.

    Where rows under a floor cross as they are, small groups are among them until the merge leaves those out.
    """
    tables = {(use.department, use.name) for use in fragment.tables}
    ours = (d for d in decisions if (d.department, d.table) in tables)
    return not any(d.floor is not None and d.crossing == "raw" for d in ours)


def told_progress(plan: FederatedPlan, progress: Iterable[FragmentProgress]) -> tuple[FragmentProgress, ...]:
    """Progress as the caller may read it: without counts where they are withheld."""
    withheld = _withheld(plan)
    return tuple(replace(p, rows=0, bytes=0) if p.fragment in withheld else p for p in progress)


def told_coverage(plan: FederatedPlan, coverage: Iterable[Coverage]) -> tuple[Coverage, ...]:
    """Coverage as the caller may read it: without counts for departments that withhold one of theirs."""
    withheld = _withheld(plan)
    silent = {p.fragment.department for p in plan.fragments if p.fragment.id in withheld}
    return tuple(replace(c, rows=0, bytes=0) if c.department in silent else c for c in coverage)


def _withheld(plan: FederatedPlan) -> set[str]:
    # The decisions that matter are few, and the fragments of a federated table as many as its members.
    raw = [d for d in plan.authorized.decisions if d.floor is not None and d.crossing == "raw"]
    if not raw:
        return set()
    fragments = (planned.fragment for planned in plan.fragments)
    return {fragment.id for fragment in fragments if not sees_counts(fragment, raw)}
