"""Sessions of a SQLite database file: read-only, locked down, and their errors in our words.

Three gates, each enough by itself: the file is opened read-only; the session is set to query only; and SQLite
asks `authorize` about every statement it compiles, which knows SELECT, the database's own tables and listed
functions, and nothing else.

SQLite's locks belong to the process: another copy of SQLite in it (Python's own sqlite3) that closes the same
file takes the locks of these sessions away, and with them the snapshot of a running scan. So nothing else in
the agent's process opens a source's file, not even to look at it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote

import apsw

from comity.errors import SourceError
from connectors.spi import TABLES_CHANGED
from connectors.sqlite_uniform import Uniform, uniform_columns

BUSY_MS = 5000
"""How long to wait for a writer to finish a commit."""
_ATTEMPTS = 3
"""How often a statement is begun anew when somebody wrote while it was."""
_REMEMBERED = 1000
"""Statements of which a session remembers what they read."""
_LONGEST_BYTES = 256 * 1024 * 1024
_FORMS = ("sqlite:", "file:")
_SWITCHES = {
    # A string in double quotes is taken for a name, and is an error if there is none of it.
    apsw.SQLITE_DBCONFIG_DQS_DML: 0,
    apsw.SQLITE_DBCONFIG_DQS_DDL: 0,
    apsw.SQLITE_DBCONFIG_DEFENSIVE: 1,
    apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION: 0,
    apsw.SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER: 0,
}
_LIMITS = {
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_LENGTH: _LONGEST_BYTES,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_SETTINGS = (
    "PRAGMA query_only = ON",
    "PRAGMA temp_store = MEMORY",  # sorting leaves no copy of the data on disk
    "PRAGMA case_sensitive_like = ON",
    "PRAGMA cell_size_check = ON",
)
FUNCTIONS = frozenset(
    """
    -> ->> abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling char coalesce concat concat_ws cos cosh
    count cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value
    floor format glob group_concat hex if ifnull iif instr json json_array json_array_length json_extract
    json_group_array json_group_object json_object json_quote json_type json_valid julianday lag last_value lead
    length like likelihood likely ln log log10 log2 lower ltrim match max median min mod nth_value ntile nullif
    octet_length percent_rank percentile percentile_cont percentile_disc pi pow power printf quote radians rank
    replace round row_number rtrim sign sin sinh sqrt strftime string_agg substr substring sum tan tanh time
    timediff total trim trunc typeof unhex unicode unixepoch unlikely upper
    """.split()  # noqa: SIM905 - a list of 130 strings reads worse
)
"""What a query may call: SQLite's functions that only compute."""
_TABLES = """
SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
"""
_WITH_NAME = re.compile(
    r"""(?:"((?:[^"]|"")+)"|(\w+))\s*(?:\([^()]*\)\s*)?\bAS\s*(?:(?:NOT\s+)?MATERIALIZED\s*)?\(""",
    re.IGNORECASE,
)
_QUERY = re.compile(r"[\s(]*(SELECT|WITH|VALUES)\b", re.IGNORECASE)


def source_path(uri: str) -> Path:
    """The file that a URI names: a path, with or without `sqlite:` or `file:` and slashes before it."""
    for form in _FORMS:
        if uri.startswith(form):
            return Path(unquote(uri.removeprefix(form).removeprefix("//").partition("?")[0]))
    return Path(uri)


def file_state(path: Path) -> tuple[int, int]:
    """What changes when another file is put in the place of this one. Raises `SOURCE_UNAVAILABLE`."""
    try:
        found = path.stat()
    except OSError:
        raise _unreadable() from None
    return found.st_dev, found.st_ino


def _count_no_memory() -> None:
    """Lets SQLite allocate without counting: the count has one lock for all sessions, taken for nearly every row.

    Sixteen sessions that group at once on two processors took three times the processor time of one after another.
    Where somebody works with SQLite in this process already, it goes on counting.
    """
    if apsw.connections():
        return
    apsw.shutdown()
    try:
        apsw.config(apsw.SQLITE_CONFIG_MEMSTATUS, False)
    finally:
        apsw.initialize()


_count_no_memory()


