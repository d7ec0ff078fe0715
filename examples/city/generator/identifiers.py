"""Numbers that carry a check: citizen numbers (GB 11643), unified social credit codes (GB 32100)."""

from __future__ import annotations

from datetime import date
from random import Random

_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_CHECKS = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def citizen_check(body: str) -> str:
    """The 18th character for the first 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _CITIZEN_WEIGHTS, strict=True))
    return _CITIZEN_CHECKS[total % 11]


def citizen_number(division: str, born: date, sequence: int) -> str:
    """18 characters; an odd `sequence` (1 to 999) is a man's."""
    body = f"{division}{born:%Y%m%d}{sequence:03d}"
    return body + citizen_check(body)


def organisation_check(body: str) -> str:
    """The ninth character of an organisation code (GB 11714)."""
    total = sum(
        _ORGANISATION_ALPHABET.index(char) * weight
        for char, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X0"[11 - total % 11]


def credit_check(body: str) -> str:
    """The 18th character of a credit code for its first 17."""
    total = sum(_CREDIT_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(body))
    return _CREDIT_ALPHABET[-total % 31]


def credit_code(rng: Random, division: str, *, individual: bool) -> str:
    """A code given by market regulation (9): 91 for an enterprise, 92 for an individual business."""
    organisation = "MA" + "".join(rng.choices(_CREDIT_ALPHABET, k=6))
    body = f"9{2 if individual else 1}{division}{organisation}{organisation_check(organisation)}"
    return body + credit_check(body)


def mobile_number(rng: Random) -> str:
    """Eleven digits in ranges kept for machines, so that nobody's telephone rings."""
    return rng.choice(("140", "141", "144")) + f"{rng.randrange(100_000_000):08d}"
