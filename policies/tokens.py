"""Tokens: keyed pseudonyms of identifiers, computed at the department.

A token is HMAC of the normalised value under the key of one purpose and one kind of identifier, cut to 130
bits and written in 26 letters and digits. Equal values have equal tokens wherever the master key and the purpose are the
same; under another purpose nothing about them agrees. Among n values two share a token with a chance below
n²/2^131: for 1.4 billion people about 7 in 10^22.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

import pyarrow as pa

from comity.errors import ConfigurationError
from policies.decision import Decision
from policies.identifiers import NORMALISERS
from policies.token_keys import BLOCK_BYTES, DIGESTS, TokenKey

TOKEN_FUNCTION: Final = "comity_token"  # noqa: S105  (a name)
"""The name under which an engine computes tokens. It is on no allow-list, so no question can call it."""

TOKEN: Final = "token"  # noqa: S105  (the mask's name)
TOKEN_LENGTH: Final = 26
TEXT: Final = "text"

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
# Of each byte of the digest the last five bits count, so that one table writes a whole column.
_LETTERS = bytes(_ALPHABET[byte & 31] for byte in range(256))
_MOST_REMEMBERED = 65_536


def token_element(argument: str | None, element: str | None) -> str:
    """What a token mask's value is: `citizen_number`, `credit_code`, `text`, or `text:` and a data element.

    The mask's own argument decides, else the last part of the column's data element. Text takes the data element
    along, so that texts that stand for different things have different tokens; what is given as text in so
    many words does not, so that columns of different elements can meet.

    >>> token_element(None, "person.citizen_number"), token_element(None, "person.phone")
    ('citizen_number', 'text:person.phone')
    >>> token_element("text", "person.phone"), token_element("credit_code", "enterprise.name")
    ('text', 'credit_code')
    """
    if argument is not None or not element:
        return argument or TEXT
    kind = element.rpartition(".")[2]
    return kind if kind in NORMALISERS and kind != TEXT else f"{TEXT}:{element}"


def tokens_for(key: TokenKey | None, decisions: Iterable[Decision], purpose: str) -> Tokens | None:
    """What computes the tokens that `decisions` show; None where they show none.

    Raises `ConfigurationError` (`CONFIG_MISSING`) when there is no key to compute them with.
    """
    if not any(column.mask == TOKEN for d in decisions for column in d.columns.values()):
        return None
    if key is None or key.secret is None:
        raise ConfigurationError("a token is to be shown, and there is no key for it", code="CONFIG_MISSING")
    return Tokens(key, purpose)


class Tokens:
    """Computes the tokens of one purpose. Safe to share between threads; prints no key."""

    def __init__(self, key: TokenKey, purpose: str) -> None:
        self._key = key
        self._purpose = purpose
        self._writers: dict[str, Callable[[str], bytes]] = {}

    def __repr__(self) -> str:
        return f"Tokens(purpose={self._purpose!r})"

    def token(self, value: str, element: str) -> str:
        """The token of one value, which is an `element` as `token_element` names it."""
        return self._writer(element)(value).translate(_LETTERS).decode()

    def __call__(self, values: pa.ChunkedArray, elements: pa.ChunkedArray) -> pa.Array:
        """The tokens of a column, NULL for NULL, as an engine's function over (value, element)."""
        if len(values) == 0:
            return pa.array([], pa.string())
        write = self._writer(elements[0].as_py())
        digests = [None if value is None else write(value) for value in values.to_pylist()]
        return _letters(digests)

    def _writer(self, element: str) -> Callable[[str], bytes]:
        found = self._writers.get(element)
        if found is None:
            found = self._writers[element] = self._make_writer(element)
        return found

    def _make_writer(self, element: str) -> Callable[[str], bytes]:
        """Gives the first bytes of the HMAC of a value: one per letter of its token."""
        normalise = NORMALISERS[element.partition(":")[0]]
        name = DIGESTS[self._key.algorithm]
        padded = self._key.derive(self._purpose, element).ljust(BLOCK_BYTES, b"\0")
        # The two halves of HMAC (RFC 2104), begun once: half the work of a value is the key's.
        inner = hashlib.new(name, bytes(byte ^ 0x36 for byte in padded))
        outer = hashlib.new(name, bytes(byte ^ 0x5C for byte in padded))
        known: dict[str, bytes] = {}

        def write(value: str) -> bytes:
            if (found := known.get(value)) is not None:
                return found
            first = inner.copy()
            first.update(normalise(value).encode())
            second = outer.copy()
            second.update(first.digest())
            found = second.digest()[:TOKEN_LENGTH]
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            known[value] = found
            return found

        return write


def _letters(digests: list[bytes | None]) -> pa.Array:
    """The column whose values are the digests, one letter per byte."""
    packed = pa.array(digests, pa.binary())
    validity, offsets, data = packed.buffers()
    letters = pa.py_buffer((data.to_pybytes() if data is not None else b"").translate(_LETTERS))
    return pa.Array.from_buffers(
        pa.string(), len(packed), [validity, offsets, letters], null_count=packed.null_count
    )
