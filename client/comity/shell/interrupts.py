"""Ctrl-C while an answer is read."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """What Ctrl-C has done to one question. `pressed` stays true once it was pressed."""

    def __init__(self) -> None:
        self.pressed = False
        self.cancel: Callable[[], None] | None = None


@contextmanager
def watch_interrupts() -> Iterator[Interrupts]:
    """Lets Ctrl-C call `Interrupts.cancel` before it raises KeyboardInterrupt.

    Python drops an exception that is raised inside a callback of grpc's C code. The query would run on, and
    Ctrl-C have done nothing; cancelled first, it ends in any case. Outside the main thread nothing changes.
    """
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        interrupts.pressed = True
        if interrupts.cancel is not None:
            interrupts.cancel()
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)
