"""The log after a crash: what was acknowledged is there, what was torn is set aside."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.events import ReleaseGranted
from audit.log import AuditLog
from audit.reader import AuditReader
from comity.errors import AuditError

REPOSITORY = Path(__file__).parents[2]
FIRST = "000000000000.jsonl"


def child(path: Path, program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )


def written(path: Path, count: int) -> None:
    with AuditLog.open(path, "o") as log:
        for n in range(count):
            log.append(ReleaseGranted("q", "t", n))


def grants(path: Path) -> list[int]:
    return [r.event["rows"] for r in AuditReader(path).records() if r.type == "release.granted"]


@pytest.mark.parametrize("wait_for", [1, 40, 300])
def test_every_acknowledged_append_survives_kill_9(tmp_path: Path, wait_for: int) -> None:
    process = child(
        tmp_path / "log",
        """
        import sys, threading
        from pathlib import Path
        from audit.events import ReleaseGranted
        from audit.log import AuditLog
        log = AuditLog.open(Path(sys.argv[1]), "o", segment_bytes=10_000)
        def work(worker):
            n = 0
            while True:
                log.append(ReleaseGranted("q", "t", worker * 1_000_000 + n))
                sys.stdout.write(f"{worker * 1_000_000 + n}\\n")
                sys.stdout.flush()
                n += 1
        for worker in range(4):
            threading.Thread(target=work, args=(worker,), daemon=True).start()
        threading.Event().wait()
        """,
    )
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(wait_for)]
    process.send_signal(signal.SIGKILL)
    acknowledged += [
        int(line) for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")
    ]
    process.stdout.close()
    process.wait()
    with AuditLog.open(tmp_path / "log", "o") as log:
        size = log.size
    found = grants(tmp_path / "log")
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))
    assert size >= len(found)


def test_a_real_write_that_fails_half_way_leaves_whole_lines_only(tmp_path: Path) -> None:
    # RLIMIT_FSIZE makes the kernel cut a write short and then refuse it, as a full disk does.
    process = child(
        tmp_path / "log",
        """
        import resource, signal, sys
        from pathlib import Path
        from audit.events import AdminEvent
        from audit.log import AuditLog
        from comity.errors import AuditError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        log = AuditLog.open(Path(sys.argv[1]), "o")
        good = log.append(AdminEvent("first", details={"x": "x" * 500}))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        for _ in range(2):
            try:
                log.append(AdminEvent("refused", details={"x": "@" * 500}))
            except AuditError as error:
                print(error.code, (log.path / "000000000000.jsonl").read_bytes().count(b"@"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(log.append(AdminEvent("second")).leaf_index)
        """,
    )
    out, _ = process.communicate()
    assert out.split() == ["AUDIT_UNAVAILABLE", "0", "AUDIT_UNAVAILABLE", "0", "1"]
    types = [record.type for record in AuditReader(tmp_path / "log").records()]
    assert types == ["admin.first", "admin.second"]


@pytest.mark.parametrize(
    "tail",
    [
        b'{"envelope":{"even',
        b"\x00" * 40,
        b"garbage\n",
        b'{"envelope":{"leaf_index":9}}\nmore',
        "半".encode()[:2],
    ],
)
def test_a_torn_tail_is_set_aside_and_recorded(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "log"
    written(path, 3)
    with (path / FIRST).open("ab") as file:
        file.write(tail)
    with AuditLog.open(path, "o") as log:
        assert log.append(ReleaseGranted("q", "t", 3)).leaf_index == 4
    records = list(AuditReader(path).records())
    assert [record.type for record in records][2:] == [
        "release.granted",
        "system.recovered",
        "release.granted",
    ]
    recovered = records[3].event
    assert (path / recovered["quarantine"]).read_bytes() == tail
    assert recovered["quarantined_bytes"] == len(tail)
    assert recovered["quarantined_sha256"] == sha256(tail).hexdigest()
    assert recovered["tree_size"] == 3


def test_a_clean_log_records_no_recovery(tmp_path: Path) -> None:
    written(tmp_path / "log", 2)
    AuditLog.open(tmp_path / "log", "o").close()
    assert grants(tmp_path / "log") == [0, 1]
    assert not (tmp_path / "log" / "quarantine").exists()


@pytest.mark.parametrize(("kept", "zeros"), [(0, 128), (32, 96), (64, 0), (40, 0), (0, 0)])
def test_lost_hashes_of_whole_leaves_are_made_again(tmp_path: Path, kept: int, zeros: int) -> None:
    path = tmp_path / "log"
    written(path, 4)
    hashes = path / "000000000000.hashes"
    before = hashes.read_bytes()
    hashes.write_bytes(before[:kept] + bytes(zeros))
    AuditLog.open(path, "o").close()
    assert hashes.read_bytes() == before


def test_a_torn_payload_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "log"
    written(path, 1)
    (path / "000000000000.payloads").write_bytes(b'{"commitment":"a"}\n{"commi')
    AuditLog.open(path, "o").close()
    assert (path / "000000000000.payloads").read_bytes() == b'{"commitment":"a"}\n'


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(data=st.data())
def test_a_log_cut_anywhere_opens_or_says_what_is_missing(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "log"
    written(path, 3)
    whole = (path / FIRST).read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == 0x0A]
    cut = data.draw(st.integers(0, len(whole)))
    known = data.draw(st.integers(0, 3))
    (path / FIRST).write_bytes(whole[:cut])
    (path / "000000000000.hashes").write_bytes((path / "000000000000.hashes").read_bytes()[: known * 32])
    complete = sum(end <= cut for end in ends)
    if complete < known:
        with pytest.raises(AuditError) as refused:
            AuditLog.open(path, "o")
        assert refused.value.code == "AUDIT_INVALID"
        assert (path / FIRST).read_bytes() == whole[:cut]
    else:
        AuditLog.open(path, "o").close()
        assert grants(path) == list(range(complete))


def test_a_log_whose_first_segment_is_gone_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with AuditLog.open(path, "o", segment_bytes=300) as log:
        for n in range(5):
            log.append(ReleaseGranted("q", "t", n))
    (path / FIRST).unlink()
    with pytest.raises(AuditError) as refused:
        AuditLog.open(path, "o")
    assert refused.value.code == "AUDIT_INVALID"


def test_a_crash_between_two_segments_leaves_an_empty_one_that_is_used(tmp_path: Path) -> None:
    path = tmp_path / "log"
    written(path, 2)
    (path / "000000000002.jsonl").touch()
    with AuditLog.open(path, "o") as log:
        assert log.append(ReleaseGranted("q", "t", 2)).leaf_index == 2
    assert grants(path) == [0, 1, 2]
