"""What fragments really gave corrects what is expected of their like, for the same caller under the same grants.

Only what the caller was sent itself is learnt from, and nobody else's plans change by it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable

from gateway.exchange import FragmentStream
from gateway.leave import sees_whole
from gateway.plan_cache import LARGEST_TEXT
from gateway.planner.shapes import only_block, query_shape
from gateway.stages import AuthorizedQuery, FederatedPlan
from policies.principal import principal_key
from sql.parse import parse_query

MOST = 1024
"""Shapes of fragments that are remembered, of all callers."""
FAR = 2.0
"""How many times more or fewer rows than expected are worth remembering."""


class Feedback:
    """Ratios of actual to expected rows. Safe between threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._ratios: OrderedDict[Hashable, float] = OrderedDict()

    @property
    def size(self) -> int:
        """How many shapes are remembered."""
        return len(self._ratios)

    def corrections(self, query: AuthorizedQuery) -> Callable[[str], float] | None:
        """By a fragment's shape, what to multiply its expected rows with; None while nothing was learnt."""
        if not self._ratios:
            return None
        caller = _caller(query)

        def ratio(shape: str) -> float:
            with self._lock:
                return self._ratios.get((caller, shape), 1.0)

        return ratio

    def learn(self, plan: FederatedPlan, streams: Iterable[FragmentStream]) -> bool:
        """Takes in fragments that were read to their end; whether there was anything to learn."""
        learnt = False
        caller = _caller(plan.authorized)
        for stream in streams:
            planned = stream.planned
            if planned.estimate is None or planned.exchanges or not stream.is_complete:
                continue
            if not sees_whole(planned.fragment, plan.authorized.decisions):
                continue
            expected, actual = max(planned.estimate.rows, 1.0), max(float(stream.rows), 1.0)
            if not 1 / FAR < actual / expected < FAR:
                shape = _shape(planned.fragment.sql)
                if shape is not None:
                    self._keep((caller, shape), actual / max(planned.estimate.rows, 1e-6))
                    learnt = True
        return learnt

    def _keep(self, key: Hashable, ratio: float) -> None:
        with self._lock:
            known = self._ratios.get(key, 1.0)
            self._ratios[key] = min(max(known * ratio, 1e-9), 1e9)
            self._ratios.move_to_end(key)
            while len(self._ratios) > self._most:
                self._ratios.popitem(last=False)


def _shape(sql: str) -> str | None:
    if len(sql) > LARGEST_TEXT:
        return None
    block = only_block(parse_query(sql).tree)
    return query_shape(block) if block is not None else None


def _caller(query: AuthorizedQuery) -> Hashable:
    """Everything that decides what a caller's fragments give."""
    grants = tuple(
        sorted((d.department, d.table, d.grant_id or "", d.policy_digest) for d in query.decisions)
    )
    return principal_key(query.request.principal), query.request.purpose, grants
