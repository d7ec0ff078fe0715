"""Row limits of grants, counted by the agent over all fragments of one question."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from comity.errors import LimitError
from policies.decision import Decision

REMEMBERED = 10_000
"""Questions whose counts are kept; a fragment of an older one starts anew, which a finished one never does."""


class RowLimits:
    """How many rows have left under each limited grant, by question. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()

    def count(self, query_id: str, decisions: Iterable[Decision], rows: int) -> None:
        """Counts `rows` about to leave. Raises `LimitError` when a grant does not allow that many."""
        for decision in decisions:
            most = decision.obligations.get("rows")
            if most is None:
                continue
            key = (query_id, f"{decision.table}/{decision.grant_id}")
            with self._lock:
                total = self._counts.pop(key, 0) + rows
                self._counts[key] = total
                while len(self._counts) > REMEMBERED:
                    self._counts.popitem(last=False)
            if total > int(most):
                raise LimitError(
                    f"{decision.department}.{decision.table}: the grant {decision.grant_id} lets at most {most} "
                    "rows leave for one question",
                    code="LIMIT_RESULT_ROWS",
                    hint="Aggregate or filter, so that fewer rows leave the department.",
                    department=decision.department,
                )
