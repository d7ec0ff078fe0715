"""What a department has given out under each grant, in a file that outlives the process.

One SQLite file per department counts rows, bytes and matched values by grant: for each question, over all
its fragments, and for each day of the department's clock, over all its callers, since callers can be many
accounts of one person. The caller's name is kept beside each count, which is the place for whatever is to be
counted per person one day, such as a privacy budget.

Counting comes before releasing: an amount is written durably and then leaves, so that after a crash the count is what
left or more. To spare the disk, some is reserved ahead, and what was not used is given back at the end.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from comity.errors import LimitError
from policies.decision import Decision

FILE: Final = "ledger.sqlite"
RETENTION: Final = timedelta(days=35)
"""How long a day's counts are kept after it."""

QUESTION_RETENTION: Final = timedelta(days=2)
"""How long a question's counts are kept: longer than any question runs."""

_WAIT_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 0.01
_AHEAD: Final[Mapping[str, int]] = {"rows": 65_536, "bytes": 64 * 1024 * 1024, "matches": 0}
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS counted (
    scope TEXT NOT NULL,       -- "day 2026-11-22" or "question <id>"
    department TEXT NOT NULL,
    table_name TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    kind TEXT NOT NULL,        -- rows, bytes, matches
    subject TEXT NOT NULL,     -- who asked
    day TEXT NOT NULL,         -- when it was last counted, for pruning
    amount INTEGER NOT NULL,
    PRIMARY KEY (scope, department, table_name, grant_id, kind, subject)
) STRICT, WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class _Limit:
    """How an obligation of a decision is counted, and the words for its refusal."""

    kind: str
    daily: bool
    code: str
    words: str
    hint: str


_FEWER = "Aggregate or filter, so that fewer rows leave the department."
_TOMORROW = "Ask again tomorrow, or aggregate, so that fewer rows leave the department."
LIMITS: Final[Mapping[str, _Limit]] = {
    "rows": _Limit("rows", False, "LIMIT_RESULT_ROWS", "rows leave for one question", _FEWER),
    "bytes": _Limit("bytes", False, "LIMIT_RESULT_BYTES", "bytes leave for one question", _FEWER),
    "matches": _Limit(
        "matches",
        False,
        "LIMIT_MATCHES",
        "values be compared with for one question",
        "Compare with fewer values.",
    ),
    "rows_per_day": _Limit("rows", True, "LIMIT_ROWS_PER_DAY", "rows leave in one day", _TOMORROW),
    "bytes_per_day": _Limit("bytes", True, "LIMIT_BYTES_PER_DAY", "bytes leave in one day", _TOMORROW),
    "matches_per_day": _Limit(
        "matches",
        True,
        "LIMIT_MATCHES_PER_DAY",
        "values be compared with in one day",
        "Ask again tomorrow.",
    ),
}
"""The obligations of decisions that are counted, by their names in policy files."""


class _Meter:
    """One limit of one grant in one account, and how much of what is counted has not left yet."""

    __slots__ = ("decision", "left", "limit", "most", "scope")

    def __init__(self, decision: Decision, limit: _Limit, most: int) -> None:
        self.decision = decision
        self.limit = limit
        self.most = most
        self.scope = ""
        self.left = 0

    def exceeded(self) -> LimitError:
        where = f"{self.decision.department}.{self.decision.table}"
        return LimitError(
            f"{where}: the grant {self.decision.grant_id} lets at most {self.most} {self.limit.words}",
            code=self.limit.code,
            hint=self.limit.hint,
            department=self.decision.department,
        )


