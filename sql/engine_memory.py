"""How much an engine may hold, and letting go of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(I?)B\s*", re.IGNORECASE)


def memory_bytes(text: str) -> int | None:
    """An amount of memory as DuckDB writes it, in bytes; None if it is not one.

    >>> memory_bytes("2GB"), memory_bytes("1.5 KiB"), memory_bytes("80%")
    (2000000000, 1536, None)
    """
    found = _SIZE.fullmatch(text)
    if found is None or (found[3] and not found[2]):
        return None
    unit = 1024 if found[3] else 1000
    return int(float(found[1]) * unit ** " KMGT".index(found[2].upper() or " "))


def drained(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, each let go of when the next is asked for."""
    batches.reverse()
    while batches:
        yield batches.pop()
