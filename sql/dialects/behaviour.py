"""Under which of a source's own answers the forms of a dialect are proven.

A source is asked how it behaves (`connectors.profile`); its answers arrive as `subject: answer` among its
capabilities. What is named here is computed in the source only when it gave an answer for which the forms were shown
equal. A subject that was not answered, or was answered otherwise, leaves what rests on it beside the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sql.dialects.source import NotNative, SourceColumn

TEXT = "text in a binary form"

_Answers = Mapping[str, Mapping[str, frozenset[str]]]
_EXACT = frozenset({"exact"})
_POSTGRES: _Answers = {
    # Texts with a backslash are written so that it may escape or not.
    "text": {TEXT: _EXACT, "empty text": frozenset({"a value"})},
    "LIKE": {"LIKE": frozenset({"minds case"}), "LIKE escape": frozenset({"as asked"})},
    "order": {"NULL order": frozenset({"last"})},
    "//": {"integer division": frozenset({"cuts"})},
    "%": {"remainder": frozenset({"sign of the first"})},
    "decimal": {"decimals": _EXACT, "rounding": frozenset({"half away from zero"})},
    "double": {
        "NaN": frozenset({"equal to itself, last"}),
        "negative zero": frozenset({"equals zero"}),
    },
    "boolean": {"booleans": frozenset({"true and false"})},
    "date": {"dates": frozenset({"Gregorian throughout"})},
    "timestamptz": {"time zone": frozenset({"UTC"})},
}
_MYSQL: _Answers = {
    **_POSTGRES,
    "order": {"NULL order": frozenset({"first"})},
    # Texts are sorted and grouped up to 250 characters, of 4 bytes each.
    "text": {**_POSTGRES["text"], "bytes that decide order": frozenset({"1000 or more"})},
    "average": {"decimal division": frozenset({"4 more or longer"})},
    "double": {"NaN": frozenset({"no such value"}), "negative zero": frozenset({"equals zero"})},
    # What the connector would refuse fails by an overflow.
    "boolean": {"booleans": frozenset({"1 and 0"}), "integer overflow": frozenset({"fails"})},
    "date": {"dates": frozenset({"Gregorian throughout"}), "integer overflow": frozenset({"fails"})},
    "join keys": {"lists in a text": frozenset({"read as rows"})},
}
_SQLITE: _Answers = {
    **_POSTGRES,
    # LIKE itself is not used, GLOB is.
    "LIKE": {"LIKE": frozenset({"minds case", "ignores case"}), "LIKE escape": frozenset({"as asked"})},
    "order": {"NULL order": frozenset({"first"})},
    "decimal": {},
    "double": {"NaN": frozenset({"no such value"}), "negative zero": frozenset({"equals zero"})},
    "boolean": {"booleans": frozenset({"1 and 0"})},
    "date": {"dates": frozenset({"Gregorian texts"})},
    "timestamptz": {},
}
_DUCKDB: _Answers = {
    **_POSTGRES,
    "//": {"integer division": frozenset({"cuts"}), "division by zero": frozenset({"infinite"})},
}
PROVEN: Mapping[str, _Answers] = {
    "postgres": _POSTGRES,
    "mysql": _MYSQL,
    "sqlite": _SQLITE,
    "duckdb": _DUCKDB,
}
"""Dialect → what is computed → subject → the answers for which that is proven."""

STATEMENT_BYTES = "statement bytes"


def require(dialect: str, construct: str, answers: frozenset[str]) -> None:
    """Raises `NotNative` where the source's answers do not carry `construct`."""
    for subject, proven in PROVEN[dialect].get(construct, {}).items():
        if not any(f"{subject}: {answer}" in answers for answer in proven):
            found = answer_of(subject, answers)
            raise NotNative(
                f"the source did not say how it behaves: {subject}"
                if found is None
                else f"not proven for a source with {subject}: {found}"
            )


@lru_cache(maxsize=4096)
def allows(dialect: str, construct: str, answers: frozenset[str]) -> bool:
    try:
        require(dialect, construct, answers)
    except NotNative:
        return False
    return True


def unproven(dialect: str, answers: frozenset[str]) -> tuple[str, ...]:
    """What the source's answers keep beside it: the names of constructs, sorted."""
    return tuple(sorted(name for name in PROVEN.get(dialect, {}) if not allows(dialect, name, answers)))


def answer_of(subject: str, answers: frozenset[str]) -> str | None:
    """What was answered about a subject."""
    prefix = f"{subject}: "
    return next((answer.removeprefix(prefix) for answer in answers if answer.startswith(prefix)), None)


def number_of(subject: str, answers: frozenset[str]) -> int:
    """The number that was answered; 0 when there is none."""
    found = answer_of(subject, answers) or ""
    return int(found) if found.isdecimal() else 0


def proven_answers(dialect: str) -> frozenset[str]:
    """One set of answers that carries everything, as an ordinary source of the dialect gives it."""
    said = {
        f"{subject}: {max(answers)}"
        for subjects in PROVEN[dialect].values()
        for subject, answers in subjects.items()
    }
    return frozenset(said | {f"{STATEMENT_BYTES}: 16777216"})


def reading(dialect: str, column: SourceColumn, answers: frozenset[str]) -> str:
    """How a column of text is computed with, for people: `as it is`, `in a binary form`, or `beside`."""
    if not allows(dialect, "text", answers):
        return "beside"
    bare = column.text == "exact" or (dialect == "postgres" and column.text == "distinct")
    if dialect == "duckdb":
        return "as it is" if bare else "beside"
    if dialect == "sqlite":
        return "in a binary form, each value checked"
    return "as it is" if bare else "in a binary form"
