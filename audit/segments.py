"""The files of an audit log.

::

    log.json                     format and origin
    lock                         held by the one process that may write
    000000000000.jsonl           leaves, one line each; the name is the first leaf's index
    000000000000.hashes          32 bytes for each of them, in order
    000000000000.payloads        erasable payloads, one JSON line each, named by their commitment
    quarantine/                  tails cut off after a crash

The order of writing makes a crash readable afterwards: payloads, durable; leaves, durable; then hashes.
So a leaf that has its hash was durable and may have been acknowledged, and must be there, whole; a leaf
without one was never acknowledged unless the hashes themselves were lost, so it is kept when it is whole
and set aside when it is not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from audit.merkle import HASH_BYTES, leaf_hash
from comity.errors import AuditError

NAME_DIGITS = 12
NO_HASH = bytes(HASH_BYTES)

# Data and size, without the access times; fsync where there is no such call.
sync_data: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


@dataclass(frozen=True, slots=True)
class SegmentFiles:
    """Where one segment stands. `first` is the index of its first leaf."""

    directory: Path
    first: int

    @property
    def leaves(self) -> Path:
        return self.directory / f"{self.first:0{NAME_DIGITS}d}.jsonl"

    @property
    def hashes(self) -> Path:
        return self.leaves.with_suffix(".hashes")

    @property
    def payloads(self) -> Path:
        return self.leaves.with_suffix(".payloads")


def list_segments(directory: Path) -> tuple[SegmentFiles, ...]:
    """The segments of a log, oldest first."""
    names = sorted(path.stem for path in directory.glob("*.jsonl") if path.stem.isdecimal())
    return tuple(SegmentFiles(directory, int(name)) for name in names)


def read_hashes(files: SegmentFiles) -> list[bytes]:
    """The segment's leaf hashes, without a torn or empty end."""
    data = files.hashes.read_bytes() if files.hashes.exists() else b""
    hashes = [data[at : at + HASH_BYTES] for at in range(0, len(data) - HASH_BYTES + 1, HASH_BYTES)]
    while hashes and hashes[-1] == NO_HASH:
        hashes.pop()
    return hashes


def invalid(files: SegmentFiles, place: int, what: str) -> AuditError:
    """The error for a log that does not read back as written; `place` is counted within the segment."""
    return AuditError(
        f"the audit log does not read back as written: {what} at leaf {files.first + place}",
        code="AUDIT_INVALID",
        hint=f"Keep {files.leaves.name} as it is, compare it with a copy, and find out who changed it.",
        metadata={"segment": files.leaves.name, "leaf_index": str(files.first + place)},
    )


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A tail that was set aside."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SegmentState:
    """How far a segment is known to be good."""

    hashes: tuple[bytes, ...]
    leaf_bytes: int
    quarantine: Quarantine | None = None


def recover(files: SegmentFiles) -> SegmentState:
    """Checks the last segment of a log after whatever happened, and leaves it whole and durable.

    Raises `AuditError` with `AUDIT_INVALID` when a leaf that was acknowledged is missing or changed.
    """
    known = read_hashes(files)
    data = files.leaves.read_bytes()
    hashes: list[bytes] = []
    good = 0
    while (end := data.find(b"\n", good)) >= 0:
        leaf, place = data[good:end], len(hashes)
        found = leaf_hash(leaf)
        if place < len(known) and found != known[place]:
            raise invalid(files, place, "a changed record")
        if place >= len(known) and not _is_leaf(leaf, files.first + place):
            break
        hashes.append(found)
        good = end + 1
    if len(hashes) < len(known):
        raise invalid(files, len(hashes), "a missing record")
    quarantine = _set_aside(files, data[good:], good) if good < len(data) else None
    _truncate(files.leaves, good)
    _replace(files.hashes, b"".join(hashes))
    _cut_torn_line(files.payloads)
    return SegmentState(tuple(hashes), good, quarantine)


