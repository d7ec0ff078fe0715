"""Sessions of a MySQL or MariaDB server: where it is, how each is set up, and its errors in our words."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pymysql
from pymysql.constants import CR, ER

from comity.errors import SourceError
from connectors import servers

CONNECT_SECONDS = 5
CONTROL_SECONDS = 30.0
"""How long a question to the catalogs, or the setting up of a session, may take."""
_LONGEST_SECONDS = 31_536_000
_SQL_MODE = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_UNSIGNED_SUBTRACTION"
_SETTINGS = (
    "SET SESSION TRANSACTION READ ONLY",
    f"SET SESSION time_zone = '+00:00', sql_mode = '{_SQL_MODE}', net_write_timeout = {_LONGEST_SECONDS}",
)
_OPTIONAL_SETTINGS = (
    "SET SESSION group_concat_max_len = 1073741824",
    "SET SESSION information_schema_stats_expiry = 0",  # MySQL 8 answers with day-old row counts
)
_COLLATIONS = ("utf8mb4_nopad_bin", "utf8mb4_0900_bin", "utf8mb4_bin")
"""For literals and casts: by code point, trailing blanks significant where the server can."""
_LOST = {CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_SERVER_LOST_EXTENDED, ER.SERVER_SHUTDOWN}
_KILLED = {1317, 1927, 3058}
_TIMED_OUT = {1969, 3024}
_OF_A_VALUE = {
    1242: "a subquery used as a value returned more than one row",
    1365: "the database could not compute a value",
    1690: "the database could not compute a value",
}
_TITLES = {
    ER.NO_SUCH_TABLE: "a table does not exist in the database",
    ER.BAD_FIELD_ERROR: "a column does not exist in the database",
    ER.PARSE_ERROR: "the database does not accept the statement",
    ER.TABLEACCESS_DENIED_ERROR: "the database's account may not read this",
    ER.COLUMNACCESS_DENIED_ERROR: "the database's account may not read this",
    1792: "the database refuses to write: its sessions are read-only",
    1267: "the database cannot compare texts of different collations",
}
_ERROR_NAMES = {number: name for name, number in vars(ER).items() if name.isupper()}


@dataclass(frozen=True, slots=True)
class MysqlAddress:
    """Where a database is and how to log in there. `options` are the URI's, of those in `OPTIONS`."""

    host: str
    port: int
    user: str
    password: str
    database: str
    options: tuple[tuple[str, str], ...]

    OPTIONS = ("unix_socket", "ssl", "ssl_ca", "tinyint1")

    def option(self, name: str) -> str | None:
        return dict(self.options).get(name)


def parse_address(uri: str) -> MysqlAddress:
    """`mysql://user:password@host:port/database?option=…`, parts percent-encoded where need be."""
    try:
        parts = urlsplit(uri)
        port, query = parts.port or 3306, parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise _malformed() from None
    database = unquote(parts.path.removeprefix("/"))
    unknown = query.keys() - set(MysqlAddress.OPTIONS)
    modes = {"ssl": _SSL_MODES, "tinyint1": ("bool", "int8")}
    wrong = [name for name, known in modes.items() if name in query and query[name][0] not in known]
    if parts.scheme not in ("mysql", "mariadb") or not database or unknown or wrong:
        raise _malformed()
    options = tuple(sorted((name, values[0]) for name, values in query.items()))
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MysqlAddress(parts.hostname or "127.0.0.1", port, user, password, database, options)


_SSL_MODES = ("disabled", "preferred", "required", "verify")


def _malformed() -> SourceError:
    return SourceError(
        "the source's uri is malformed",
        code="SOURCE_UNAVAILABLE",
        hint="write mysql://<account>@<host>:<port>/<database>, options: " + ", ".join(MysqlAddress.OPTIONS),
    )


def context_of(uri: str) -> str:
    """A name for the server, account and database of `uri` that tells nobody what they are."""
    where = uri
    if not uri.startswith("embedded:"):
        with suppress(SourceError):
            at = parse_address(uri)
            where = "|".join(
                [at.option("unix_socket") or f"{at.host.lower()}:{at.port}", at.user, at.database]
            )
    return f"mysql:{hashlib.sha256(where.encode()).hexdigest()[:24]}"


