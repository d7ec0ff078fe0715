"""What a DuckDB is asked about its behaviour: whatever another release or setting may change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from connectors.profile import Question, ask_profile, asked
from connectors.spi import PhysicalColumn, SourceProfile, TextProfile
from connectors.text_profile import TRAPS, read_text_answer, text_question

AskWith = Callable[[str, Sequence[object]], Sequence[Any]]
EXACT = TextProfile("binary", (), groups_as_equal=True, by_code_point=True, beyond_ascii=True)

QUESTIONS = (
    Question("empty text", "CASE WHEN '' IS NULL THEN 'n' ELSE 'v' END", {"v": "a value", "n": "is NULL"}),
    Question("backslash", r"length('\\')", {"2": "a character", "1": "an escape"}),
    Question(
        "LIKE",
        "concat('A' LIKE 'a', 'a' LIKE 'a', 'a ' LIKE 'a')",
        {"falsetruefalse": "minds case", "truetruefalse": "ignores case"},
    ),
    Question(
        "LIKE escape", r"concat('a_' LIKE 'a\_', 'ab' LIKE 'a!_' ESCAPE '!')", {"falsefalse": "as asked"}
    ),
    Question(
        "NULL order",
        "(SELECT string_agg(coalesce(x, '-'), '' ORDER BY x) FROM (VALUES ('a'), (NULL), ('b')) AS v(x))",
        {"ab-": "last", "-ab": "first"},
    ),
    Question(
        "integer division",
        "concat(-7 // 2, ' ', 7 / 2)",
        {"-3 3.5": "cuts", "-4 3.5": "floors", "-3 3": "cuts /"},
    ),
    Question("remainder", "-7 % 2", {"-1": "sign of the first", "1": "never negative"}),
    Question("division by zero", "1 / 0", {"inf": "infinite", "NULL": "is NULL"}),
    Question("decimals", "0.1 + 0.2 = 0.3", {"True": "exact", "False": "doubles"}),
    Question("rounding", "concat(round(2.5), ' ', round(-2.5))", {"3 -3": "half away from zero"}),
    Question(
        "NaN",
        "concat('NaN'::DOUBLE = 'NaN'::DOUBLE, 'NaN'::DOUBLE > 'Infinity'::DOUBLE)",
        {"truetrue": "equal to itself, last"},
    ),
    Question("negative zero", "'-0'::DOUBLE = '0'::DOUBLE", {"True": "equals zero", "False": "differs"}),
    Question("booleans", "1 = 1", {"True": "true and false"}),
    Question(
        "dates",
        "concat(DATE '1582-10-04' + 1, ' ', DATE '1900-02-28' + 1)",
        {"1582-10-05 1900-03-01": "Gregorian throughout"},
    ),
    Question("time zone", "replace(current_setting('TimeZone'), 'Etc/', '')"),
)

_TRAPS = "SELECT unnest(range(len($1))) AS i, unnest($1) AS x"


def profile_of(ask: AskWith) -> SourceProfile:
    """How the engine behaves in the connector's sessions."""
    question = text_question(_TRAPS)
    return ask_profile(
        lambda sql: ask(sql, []), QUESTIONS, lambda: read_text_answer("", TRAPS, ask(question, [list(TRAPS)]))
    )


def fill_texts(ask: AskWith, place: str, columns: Sequence[PhysicalColumn]) -> tuple[PhysicalColumn, ...]:
    """The columns of the table `place` (quoted) with how they compare.

    DuckDB's catalog does not tell a column's collation, so that every column is asked: all at once whether they
    tell the traps apart, and one by one only those that do not.
    """
    texts = [column for column in columns if column.native_type == "VARCHAR"]
    if not texts:
        return tuple(columns)
    exact = asked(lambda: _are_exact(ask, place, texts))
    found: dict[str, TextProfile | None] = {}
    for column, is_exact in zip(texts, exact or (), strict=False):
        found[column.name] = EXACT if is_exact else asked(partial(_alone, ask, place, column))
    return tuple(replace(column, text=found.get(column.name)) for column in columns)


def _are_exact(ask: AskWith, place: str, columns: Sequence[PhysicalColumn]) -> list[bool]:
    """For each column whether its order, its `=` and its DISTINCT tell all traps apart."""
    numbers = range(len(columns))
    listed = ", ".join(f"{_quoted(column.name)} AS c{n}" for n, column in enumerate(columns))
    outputs = [f"count(*) FILTER (NOT a.c{n} < b.c{n} OR a.c{n} = b.c{n})" for n in numbers]
    outputs += [f"(SELECT count(DISTINCT c{n}) FROM p)" for n in numbers]
    (row,) = ask(
        f"WITH p AS MATERIALIZED (SELECT 0 AS i, {listed} FROM {place} WHERE false UNION ALL "
        f"SELECT i{', x' * len(columns)} FROM ({_TRAPS})) "
        f"SELECT {', '.join(outputs)} FROM p AS a JOIN p AS b ON a.i < b.i",
        [list(TRAPS)],
    )
    return [row[n] == 0 and row[len(columns) + n] == len(TRAPS) for n in numbers]


def _alone(ask: AskWith, place: str, column: PhysicalColumn) -> TextProfile | None:
    relation = f"SELECT 0 AS i, {_quoted(column.name)} AS x FROM {place} WHERE false UNION ALL {_TRAPS}"
    return read_text_answer("of the column", TRAPS, ask(text_question(relation), [list(TRAPS)]))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
