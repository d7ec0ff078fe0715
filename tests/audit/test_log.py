"""The log as one process sees it: order, hashes, sharing, refusing."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from audit.events import AdminEvent, Event, ReleaseGranted
from audit.log import AuditLog
from audit.merkle import MerkleTree, leaf_hash
from audit.reader import AuditReader
from comity.errors import AuditError, InternalError

LifeOf = Callable[..., Sequence[Event]]


def grant(rows: int) -> ReleaseGranted:
    return ReleaseGranted("q", "t", rows)


def rows_in(path: Path) -> list[int]:
    return [record.event["rows"] for record in AuditReader(path).records()]


def test_positions_count_up_and_carry_the_hash_of_the_line(log: AuditLog) -> None:
    positions = [log.append(grant(n)) for n in range(3)]
    lines = (log.path / "000000000000.jsonl").read_bytes().splitlines()
    assert [position.leaf_index for position in positions] == [0, 1, 2]
    assert [position.leaf_hash for position in positions] == [leaf_hash(line) for line in lines]


def test_events_appended_together_stand_together(log: AuditLog, query_life: LifeOf) -> None:
    positions = log.append_many(query_life())
    assert [position.leaf_index for position in positions] == list(range(7))
    assert log.append_many(()) == ()


def test_the_root_is_the_tree_over_the_leaves(log: AuditLog, query_life: LifeOf) -> None:
    leaves = []
    for event in query_life():
        leaves.append(log.append(event).leaf_hash)
        assert log.root() == MerkleTree(leaves).root()
    assert log.tree_head().size == log.size == len(leaves)


def test_reopening_continues_where_the_log_ended(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life())
    root = log.root()
    log.close()
    with AuditLog.open(log.path, "city/gateway") as again:
        assert (again.size, again.root()) == (7, root)
        assert again.append(grant(1)).leaf_index == 7


def test_a_full_segment_is_followed_by_another(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log", "o", segment_bytes=600) as log:
        for n in range(10):
            log.append(grant(n))
        head = log.tree_head()
    names = sorted(path.name for path in log.path.glob("*.jsonl"))
    assert names[0] == "000000000000.jsonl"
    assert len(names) > 2
    assert rows_in(log.path) == list(range(10))
    with AuditLog.open(tmp_path / "log", "o", segment_bytes=600) as again:
        assert again.tree_head() == head


def test_eight_threads_lose_nothing_and_keep_their_own_order(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path / "log", "o", segment_bytes=20_000)
    positions: dict[int, list[int]] = defaultdict(list)

    def work(number: int) -> None:
        for n in range(60):
            positions[number].append(log.append(ReleaseGranted(str(number), "t", n)).leaf_index)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    head = log.tree_head()
    log.close()
    records = list(AuditReader(log.path).records())
    assert [record.leaf_index for record in records] == list(range(480))
    assert head.root == MerkleTree(record.leaf_hash for record in records).root()
    for number in range(8):
        own = [record for record in records if record.query_id == str(number)]
        assert [record.event["rows"] for record in own] == list(range(60))
        assert [record.leaf_index for record in own] == positions[number]


def test_callers_that_append_at_once_share_a_sync(tmp_path: Path) -> None:
    synced: list[int] = []
    gate, entered = threading.Event(), threading.Event()

    def sync(descriptor: int) -> None:
        synced.append(descriptor)
        entered.set()
        gate.wait()
        os.fsync(descriptor)

    with AuditLog.open(tmp_path / "log", "o", sync=sync) as log:
        threads = [threading.Thread(target=log.append, args=(grant(n),)) for n in range(9)]
        threads[0].start()
        entered.wait()  # the first is syncing: the others can only queue
        for thread in threads[1:]:
            thread.start()
        while len(log._state.queue) < 8:
            pass
        gate.set()
        for thread in threads:
            thread.join()
        assert len(synced) == 2
        assert log.size == 9


def test_one_caller_pays_one_sync(tmp_path: Path) -> None:
    synced: list[int] = []
    with AuditLog.open(tmp_path / "log", "o", sync=synced.append) as log:
        log.append(grant(1))
        assert len(synced) == 1


def test_a_second_writer_is_refused_until_the_first_closes(log: AuditLog) -> None:
    with pytest.raises(AuditError, match="being written by another process") as refused:
        AuditLog.open(log.path, "city/gateway", lock_seconds=0)
    assert refused.value.code == "AUDIT_UNAVAILABLE"
    log.close()
    AuditLog.open(log.path, "city/gateway", lock_seconds=0).close()


def test_a_log_keeps_its_origin(log: AuditLog) -> None:
    log.close()
    with pytest.raises(AuditError, match="belongs to 'city/gateway', not to 'town/gateway'"):
        AuditLog.open(log.path, "town/gateway")


def test_a_closed_log_refuses(log: AuditLog) -> None:
    log.close()
    log.close()
    with pytest.raises(AuditError, match="closed"):
        log.append(grant(1))
    assert not log.is_writable


def test_only_the_owner_may_look(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life())
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in log.path.iterdir()} == {0o600}


def test_an_open_directory_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir(mode=0o755)
    AuditLog.open(tmp_path / "log", "o").close()
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700


def test_a_path_that_is_no_directory_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file")
    with pytest.raises(AuditError) as refused:
        AuditLog.open(tmp_path / "log", "o")
    assert refused.value.code == "AUDIT_UNAVAILABLE"


def test_an_event_that_cannot_be_encoded_leaves_the_log_as_it_was(log: AuditLog) -> None:
    log.append(grant(1))
    with pytest.raises(InternalError, match=r"release\.granted cannot be recorded"):
        log.append(grant(2**60))
    assert log.append(grant(2)).leaf_index == 1


class FailingDisk:
    """Syncs until told to fail; then every sync fails with the given error, after the bytes were written."""

    def __init__(self) -> None:
        self.error: int | None = None

    def __call__(self, descriptor: int) -> None:
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error))
        os.fsync(descriptor)


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_a_failed_sync_refuses_and_leaves_no_line_behind(tmp_path: Path, error: int) -> None:
    disk = FailingDisk()
    with AuditLog.open(tmp_path / "log", "o", sync=disk) as log:
        log.append(grant(1))
        disk.error = error
        for _ in range(2):
            with pytest.raises(AuditError, match="cannot be written") as refused:
                log.append(grant(2))
            assert refused.value.code == "AUDIT_UNAVAILABLE"
            assert not log.is_writable
        assert rows_in(log.path) == [1]
        disk.error = None
        assert log.append(grant(3)).leaf_index == 1
        assert log.is_writable
        assert rows_in(log.path) == [1, 3]
        assert log.root() == MerkleTree(r.leaf_hash for r in AuditReader(log.path).records()).root()


def test_everyone_who_shares_a_failed_commit_is_refused(tmp_path: Path) -> None:
    gate, entered, failing = threading.Event(), threading.Event(), threading.Event()

    def sync(_: int) -> None:
        entered.set()
        gate.wait()
        if failing.is_set():
            raise OSError(errno.EIO, "broken")

    errors: list[AuditError] = []

    def work(n: int) -> None:
        try:
            log.append(grant(n))
        except AuditError as error:
            errors.append(error)

    with AuditLog.open(tmp_path / "log", "o", sync=sync) as log:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        threads[0].start()
        entered.wait()
        for thread in threads[1:]:
            thread.start()
        while len(log._state.queue) < 5:
            pass
        failing.set()
        gate.set()
        for thread in threads:
            thread.join()
        assert len(errors) == 6
        assert len({id(error) for error in errors}) == 6
        failing.clear()
        log.append(grant(99))
    assert rows_in(log.path) == [99]


def test_an_interrupted_commit_is_undone(tmp_path: Path) -> None:
    interrupts = [KeyboardInterrupt]

    def sync(descriptor: int) -> None:
        if interrupts:
            raise interrupts.pop()
        os.fsync(descriptor)

    with AuditLog.open(tmp_path / "log", "o", sync=sync) as log:
        with pytest.raises(KeyboardInterrupt):
            log.append(grant(1))
        log.append(grant(2))
    assert rows_in(log.path) == [2]


def test_a_removed_file_is_noticed(log: AuditLog) -> None:
    log.append(grant(1))
    (log.path / "000000000000.jsonl").unlink()
    with pytest.raises(AuditError, match="was removed"):
        log.append(grant(2))


def test_foreign_bytes_stop_the_log_and_stay_as_evidence(log: AuditLog) -> None:
    log.append(grant(1))
    with (log.path / "000000000000.jsonl").open("ab") as file:
        file.write(b"{}\n")
    for _ in range(2):
        with pytest.raises(AuditError) as refused:
            log.append(grant(2))
        assert refused.value.code == "AUDIT_INVALID"
    assert (log.path / "000000000000.jsonl").read_bytes().endswith(b"}\n{}\n")


def test_a_forked_child_cannot_write(log: AuditLog) -> None:
    log._owner = os.getpid() + 1  # as a child of fork would see it
    with pytest.raises(AuditError, match="another process"):
        log.append(grant(1))


def test_records_name_the_log_and_the_time(log: AuditLog) -> None:
    log.append(AdminEvent("server_started", details={"version": "0.1.0"}))
    line = json.loads((log.path / "000000000000.jsonl").read_text())
    assert line["type"] == "admin.server_started"
    assert line["envelope"]["log_origin"] == "city/gateway"
    assert line["envelope"]["time"].endswith("Z")
    assert len(line["envelope"]["time"]) == len("2026-11-22T00:00:00.000000Z")
