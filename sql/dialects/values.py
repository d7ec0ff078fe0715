"""What the walk knows of a scalar expression once it is written in the source's dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import log10

from sql.dialects.kinds import Kind

Scalar = None | bool | int | Decimal | float | str | date | datetime


@dataclass(frozen=True, slots=True)
class Constant:
    """The value of a constant expression. `bare` marks a literal whose type adapts to its neighbour."""

    value: Scalar
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar expression: its text in the source's dialect, which needs no parentheses, and what is known.

    `approximate`: a DOUBLE whose last bits may differ from DuckDB's, so that equality on it decides nothing.
    `span`: see `kinds.span_of`. `nonzero`: never 0 (it may be NULL). `length`: the most characters of a text.
    `relations`: identities of the relations whose columns it reads. `checked`: a column read through a test that
    fails on values which the connector would refuse. `distinct`: about how many values it has, if that is to be told.
    """

    sql: str
    kind: Kind
    constant: Constant | None = None
    approximate: bool = False
    span: float | None = None
    nonzero: bool = False
    length: int | None = None
    relations: frozenset[int] = frozenset()
    checked: bool = False
    distinct: float | None = None

    @property
    def family(self) -> str:
        return self.kind.family

    @property
    def is_null(self) -> bool:
        """Whether this is NULL itself, typed or not."""
        return self.constant is not None and self.constant.value is None

    def column(self, sql: str, relation: int) -> Value:
        """The value read as a column of a derived table."""
        return Value(
            sql,
            self.kind,
            self.constant if self.is_null else None,
            self.approximate,
            self.span,
            self.nonzero,
            self.length,
            frozenset({relation}),
            distinct=self.distinct,
        )


def relations_of(values: Iterable[Value]) -> frozenset[int]:
    return frozenset().union(*(value.relations for value in values))


def any_approximate(values: Iterable[Value]) -> bool:
    return any(value.approximate for value in values)


def added_span(spans: Iterable[float | None]) -> float | None:
    """The span of a sum of so many terms; None when one is unknown."""
    known = list(spans)
    if None in known:
        return None
    top = max(span or 0.0 for span in known)
    return top + log10(len(known))


@dataclass(frozen=True, slots=True)
class Need:
    """A condition on the arguments without which a rule does not hold."""

    says: str
    holds: Callable[[Sequence[Value]], bool]


@dataclass(frozen=True, slots=True)
class Native:
    """One proven form: the template over the arguments' texts, and why it gives DuckDB's answer.

    `raises` marks a form that may fail on a value, which must never see a row that a filter hides.
    """

    template: str
    why: str
    needs: tuple[Need, ...] = ()
    raises: bool = False


def constant_integer(position: int, least: int, most: int = 2**31 - 1) -> Need:
    """The argument is an integer constant within bounds."""

    def holds(arguments: Sequence[Value]) -> bool:
        constant = arguments[position].constant
        value = constant.value if constant else None
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return Need(f"argument {position + 1} is a constant of at least {least}", holds)


def constant_text(position: int, *, empty: bool = False) -> Need:
    """The argument is a text constant, and not the empty one unless allowed."""

    def holds(arguments: Sequence[Value]) -> bool:
        constant = arguments[position].constant
        return constant is not None and isinstance(constant.value, str) and (empty or constant.value != "")

    return Need(f"argument {position + 1} is a constant text", holds)


def small_integer(position: int) -> Need:
    """The argument cannot leave 32 bits."""

    def holds(arguments: Sequence[Value]) -> bool:
        span = arguments[position].span
        return span is not None and span <= 31 * log10(2)

    return Need(f"argument {position + 1} is known to fit 32 bits", holds)


def nonzero(position: int) -> Need:
    return Need(f"argument {position + 1} is never 0", lambda arguments: arguments[position].nonzero)


def span_below(position: int, digits: float) -> Need:
    """The argument's magnitude is known to stay below so many digits."""

    def holds(arguments: Sequence[Value]) -> bool:
        span = arguments[position].span
        return span is not None and span <= digits

    return Need(f"argument {position + 1} is known to have at most {digits:g} digits", holds)
