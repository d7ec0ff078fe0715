"""What came back, whichever way a question went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import pyarrow as pa

from conformance.case import Cell

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `code` is None for an answer; `said` is every text in it: values, names, messages, plans.

    `facts` are what a refusal tells besides: the hint, the place, the department. `query_id` is the gateway's.
    """

    code: str | None
    message: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    rows: tuple[Row, ...] | None = None
    notices: tuple[str, ...] = ()
    said: str = ""
    query_id: str = ""


def rows_of(tables: Iterable[pa.RecordBatch]) -> tuple[Row, ...]:
    """The rows of batches, each cell as text."""
    found: list[Row] = []
    for batch in tables:
        columns: Sequence[list[object]] = [column.to_pylist() for column in batch.columns]
        found += [tuple(map(cell_text, row)) for row in zip(*columns, strict=True)]
    return tuple(found)


def cell_text(value: object) -> str | None:
    """A cell as it is compared: numbers by their value, everything else by its text.

    >>> cell_text(Decimal("10.50")), cell_text(10.5), cell_text("10.50"), cell_text(None)
    ('10.5', '10.5', '10.50', None)
    """
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return _plain(Decimal(value))
        case float():
            return _plain(Decimal(repr(round(value, 9)))) if abs(value) < 1e15 else repr(value)
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)


def same_rows(found: tuple[Row, ...], wanted: tuple[tuple[Cell, ...], ...], *, ordered: bool) -> bool:
    """Whether an answer is the one expected. Text that reads as a number matches that number."""
    expected = [tuple(cell_text(cell) for cell in row) for row in wanted]
    given = [tuple(_number(cell) for cell in row) for row in found]
    listed = [tuple(_number(cell) for cell in row) for row in expected]
    return given == listed if ordered else Counter(given) == Counter(listed)


def _plain(value: Decimal) -> str:
    if not value.is_finite():
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(cell: str | None) -> str | None:
    if cell is None:
        return None
    try:
        return _plain(Decimal(cell)) if cell.isascii() and cell.strip() == cell else cell
    except InvalidOperation:
        return cell
