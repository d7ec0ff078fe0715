"""Which fragments go first, so that their keys make the others small: the smallest first, and no circles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from gateway.collected_keys import MOST_KEYS
from gateway.leave import sees_whole
from gateway.planner.choosing import Choosing, Preference
from gateway.planner.key_sizes import KeySize, size_of
from gateway.planner.relations import Relation, met
from gateway.planner.remarks import Remark
from gateway.planner.words import rounded
from gateway.stages import PlannedFragment
from policies.decision import Decision

if TYPE_CHECKING:
    from gateway.planner.place_key_exchanges import Candidate

SMALLER = 2.0
"""How many times fewer rows than the receiver the source of keys has, when both are known."""

MUCH_SMALLER = 4.0
"""The same, when one of them is a guess."""

TINY = {"exposure": 10.0, "time": 50.0}
"""The same, when the source leaves out no rows of its tables, so that its keys may be all that there are."""

CHOOSY = 0.9
"""The share of rows, of the source's tables or of the receiver, up to which keys are taken to choose."""

GAIN = 4096.0
"""Bytes that stay because of keys, from which it is worth to wait and to tell them."""

PER_KEY = 2.0
"""Bytes that stay for each byte of keys, from which the same holds."""

TIMELY_ROWS = 1_000.0
"""Rows that stay, from which waiting is no loss of time either: about as long as they take to be read. What receives
few keys may give few keys itself, so that a short wait may save a long one (TPC-H q05 and q21)."""

SPARED_ROWS = 100_000.0
"""Rows that the receiver need not join and group because of keys, from which waiting is worth it whatever leaves: it
aggregates them, so that few bytes stay (TPC-H q11, whose 800,000 rows make 25 groups)."""

KEY_BYTES = 16.0


