"""Reading the audit log, also while a gateway writes it. Every record is checked against its hash."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.directory import read_origin, unavailable
from audit.merkle import leaf_hash
from audit.segments import SegmentFiles, invalid, list_segments, read_hashes
from audit.values import Payload
from comity.errors import AuditError


@dataclass(frozen=True, slots=True)
class Record:
    """One leaf, read back. `time` is RFC 3339 UTC with microseconds; `event` is the event's own part."""

    leaf_index: int
    leaf_hash: bytes
    event_id: str
    time: str
    type: str
    query_id: str | None
    trace_id: str | None
    event: Mapping[str, Any]
    leaf: bytes


class AuditReader:
    """The log at a path, read only. Takes no lock and changes nothing.

    Raises `AuditError`: `AUDIT_UNAVAILABLE` when there is no log or it cannot be read, `AUDIT_INVALID` at
    the first record that is missing or changed; those before it have been delivered by then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.origin = read_origin(path)
        self._payloads: tuple[int, Mapping[str, Payload]] | None = None

    def records(self, start: int = 0) -> Iterator[Record]:
        """The records from leaf `start` on, in order. A line that is being written is left for later."""
        segments = self._segments()
        ends = [files.first for files in segments[1:]]
        for files, end in zip(segments, [*ends, None], strict=True):
            if end is None or end > start:
                yield from self._read(files, start, end)

    def payload(self, commitment: str, leaf_index: int) -> Payload | None:
        """The payload that the leaf refers to; None when it was erased.

        Raises `AuditError` with `AUDIT_INVALID` when its words are not those committed to.
        """
        home = max(
            (files for files in self._segments() if files.first <= leaf_index), key=_first, default=None
        )
        if home is None:
            return None
        if self._payloads is None or self._payloads[0] != home.first or commitment not in self._payloads[1]:
            self._payloads = (home.first, _read_payloads(home))
        found = self._payloads[1].get(commitment)
        if found is not None and not found.is_genuine():
            raise AuditError(
                f"the text set apart for leaf {leaf_index} is not the one that was committed to",
                code="AUDIT_INVALID",
            )
        return found

    def _segments(self) -> tuple[SegmentFiles, ...]:
        segments = list_segments(self.path)
        if segments and segments[0].first != 0:
            raise invalid(segments[0], 0, "no beginning")
        return segments

    def _read(self, files: SegmentFiles, start: int, end: int | None) -> Iterator[Record]:
        try:
            # Hashes first: a leaf is written before its hash, so that each hash read here has its leaf.
            hashes = read_hashes(files)
            count = 0
            with files.leaves.open("rb") as lines:
                for line in lines:
                    if not line.endswith(b"\n"):
                        break  # being written, or torn by a crash
                    record = _parse(files, count, line[:-1], hashes)
                    count += 1
                    if record.leaf_index >= start:
                        yield record
        except OSError as error:
            raise unavailable("the audit log cannot be read", error) from error
        expected = len(hashes) if end is None else end - files.first
        if count < expected:
            raise invalid(files, count, "a missing record")


def _first(files: SegmentFiles) -> int:
    return files.first


def _parse(files: SegmentFiles, place: int, leaf: bytes, hashes: list[bytes]) -> Record:
    digest = leaf_hash(leaf)
    if place < len(hashes) and digest != hashes[place]:
        raise invalid(files, place, "a changed record")
    try:
        value = json.loads(leaf)
        envelope = value["envelope"]
        record = Record(
            leaf_index=envelope["leaf_index"],
            leaf_hash=digest,
            event_id=envelope["event_id"],
            time=envelope["time"],
            type=value["type"],
            query_id=envelope.get("query_id"),
            trace_id=envelope.get("trace_id"),
            event=value["event"],
            leaf=leaf,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise invalid(files, place, "a record that cannot be read") from None
    if record.leaf_index != files.first + place:
        raise invalid(files, place, "a record out of place")
    return record


def _read_payloads(files: SegmentFiles) -> Mapping[str, Payload]:
    payloads: dict[str, Payload] = {}
    try:
        lines = files.payloads.read_bytes().splitlines() if files.payloads.exists() else []
    except OSError as error:
        raise unavailable("the audit log's payloads cannot be read", error) from error
    for line in lines:
        try:
            value = json.loads(line)
            payload = Payload(value["commitment"], value["salt"], value["sql"], tuple(value["parameters"]))
        except (ValueError, KeyError, TypeError):
            continue  # erased, or being written
        payloads[payload.commitment] = payload
    return payloads