def _is_leaf(line: bytes, leaf_index: int) -> bool:
    try:
        return bool(json.loads(line)["envelope"]["leaf_index"] == leaf_index)
    except (ValueError, KeyError, TypeError):
        return False


def _set_aside(files: SegmentFiles, tail: bytes, offset: int) -> Quarantine:
    directory = files.directory / "quarantine"
    directory.mkdir(mode=0o700, exist_ok=True)
    digest = sha256(tail).hexdigest()
    path = directory / f"{files.leaves.stem}-{offset}-{digest[:16]}.tail"
    _replace(path, tail)
    sync_directory(directory)
    return Quarantine(f"quarantine/{path.name}", len(tail), digest)


def _truncate(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_size != size:
            os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cut_torn_line(path: Path) -> None:
    """Payloads are durable before a leaf names them, so that nothing refers to a torn one."""
    if path.exists():
        data = path.read_bytes()
        _truncate(path, data.rfind(b"\n") + 1)


def _replace(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, data)
        os.ftruncate(descriptor, len(data))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Writes every byte or raises `OSError`, perhaps after some of them."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_directory(directory: Path) -> None:
    """Makes the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class SegmentEnd:
    """Where the last commit ended. One value, so that an interrupt cannot leave half of it behind."""

    count: int
    leaf_bytes: int
    payload_bytes: int


class Segment:
    """The last segment of a log, open for appending by one thread at a time.

    Every method raises `OSError`. After one, `rewind` brings the files back to the last commit.
    """

    def __init__(self, files: SegmentFiles, state: SegmentState, sync: Callable[[int], None]) -> None:
        self.files = files
        self._sync = sync
        self._descriptors: list[int] = []
        try:
            for path in (files.leaves, files.hashes, files.payloads):
                flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                self._descriptors.append(os.open(path, flags, 0o600))
            self._leaves, self._hashes, self._payloads = self._descriptors
            payload_bytes = os.fstat(self._payloads).st_size
            self.end = SegmentEnd(len(state.hashes), state.leaf_bytes, payload_bytes)
            sync_directory(files.directory)
        except OSError:
            self.close()
            raise

    def check_intact(self) -> None:
        """Raises `AuditError` when somebody removed the file, or wrote to it, behind the log's back."""
        found = os.fstat(self._leaves)
        if found.st_nlink == 0:
            raise AuditError("the audit log cannot be written: its file was removed")
        if found.st_size != self.end.leaf_bytes:
            raise invalid(self.files, self.end.count, "bytes that the log did not write")

    def write(self, leaves: Sequence[bytes], hashes: Sequence[bytes], payloads: Sequence[bytes]) -> None:
        """Makes leaves durable. When it returns, they and what they refer to survive a crash."""
        beside = b"".join(payload + b"\n" for payload in payloads)
        if beside:
            write_all(self._payloads, beside)
            self._sync(self._payloads)
        lines = b"".join(leaf + b"\n" for leaf in leaves)
        write_all(self._leaves, lines)
        self._sync(self._leaves)
        write_all(self._hashes, b"".join(hashes))
        end = self.end
        self.end = SegmentEnd(
            end.count + len(leaves), end.leaf_bytes + len(lines), end.payload_bytes + len(beside)
        )

    def rewind(self) -> None:
        """Cuts off whatever a failed `write` left behind."""
        os.ftruncate(self._leaves, self.end.leaf_bytes)
        os.ftruncate(self._hashes, self.end.count * HASH_BYTES)
        os.ftruncate(self._payloads, self.end.payload_bytes)
        for descriptor in self._descriptors:
            self._sync(descriptor)

    def seal(self) -> None:
        """Makes the hashes durable too, before another segment begins."""
        self._sync(self._hashes)

    def close(self) -> None:
        for descriptor in self._descriptors:
            with suppress(OSError):
                os.close(descriptor)
        self._descriptors = []
