"""The directory of an audit log: whose it is, who may write it, and what is in it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from audit.canonical import canonical_json
from audit.segments import SegmentFiles, SegmentState, list_segments, read_hashes, recover, sync_directory
from comity.errors import AuditError

FORMAT = 1


def unavailable(what: str, error: OSError) -> AuditError:
    return AuditError(f"{what}: {error.strerror or error}", hint="Nothing is answered until it can be.")


def lock_directory(path: Path, seconds: float) -> int:
    descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= until:
                os.close(descriptor)
                raise AuditError(
                    f"the audit log at {path} is being written by another process",
                    hint="Stop the other gateway, or give this one a log directory of its own.",
                    metadata={"cause": "locked"},
                ) from None
            time.sleep(0.02)
        except OSError:
            os.close(descriptor)
            raise


def read_origin(path: Path) -> str:
    """The origin of the log at `path`. Raises `AuditError` when there is no log."""
    try:
        return str(json.loads((path / "log.json").read_bytes())["origin"])
    except FileNotFoundError:
        raise AuditError(f"there is no audit log at {path}", code="AUDIT_UNAVAILABLE") from None
    except OSError as error:
        raise unavailable(f"the audit log at {path} cannot be read", error) from error
    except (ValueError, KeyError, TypeError):
        raise AuditError(f"{path / 'log.json'} is not what the log wrote", code="AUDIT_INVALID") from None


def claim(path: Path, origin: str) -> None:
    """Writes the origin into a new log, or compares it."""
    if (path / "log.json").exists():
        found = read_origin(path)
        if found != origin:
            raise AuditError(
                f"the audit log at {path} belongs to {found!r}, not to {origin!r}",
                hint="A log keeps its origin for ever; give this gateway a directory of its own.",
            )
        return
    if list_segments(path):
        raise AuditError(f"{path} holds records but no log.json", code="AUDIT_INVALID")
    fresh = path / "log.json.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, canonical_json({"format": FORMAT, "origin": origin}) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.rename(path / "log.json")
    sync_directory(path)


def last_segment(path: Path) -> tuple[SegmentFiles, SegmentState]:
    segments = list_segments(path)
    if not segments:
        return SegmentFiles(path, 0), SegmentState((), 0)
    expected = 0
    for files, following in pairwise(segments):
        if files.first != expected or len(read_hashes(files)) != following.first - files.first:
            raise AuditError(
                f"the audit log does not read back as written: records are missing near {files.leaves.name}",
                code="AUDIT_INVALID",
            )
        expected = following.first
    if segments[-1].first != expected:
        raise AuditError(
            "the audit log does not read back as written: its beginning is missing", code="AUDIT_INVALID"
        )
    return segments[-1], recover(segments[-1])


def all_hashes(path: Path) -> Iterator[bytes]:
    for files in list_segments(path):
        yield from read_hashes(files)
