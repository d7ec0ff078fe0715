"""Decimals from what engines store or send instead: text, doubles. Exactly, or not at all."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

FLOAT_DIGITS = 15
"""Decimal digits that a double keeps: every decimal of so many digits has a double of its own."""
_DECIMAL_DIGITS = 38


def decimals_from_text(text: Any, target: pa.DataType) -> Any:
    """Decimal text (`-12.50`) as decimals; None where a text has more digits than any decimal.

    Raises Arrow's ArrowInvalid, which shows the value, for text that is no number of `target`. Arrow's own cast
    turns text of more than 38 digits into a wrong number without an error.
    """
    longest = pc.max(pc.binary_length(text)).as_py()
    if longest is not None and longest > _DECIMAL_DIGITS:
        digits = pc.count_substring_regex(pc.ascii_ltrim(text, "+-0"), "[0-9]")
        if pc.max(digits).as_py() > _DECIMAL_DIGITS:
            return None
    return text.cast(target)


def decimals_from_floats(doubles: Any, target: Any) -> Any:
    """Doubles as the decimals they stand for; None where one stands for no decimal of `target`.

    A double stands for the decimal of at most 15 digits whose nearest double it is. One that arithmetic has
    left a few units beside it (0.1 + 0.2) counts too, as long as no other decimal could be meant.
    """
    power = 10.0**target.scale
    scaled = pc.multiply(doubles, power)
    units = pc.round(scaled)
    size = pc.abs(units)
    nearest = pc.equal(pc.divide(units, power), doubles)
    slack = pc.min_element_wise(pc.multiply(size, 2.0**-50), 0.01)
    beside = pc.less_equal(pc.abs(pc.subtract(scaled, units)), slack)
    in_range = pc.less(size, 10.0 ** min(FLOAT_DIGITS, target.precision))
    if not pc.all(pc.and_(pc.or_(nearest, beside), in_range), min_count=0).as_py():
        return None
    wide = units.cast(pa.int64()).cast(pa.decimal128(38, 0))
    # The same 128 bits count last places; only the type says where the point stands.
    return pa.Array.from_buffers(target, len(wide), wide.buffers(), offset=wide.offset)