class KeyOrder:
    """Chooses among candidates. Sizes that depend on rows hidden from the caller are not looked at."""

    def __init__(
        self,
        fragments: Iterable[PlannedFragment],
        queries: Mapping[str, exp.Query],
        decisions: Iterable[Decision],
        choosing: Choosing,
    ) -> None:
        decided = tuple(decisions)
        self.choosing = choosing
        self.queries = queries
        self.planned = {p.fragment.id: p for p in fragments}
        self.sizes: dict[str, KeySize] = {
            name: size_of(p, queries[name], told=sees_whole(p.fragment, decided))
            for name, p in self.planned.items()
        }
        self.rows = {name: size.rows for name, size in self.sizes.items()}
        self.share = {name: size.share for name, size in self.sizes.items()}
        self._relations: dict[str, Relation | None] = {}

    def choose(self, candidates: list[Candidate]) -> tuple[list[Candidate], list[Remark]]:
        """The exchanges that pay, each from fragments that are ready to fragments that are not.

        What receives keys is smaller than it was, and may then give keys itself.
        """
        places = {name: place for place, name in enumerate(self.rows)}
        left = dict.fromkeys(self.rows)
        chosen: list[Candidate] = []
        remarks: list[Remark] = []
        needless: list[tuple[Candidate, str]] = []
        while left:
            first = min(left, key=lambda name: (self.rows[name], places[name]))
            del left[first]
            for candidate in candidates:
                names = {source.fragment for source in candidate.sources}
                if first not in names or names & left.keys() or candidate.receiver not in left:
                    continue
                kept = self.kept(candidate)
                onward = [c for c in candidates if c.receiver in left and not c.refusal]
                passed_on = self._passed_on(candidate.receiver, onward)
                if not self.pays(candidate, kept, passed_on):
                    needless.append((candidate, self._why_needless(candidate, kept, passed_on)))
                    continue
                receiver = candidate.receiver
                if candidate.refusal:
                    remarks.append(Remark("exchange", candidate.refusal, receiver))
                    continue
                if any(c.receiver == receiver and c.places == candidate.places for c in chosen):
                    # Fewer keys of another fragment already decide the same.
                    continue
                chosen.append(candidate)
                text = _words(candidate) + self._compared(candidate, kept, passed_on, taken=True)
                remarks.append(Remark("exchange", text, receiver))
                share = kept if kept is not None else max(self.share[name] for name in names)
                self.rows[receiver] = max(1.0, self.rows[receiver] * share)
                self.share[receiver] *= share
        decided = {(c.receiver, c.places) for c in chosen}
        for candidate, why in needless:
            if (candidate.receiver, candidate.places) not in decided and self._is_large(candidate):
                remarks.append(Remark("exchange", candidate.refusal or why, candidate.receiver))
        return chosen, list(dict.fromkeys(remarks))

    def _is_large(self, candidate: Candidate) -> bool:
        """Whether there are rows about which a reader of the plan may ask why they leave."""
        size = self.sizes[candidate.receiver]
        return bool(candidate.refusal) or (size.known and size.rows >= TIMELY_ROWS)

    def _why_needless(self, candidate: Candidate, kept: float | None, passed_on: float) -> str:
        """Why keys that could be sent are not. Without numbers where the plan has none of these fragments."""
        if kept is None or not self._is_told(candidate):
            why = "how many of its rows have one of them is not known, or is not worth it"
        elif kept > CHOOSY:
            why = "almost all of its rows are taken to have one of them"
        else:
            why = f"about {kept:.0%} of its rows have one of them, and waiting for so many costs more than it saves"
        return f"does not wait for {_keys_of(candidate)}: {why}" + self._compared(
            candidate, kept, passed_on, taken=False
        )

    def _compared(self, candidate: Candidate, kept: float | None, passed_on: float, *, taken: bool) -> str:
        """How much less leaves with the keys, and whether the federation's other preference decides otherwise."""
        planned = self.planned[candidate.receiver]
        text = ""
        if kept is not None and planned.estimate is not None and self._is_told(candidate):
            rows = self.rows[candidate.receiver]
            size = rows * planned.estimate.bytes / max(planned.estimate.rows, 1.0)
            ways = [
                f"about {rounded(part * rows)} rows, {rounded(part * size)} bytes" for part in (kept, 1.0)
            ]
            text = f"; with them {ways[0]}, without {ways[1]}"
        other = self.choosing.other
        if self.pays(candidate, kept, passed_on, other) != taken:
            text += f"; with prefer: {other} it would{' not' if taken else ''} wait"
        return text

    def _is_told(self, candidate: Candidate) -> bool:
        """Whether the plan has numbers of all fragments that take part."""
        names = {candidate.receiver, *(source.fragment for source in candidate.sources)}
        return all(self.planned[name].estimate is not None for name in names)

    def kept(self, candidate: Candidate) -> float | None:
        """The share of the receiver's rows that have one of the keys; None where the columns are not known.

        A key that one side has is taken to be as likely on the other side as any key that there is.
        """
        department, table, column = candidate.target
        known = self.choosing.facts.table(department, table)
        facts = known.columns.get(column) if known is not None else None
        if facts is None or facts.distinct is None:
            return None
        keys = self._keys(candidate)
        if keys is None:
            return None
        there, all_ = keys
        return min(1.0, there / max(all_, facts.distinct, 1.0))

    def _passed_on(self, receiver: str, candidates: Iterable[Candidate]) -> float:
        """Rows of the largest of those to which a receiver of keys can give its own, which are fewer then, too."""
        onward = [c for c in candidates if any(source.fragment == receiver for source in c.sources)]
        return max((self.rows[c.receiver] for c in onward if self.sizes[c.receiver].known), default=0.0)

    def pays(
        self,
        candidate: Candidate,
        kept: float | None,
        passed_on: float = 0.0,
        prefer: Preference | None = None,
    ) -> bool:
        """Whether the keys of a candidate are worth waiting for, by the federation's preference if no other is given.

        `kept` is the share of rows that have one, `passed_on` the rows of whoever may wait for the receiver's keys.
        """
        prefer = prefer or self.choosing.prefer
        receiver = self.sizes[candidate.receiver]
        names = {source.fragment for source in candidate.sources}
        given = sum(self.rows[name] for name in names)
        if kept is None:
            known = receiver.known and all(self.sizes[name].known for name in names)
            times = SMALLER if known else MUCH_SMALLER
            if max(self.share[name] for name in names) > CHOOSY:
                times = TINY[prefer]
            return given * times <= receiver.rows
        planned = self.planned[candidate.receiver]
        rows = self.rows[candidate.receiver]
        width = (
            planned.estimate.bytes / max(planned.estimate.rows, 1.0)
            if planned.estimate is not None
            else KEY_BYTES * len(planned.columns)
        )
        keys = self._keys(candidate)
        stays = (1.0 - kept) * rows * width
        if keys is not None and (keys[0] > MOST_KEYS or stays < PER_KEY * keys[0] * KEY_BYTES):
            return False
        read = max(rows, self._read(candidate))
        if kept > CHOOSY or (stays < GAIN and (1.0 - kept) * read < SPARED_ROWS):
            return False
        spared = max(read, passed_on)
        return prefer != "time" or ((1.0 - kept) * spared >= TIMELY_ROWS and given <= read)

    def _read(self, candidate: Candidate) -> float:
        """Rows that the receiver's blocks join where the keys would be asked for, before they group them; 0 for unknown."""
        blocks = list(self.queries[candidate.receiver].find_all(exp.Select))
        found = [self.choosing.estimator.joined(blocks[place.block]) for place in candidate.places]
        return sum(block.rows for block in found if block is not None)

    def _keys(self, candidate: Candidate) -> tuple[float, float] | None:
        """How many keys the sources have, and how many there are in their tables."""
        there = all_ = 0.0
        for source in candidate.sources:
            relation = self._relation(source.fragment)
            facts = relation.columns.get(source.column) if relation is not None else None
            if facts is None or facts.distinct is None:
                return None
            assert relation is not None
            # What it gives is known of the rows that it has without keys; those that it receives leave fewer.
            there += met(facts.distinct, self.rows[source.fragment], relation.rows)
            department, table, column = source.origin
            known = self.choosing.facts.table(department, table)
            whole = known.columns.get(column) if known is not None else None
            all_ += max(facts.distinct, whole.distinct or 0.0 if whole is not None else 0.0)
        return there, all_

    def _relation(self, name: str) -> Relation | None:
        if name not in self._relations:
            self._relations[name] = self.choosing.estimator.estimate(self.queries[name])
        return self._relations[name]


def _words(candidate: Candidate) -> str:
    target = ".".join(candidate.target)
    return f"waits for {_keys_of(candidate)}, and then asks for {target} among them"


def _keys_of(candidate: Candidate) -> str:
    fragments = list(dict.fromkeys(source.fragment for source in candidate.sources))
    origins = list(dict.fromkeys(".".join(source.origin) for source in candidate.sources))
    of = fragments[0] if len(fragments) == 1 else f"{fragments[0]} and {len(fragments) - 1} more"
    keys = origins[0] if len(origins) == 1 else f"{origins[0]} and {len(origins) - 1} more"
    return f"the keys {keys} of {of}"