class SqliteSession:
    """A connection to the file that was at `path` when it was opened. Not for two threads at once, except
    `interrupt`. Raises apsw's errors while it works; `translate` puts them in our words.
    """

    def __init__(self, path: Path, promised: Mapping[str, Uniform] | None = None) -> None:
        """Opens the file. `promised` are the columns, by table, of which questions may rely on each value being of
        its type. Raises `SourceError`.
        """
        self.state = file_state(path)
        self._promised: Mapping[str, Uniform] = promised if promised is not None else {}
        self._read: set[tuple[str, str]] = set()
        self._reads: dict[str, frozenset[tuple[str, str]]] = {}
        self._sound: set[str] = set()
        self._sound_at: object = None
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        try:
            self.connection = apsw.Connection(f"file:{quote(str(path))}?mode=ro", flags=flags)
        except (apsw.Error, OSError, ValueError):
            raise _unreadable() from None
        try:
            self.connection.set_busy_timeout(BUSY_MS)
            for switch, value in _SWITCHES.items():
                self.connection.config(switch, value)
            for limit, value in _LIMITS.items():
                self.connection.limit(limit, value)
            for setting in _SETTINGS:
                self.connection.execute(setting)
            self._tables: frozenset[str] = frozenset()
            self._with_names: frozenset[str] = frozenset()
            self._schema_version: object = None
            self._locked = False
            self._learn_tables()
        except apsw.Error as error:
            self.close()
            raise translate(error) from None

    def run(self, sql: str, parameters: tuple[object, ...], columns: int) -> apsw.Cursor:
        """Starts one SELECT of so many columns; its rows are read from the cursor."""
        if _QUERY.match(sql) is None:
            raise SourceError("only a query that returns rows is run", hint="write one SELECT")
        cursor = self.connection.cursor()

        def check(running: apsw.Cursor, statement: str, _: object) -> bool:
            if statement.strip() != sql.strip():
                raise SourceError("more than one statement", hint="write one SELECT")
            found = len(running.get_description())
            if found != columns:
                raise SourceError(
                    f"the source answered with {found} columns where {columns} were asked for",
                    code="SOURCE_TYPE",
                )
            self._rely(sql)
            return True

        self._learn_tables()
        self._with_names = _with_names(sql)
        self._lock()
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._learn_tables()
                self._lock()
            self._read.clear()
            cursor.exec_trace = check
            cursor.execute(sql, parameters)
            # The statement has begun to read: what is true now is true of all that it reads, or it has read all.
            if not self._relied(sql) or self._version() == self._sound_at:
                return cursor
            cursor.close(True)
            cursor = self.connection.cursor()
        raise SourceError("the database is being written all the time", code="SOURCE_UNAVAILABLE")

    def _relied(self, sql: str) -> list[Uniform]:
        """The promises that a statement rests on."""
        read = self._reads[sql]
        promises = (self._promised[table] for table in {table for table, _ in read} & self._promised.keys())
        return [p for p in promises if any((p.table.lower(), c.lower()) in read for c in p.columns)]

    def _rely(self, sql: str) -> None:
        """Sees that the promises hold in what is there now. Raises `SourceError` when one does not."""
        if self._read or sql not in self._reads:
            # It was compiled just now. Otherwise it was kept from before, and so is what it reads, or all counts.
            if len(self._reads) >= _REMEMBERED:
                self._reads.clear()
            everything = {(t, c.lower()) for t, promise in self._promised.items() for c in promise.columns}
            self._reads[sql] = frozenset(self._read or everything)
        relied = self._relied(sql)
        if not relied:
            return
        version = self._version()
        if version != self._sound_at:
            self._sound.clear()
        for promise in relied:
            if promise.table not in self._sound:
                found = uniform_columns(self.connection, promise.table, promise.candidates)
                if not promise.columns <= found:
                    raise SourceError(
                        "the tables of this question changed while it was asked",
                        hint="ask again",
                        metadata=TABLES_CHANGED,
                    )
                self._sound.add(promise.table)
        self._sound_at = version

    def _version(self) -> object:
        ((version,),) = self.connection.execute("PRAGMA data_version").fetchall()
        return version

    def unlock(self) -> apsw.Connection:
        """The connection for our own questions to the schema, which `authorize` would deny."""
        self.connection.authorizer = None
        self._locked = False
        return self.connection

    def _lock(self) -> None:
        # SQLite compiles every statement anew after this, so it is done when something changes only. What was
        # compiled before a change of the schema is compiled, and asked about, again.
        if not self._locked:
            self.connection.authorizer = self.authorize
            self._locked = True

    def _learn_tables(self) -> None:
        ((version,),) = self.connection.execute("PRAGMA main.schema_version").fetchall()
        if version != self._schema_version:
            names = self.unlock().execute(_TABLES).fetchall()
            self._tables = frozenset(str(name).lower() for (name,) in names)
            self._schema_version = version
            self._reads.clear()

    def authorize(
        self, operation: int, first: str | None, second: str | None, database: str | None, _: str | None
    ) -> int:
        """SQLite's question about a step of a statement that it compiles; anything unknown is denied."""
        allowed = False
        if operation == apsw.SQLITE_SELECT:
            allowed = True
        elif operation == apsw.SQLITE_READ:
            # Not the tables that exist without being made, such as sqlite_schema and dbstat, but for the one that
            # takes a list of constants apart.
            name = (first or "").lower()
            self._read.add((name, (second or "").lower()))
            allowed = database in ("main", None) and (name in self._tables or name == "json_each")
            # A WITH name of which only the rows count is asked about like a table, without a column.
            allowed = allowed or (database is None and not second and name in self._with_names)
        elif operation == apsw.SQLITE_FUNCTION:
            allowed = (second or "").lower() in FUNCTIONS
        elif operation == apsw.SQLITE_PRAGMA:
            # Full-text tables ask the first while they are read, and we the other.
            allowed = first in {"data_version", "schema_version"} and second is None
        return apsw.SQLITE_OK if allowed else apsw.SQLITE_DENY

    def interrupt(self) -> None:
        """Makes the running statement fail. Any thread; never raises."""
        with suppress(apsw.Error):
            self.connection.interrupt()

    def close(self) -> None:
        """Never raises."""
        with suppress(apsw.Error):
            self.connection.close(True)


