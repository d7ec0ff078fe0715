"""The audit log: what `append` returned for is on disk, in order, and cannot change unnoticed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Self
from uuid import uuid4

from audit.directory import all_hashes, claim, last_segment, lock_directory, unavailable
from audit.encoding import EncodedEvent, encode_event, encode_leaf, encode_payload
from audit.events import Event, SystemRecovered
from audit.merkle import MerkleTree, leaf_hash
from audit.segments import Segment, SegmentFiles, SegmentState, sync_data
from comity.errors import AuditError, InternalError

SEGMENT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands. `leaf_hash` is the RFC 6962 hash of its leaf."""

    leaf_index: int
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The state of the log at one moment."""

    size: int
    root: bytes


def _taken() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(slots=True, eq=False)
class _Pending:
    """Events of one caller, waiting for a commit.

    `wake` is released once: when they are committed or have failed, or when their caller is to lead.
    """

    events: Sequence[EncodedEvent]
    time: str
    positions: tuple[Position, ...] = ()
    error: AuditError | None = None
    leads: bool = False
    wake: threading.Lock = field(default_factory=_taken)


@dataclass(slots=True)
class _State:
    """What the committing thread owns."""

    segment: Segment
    failed: bool = False
    damage: AuditError | None = None
    closing: bool = False
    closed: bool = False
    committing: bool = False
    queue: list[_Pending] = field(default_factory=list)


class AuditLog:
    """An append-only log in a directory, written by one process and any number of its threads.

    Callers that append at the same time share one commit: the first of them writes and syncs for all
    that are waiting. A failed commit leaves nothing behind; the log then tries to put its files right
    with each further append, and refuses the append until that succeeds.
    """

    def __init__(
        self,
        path: Path,
        origin: str,
        *,
        lock: int,
        segment: Segment,
        limit: int,
        sync: Callable[[int], None],
    ) -> None:
        self.path = path
        self.origin = origin
        self._lock = lock
        self._limit = limit
        self._sync = sync
        self._owner = os.getpid()
        self._turn = threading.Condition()
        self._state = _State(segment)
        self._tree_turn = threading.Lock()
        self._tree: MerkleTree | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        origin: str,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        lock_seconds: float = 1.0,
        sync: Callable[[int], None] = sync_data,
    ) -> Self:
        """Opens the log at `path`, creating the directory when there is none.

        `origin` names the log for ever. Another writer is waited for up to `lock_seconds`. Raises
        `AuditError`: `AUDIT_UNAVAILABLE` when the log cannot be written or somebody else writes it,
        `AUDIT_INVALID` when its end is not what was acknowledged.
        """
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.stat().st_mode & 0o077:
                path.chmod(0o700)
            lock = lock_directory(path, lock_seconds)
        except OSError as error:
            raise unavailable(f"the audit log at {path} cannot be opened", error) from error
        try:
            claim(path, origin)
            files, state = last_segment(path)
            segment = Segment(files, state, sync)
            log = cls(path, origin, lock=lock, segment=segment, limit=segment_bytes, sync=sync)
        except OSError as error:
            os.close(lock)
            raise unavailable(f"the audit log at {path} cannot be opened", error) from error
        except BaseException:
            os.close(lock)
            raise
        if state.quarantine is not None:
            log._record_recovery(state)
        return log

    @property
    def size(self) -> int:
        """The number of durable leaves."""
        segment = self._state.segment
        return segment.files.first + segment.end.count

    @property
    def is_writable(self) -> bool:
        """False once closed, and between a failure and the append that overcomes it."""
        return not (self._state.failed or self._state.closing or self._state.damage)

    def append(self, event: Event) -> Position:
        """Records one event. It is durable when this returns; otherwise raises `AuditError`."""
        return self.append_many((event,))[0]

    def append_many(self, events: Sequence[Event]) -> tuple[Position, ...]:
        """Records events next to each other, all or none."""
        if not events:
            return ()
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        try:
            pending = _Pending([encode_event(event) for event in events], now)
        except (TypeError, ValueError) as error:
            raise InternalError(f"{events[0].type} cannot be recorded: {error}") from error
        if os.getpid() != self._owner:
            raise AuditError("the audit log was opened by another process; open it after forking")
        with self._turn:
            if self._state.committing:
                self._state.queue.append(pending)
            else:
                self._state.committing = pending.leads = True
        if not pending.leads:
            self._await_turn(pending)
        if pending.leads:
            self._lead(pending)
        if pending.error is not None:
            # Several callers share one failure; each gets an exception of its own to raise.
            raise _copy(pending.error)
        return pending.positions

    def tree_head(self) -> TreeHead:
        """The Merkle tree hash (RFC 6962) over all durable leaves. The first call reads all hashes."""
        with self._tree_turn:
            if self._tree is None:
                size = self.size
                try:
                    tree = MerkleTree(islice(all_hashes(self.path), size))
                except OSError as error:
                    raise unavailable("the audit log's hashes cannot be read", error) from error
                if tree.size < size:
                    raise AuditError(f"the audit log lost hashes after {tree.size}", code="AUDIT_INVALID")
                self._tree = tree
            return TreeHead(self._tree.size, self._tree.root())

    def root(self) -> bytes:
        """The root hash of `tree_head`."""
        return self.tree_head().root

    def close(self) -> None:
        """Releases the log to other processes, after the commit that runs. May be called twice."""
        with self._turn:
            self._state.closing = True
            while self._state.committing:
                self._turn.wait()
            if self._state.closed:
                return
            self._state.closed = True
            with suppress(OSError):
                self._state.segment.seal()
            self._state.segment.close()
            os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _await_turn(self, pending: _Pending) -> None:
        try:
            pending.wake.acquire()
        except BaseException:
            with self._turn:
                waits = pending in self._state.queue
                if waits:
                    self._state.queue.remove(pending)
            if not waits:
                # Taken into a commit, or chosen to lead: an interrupted leader must still hand on.
                pending.wake.acquire()
                if pending.leads:
                    self._lead(pending)
            raise

    def _lead(self, own: _Pending) -> None:
        """Commits everything that waits, wakes those who wait for it, and one more to lead the next."""
        batch = [own]
        try:
            with self._turn:
                batch += self._state.queue
                self._state.queue = []
            self._commit(batch)
        except AuditError as error:
            # The files are not ours to repair: what stands there is evidence, until somebody reopens the log.
            self._state.damage = error
            _refuse(batch, error)
        except OSError as error:
            self._rewind()
            _refuse(batch, unavailable("the audit log cannot be written", error))
        except BaseException:
            # An interrupted commit may have left half a line; nobody may believe in it.
            self._rewind()
            _refuse(batch, AuditError("the audit log cannot be written: the commit was interrupted"))
            raise
        finally:
            with self._turn:
                following = self._state.queue.pop(0) if self._state.queue else None
                self._state.committing = following is not None
                self._turn.notify_all()
            if following is not None:
                following.leads = True
                following.wake.release()
            for pending in batch[1:]:
                pending.wake.release()

    def _rewind(self) -> None:
        self._state.failed = True
        with self._tree_turn:
            self._tree = None
        with suppress(OSError):
            self._state.segment.rewind()

    def _commit(self, batch: Sequence[_Pending]) -> None:
        state = self._state
        if state.closing:
            raise AuditError("the audit log is closed")
        if state.damage is not None:
            raise state.damage
        if state.failed:
            state.segment.rewind()
            state.failed = False
        state.segment.check_intact()
        if state.segment.end.leaf_bytes >= self._limit:
            state.segment = self._next_segment(state.segment)
        leaves: list[bytes] = []
        payloads: dict[str, bytes] = {}
        for index, (pending, event) in enumerate(_each(batch), self.size):
            leaves.append(
                encode_leaf(
                    event, origin=self.origin, leaf_index=index, event_id=str(uuid4()), time=pending.time
                )
            )
            payloads.update((payload.commitment, encode_payload(payload)) for payload in event.payloads)
        hashes = [leaf_hash(leaf) for leaf in leaves]
        first = self.size
        positions = iter([Position(index, value) for index, value in enumerate(hashes, first)])
        state.segment.write(leaves, hashes, list(payloads.values()))
        for pending in batch:
            pending.positions = tuple(next(positions) for _ in pending.events)
        with self._tree_turn:
            if self._tree is not None:
                # A tree that was read since `write` returned has them already.
                for value in hashes[self._tree.size - first :]:
                    self._tree.append(value)

    def _next_segment(self, full: Segment) -> Segment:
        full.seal()
        files = SegmentFiles(self.path, self.size)
        segment = Segment(files, SegmentState((), 0), self._sync)
        try:
            segment.check_intact()
        except AuditError:
            segment.close()
            raise
        full.close()
        return segment

    def _record_recovery(self, state: SegmentState) -> None:
        assert state.quarantine is not None
        try:
            self.append(
                SystemRecovered(
                    reason="the end of the log was torn and had not been acknowledged",
                    tree_size=self.size,
                    quarantine=state.quarantine.name,
                    quarantined_bytes=state.quarantine.size,
                    quarantined_sha256=state.quarantine.sha256,
                )
            )
        except AuditError:
            self.close()
            raise


def _each(batch: Sequence[_Pending]) -> Iterator[tuple[_Pending, EncodedEvent]]:
    return ((pending, event) for pending in batch for event in pending.events)


def _refuse(batch: Sequence[_Pending], error: AuditError) -> None:
    for pending in batch:
        pending.error, pending.positions = error, ()


def _copy(error: AuditError) -> AuditError:
    copy = AuditError(error.message, code=error.code, hint=error.hint, metadata=error.metadata)
    copy.__cause__ = error.__cause__
    return copy
