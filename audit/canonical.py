"""Canonical JSON: one value, one sequence of bytes.

RFC 8785 (JSON Canonicalization Scheme) for the values that an audit record holds: objects, arrays,
strings, integers, true, false and null. Numbers with a fraction are refused, because their text is what
implementations disagree on; durations are integers of microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

LARGEST_INTEGER = 2**53 - 1
"""Beyond it RFC 8785 numbers, which are IEEE 754 doubles, are no longer exact."""


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)


def canonical_json(value: Json) -> bytes:
    r"""The canonical bytes of `value`, in UTF-8.

    Raises `TypeError` for a value of another type, and `ValueError` for an integer beyond
    `LARGEST_INTEGER` or a string with a lone surrogate.

    >>> canonical_json({"名": "值", "b": [1, True, None], "a": "\n"})
    b'{"a":"\\n","b":[1,true,null],"\xe5\x90\x8d":"\xe5\x80\xbc"}'
    """
    return written(_ordered(value))


def written(value: Json) -> bytes:
    """The bytes of a value that is canonical but for being written: keys `in_order`, integers `exact`."""
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        raise ValueError("a string holds half of a surrogate pair, which UTF-8 cannot express") from None


def exact(value: int) -> int:
    """The integer, unless it is beyond `LARGEST_INTEGER`."""
    if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        raise ValueError(f"an integer beyond 2**53 - 1 has no canonical form: {value}")
    return value


def in_order(names: Iterable[str]) -> list[str]:
    """Keys in the order of their UTF-16 code units (RFC 8785, 3.2.3)."""
    listed = list(names)
    # For ASCII keys the order of code points is that of UTF-16 units, and cheaper.
    listed.sort(key=None if all(map(str.isascii, listed)) else _utf16)
    return listed


def _ordered(value: object) -> Json:
    """`value` with the keys of every object in order."""
    # Nearly all values are of these very types, and `isinstance` with an abstract class takes its time.
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value  # type: ignore[return-value]  # the type is one of the three
    if kind is dict:
        return _object(value)  # type: ignore[arg-type]  # it is a dict
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return exact(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


def _object(value: Mapping[object, object]) -> dict[str, Json]:
    names: list[str] = []
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"a key must be a string, not {type(key).__name__}")
        names.append(key)
    return {name: _ordered(value[name]) for name in in_order(names)}


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")
