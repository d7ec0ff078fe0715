"""Stops an embedded database server once no process uses it any more, however those processes ended.

Run as a script, by path and without site packages: `server_watch.py LEASE PID BIRTH SIGNAL TIDY`. Every process
that uses the server holds a shared lock on the file LEASE, which the kernel drops when the process dies, a
kill -9 included. This process waits for the exclusive lock, so it gets it when the last one is gone; then it
sends SIGNAL to PID if that is still the process born at BIRTH, waits for its end, and removes the directory TIDY (`-`: none) if it is empty but for
sockets.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from pathlib import Path

STOP_SECONDS = 60.0


def is_running(pid: int) -> bool:
    """Whether `pid` is a live process; one that has ended and awaits its parent is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _status(pid)[:1] not in (["Z"], ["X"])


def birth(pid: int) -> str:
    """When `pid` was started, in the kernel's ticks: tells it from a later process of the same number.

    Empty where the machine has no /proc.
    """
    return "".join(_status(pid)[19:20])


def _status(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third (state) on; none where they cannot be read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def stop_process(pid: int, stop_signal: int, timeout: float = STOP_SECONDS) -> None:
    """Asks `pid` to stop, waits for it, and kills it when it does not."""
    deadline = time.monotonic() + timeout
    signals = [stop_signal, signal.SIGKILL]
    while is_running(pid) and signals:
        try:
            os.kill(pid, signals.pop(0))
        except ProcessLookupError:
            return
        while is_running(pid) and (time.monotonic() < deadline or not signals):
            time.sleep(0.02)


def remove_directory(directory: str) -> None:
    """Removes a socket directory and what a killed server left in it."""
    if directory == "-":
        return
    for path in Path(directory).glob("*"):
        path.unlink(missing_ok=True)
    try:
        Path(directory).rmdir()
    except OSError:
        pass


def main() -> None:
    lease, pid, born, stop_signal, tidy = sys.argv[1:6]
    with Path(lease).open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if is_running(int(pid)) and birth(int(pid)) == born:
            stop_process(int(pid), int(stop_signal))
        remove_directory(tidy)


if __name__ == "__main__":
    main()