class MysqlSession:
    """A connection whose transactions are read-only, in UTC. Not for two threads at once, except `abort`.

    Raises PyMySQL's errors and OSError while it works; `translate` puts them in our words.
    """

    def __init__(self, uri: str) -> None:
        """Connects. Raises `SourceError` with `SOURCE_UNAVAILABLE`."""
        address = parse_address(servers.resolve_uri(uri, "mariadb"))
        try:
            self.connection: Any = pymysql.connect(
                user=address.user,
                password=address.password.encode(),
                database=address.database,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                read_timeout=CONTROL_SECONDS,
                write_timeout=CONTROL_SECONDS,
                **_transport(address),
            )
        except (pymysql.MySQLError, OSError, RuntimeError, ValueError) as error:
            raise _unreachable(error) from None
        try:
            ((self.id, version),) = self.ask("SELECT CONNECTION_ID(), VERSION()")
            self.version = str(version)
            self.is_mariadb = "mariadb" in self.version.lower()
            for statement in _SETTINGS:
                self.ask(statement)
            self._try_one(*(f"SET NAMES utf8mb4 COLLATE {collation}" for collation in _COLLATIONS))
            for statement in _OPTIONAL_SETTINGS:
                self._try_one(statement)
        except (pymysql.MySQLError, OSError) as error:
            self.close()
            raise translate(error) from None

    def ask(self, sql: str, parameters: Sequence[object] = ()) -> Sequence[tuple[Any, ...]]:
        """All rows of a small question, as Python values."""
        with self.connection.cursor() as cursor:
            # PyMySQL looks for placeholders only when it gets parameters.
            cursor.execute(sql, tuple(parameters) or None)
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def limit_seconds(self, seconds: float | None) -> None:
        """Has the database stop statements of this session after `seconds`; None: never."""
        if self.is_mariadb:
            self.ask(f"SET SESSION max_statement_time = {seconds or 0:.3f}")
        else:
            self.ask(f"SET SESSION max_execution_time = {int((seconds or 0) * 1000)}")
        self._wait_at_most(None if seconds is None else seconds + 1)

    def _wait_at_most(self, seconds: float | None) -> None:
        """How long to wait for the network from now on; None: for ever."""
        self.connection._read_timeout = seconds
        self.connection._current_timeout = seconds
        self.connection._sock.settimeout(seconds)

    def abort(self) -> None:
        """Makes whoever waits for the network fail at once. Any thread; never raises."""
        used: socket.socket | None = self.connection._sock
        if used is not None:
            with suppress(OSError):
                # A TLS socket's own shutdown would take the socket from under its reader.
                socket.socket.shutdown(used, socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the connection. Never raises."""
        with suppress(pymysql.MySQLError, OSError, ValueError):
            self.connection.close()

    def _try_one(self, *statements: str) -> None:
        """Runs the first statement that the server knows, if any."""
        for statement in statements:
            with suppress(pymysql.MySQLError):
                self.ask(statement)
                return


def _transport(address: MysqlAddress) -> dict[str, Any]:
    """How to reach the server. `ssl`: disabled; preferred (the default beyond this machine); required; verify
    (the server's certificate and name).
    """
    path = address.option("unix_socket")
    place: dict[str, Any] = {"unix_socket": path} if path else {"host": address.host, "port": address.port}
    local = bool(path) or address.host in ("127.0.0.1", "::1", "localhost")
    mode = address.option("ssl") or ("disabled" if local else "preferred")
    if mode == "disabled":
        return place | {"ssl_disabled": True}
    if mode == "preferred":
        return place
    # A context of our own: PyMySQL checks no name where no authority is given, and takes options that demand
    # nothing for no demand of TLS at all.
    context = ssl.create_default_context(cafile=address.option("ssl_ca"))
    if mode == "required":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return place | {"ssl": context}


def translate(error: Exception) -> SourceError:
    """The driver's error in our words. The server's own text may quote values, addresses and accounts."""
    number = error.args[0] if isinstance(error, pymysql.MySQLError) and error.args else None
    if not isinstance(number, int) or number in _LOST or number == 0:
        lost = isinstance(error, OSError | pymysql.InterfaceError | pymysql.OperationalError)
        if lost or number is not None:
            return SourceError("the connection to the database broke", code="SOURCE_UNAVAILABLE")
        return SourceError("the database's answer could not be understood")
    metadata = {"mysql_error": str(number)}
    if number in _TIMED_OUT:
        return SourceError("the source did not answer in time", code="SOURCE_TIMEOUT", metadata=metadata)
    if number in _KILLED:
        return SourceError("the query was stopped in the database", metadata=metadata)
    title = _TITLES.get(number) or _OF_A_VALUE.get(number, "the database failed")
    code = "SOURCE_VALUE" if number in _OF_A_VALUE else "SOURCE_FAILED"
    name = _ERROR_NAMES.get(number, "unnamed")
    return SourceError(f"{title} (error {number}, {name})", code=code, metadata=metadata)


def is_lost(error: Exception) -> bool:
    """Whether the connection broke, so that another may do better."""
    return translate(error).code == "SOURCE_UNAVAILABLE"


def _unreachable(error: Exception) -> SourceError:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    reasons = {
        ER.ACCESS_DENIED_ERROR: "it refuses the account or its password",
        ER.DBACCESS_DENIED_ERROR: "it refuses the account this database",
        ER.BAD_DB_ERROR: "it has no such database",
        ER.CON_COUNT_ERROR: "it has too many connections",
    }
    why = f": {reasons[number]}" if number in reasons else ""
    hint = None
    if isinstance(error, RuntimeError) and re.search("cryptography", str(error)):
        hint = "its login needs TLS (ssl=required in the uri) or the package cryptography"
    return SourceError(
        f"the database cannot be reached{why}",
        code="SOURCE_UNAVAILABLE",
        hint=hint,
        metadata={"mysql_error": str(number)} if number else {},
    )
