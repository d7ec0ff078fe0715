"""Reading back: everything, from anywhere, while it is written, and nothing that was changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.events import Event, ReleaseGranted
from audit.log import AuditLog
from audit.reader import AuditReader
from comity.errors import AuditError

LifeOf = Callable[..., Sequence[Event]]
FIRST = "000000000000.jsonl"


def test_reads_what_was_written_from_any_leaf_on(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log", "o", segment_bytes=500) as log:
        for n in range(12):
            log.append(ReleaseGranted("q", "t", n))
    reader = AuditReader(tmp_path / "log")
    for start in range(14):
        assert [record.event["rows"] for record in reader.records(start)] == list(range(start, 12))


def test_reads_a_log_that_is_open_for_writing(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life())
    with (log.path / FIRST).open("ab") as file:
        file.write(b'{"envelope":{"half')  # as a write in progress looks from outside
    assert len(list(AuditReader(log.path).records())) == 7


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_found(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("tampered") / "log"
    with AuditLog.open(path, "o") as log:
        for n in range(3):
            log.append(ReleaseGranted("q", "t", n))
    leaves = bytearray((path / FIRST).read_bytes())
    place = data.draw(st.integers(0, len(leaves) - 1))
    leaves[place] ^= data.draw(st.integers(1, 255))
    (path / FIRST).write_bytes(leaves)
    with pytest.raises(AuditError) as found:
        list(AuditReader(path).records())
    assert found.value.code == "AUDIT_INVALID"
    with pytest.raises(AuditError) as refused:
        AuditLog.open(path, "o")
    assert refused.value.code == "AUDIT_INVALID"


def test_records_before_a_changed_one_are_still_read(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life())
    path = log.path / FIRST
    path.write_bytes(path.read_bytes().replace(b'"rows_released":12', b'"rows_released":13'))
    records = AuditReader(log.path).records()
    assert [next(records).leaf_index for _ in range(6)] == list(range(6))
    with pytest.raises(AuditError, match="a changed record at leaf 6"):
        next(records)


def test_a_removed_record_is_found(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life())
    lines = (log.path / FIRST).read_bytes().splitlines(keepends=True)
    (log.path / FIRST).write_bytes(b"".join(lines[:-1]))
    with pytest.raises(AuditError, match="a missing record at leaf 6"):
        list(AuditReader(log.path).records())


def test_a_removed_segment_is_found(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log", "o", segment_bytes=500) as log:
        for n in range(12):
            log.append(ReleaseGranted("q", "t", n))
    second = sorted(log.path.glob("*.jsonl"))[1]
    for path in log.path.glob(second.stem + ".*"):
        path.unlink()
    with pytest.raises(AuditError) as found:
        list(AuditReader(log.path).records())
    assert found.value.code == "AUDIT_INVALID"


def test_a_payload_is_found_by_its_commitment(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life())
    reader = AuditReader(log.path)
    record = next(reader.records())
    payload = reader.payload(record.event["text"]["commitment"], record.leaf_index)
    assert payload is not None
    assert "张三" in payload.sql


def test_an_erased_payload_is_none_and_the_log_stays_valid(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life())
    (log.path / "000000000000.payloads").write_bytes(b"")
    reader = AuditReader(log.path)
    records = list(reader.records())
    assert len(records) == 7
    assert reader.payload(records[0].event["text"]["commitment"], 0) is None


def test_an_exchanged_payload_is_found(log: AuditLog, query_life: LifeOf) -> None:
    log.append_many(query_life())
    path = log.path / "000000000000.payloads"
    path.write_bytes(path.read_bytes().replace("张三".encode(), "李四".encode()))
    reader = AuditReader(log.path)
    with pytest.raises(AuditError) as found:
        reader.payload(next(reader.records()).event["text"]["commitment"], 0)
    assert found.value.code == "AUDIT_INVALID"


def test_no_log_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="there is no audit log"):
        AuditReader(tmp_path)
