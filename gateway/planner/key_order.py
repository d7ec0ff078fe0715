"""Which fragments go first, so that their keys make the others small: the smallest first, and no circles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from gateway.leave import sees_whole
from gateway.planner.key_sizes import KeySize, size_of
from gateway.planner.remarks import Remark
from gateway.stages import PlannedFragment
from policies.decision import Decision

if TYPE_CHECKING:
    from gateway.planner.place_key_exchanges import Candidate

SMALLER = 2.0
"""How many times fewer rows than the receiver the source of keys has, when both are known."""

MUCH_SMALLER = 4.0
"""The same, when one of them is a guess."""

TINY = 50.0
"""The same, when the source leaves out no rows of its tables, so that its keys may be all that there are."""

CHOOSY = 0.9
"""The share of its tables' rows up to which a source is taken to have fewer keys than there are."""


class KeyOrder:
    """Chooses among candidates. Sizes that depend on rows hidden from the caller are not looked at."""

    def __init__(
        self,
        fragments: Iterable[PlannedFragment],
        queries: Mapping[str, exp.Query],
        decisions: Iterable[Decision],
    ) -> None:
        decided = tuple(decisions)
        self.sizes: dict[str, KeySize] = {
            p.fragment.id: size_of(p, queries[p.fragment.id], told=sees_whole(p.fragment, decided))
            for p in fragments
        }

    def choose(self, candidates: list[Candidate]) -> tuple[list[Candidate], list[Remark]]:
        """The exchanges that pay, each from fragments that are ready to fragments that are not.

        What receives keys is smaller than it was, and may then give keys itself.
        """
        rows = {name: size.rows for name, size in self.sizes.items()}
        share = {name: size.share for name, size in self.sizes.items()}
        left = dict.fromkeys(rows)
        chosen: list[Candidate] = []
        remarks: list[Remark] = []
        while left:
            first = min(left, key=lambda name: (rows[name], list(rows).index(name)))
            del left[first]
            for candidate in candidates:
                names = {source.fragment for source in candidate.sources}
                if first not in names or names & left.keys() or candidate.receiver not in left:
                    continue
                receiver = candidate.receiver
                if not self._pays(names, receiver, rows, share):
                    continue
                if candidate.refusal:
                    remarks.append(Remark("exchange", candidate.refusal, receiver))
                    continue
                if any(c.receiver == receiver and c.places == candidate.places for c in chosen):
                    # Fewer keys of another fragment already decide the same.
                    continue
                chosen.append(candidate)
                remarks.append(Remark("exchange", _words(candidate), receiver))
                kept = max(share[name] for name in names)
                rows[receiver] = min(rows[receiver], max(1.0, self.sizes[receiver].rows * kept))
                share[receiver] = min(share[receiver], self.sizes[receiver].share * kept)
        return chosen, list(dict.fromkeys(remarks))

    def _pays(
        self, names: set[str], receiver: str, rows: Mapping[str, float], share: Mapping[str, float]
    ) -> bool:
        given = sum(rows[name] for name in names)
        known = self.sizes[receiver].known and all(self.sizes[name].known for name in names)
        times = SMALLER if known else MUCH_SMALLER
        if max(share[name] for name in names) > CHOOSY:
            times = TINY
        return given * times <= self.sizes[receiver].rows


def _words(candidate: Candidate) -> str:
    fragments = list(dict.fromkeys(source.fragment for source in candidate.sources))
    origins = list(dict.fromkeys(".".join(source.origin) for source in candidate.sources))
    of = fragments[0] if len(fragments) == 1 else f"{fragments[0]} and {len(fragments) - 1} more"
    keys = origins[0] if len(origins) == 1 else f"{origins[0]} and {len(origins) - 1} more"
    return f"waits for the keys {keys} of {of}, and then asks for {'.'.join(candidate.target)} among them"