@lru_cache(maxsize=512)
def _with_names(sql: str) -> frozenset[str]:
    """The names that a statement may define in a WITH, and perhaps others."""
    if "with" not in sql.lower():
        return frozenset()
    return frozenset((found[1] or found[2]).replace('""', '"').lower() for found in _WITH_NAME.finditer(sql))


_TITLES: tuple[tuple[type[apsw.Error], str, str], ...] = (
    (apsw.InterruptError, "SOURCE_FAILED", "the query was stopped"),
    (apsw.AuthError, "SOURCE_FAILED", "the statement asks for more than reading tables"),
    (apsw.ReadOnlyError, "SOURCE_FAILED", "the database refuses to write: it is open for reading only"),
    (apsw.NotADBError, "SOURCE_UNAVAILABLE", "the source's file is no SQLite database"),
    (apsw.CantOpenError, "SOURCE_UNAVAILABLE", "the source's file cannot be read"),
    (apsw.IOError, "SOURCE_UNAVAILABLE", "the source's file cannot be read"),
    (apsw.CorruptError, "SOURCE_UNAVAILABLE", "the source's file is damaged"),
    (apsw.BusyError, "SOURCE_UNAVAILABLE", "the database is being written by someone else"),
    (apsw.LockedError, "SOURCE_UNAVAILABLE", "the database is being written by someone else"),
    (apsw.TooBigError, "SOURCE_UNSUPPORTED", "a value has more than 256 MiB"),
    (apsw.BindingsError, "SOURCE_FAILED", "the parameters do not fit the placeholders"),
    (apsw.NoMemError, "SOURCE_FAILED", "the database has too little memory for the query"),
)
_MESSAGES = (
    ("not authorized", "the statement asks for more than reading tables"),
    ("no such table", "a table does not exist in the database"),
    ("no such column", "a column does not exist in the database"),
    ("no such function", "a function does not exist in the database"),
)


def translate(error: apsw.Error) -> SourceError:
    """The engine's error in our words. Its own text may quote parts of the statement, and with them values."""
    for kind, code, title in _TITLES:
        if isinstance(error, kind):
            return SourceError(title, code=code)
    text = str(error)
    if "integer overflow" in text:
        return SourceError("a value could not be computed", code="SOURCE_VALUE")
    title = next((t for start, t in _MESSAGES if start in text), "the database does not accept the statement")
    return SourceError(f"{title} ({type(error).__name__})")


def _unreadable() -> SourceError:
    return SourceError("the source's file cannot be read", code="SOURCE_UNAVAILABLE")
