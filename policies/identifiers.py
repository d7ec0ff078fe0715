"""Identifiers in the one form in which they are compared: citizen numbers and unified social credit codes.

The same number is written in many ways: 15 digits or 18, a small x, full-width digits, blanks or hyphens
between its parts. What is a number under the standard takes its standard form; anything else stays as it is
written, without the blanks around it, so that two different texts never become one number by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import mul

_CITIZEN = re.compile(r"[0-9]{17}[0-9X]")
_OLD_CITIZEN = re.compile(r"[0-9]{8}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}")
_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_ZERO = ord("0") * sum(_CITIZEN_WEIGHTS)
_CITIZEN_CHECKS = "10X98765432"
# Kept for people of a hundred years and more when numbers of 15 digits were given out.
_CENTENARIANS = frozenset({"996", "997", "998", "999"})

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT = re.compile(f"[{_CREDIT_ALPHABET}]{{18}}")
_CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))

_HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63"
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"
_FULL_WIDTH = {0xFF01 + i: chr(0x21 + i) for i in range(94)}
_ASCII_GAPS = b"- \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
_COMPACT = str.maketrans({**_FULL_WIDTH, **dict.fromkeys([*_HYPHENS, "\uff0d", *_UNSEEN], "")})


def normalise_citizen_number(text: str) -> str:
    """A citizen number (GB 11643) with 18 characters.

    One of 18 must have its check digit; a date that never was, as on some real cards, does not make it wrong.
    One of 15 has none, so that its month and day must be possible.

    >>> normalise_citizen_number("11010519491231002x"), normalise_citizen_number("110105 491231 002")
    ('11010519491231002X', '11010519491231002X')
    >>> normalise_citizen_number(" 11010519491231002Y ")
    '11010519491231002Y'
    """
    if _CITIZEN.fullmatch(text):
        return text  # in its form already, or wrong and to stay as it is
    found = _compact(text)
    if _CITIZEN.fullmatch(found) and found[17] == citizen_check(found[:17]):
        return found
    if _OLD_CITIZEN.fullmatch(found):
        century = "18" if found[12:] in _CENTENARIANS else "19"
        body = found[:6] + century + found[6:]
        return body + citizen_check(body)
    return text.strip()


def citizen_check(body: str) -> str:
    """The 18th character for the first 17 digits (ISO 7064, MOD 11-2)."""
    return _CITIZEN_CHECKS[(sum(map(mul, body.encode(), _CITIZEN_WEIGHTS)) - _CITIZEN_ZERO) % 11]


def normalise_credit_code(text: str) -> str:
    """A unified social credit code (GB 32100) in capitals.

    >>> normalise_credit_code("9135 0100 m000 100y 43"), normalise_credit_code(" 91350100m000100y44 ")
    ('91350100M000100Y43', '91350100m000100y44')
    """
    if _CREDIT.fullmatch(text):
        return text  # in its form already, or wrong and to stay as it is
    found = _compact(text)
    if _CREDIT.fullmatch(found) and found[17] == credit_check(found[:17]):
        return found
    return text.strip()


def credit_check(body: str) -> str:
    """The 18th character for the first 17 (MOD 31)."""
    total = sum(map(mul, map(_CREDIT_ALPHABET.index, body), _CREDIT_WEIGHTS))
    return _CREDIT_ALPHABET[-total % 31]


def keep_text(text: str) -> str:
    """The text as it is, byte for byte."""
    return text


NORMALISERS: Mapping[str, Callable[[str], str]] = {
    "citizen_number": normalise_citizen_number,
    "credit_code": normalise_credit_code,
    "text": keep_text,
}
"""What can be normalised, by the name that masks use."""


def _compact(text: str) -> str:
    """The text in ASCII where it has full-width forms, in capitals, without blanks and hyphens."""
    if text.isascii():
        return text.encode().translate(None, _ASCII_GAPS).decode().upper()
    # Not str.upper, which makes letters of other alphabets, and of ligatures, into Latin ones.
    short = "".join(text.translate(_COMPACT).split())
    return short.upper() if short.isascii() else short
