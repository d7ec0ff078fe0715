"""What a MySQL or MariaDB is asked about its behaviour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connectors.profile import Question, ask_profile, asked
from connectors.spi import PhysicalColumn, PhysicalTable, SourceProfile, TextProfile
from connectors.text_profile import (
    ASCII_TRAPS,
    TRAPS,
    Ask,
    beside_column,
    by_themselves,
    read_text_answer,
    text_question,
)

FORM = "CONVERT({0} USING utf8mb4) COLLATE utf8mb4_nopad_bin"

_LIKE = " LIKE 'a'"
_LIKE_TEXTS = ("'A'", "'a'", "'a '")

QUESTIONS = (
    Question("empty text", "IF('' IS NULL, 'n', 'v')", {"v": "a value", "n": "is NULL"}),
    Question("backslash", r"CHAR_LENGTH('\\')", {"2": "a character", "1": "an escape"}),
    Question(
        "LIKE",
        f"CONCAT({', '.join(FORM.format(text) + _LIKE for text in _LIKE_TEXTS)})",
        {"010": "minds case", "110": "ignores case", "011": "ignores blanks"},
    ),
    Question(
        "LIKE escape",
        "CONCAT('a_' LIKE 'a!_' ESCAPE '!', 'ab' LIKE 'a!_' ESCAPE '!')",
        {"10": "as asked"},
    ),
    Question(
        "NULL order",
        "(SELECT GROUP_CONCAT(COALESCE(x, '-') ORDER BY x SEPARATOR '') "
        "FROM (SELECT 'a' AS x UNION ALL SELECT NULL UNION ALL SELECT 'b') AS v)",
        {"ab-": "last", "-ab": "first"},
    ),
    Question("integer division", "-7 DIV 2", {"-3": "cuts", "-4": "floors"}),
    Question("remainder", "-7 % 2", {"-1": "sign of the first", "1": "never negative"}),
    Question("division by zero", "1 / 0", {"NULL": "is NULL"}),
    Question("decimals", "0.1 + 0.2 = 0.3", {"1": "exact", "0": "doubles"}),
    Question(
        "decimal division",
        "IF(CHAR_LENGTH(CAST(1.00000000000000000000 / 3 AS CHAR)) >= 26, 'e', 'f')",
        {"e": "4 more or longer", "f": "fewer than 4 more"},
    ),
    Question("rounding", "CONCAT(ROUND(2.5), ' ', ROUND(-2.5))", {"3 -3": "half away from zero"}),
    Question("NaN", "CAST('nan' AS DOUBLE)", {"0.0": "no such value", "0": "no such value"}),
    Question("negative zero", "-0e0 = 0e0", {"1": "equals zero", "0": "differs"}),
    Question("booleans", "1 = 1", {"1": "1 and 0"}),
    Question(
        "dates",
        "CONCAT(CAST('1582-10-04' AS DATE) + INTERVAL 1 DAY, ' ', CAST('1900-02-28' AS DATE) + INTERVAL 1 DAY)",
        {"1582-10-05 1900-03-01": "Gregorian throughout"},
    ),
    Question("time zone", "IF(@@time_zone = '+00:00', 'UTC', @@time_zone)"),
    Question(
        "bytes that decide order",
        "IF(@@max_sort_length >= 1000, 'm', CAST(@@max_sort_length AS CHAR))",
        {"m": "1000 or more"},
    ),
    Question(
        "lists in a text",
        "(SELECT GROUP_CONCAT(k ORDER BY k) "
        "FROM JSON_TABLE('[\"2\",-1]', '$[*]' COLUMNS(k BIGINT PATH '$')) AS j)",
        {"-1,2": "read as rows"},
        failure="not read",
    ),
    Question("statement bytes", "@@max_allowed_packet"),
    Question("parameters", "65535"),
    Question(
        "integer overflow",
        "9223372036854775807 + (1 = 1)",
        {"9223372036854775808": "widens", "-9223372036854775808": "wraps"},
        failure="fails",
    ),
)


def profile_of(ask: Ask) -> SourceProfile:
    """How the server behaves in the connector's sessions."""
    question = text_question(by_themselves(TRAPS), form=FORM)
    return ask_profile(ask, QUESTIONS, lambda: read_text_answer("", TRAPS, ask(question)))


class TextProfiles:
    """How the columns of one database compare, asked once for each collation."""

    def __init__(self) -> None:
        self._known: dict[str, TextProfile | None] = {}

    def fill(self, ask: Ask, tables: Iterable[PhysicalTable]) -> tuple[PhysicalTable, ...]:
        """The tables with what is known of their columns."""
        return tuple(
            replace(table, columns=tuple(self._filled(ask, table, column) for column in table.columns))
            for table in tables
        )

    def _filled(self, ask: Ask, table: PhysicalTable, column: PhysicalColumn) -> PhysicalColumn:
        kind, marked, collation = column.native_type.partition(" collate ")
        if not marked or not kind.startswith(
            ("char", "varchar", "tinytext", "text", "mediumtext", "longtext")
        ):
            return column
        if collation not in self._known:
            place = ".".join(map(_quoted, table.name))

            def question(traps: tuple[str, ...]) -> TextProfile | None:
                relation = beside_column(_quoted(column.name), place, traps)
                rows = ask(text_question(relation, named="COLLATION(x)"))
                # Where the column's character set has no room for the traps, the answer is another collation's.
                return read_text_answer(collation, traps, rows, named=collation)

            self._known[collation] = asked(lambda: question(TRAPS)) or asked(lambda: question(ASCII_TRAPS))
        return replace(column, text=self._known[collation])


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
