"""Floors: the least number of distinct entities that anything shown of a table may rest on.

A floor is kept at the department, on the fragment, in two steps. `check_floors` refuses what cannot be kept
small groups out of by looking at the question alone: single rows, a second look at the same table, groups that
overlap, joins that repeat rows. `apply_floors` rewrites the rest, so that groups on too few entities are never
seen and decide nothing. `policies.floor_cells` says why nothing shown can be subtracted from something else shown
to give a small group.
"""

from __future__ import annotations

from policies.floor_blocks import ENTITY, Floors
from policies.floor_checks import check_floors
from policies.floor_joins import Keys
from policies.floor_rewrite import FlooredQuery, apply_floors

__all__ = ["ENTITY", "FlooredQuery", "Floors", "Keys", "apply_floors", "check_floors"]
