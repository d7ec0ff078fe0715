"""A peer that runs as a process of its own and answers over its standard input and output."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlglot


class PeerError(Exception):
    """The peer cannot be used, or could not answer; the message says why."""


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What a peer took for one question. `table` is there when it was asked for."""

    seconds: float
    rows: int
    table: pa.Table | None


class Peer:
    """A running peer. `title` is for people, `note` says what it is made of, and `dialect` is its SQL where it is not
    DuckDB's.
    """

    def __init__(
        self, title: str, command: Sequence[str], start: Mapping[str, Any], *, dialect: str = "duckdb"
    ) -> None:
        self.title = title
        self._dialect = dialect
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            self.note = str(self._exchange(start)["ready"])
        except PeerError:
            self.close()
            raise

    def ask(self, sql: str, *, keep: bool = False) -> PeerAnswer:
        """Answers one question in DuckDB's SQL. Raises `PeerError` with the peer's own words."""
        if self._dialect != "duckdb":
            (sql,) = sqlglot.transpile(sql, read="duckdb", write=self._dialect)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "answer.arrow"
            reply = self._exchange({"sql": sql, "answer": str(path) if keep else None})
            table = None
            if keep:
                with pa.OSFile(str(path)) as source:
                    table = pa.ipc.open_stream(source).read_all()
        return PeerAnswer(reply["seconds"], reply["rows"], table)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _exchange(self, message: Mapping[str, Any]) -> dict[str, Any]:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            process.kill()
            raise PeerError(process.stderr.read().strip().rpartition("\n")[2] or "it ended without a word")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise PeerError(str(reply["error"]).partition("\n")[0])
        return reply
