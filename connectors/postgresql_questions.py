"""What a PostgreSQL is asked about its behaviour."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from connectors.profile import Question, ask_profile, asked
from connectors.spi import PhysicalColumn, PhysicalTable, SourceProfile, TextProfile
from connectors.text_profile import TRAPS, Ask, beside_column, by_themselves, read_text_answer, text_question

FORM = '{0} COLLATE "C"'

_TEXT = re.compile(
    r"(text|character varying|varchar|character|bpchar)(?:\(\d+\))?(?: collate (.*))?", re.DOTALL
)

QUESTIONS = (
    Question("empty text", "CASE WHEN '' IS NULL THEN 'n' ELSE 'v' END", {"v": "a value", "n": "is NULL"}),
    Question("backslash", r"length('\\')", {"2": "a character", "1": "an escape"}),
    Question(
        "LIKE",
        "concat('A' LIKE 'a', 'a' LIKE 'a', 'á' LIKE 'a', 'a ' LIKE 'a')",
        {"ftff": "minds case", "ttff": "ignores case"},
    ),
    Question(
        "LIKE escape",
        r"concat('a_' LIKE 'a\_' ESCAPE '', 'a\_' LIKE 'a\_' ESCAPE '', 'ab' LIKE 'a!_' ESCAPE '!')",
        {"ftf": "as asked"},
    ),
    Question(
        "NULL order",
        "(SELECT string_agg(coalesce(x, '-'), '' ORDER BY x) FROM (VALUES ('a'), (NULL), ('b')) AS v(x))",
        {"ab-": "last", "-ab": "first"},
    ),
    Question("integer division", "concat(-7 / 2, ' ', div(-7, 2))", {"-3 -3": "cuts", "-4 -4": "floors"}),
    Question("remainder", "-7 % 2", {"-1": "sign of the first", "1": "never negative"}),
    Question("decimals", "0.1 + 0.2 = 0.3", {"True": "exact", "False": "doubles"}),
    Question("rounding", "concat(round(2.5), ' ', round(-2.5))", {"3 -3": "half away from zero"}),
    Question(
        "NaN",
        "concat('NaN'::float8 = 'NaN'::float8, 'NaN'::float8 > 'Infinity'::float8)",
        {"tt": "equal to itself, last"},
    ),
    Question("negative zero", "'-0'::float8 = '0'::float8", {"True": "equals zero", "False": "differs"}),
    Question("booleans", "1 = 1", {"True": "true and false", "1": "1 and 0"}),
    Question(
        "dates",
        "concat(date '1582-10-04' + 1, ' ', date '0001-03-01' - 1, ' ', date '1900-02-28' + 1)",
        {"1582-10-05 0001-02-28 1900-03-01": "Gregorian throughout"},
    ),
    Question("time zone", "current_setting('TimeZone')", None),
    Question(
        "integer overflow",
        "9223372036854775807 + (1)::int8",
        {"9223372036854775808": "widens", "-9223372036854775808": "wraps"},
        failure="fails",
    ),
    Question("division by zero", "1 / (0)::int", {"NULL": "is NULL"}, failure="fails"),
    # Not asked: the protocol counts parameters in 16 bits, and a message's length in 32.
    Question("statement bytes", "1073741823"),
    Question("parameters", "65535"),
)


def profile_of(ask: Ask) -> SourceProfile:
    """How the server behaves in the connector's sessions."""
    question = text_question(by_themselves(TRAPS), form=FORM)
    return ask_profile(ask, QUESTIONS, lambda: read_text_answer("C", TRAPS, ask(question)))


class TextProfiles:
    """How the columns of one database compare, asked once for each type and collation."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], TextProfile | None] = {}

    def unknown(self, tables: Iterable[PhysicalTable]) -> bool:
        """Whether something is left to ask."""
        return any(key not in self._known for table in tables for c in table.columns if (key := _key(c)))

    def fill(self, ask: Ask, tables: Iterable[PhysicalTable]) -> tuple[PhysicalTable, ...]:
        """The tables with what is known of their columns."""
        return tuple(
            replace(table, columns=tuple(self._filled(ask, table, column) for column in table.columns))
            for table in tables
        )

    def _filled(self, ask: Ask, table: PhysicalTable, column: PhysicalColumn) -> PhysicalColumn:
        key = _key(column)
        if key is None:
            return column
        if key not in self._known:
            place = ".".join(map(_quoted, table.name))
            question = text_question(beside_column(_quoted(column.name), place, TRAPS))
            self._known[key] = asked(lambda: read_text_answer(key[1] or "default", TRAPS, ask(question)))
        return replace(column, text=self._known[key])


def _key(column: PhysicalColumn) -> tuple[str, str] | None:
    found = _TEXT.fullmatch(column.native_type)
    return None if found is None else (found[1], found[2] or "")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
