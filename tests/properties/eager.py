"""Key exchanges wherever they are allowed, also among tables that are too small for them to pay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gateway import key_exchange
from gateway.planner import key_order


@contextmanager
def eager_exchanges() -> Iterator[None]:
    """While it lasts, every fragment is small enough to give keys, and large enough to wait for them."""
    sizes = key_order.SMALLER, key_order.MUCH_SMALLER, key_order.TINY
    worthwhile = key_exchange.WORTHWHILE
    try:
        key_order.SMALLER = key_order.MUCH_SMALLER = key_order.TINY = 0.0
        key_exchange.WORTHWHILE = float("inf")
        yield
    finally:
        key_order.SMALLER, key_order.MUCH_SMALLER, key_order.TINY = sizes
        key_exchange.WORTHWHILE = worthwhile
