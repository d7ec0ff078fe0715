"""Decimals from what engines store or send instead: text, doubles. Exactly, or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

FLOAT_DIGITS = 15
"""Decimal digits that a double keeps: every decimal of so many digits has a double of its own."""
_EXACT_POWER = 22
"""Doubles hold the powers of ten up to this one exactly."""
_SHORT_BYTES = 16
"""Text of so many bytes has at most 15 digits and a point, or is a number that is too long to be short."""
_NARROW_DIGITS = 38
_WIDE_DIGITS = 76


def decimals_from_text(text: Any, target: Any) -> Any:
    """Decimal text without an exponent (`-12.50`) as decimals; None where one has too many digits for any.

    Raises Arrow's ArrowInvalid, which shows the value, for text that is no number of `target`. Arrow's own cast
    does not notice when the digits, filled up to the scale, are more than its integers hold, and gives a wrong
    number: so they are counted, and where it could be tight the cast goes through integers of twice the width.
    """
    longest = pc.max(pc.binary_length(text)).as_py() or 0
    if 0 < longest <= _SHORT_BYTES:
        # By way of doubles, which Arrow reads in half the time, and which keep this many digits.
        doubles = pc.fill_null(text.cast(pa.float64()), 0.0)
        short = short_decimals(doubles.to_numpy(), target, text.is_valid() if text.null_count else None)
        if short is not None:
            return short
    if longest + target.scale <= _NARROW_DIGITS:
        return text.cast(target)
    digits = pc.ascii_ltrim(text, "+-0")
    point = pc.find_substring(digits, ".")
    whole = pc.max(pc.if_else(pc.less(point, 0), pc.binary_length(digits), point)).as_py() or 0
    if max(whole + target.scale, pc.max(pc.binary_length(digits)).as_py() or 0) > _WIDE_DIGITS:
        return None
    return text.cast(pa.decimal256(_WIDE_DIGITS, target.scale)).cast(target)


def short_decimals(doubles: npt.NDArray[np.float64], target: Any, valid: Any = None) -> Any:
    """Doubles as the decimals of at most 15 digits that they are the nearest to; None unless all are such.

    `valid`, an array of booleans, says which are values at all.
    """
    if not 0 <= target.scale <= _EXACT_POWER:
        return None
    power = 10.0**target.scale
    with np.errstate(over="ignore", invalid="ignore"):
        units = doubles * power
        np.rint(units, out=units)
        largest = max(units.max(initial=0.0), -units.min(initial=0.0))
        # What is no number at all compares as false.
        if not largest < 10.0 ** min(FLOAT_DIGITS, target.precision) or not (units / power == doubles).all():
            return None
    # The 128 bits of a decimal: the number of its last places, and the sign again.
    words = np.empty((len(units), 2), np.int64)
    words[:, 0] = units
    np.right_shift(words[:, 0], 63, out=words[:, 1])
    validity = None if valid is None else valid.buffers()[1]
    return pa.Array.from_buffers(target, len(units), [validity, pa.py_buffer(words)])


def decimals_from_floats(doubles: Any, target: Any) -> Any:
    """Doubles as the decimals they stand for; None where one stands for no decimal of `target`.

    A double stands for the decimal of at most 15 digits whose nearest double it is. One that arithmetic has
    left a few units beside it (0.1 + 0.2) counts too, as long as no other decimal could be meant.
    """
    power = _double(10.0**target.scale)
    scaled = pc.multiply(doubles, power)
    units = pc.round(scaled)
    nearest = pc.divide(units, power)
    if not nearest.equals(doubles):
        slack = pc.min_element_wise(pc.multiply(pc.abs(units), _double(2.0**-50)), _double(0.01))
        beside = pc.less_equal(pc.abs(pc.subtract(scaled, units)), slack)
        if not pc.all(pc.or_(pc.equal(nearest, doubles), beside), min_count=0).as_py():
            return None
    extremes = pc.min_max(units).as_py()
    largest = max(-(extremes["min"] or 0), extremes["max"] or 0)
    if largest >= 10.0 ** min(FLOAT_DIGITS, target.precision):
        return None
    wide = units.cast(pa.int64()).cast(pa.decimal128(38, 0))
    # The same 128 bits count last places; only the type says where the point stands.
    return pa.Array.from_buffers(target, len(wide), wide.buffers(), offset=wide.offset)


def _double(value: float) -> Any:
    """Left to find the type itself, Arrow takes longer than for a thousand values."""
    return pa.scalar(value, pa.float64())
