"""Keys on their way from the fragments that find them to the fragments that wait for them.

What was planned is decided again with what came: too many keys, or more than the receiver was expected to have rows,
are not sent, and the receiver starts as soon as that is certain. A department that failed, in an answer that may do
without it, has not said that its keys are all there are: nothing is left out because of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from audit.events import KeyDisclosure
from gateway.collected_keys import MOST_BYTES, MOST_KEYS, CollectedKeys
from gateway.keyed_text import constant, text_with_keys
from gateway.stages import KeyExchange, KeySource, PlannedFragment
from policies.port import KeySet
from sql.catalog import Fragment

PATIENCE = 0.5
"""The share of a question's time after which a fragment no longer waits for keys."""

WORTHWHILE = 0.5
"""Keys per expected row of the receiver, and bytes per byte, from which they are not sent."""

HOPELESS = 4 * MOST_KEYS
"""Rows of a source after which nobody waits for its end to learn its least and its greatest key."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A fragment that waited and now starts, with what it is sent.

    `recorded` is its text for the record, which holds no key. `skipped`: there are no keys, so it has no rows, and
    is not asked. `notes` say in words what became of each exchange.
    """

    planned: PlannedFragment
    fragment: Fragment
    recorded: Fragment
    keys: tuple[KeySet, ...] = ()
    disclosed: tuple[KeyDisclosure, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: bool = False


@dataclass(slots=True)
class _Source:
    """One column of one fragment, as far as it has come. `whole` None while it runs, False when it failed."""

    keys: CollectedKeys
    whole: bool | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one exchange: `instead` by name of set (none where the sets are sent), and why."""

    note: str
    sets: tuple[KeySet, ...] = ()
    instead: Mapping[str, str] = field(default_factory=dict)
    disclosed: tuple[KeyDisclosure, ...] = ()
    sent: bool = False
    empty: bool = False


class KeyExchanges:
    """All exchanges of one question. Any thread; `start` is called without a lock, once for each fragment."""

    def __init__(self, fragments: Iterable[PlannedFragment], start: Callable[[list[Launch]], None]) -> None:
        planned = {p.fragment.id: p for p in fragments}
        self._start = start
        self._lock = threading.Lock()
        self._waiting = {name: p for name, p in planned.items() if p.exchanges}
        self._sources: dict[KeySource, _Source] = {}
        for receiver in self._waiting.values():
            for exchange in receiver.exchanges:
                for source in exchange.sources:
                    kind = planned[source.fragment].fragment.schema.field(source.column).type
                    ranges = exchange.ranges
                    known = self._sources.get(source)
                    if known is None or (ranges and not known.keys.ranges):
                        self._sources[source] = _Source(CollectedKeys(kind, ranges=ranges))

    @property
    def gives(self) -> frozenset[str]:
        """The fragments whose batches are to be collected from."""
        return frozenset(source.fragment for source in self._sources)

    def collect(self, fragment: str, batch: pa.RecordBatch) -> None:
        """Takes the keys of a batch; one thread per fragment, batches in order."""
        settled = False
        for source, state in self._sources.items():
            if source.fragment == fragment:
                before = state.keys.too_many, state.keys.rows > HOPELESS
                state.keys.add(batch.column(source.column))
                settled |= before != (state.keys.too_many, state.keys.rows > HOPELESS)
        if settled:
            self._go_on()

    def ended(self, fragment: str, *, whole: bool) -> None:
        """The fragment's last batch was collected, or its department failed and the answer does without it."""
        with self._lock:
            self._end(fragment, whole=whole)
        self._go_on()

    def give_up(self) -> None:
        """Whoever still waits starts without what is not there yet."""
        self._go_on(impatient=True)

    def _end(self, fragment: str, *, whole: bool) -> None:
        for source, state in self._sources.items():
            if source.fragment == fragment and state.whole is None:
                state.whole = whole

    def _go_on(self, *, impatient: bool = False) -> None:
        launches: list[Launch] = []
        with self._lock:
            found = True
            while found:
                # A fragment without rows has no keys either, and what waits for these may go on.
                found = False
                for name in list(self._waiting):
                    launch = self._launch(name, impatient=impatient)
                    if launch is not None:
                        launches.append(launch)
                        found = found or launch.skipped
                        if launch.skipped:
                            self._end(name, whole=True)
        if launches:
            self._start(launches)

    def _launch(self, name: str, *, impatient: bool) -> Launch | None:
        """Takes a fragment out of those that wait, when nothing more is to be waited for."""
        planned = self._waiting[name]
        found = [(exchange, self._outcome(exchange, planned)) for exchange in planned.exchanges]
        empty = any(outcome is not None and outcome.empty for _, outcome in found)
        if not empty and not impatient and any(outcome is None for _, outcome in found):
            return None
        del self._waiting[name]
        late = "not sent, because they took too long"
        return _launched(planned, [outcome or _without(exchange, late) for exchange, outcome in found])

    def _outcome(self, exchange: KeyExchange, planned: PlannedFragment) -> _Outcome | None:
        """What becomes of an exchange; None while that is not certain."""
        states = [self._sources[source] for source in exchange.sources]
        if any(state.whole is False for state in states):
            return _without(exchange, "not sent, because a department that has some of them is missing")
        if any(state.keys.too_many for state in states):
            hopeless = any(state.keys.rows > HOPELESS for state in states)
            if not exchange.ranges or hopeless:
                return _without(exchange, "not sent, because they are too many")
        if any(state.whole is None for state in states):
            return None
        if any(state.keys.too_many for state in states):
            return _range(exchange, states)
        return _list(exchange, [state.keys.values() for state in states], planned)


def _launched(planned: PlannedFragment, outcomes: list[_Outcome]) -> Launch:
    fragment, notes = planned.fragment, tuple(outcome.note for outcome in outcomes)
    if any(outcome.empty for outcome in outcomes):
        return Launch(planned, fragment, fragment, notes=notes, skipped=True)
    if not any(outcome.sent for outcome in outcomes):
        return Launch(planned, fragment, fragment, notes=notes)
    instead = {name: text for outcome in outcomes for name, text in outcome.instead.items()}
    # The least and the greatest key are values too, and no value is recorded.
    public = {
        name: text
        for outcome in outcomes
        for name, text in outcome.instead.items()
        if not outcome.sent or outcome.sets
    }
    return Launch(
        planned,
        replace(fragment, sql=text_with_keys(planned.keyed_sql, instead)),
        replace(fragment, sql=text_with_keys(planned.keyed_sql, public)),
        tuple(key for outcome in outcomes for key in outcome.sets),
        tuple(told for outcome in outcomes for told in outcome.disclosed),
        notes,
    )


def _list(exchange: KeyExchange, values: list[pa.Array], planned: PlannedFragment) -> _Outcome:
    count, size = sum(map(len, values)), sum(array.nbytes for array in values)
    of = _of(exchange)
    if count == 0:
        return _Outcome(f"there are no keys of {of}", empty=True)
    expected = planned.estimate
    if count > MOST_KEYS or size > MOST_BYTES:
        return _without(exchange, "not sent, because they are too many")
    if expected is not None and (count > WORTHWHILE * expected.rows or size > WORTHWHILE * expected.bytes):
        return _without(exchange, f"not sent: {count} keys for about {round(expected.rows)} rows")
    sets, instead, disclosed = [], {}, []
    for name, source, array in zip(exchange.names, exchange.sources, values, strict=True):
        if len(array):
            sets.append(KeySet(name, source.origin, array))
            disclosed.append(KeyDisclosure(".".join(source.origin), len(array), array.nbytes))
        else:
            instead[name] = "FALSE"
    return _Outcome(f"sent {count} keys of {of}", tuple(sets), instead, tuple(disclosed), sent=True)


def _range(exchange: KeyExchange, states: list[_Source]) -> _Outcome:
    bounds = [found for state in states if (found := state.keys.bounds) is not None]
    if not bounds:
        return _without(exchange, "not sent, because they are too many")
    least = min((low for low, _ in bounds), key=lambda value: value.as_py())
    greatest = max((high for _, high in bounds), key=lambda value: value.as_py())
    condition = f"{{column}} BETWEEN {constant(least)} AND {constant(greatest)}"
    first, *others = exchange.names
    instead = {first: condition} | dict.fromkeys(others, "FALSE")
    disclosed = tuple(
        KeyDisclosure(".".join(source.origin), 2, 2 * source_width(found[0]), "range")
        for source, state in zip(exchange.sources, states, strict=True)
        if (found := state.keys.bounds) is not None
    )
    note = f"sent the least and the greatest key of {_of(exchange)}, because there are too many"
    return _Outcome(note, (), instead, disclosed, sent=True)


def source_width(value: pa.Scalar) -> int:
    """Bytes of one value of a fixed width."""
    return int(value.type.bit_width) // 8


def _without(exchange: KeyExchange, why: str) -> _Outcome:
    return _Outcome(f"keys of {_of(exchange)} {why}", instead=dict.fromkeys(exchange.names, "TRUE"))


def _of(exchange: KeyExchange) -> str:
    origins = list(dict.fromkeys(".".join(source.origin) for source in exchange.sources))
    return origins[0] if len(origins) == 1 else f"{origins[0]} and {len(origins) - 1} more"
