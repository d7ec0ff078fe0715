"""Tokens for the oracle, from the page on tokens: shares no code with `policies`."""

from __future__ import annotations

import re
from collections.abc import Callable
from string import ascii_uppercase, digits

import pyarrow as pa

from tests.policies.token_reference import reference_token

_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_IGNORED = "-‐‑‒–—―−﹣－\u200b\u200c\u200d\u2060\ufeff"


def token_function(
    digest: str, secret: bytes, purpose: str
) -> Callable[[pa.ChunkedArray, pa.ChunkedArray], pa.Array]:
    """The tokens of one key and purpose, as a function of DuckDB over (value, element)."""

    def compute(values: pa.ChunkedArray, elements: pa.ChunkedArray) -> pa.Array:
        pairs = zip(values.to_pylist(), elements.to_pylist(), strict=True)
        found = [
            None
            if value is None
            else reference_token(digest, secret, purpose, element, normal_form(value, element))
            for value, element in pairs
        ]
        return pa.array(found, pa.string())

    return compute


def normal_form(value: str, element: str) -> str:
    """How a value is written before it becomes a token."""
    if element not in {"citizen_number", "credit_code"}:
        return value
    bare = "".join(_ascii(char) for char in value if char not in _IGNORED and not char.isspace())
    bare = "".join(char.upper() if char.isascii() else char for char in bare)
    if element == "credit_code":
        return bare if _is_credit_code(bare) else value.strip()
    if re.fullmatch("[0-9]{15}", bare) and 1 <= int(bare[8:10]) <= 12 and 1 <= int(bare[10:12]) <= 31:
        longer = bare[:6] + ("18" if int(bare[12:]) >= 996 else "19") + bare[6:]
        return longer + _citizen_check(longer)
    if re.fullmatch("[0-9]{17}[0-9X]", bare) and _citizen_check(bare[:17]) == bare[17]:
        return bare
    return value.strip()


def _ascii(char: str) -> str:
    """A full-width letter, digit or sign as the ordinary one."""
    return chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char


def _citizen_check(body: str) -> str:
    """ISO 7064 MOD 11-2, digit by digit."""
    rest = 0
    for digit in body:
        rest = (rest + int(digit)) * 2 % 11
    return "0123456789X"[(12 - rest) % 11]


def _is_credit_code(text: str) -> bool:
    """GB 32100: weighted by powers of 3, a code of 18 with its check sums to a multiple of 31."""
    if len(text) != 18 or not set(text) <= set(_CREDIT) <= set(digits + ascii_uppercase):
        return False
    return sum(_CREDIT.index(char) * 3**place for place, char in enumerate(text[:17])) % 31 == (
        -_CREDIT.index(text[17]) % 31
    )
