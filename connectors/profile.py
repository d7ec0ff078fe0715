"""What a source is asked about its behaviour, and how its answers are put into words that all engines share.

Each engine's module lists its questions as data. They read no table, so that every account may ask them; what a
source does not answer, or answers as no meaning foresees, is not known of it, and nothing rests on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from comity.errors import SourceError
from connectors.spi import SourceProfile, TextProfile
from connectors.text_profile import Ask, Row

TEXT = "text in a binary form"
"""The subject of how text compares in the form that the rules write around it."""

SUBJECTS: Mapping[str, str] = {
    TEXT: "text is compared, grouped and ordered in a binary form: is that exact?",
    "empty text": "'' is a value of its own, or NULL",
    "backslash": "a backslash in a text constant is a character, or escapes the next",
    "LIKE": "LIKE minds case",
    "LIKE escape": "a character may be named that escapes % and _",
    "NULL order": "where NULLs stand in ascending order, when nothing is said",
    "integer division": "-7 by 2",
    "remainder": "-7 modulo 2",
    "integer overflow": "2^63 - 1, and one more",
    "division by zero": "1 by 0",
    "decimals": "0.1 + 0.2 = 0.3",
    "decimal division": "decimals of a quotient",
    "rounding": "2.5 and -2.5, rounded",
    "NaN": "its place among doubles",
    "negative zero": "-0.0 = 0.0",
    "booleans": "what a comparison gives",
    "dates": "the calendar before 1582, and what a date is",
    "time zone": "the session's",
    "bytes that decide order": "of a long text",
    "lists in a text": "a JSON array in a text constant, read as rows",
    "statement bytes": "the longest statement",
    "parameters": "the most in one statement",
}
"""Every subject, in the order in which a profile shows them, and what is asked about it."""

_MOST_SHOWN = 24
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """One scalar expression. `meanings` puts its value, as text, into words; without them the value stands for
    itself. `failure` is what it means that the engine refuses to compute it; such a question is asked alone.
    """

    subject: str
    sql: str
    meanings: Mapping[str, str] | None = None
    failure: str = ""

    def meaning(self, value: object) -> str:
        if value is None:
            text = "NULL"
        elif isinstance(value, bytes):
            text = value.decode(errors="replace")
        else:
            text = str(value)
        if self.meanings is None:
            return text[:_MOST_SHOWN]
        return self.meanings.get(text, f"unexpected ({text[:_MOST_SHOWN]})")


def ask_profile(
    ask: Ask, questions: Sequence[Question], text: Callable[[], TextProfile | None]
) -> SourceProfile:
    """Asks everything: in one round trip, but for `text` and for questions whose failure is an answer.

    `ask` raises `SourceError`. A source that refuses the one question is asked each alone.
    """
    found: dict[str, str] = {}
    together = [question for question in questions if not question.failure]
    try:
        (row,) = ask(f"SELECT {', '.join(question.sql for question in together)}")
        found = {question.subject: question.meaning(v) for question, v in zip(together, row, strict=True)}
    except (SourceError, ValueError) as error:
        _unless_lost(error)
        for question in together:
            found |= _ask_alone(ask, question)
    for question in questions:
        if question.failure:
            found |= _ask_alone(ask, question)
    profile = asked(text)
    if profile is not None:
        found[TEXT] = str(profile)
    return SourceProfile(tuple((subject, found[subject]) for subject in SUBJECTS if subject in found))


def asked(question: Callable[[], T | None]) -> T | None:
    """The answer; None where the source refuses the question. A lost connection is raised."""
    try:
        return question()
    except (SourceError, ValueError) as error:
        _unless_lost(error)
        return None


def _ask_alone(ask: Ask, question: Question) -> dict[str, str]:
    try:
        rows: Sequence[Row] = ask(f"SELECT {question.sql}")
        ((value,),) = rows
    except (SourceError, ValueError) as error:
        _unless_lost(error)
        return {question.subject: question.failure} if question.failure else {}
    return {question.subject: question.meaning(value)}


def _unless_lost(error: Exception) -> None:
    if isinstance(error, SourceError) and error.code == "SOURCE_UNAVAILABLE":
        raise error
