"""What the planner expects of a fragment's answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """Rows of an answer, and bytes of its columns as they cross: expectations, never promises.

    What nothing is known of has no estimate, rather than one that was made up.
    """

    rows: float
    bytes: float
