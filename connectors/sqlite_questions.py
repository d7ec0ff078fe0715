"""What a SQLite is asked about its behaviour, over the one database file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa

from connectors.profile import Question, ask_profile, asked
from connectors.spi import PhysicalColumn, PhysicalTable, SourceProfile, TextProfile
from connectors.text_profile import TRAPS, Ask, by_themselves, read_text_answer, text_question

FORM = "CASE WHEN typeof({0}) = 'text' THEN {0} END"

QUESTIONS = (
    Question("empty text", "CASE WHEN '' IS NULL THEN 'n' ELSE 'v' END", {"v": "a value", "n": "is NULL"}),
    Question("backslash", r"length('\\')", {"2": "a character", "1": "an escape"}),
    # LIKE is not used here: GLOB and comparisons stand for it.
    Question("LIKE", "('A' LIKE 'a') || ('A' GLOB 'a')", {"00": "minds case", "10": "ignores case"}),
    Question("LIKE escape", "('a*b' GLOB 'a[*]b') || ('axb' GLOB 'a[*]b')", {"10": "as asked"}),
    Question(
        "NULL order",
        "(SELECT group_concat(coalesce(x, '-'), '') FROM (SELECT x FROM (SELECT 'a' AS x UNION ALL SELECT NULL "
        "UNION ALL SELECT 'b') ORDER BY x LIMIT -1))",
        {"ab-": "last", "-ab": "first"},
    ),
    Question("integer division", "-7 / 2", {"-3": "cuts", "-4": "floors"}),
    Question("remainder", "-7 % 2", {"-1": "sign of the first", "1": "never negative"}),
    Question("integer overflow", "typeof(9223372036854775807 + 1)", {"real": "becomes a double"}),
    Question("division by zero", "1 / 0", {"NULL": "is NULL"}),
    Question("decimals", "0.1 + 0.2 = 0.3", {"1": "exact", "0": "doubles"}),
    Question("rounding", "round(2.5) || ' ' || round(-2.5)", {"3.0 -3.0": "half away from zero"}),
    Question("NaN", "typeof(9e999 - 9e999)", {"null": "no such value"}),
    Question("negative zero", "-0.0 = 0.0", {"1": "equals zero", "0": "differs"}),
    Question("booleans", "1 = 1", {"1": "1 and 0"}),
    Question(
        "dates",
        "date('1582-10-04', '+1 day') || ' ' || date('1900-02-28', '+1 day') || ' ' || typeof(date('2000-01-01'))",
        {"1582-10-05 1900-03-01 text": "Gregorian texts"},
    ),
)


class Answers:
    """What SQLite answered, by the file's encoding: the engine is in this process, and the same for every file."""

    def __init__(self) -> None:
        self._profiles: dict[str, SourceProfile] = {}
        self._texts: dict[tuple[str, str], TextProfile | None] = {}

    def profile(self, ask: Ask, encoding: str) -> SourceProfile:
        if encoding not in self._profiles:
            question = text_question(by_themselves(TRAPS), form=FORM)
            self._profiles[encoding] = ask_profile(
                ask, QUESTIONS, lambda: read_text_answer("binary", TRAPS, ask(question))
            )
        return self._profiles[encoding]

    def fill(self, ask: Ask, encoding: str, tables: Iterable[PhysicalTable]) -> tuple[PhysicalTable, ...]:
        """The tables with what is known of how their columns compare."""
        return tuple(
            replace(table, columns=tuple(self._filled(ask, encoding, column) for column in table.columns))
            for table in tables
        )

    def _filled(self, ask: Ask, encoding: str, column: PhysicalColumn) -> PhysicalColumn:
        collation = column.native_type.partition(" collate ")[2] or "binary"
        if not pa.types.is_string(column.type):
            return column
        key = (encoding, collation)
        if key not in self._texts:
            # A collation that an application brought, and this process does not have, is not answered.
            name = collation.upper().replace('"', '""')
            question = text_question(by_themselves(TRAPS), form=f'{{0}} COLLATE "{name}"')
            self._texts[key] = asked(lambda: read_text_answer(collation, TRAPS, ask(question)))
        return replace(column, text=self._texts[key])


ANSWERS = Answers()
