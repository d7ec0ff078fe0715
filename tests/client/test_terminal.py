"""The command as a process: on a terminal, interrupted, and with a reader that leaves."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pyarrow as pa
import pytest

from comity.shell.tables import display_width
from comity.v1 import query_pb2

from .conftest import Gateway

NUMBERS = pa.schema([("n", pa.int64())])
COMMAND = [sys.executable, "-m", "comity.shell.main"]


@pytest.fixture
def environ(gateway: Gateway) -> dict[str, str]:
    return {
        **os.environ,
        "COMITY_SERVER": gateway.address,
        "COMITY_TOKEN": "t-li",
        "COMITY_PURPOSE": "statistics",
        "TERM": "xterm",
        "COLUMNS": "80",
        "LINES": "24",
    }


def endless(gateway: Gateway) -> None:
    def answer(_request: object, context: grpc.ServicerContext) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        while context.is_active():
            yield gateway.batch(pa.record_batch({"n": pa.array(range(1000), pa.int64())}))

    gateway.scripts["SELECT 1"] = answer


def test_ctrl_c_cancels_on_the_server_and_is_status_130(gateway: Gateway, environ: dict[str, str]) -> None:
    endless(gateway)
    process = subprocess.Popen(
        [*COMMAND, "sql", "-c", "SELECT 1", "--format", "csv"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"n\n"
    process.send_signal(signal.SIGINT)
    _rest, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == b"cancelled\n"
    assert gateway.left.wait(10)


def test_a_reader_that_leaves_ends_the_query_quietly(gateway: Gateway, environ: dict[str, str]) -> None:
    endless(gateway)
    process = subprocess.Popen(
        [*COMMAND, "sql", "-c", "SELECT 1", "--format", "csv"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 0
    assert gateway.left.wait(10)


def test_a_terminal_shows_live_progress_then_a_table_of_its_width(
    gateway: Gateway, environ: dict[str, str], people: pa.Table
) -> None:
    def answer(_request: object, _context: object) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(people.schema)
        yield gateway.progress("health", "started", 0)
        yield gateway.progress("民政", "started", 0)
        yield gateway.progress("health", "streaming", 1234, seconds=0.3)
        yield gateway.batch(people.to_batches()[0])
        yield gateway.summary(4)

    gateway.scripts["SELECT 1"] = answer
    output = on_terminal([*COMMAND, "sql", "-c", "SELECT 1"], environ)
    before, table = output.rsplit("\x1b[J", 1)
    assert re.search(r"health +1,234 rows +123\.4 kB +0\.3 s +streaming", before)
    assert "民政    " in before
    assert "\x1b[2F\x1b[J" in before
    lines = table.splitlines()
    assert "姓名" in lines[0]
    assert "\x1b[2mNULL\x1b[0m" in table
    assert display_width(lines[1]) <= 80, lines
    assert "some values or columns are cut to the width" in table


def test_colors_are_left_out_when_not_wanted(
    gateway: Gateway, environ: dict[str, str], people: pa.Table
) -> None:
    gateway.answer("SELECT 1", people)
    output = on_terminal([*COMMAND, "sql", "-c", "SELECT 1"], {**environ, "NO_COLOR": "1"})
    assert "NULL" in output
    assert "\x1b[2m" not in output


def test_a_terminal_is_not_written_binary(gateway: Gateway, environ: dict[str, str]) -> None:
    output = on_terminal([*COMMAND, "sql", "-c", "SELECT 1", "--format", "parquet"], environ)
    assert "parquet is not text" in output
    assert gateway.requests == []


def test_a_terminal_shows_the_first_thousand_rows(gateway: Gateway, environ: dict[str, str]) -> None:
    gateway.answer("SELECT 1", pa.table({"n": pa.array(range(2500), pa.int64())}))
    output = on_terminal([*COMMAND, "sql", "-c", "SELECT 1"], environ)
    assert "\n 999\r\n" in output
    assert "\n 1000\r\n" not in output
    assert "showing the first 1,000 of 2,500 rows" in output


def test_a_pipe_gets_every_row(gateway: Gateway, environ: dict[str, str]) -> None:
    gateway.answer("SELECT 1", pa.table({"n": pa.array(range(2500), pa.int64())}))
    done = subprocess.run([*COMMAND, "sql", "-c", "SELECT 1"], env=environ, capture_output=True, check=True)
    assert len(done.stdout.splitlines()) == 2502


def test_the_interactive_shell_answers_on_a_terminal(
    gateway: Gateway, environ: dict[str, str], people: pa.Table, tmp_path: Path
) -> None:
    gateway.answer("SELECT 1", people)
    environ = {**environ, "XDG_STATE_HOME": str(tmp_path)}
    output = on_terminal(
        [*COMMAND, "sql"], environ, typed=["SELECT 1;\r", "\\q\r"], ready="comity(statistics)>"
    )
    assert "王小明" in output
    history = tmp_path / "comity" / "history"
    assert "SELECT 1;" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0


def on_terminal(
    command: list[str], environ: dict[str, str], *, typed: list[str] | None = None, ready: str = ""
) -> str:
    """What a terminal of 80 columns gets to see; types each of `typed` when `ready` appears once more."""
    terminal, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        command, env=environ, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    seen, waiting, prompts = b"", list(typed or []), 0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            if waiting and seen.decode(errors="replace").count(ready) > prompts:
                prompts = seen.decode(errors="replace").count(ready)
                os.write(terminal, waiting.pop(0).encode())
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
        if b"\x1b[6n" in piece:
            # A terminal asked where its cursor is answers.
            os.write(terminal, b"\x1b[1;1R")
    os.close(terminal)
    process.wait(30)
    return seen.decode(errors="replace")