class Ledger:
    """The counts of one department. Safe between threads, and between processes on one file.

    The file is made when a limited grant is first used; `today` is the department's clock.
    """

    def __init__(self, directory: Path, department: str, today: Callable[[], date] = date.today) -> None:
        self.path = directory / FILE
        self.department = department
        self.today = today
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._pruned: date | None = None

    def open_account(self, query_id: str, subject: str, decisions: Iterable[Decision]) -> Account:
        """The limits of one fragment's decisions. Without any, it counts nothing and touches no file.

        Counts what the fragment matches, before it runs: a guess costs the same when it finds nothing. Raises
        `LimitError`.
        """
        meters = [
            _Meter(decision, limit, int(decision.obligations[name]))
            for decision in decisions
            for name, limit in LIMITS.items()
            if name in decision.obligations
        ]
        account = Account(self, query_id, subject, meters)
        account.match()
        return account

    def amount(self, scope: str, table: str, grant_id: str, kind: str) -> int:
        """What is counted under `day 2026-11-22` or `question <id>`, over all subjects."""
        with self._transaction() as connection:
            return self._amount(connection, (scope, self.department, table, grant_id, kind))

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def reserve(self, account: Account, needs: Mapping[_Meter, int]) -> None:
        """Counts what each meter needs, and some ahead, durably: all of it or nothing.

        Raises `LimitError`: the limit's own code, or `LIMIT_UNCOUNTED`.
        """
        taken: dict[_Meter, int] = {}
        today = self.today()
        with self._transaction() as connection:
            self._prune(connection, today)
            for meter, need in needs.items():
                key = self._key(meter, meter.scope)
                used = self._amount(connection, key)
                if used + need > meter.most:
                    raise meter.exceeded()
                # Ahead, but not so much that it starves other questions near the limit.
                ahead = min(_AHEAD[meter.limit.kind], (meter.most - used - need) // 8)
                taken[meter] = need + ahead
                connection.execute(
                    "INSERT INTO counted VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET amount = amount + excluded.amount, day = excluded.day",
                    (*key, account.subject, today.isoformat(), taken[meter]),
                )
        for meter, amount in taken.items():
            meter.left += amount

    def give_back(self, account: Account, meters: Iterable[_Meter]) -> None:
        """Takes from the counts what was reserved and has not left. What cannot be given back stays counted."""
        unused = [meter for meter in meters if meter.left > 0]
        if not unused:
            return
        with suppress(LimitError), self._transaction() as connection:
            for meter in unused:
                connection.execute(
                    "UPDATE counted SET amount = max(amount - ?, 0) WHERE scope = ? AND department = ? "
                    "AND table_name = ? AND grant_id = ? AND kind = ? AND subject = ?",
                    (meter.left, *self._key(meter, meter.scope), account.subject),
                )
        for meter in unused:
            meter.left = 0

    def _key(self, meter: _Meter, scope: str) -> tuple[str, str, str, str, str]:
        return scope, self.department, meter.decision.table, str(meter.decision.grant_id), meter.limit.kind

    @staticmethod
    def _amount(connection: sqlite3.Connection, key: tuple[str, str, str, str, str]) -> int:
        found = connection.execute(
            "SELECT coalesce(sum(amount), 0) FROM counted WHERE scope = ? AND department = ? "
            "AND table_name = ? AND grant_id = ? AND kind = ?",
            key,
        ).fetchone()
        return int(found[0])

    def _prune(self, connection: sqlite3.Connection, today: date) -> None:
        if self._pruned != today:
            connection.execute(
                "DELETE FROM counted WHERE day < ? OR (scope LIKE 'question %' AND day < ?)",
                ((today - RETENTION).isoformat(), (today - QUESTION_RETENTION).isoformat()),
            )
            self._pruned = today

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One durable change, alone. Raises `LimitError` (`LIMIT_UNCOUNTED`) when it cannot be made."""
        with self._lock:
            try:
                connection = self._connect()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                self._disconnect()
                raise LimitError(
                    f"{self.department} cannot count what its limits count, so it answers nothing under them",
                    code="LIMIT_UNCOUNTED",
                    hint=f"The department must be able to write {FILE} in its state directory.",
                    department=self.department,
                ) from error

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # It names people, so that it is the department's own to read.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(
                self.path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                _write_ahead(connection)
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(_SCHEMA)
            except sqlite3.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Sets the file to write-ahead logging. Raises `sqlite3.Error` when others keep it for too long.

    SQLite does not wait for others here, who may be setting the same file to it: both would wait for each other.
    """
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(_RETRY_SECONDS)


class Account:
    """What one fragment may still release under its limits. Close it, so that what it did not use is given back."""

    def __init__(self, ledger: Ledger, query_id: str, subject: str, meters: list[_Meter]) -> None:
        self.query_id = query_id
        self.subject = subject
        self._ledger = ledger
        self._meters = meters
        self._lock = threading.Lock()

    def match(self) -> None:
        """Counts the values that the fragment compares with match-only columns. They are never given back."""
        matching = [m for m in self._meters if m.limit.kind == "matches" and m.decision.matches]
        self._take({meter: meter.decision.matches for meter in matching})

    def release(self, rows: int, size: int) -> None:
        """Counts `rows` of `size` bytes that are about to leave. Raises `LimitError`, and then they must not."""
        if self._meters:
            amounts = {"rows": rows, "bytes": size}
            self._take({m: amounts[m.limit.kind] for m in self._meters if m.limit.kind in amounts})

    def close(self) -> None:
        """Gives back what was reserved and not used. Closing twice does nothing more."""
        if self._meters:
            with self._lock:
                self._ledger.give_back(self, self._meters)

    def _take(self, amounts: Mapping[_Meter, int]) -> None:
        if not any(amounts.values()):
            return
        with self._lock:
            self._enter_day(amounts)
            short = {meter: need - meter.left for meter, need in amounts.items() if need > meter.left}
            if short:
                self._ledger.reserve(self, short)
            for meter, need in amounts.items():
                meter.left -= need

    def _enter_day(self, meters: Iterable[_Meter]) -> None:
        """Sets the scopes; what is left of yesterday's reserve goes back to yesterday."""
        day, question = f"day {self._ledger.today().isoformat()}", f"question {self.query_id}"
        for meter in meters:
            scope = day if meter.limit.daily else question
            if meter.scope != scope:
                self._ledger.give_back(self, [meter])
                meter.scope = scope
