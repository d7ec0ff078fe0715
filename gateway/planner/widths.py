"""How many bytes a value takes as it crosses, in Arrow's form."""

from __future__ import annotations

TEXT = 16.0
"""What is taken for the length of texts of which nothing is known."""
_FIXED = {
    "BOOLEAN": 0.125,
    "TINYINT": 1.0,
    "UTINYINT": 1.0,
    "SMALLINT": 2.0,
    "USMALLINT": 2.0,
    "INTEGER": 4.0,
    "UINTEGER": 4.0,
    "FLOAT": 4.0,
    "DATE": 4.0,
    "BIGINT": 8.0,
    "UBIGINT": 8.0,
    "DOUBLE": 8.0,
    "TIME": 8.0,
    "TIMESTAMP": 8.0,
    "TIMESTAMP WITH TIME ZONE": 8.0,
}


def value_bytes(kind: str, width: float | None = None) -> float:
    """Bytes of a value of a canonical type; `width` is the mean length of a text, where it is known.

    >>> value_bytes("DATE"), value_bytes("DECIMAL(15,2)"), value_bytes("VARCHAR", 10.0)
    (4.0, 16.0, 14.0)
    """
    if kind in _FIXED:
        return _FIXED[kind]
    if kind.startswith("DECIMAL") or kind in {"HUGEINT", "UHUGEINT", "INTERVAL"}:
        return 16.0
    # Texts are kept with the place at which each begins.
    return (TEXT if width is None else width) + 4.0
