"""What an agent remembers of fragments that it ran before: what it decided, and their texts for its database.

Nothing is remembered that could be different now. Fragments are the same one only for the same caller under the same
purpose, on the same day, under the same grants and policies; one that asks for the present time is never kept. What
counts what leaves (limits, barriers on a text that is new, floors) is done every time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import date

from sqlglot import exp

from agent.enforce import EnforcedFragment
from policies.port import FragmentRequest
from policies.principal import principal_key
from sql.dialects import Attempt, NotNative
from sql.parse import names_the_present
from sql.split import Split

REMEMBERED = 512
"""Fragments that one agent remembers."""

LARGEST_TEXT = 16_384
"""Characters of a fragment that is remembered."""


@dataclass(slots=True)
class NativeTexts:
    """What one enforced fragment's trees are in the source's dialect, or why they are nothing in it.

    `gave_up` says that the source gave up on the fragment before: it is not tried there again.
    """

    gave_up: bool = False
    # A tree stays beside its text: the place in memory that names it is nobody else's as long as it is there.
    _texts: dict[int, tuple[exp.Query, Attempt | str]] = field(default_factory=dict)
    _slow: dict[int, tuple[exp.Query, str]] = field(default_factory=dict)
    _splits: dict[tuple[int, bool], tuple[exp.Query, Split]] = field(default_factory=dict)
    _own_forms: dict[int, tuple[exp.Query, bool]] = field(default_factory=dict)

    def text(self, tree: exp.Query, render: Callable[[exp.Query], Attempt]) -> Attempt:
        """The text of one of the fragment's own trees, not of one made on the way. Raises `NotNative`."""
        _, known = self._texts.get(id(tree), (tree, None))
        if known is None:
            try:
                known = render(tree)
            except NotNative as refused:
                known = refused.reason
            self._texts[id(tree)] = (tree, known)
        if isinstance(known, str):
            raise NotNative(known)
        return known

    def split(self, tree: exp.Query, divide: Callable[[exp.Query], Split]) -> Split:
        """What of one of the fragment's own trees its source runs; the pieces are the fragment's own from then on."""
        key = (id(tree), self.gave_up)
        if key not in self._splits:
            self._splits[key] = (tree, divide(tree))
        return self._splits[key][1]

    def slow(self, tree: exp.Query, ask: Callable[[], str]) -> str:
        """Why one of the fragment's own trees is answered sooner beside its source, asked once; empty where it is not."""
        if id(tree) not in self._slow:
            self._slow[id(tree)] = (tree, ask())
        return self._slow[id(tree)][1]

    def own_forms(self, tree: exp.Query, find: Callable[[], bool]) -> bool:
        """Whether one of the fragment's own trees stays beside its source because of the department's own expressions."""
        if id(tree) not in self._own_forms:
            self._own_forms[id(tree)] = (tree, find())
        return self._own_forms[id(tree)][1]

    def forget(self) -> None:
        """The source's tables are no longer as they were: every text is rendered anew."""
        self.gave_up = False
        self._texts.clear()
        self._slow.clear()
        self._splits.clear()
        self._own_forms.clear()


@dataclass(frozen=True, slots=True)
class KnownFragment:
    """A fragment that was allowed, and its texts."""

    enforced: EnforcedFragment
    texts: NativeTexts

    def for_request(self, request: FragmentRequest) -> KnownFragment:
        return KnownFragment(replace(self.enforced, request=request), self.texts)


class KnownFragments:
    """The fragments used last, at most `size`. Safe between threads."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, KnownFragment] = OrderedDict()
        self.hits = self.misses = 0

    def find(self, key: Hashable | None, request: FragmentRequest) -> KnownFragment | None:
        """What is known of a fragment that is to answer with exactly these types."""
        with self._lock:
            known = self._known.get(key) if key is not None else None
            if known is None or not known.enforced.resolved.schema.equals(request.fragment.schema):
                self.misses += 1
                return None
            self.hits += 1
            self._known.move_to_end(key)
        return known.for_request(request)

    def keep(self, key: Hashable | None, enforced: EnforcedFragment) -> KnownFragment:
        """Remembers an enforced fragment, unless it depends on the moment."""
        known = KnownFragment(enforced, NativeTexts())
        if key is not None and not names_the_present(enforced.resolved.parsed.tree):
            with self._lock:
                self._known[key] = known
                while len(self._known) > self._size:
                    self._known.popitem(last=False)
        return known

    def clear(self) -> None:
        with self._lock:
            self._known.clear()


def fragment_key(request: FragmentRequest, today: date, version: str, digest: str) -> Hashable | None:
    """All that enforcement depends on: two requests with one key are allowed, and wrapped, in the same way.

    `version` is that of the publication, `digest` that of the department's files. None for what is not remembered:
    long texts, and fragments with join keys, whose text holds the keys.
    """
    text = request.fragment.sql
    if request.keys or len(text) > LARGEST_TEXT:
        return None
    grants = frozenset(request.grants.items())
    return text, principal_key(request.principal), request.purpose, today, grants, version, digest
