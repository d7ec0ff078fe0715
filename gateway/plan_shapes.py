"""Plans of questions that differ from earlier ones of the same caller in values only.

A plan is used for other values when two things hold. The values stand where nobody but a database looks at them
(`sql.liftable`). And two plans for different values, each made in full, turned out to be the same but for these
values: from the two of them it is learnt where in the plan each value stands. Everything that stays, values that
are not lifted included, is part of what a question must have in common with both.

As with `gateway.plan_cache`, nothing is shared between callers, purposes or days, and every agent decides each
fragment anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from gateway.plan_cache import KnownPlan
from gateway.plan_texts import plan_texts, with_texts
from gateway.stages import AdmittedQuery, FederatedPlan
from policies.principal import Principal, principal_key
from sql.lexical import DIALECT
from sql.liftable import Shape, Slot, Value, class_of, find_liftable, shape_of
from sql.parse import names_the_present

LARGEST_TEXT = 16_384
"""Characters of a question of whose shape a plan is kept."""

MOST_TEMPLATES = 4
"""Templates of one shape: they differ in the classes of their values, or in values that are not lifted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question apart: what it must have in common with an earlier one, and its values."""

    key: Hashable
    shape: Shape


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in a text of a plan."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Template:
    """A plan with places for values. `texts` are those of `plan_texts`, in pieces."""

    known: KnownPlan
    classes: Mapping[Slot, Hashable]
    families: Mapping[Slot, str]
    fixed: Mapping[Slot, Value]
    pattern: tuple[int, ...]
    texts: tuple[tuple[str | Place, ...], ...]

    def fits(self, shape: Shape) -> bool:
        """Whether the plan, with the values of a question of this shape, is that question's plan."""
        values = shape.values
        return (
            values.keys() == self.classes.keys() | self.fixed.keys()
            and all(values[slot] == value for slot, value in self.fixed.items())
            and all(
                class_of(values[slot], self.families[slot]) == kind for slot, kind in self.classes.items()
            )
            and shape.pattern == self.pattern
        )

    def fill(self, query: AdmittedQuery, shape: Shape) -> KnownPlan:
        """The plan of a question that it fits."""
        texts = tuple(
            "".join(part if isinstance(part, str) else shape.values[part.slot].sql() for part in parts)
            for parts in self.texts
        )
        plan = with_texts(self.known.plan, texts)
        bound = replace(plan.authorized.bound, admitted=query)
        plan = replace(plan, authorized=replace(plan.authorized, bound=bound))
        return KnownPlan(plan, query.parsed, self.known.decisions)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A plan that was made in full, and which values of its question could be others."""

    known: KnownPlan
    shape: Shape
    families: Mapping[Slot, str]


class PlanShapes:
    """The shapes asked last, at most `size`; none are kept with 0. Safe between threads."""

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._shapes: OrderedDict[Hashable, tuple[_Seen, tuple[Template, ...]]] = OrderedDict()

    def find(self, query: AdmittedQuery, asked: Asked | None) -> KnownPlan | None:
        """The plan of a question that differs from earlier ones in values only; None where none is known."""
        if asked is None:
            return None
        with self._lock:
            _, templates = self._shapes.get(asked.key, (None, ()))
            if templates:
                self._shapes.move_to_end(asked.key)
        fitting = next((template for template in templates if template.fits(asked.shape)), None)
        return fitting.fill(query, asked.shape) if fitting is not None else None

    def learn(self, asked: Asked | None, known: KnownPlan) -> None:
        """Keeps a plan that was made in full; with an earlier one of its shape it becomes a template."""
        if asked is None or not self._size or names_the_present(known.parsed.tree):
            return
        bound = known.plan.authorized.bound
        families = find_liftable(known.parsed, bound.resolved.tree, bound.admitted.catalog)
        seen = _Seen(known, asked.shape, families)
        with self._lock:
            earlier, templates = self._shapes.get(asked.key, (None, ()))
        template = _template(earlier, seen) if earlier is not None else None
        if template is not None:
            templates = (template, *templates)[:MOST_TEMPLATES]
        with self._lock:
            self._shapes[asked.key] = seen, templates
            self._shapes.move_to_end(asked.key)
            while len(self._shapes) > self._size:
                self._shapes.popitem(last=False)

    def forget(self, principal: Principal) -> None:
        """Drops the plans of one caller."""
        caller = principal_key(principal)
        with self._lock:
            for key in [key for key in self._shapes if isinstance(key, tuple) and caller in key]:
                del self._shapes[key]

    def clear(self) -> None:
        with self._lock:
            self._shapes.clear()


def ask(query: AdmittedQuery, today: date, generation: int) -> Asked | None:
    """Takes a question apart; None for one without values, and for a text too long to keep."""
    if len(query.parsed.text) > LARGEST_TEXT:
        return None
    shape = shape_of(query.parsed)
    if not shape.values:
        return None
    request = query.request
    key = shape.text, request.purpose, principal_key(request.principal), today, generation
    return Asked(key, shape)


def _template(one: _Seen, other: _Seen) -> Template | None:
    """What two plans for different values have in common; None unless all but the values is the same."""
    if one.families != other.families or one.shape.pattern != other.shape.pattern:
        return None
    before, after = one.shape.values, other.shape.values
    changed = {slot for slot in after if before.get(slot) != after[slot]}
    if before.keys() != after.keys() or not changed or not changed <= after.keys() & one.families.keys():
        return None
    classes = {slot: class_of(after[slot], one.families[slot]) for slot in changed}
    if any(kind is None or class_of(before[s], one.families[s]) != kind for s, kind in classes.items()):
        return None
    if not _are_alike(one.known, other.known):
        return None
    places = {(before[slot], after[slot]): slot for slot in changed}
    texts = [
        _pieces(first, second, places)
        for first, second in zip(plan_texts(one.known.plan), plan_texts(other.known.plan), strict=True)
    ]
    found = {part.slot for parts in texts for part in parts or () if isinstance(part, Place)}
    # Of two slots with equal values one stands for both. A value that is nowhere was read while planning.
    if any(parts is None for parts in texts) or found != set(places.values()):
        return None
    return Template(
        other.known,
        classes,
        {slot: one.families[slot] for slot in changed},
        {slot: value for slot, value in after.items() if slot not in changed},
        other.shape.pattern,
        tuple(parts for parts in texts if parts is not None),
    )


def _are_alike(one: KnownPlan, other: KnownPlan) -> bool:
    """Whether two plans, and what departments decided, are the same but for the texts of the plans."""
    if len(plan_texts(one.plan)) != len(plan_texts(other.plan)):
        return False
    return (
        one.decisions == other.decisions
        and one.plan.authorized.decisions == other.plan.authorized.decisions
        and one.plan.authorized.grades == other.plan.authorized.grades
        and _without_texts(one.plan, other.plan) == _without_texts(other.plan, other.plan)
    )


def _without_texts(plan: FederatedPlan, like: FederatedPlan) -> FederatedPlan:
    """A plan without what is compared apart, and what is expected of its fragments but not promised."""
    bare = with_texts(plan, ("",) * len(plan_texts(plan)))
    fragments = tuple(replace(planned, estimate=None) for planned in bare.fragments)
    return replace(
        bare,
        authorized=like.authorized,
        residual=like.residual,
        fragments=fragments,
        remarks=(),
    )


def _pieces(
    first: str, second: str, places: Mapping[tuple[Value, Value], Slot]
) -> tuple[str | Place, ...] | None:
    """The second text in pieces around the values in which it differs; None where it differs in more."""
    tokens, others = DIALECT.tokenize(first), DIALECT.tokenize(second)
    if len(tokens) != len(others):
        return None
    parts: list[str | Place] = []
    end = 0
    for token, other in zip(tokens, others, strict=True):
        if token.token_type != other.token_type:
            return None
        if token.text == other.text:
            continue
        is_string = second[other.start] == "'"
        slot = places.get((Value(is_string, token.text), Value(is_string, other.text)))
        if slot is None:
            return None
        parts += [second[end : other.start], Place(slot)]
        end = other.end + 1
    return (*parts, second[end:])
