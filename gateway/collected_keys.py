"""Join keys collected from the batches of a fragment, as they pass: distinct, without NULL, in bounded memory."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from policies import port

MOST_KEYS = port.MOST_KEYS
"""Keys that are sent at most."""

MOST_BYTES = port.MOST_KEY_BYTES
"""Bytes that they have at most."""

_FOLD = 4
"""How many times more values than were distinct may wait before they are made distinct again."""


class CollectedKeys:
    """The distinct values of one column of one fragment. One thread adds.

    `too_many` says that there are more than can be sent, `MOST_KEYS` or `MOST_BYTES`; from then on only the least
    and the greatest are kept, and these only of types that ranges are made of.
    """

    def __init__(self, kind: pa.DataType, *, ranges: bool) -> None:
        self.kind = kind
        self.too_many = False
        self.rows = 0
        self.ranges = ranges
        self._least: pa.Scalar | None = None
        self._greatest: pa.Scalar | None = None
        self._parts: list[pa.Array] = []
        self._distinct = 0
        self._waiting = 0

    def add(self, column: pa.Array) -> None:
        self.rows += len(column)
        if self.ranges:
            self._bound(column)
        if self.too_many:
            return
        values = pc.unique(column.drop_null())
        self._parts.append(values)
        self._waiting += len(values)
        if self._waiting > max(_FOLD * self._distinct, MOST_KEYS // _FOLD):
            self._fold()

    def values(self) -> pa.Array:
        """The keys; of a fragment that ended."""
        self._fold()
        return self._parts[0] if self._parts and not self.too_many else pa.array([], self.kind)

    @property
    def bounds(self) -> tuple[pa.Scalar, pa.Scalar] | None:
        """The least and the greatest key; None where there are none, or where nobody asked for ranges."""
        if self._least is None or self._greatest is None:
            return None
        return self._least, self._greatest

    def _bound(self, column: pa.Array) -> None:
        found = pc.min_max(column)
        least, greatest = found["min"], found["max"]
        if not least.is_valid:
            return
        if self._least is None or least.as_py() < self._least.as_py():
            self._least = least
        if self._greatest is None or greatest.as_py() > self._greatest.as_py():
            self._greatest = greatest

    def _fold(self) -> None:
        if len(self._parts) > 1:
            self._parts = [pc.unique(pa.concat_arrays(self._parts))]
        self._distinct = self._waiting = len(self._parts[0]) if self._parts else 0
        if self._distinct > MOST_KEYS or sum(part.nbytes for part in self._parts) > MOST_BYTES:
            self.too_many = True
            self._parts = []
