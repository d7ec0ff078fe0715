"""Plans of questions that were asked before, by the same caller in the same words.

A plan holds what departments decided, so none is ever used for another principal, purpose or day, nor after the
catalogue was read again. It is no protection that is kept here: every agent decides each fragment anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import date

from audit.events import TableDecision
from gateway.stages import FederatedPlan, QueryRequest
from policies.principal import Principal, principal_key
from sql.parse import ParsedQuery, names_the_present

LARGEST_TEXT = 16_384
"""Characters of a question whose plan is kept."""


@dataclass(frozen=True, slots=True)
class KnownPlan:
    """A plan, and what the audit record of every question that runs it has to say."""

    plan: FederatedPlan
    parsed: ParsedQuery
    decisions: tuple[TableDecision, ...]

    def plan_for(self, request: QueryRequest) -> FederatedPlan:
        """The plan as that of another request with the same key."""
        authorized = self.plan.authorized
        admitted = replace(authorized.bound.admitted, request=request)
        bound = replace(authorized.bound, admitted=admitted)
        return replace(self.plan, authorized=replace(authorized, bound=bound))


class PlanCache:
    """The plans used last, at most `size`; none are kept with 0. Safe between threads."""

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._plans: OrderedDict[Hashable, KnownPlan] = OrderedDict()

    def find(self, key: Hashable | None) -> KnownPlan | None:
        if key is None:
            return None
        with self._lock:
            known = self._plans.get(key)
            if known is not None:
                self._plans.move_to_end(key)
            return known

    def keep(self, key: Hashable | None, known: KnownPlan) -> None:
        """Keeps a plan, unless it depends on the moment at which it was made."""
        if key is None or names_the_present(known.parsed.tree):
            return
        with self._lock:
            self._plans[key] = known
            while len(self._plans) > self._size:
                self._plans.popitem(last=False)

    def forget(self, principal: Principal) -> None:
        """Drops the plans of one caller."""
        caller = principal_key(principal)
        with self._lock:
            for key in [key for key in self._plans if isinstance(key, tuple) and caller in key]:
                del self._plans[key]

    def clear(self) -> None:
        with self._lock:
            self._plans.clear()


def plan_key(request: QueryRequest, today: date, generation: int) -> Hashable | None:
    """What two requests must have in common to have one plan; None for a text too long to keep.

    `generation` is that of the catalogue. What is explained is planned with more to say of it. Values of parameters count with their types: 1 is not TRUE.
    """
    if len(request.sql) > LARGEST_TEXT:
        return None
    positional = tuple((type(value), repr(value)) for value in request.positional)
    named = tuple(sorted((name, type(value).__name__, repr(value)) for name, value in request.named.items()))
    return (
        request.operation,
        request.sql,
        positional,
        named,
        request.purpose,
        principal_key(request.principal),
        today,
        generation,
    )
