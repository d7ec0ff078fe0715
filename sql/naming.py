"""The names that DuckDB gives to outputs without an alias."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
from sqlglot import exp

from sql.catalog import fold_name
from sql.limits import IDENTIFIER_BYTES


def implicit_name(expression: exp.Expr, place: int) -> str:
    """The name of an unnamed output of a derived table: DuckDB's, or `column_<place>` where that is no name.

    >>> import sqlglot
    >>> implicit_name(sqlglot.parse_one("count(*) + 1", dialect="duckdb"), 1)
    '(count_star() + 1)'
    """
    try:
        name = str(duckdb.SQLExpression(expression.sql(dialect="duckdb", comments=False)).get_name())
    except duckdb.Error:
        return f"column_{place}"
    usable = name.isprintable() and 0 < len(name.encode()) <= IDENTIFIER_BYTES
    return name if usable else f"column_{place}"


def distinct_names(names: Sequence[str]) -> list[str]:
    """The names with `_1`, `_2`… after those that stand a second time, as DuckDB tells them apart.

    >>> distinct_names(["a", "b", "A", "a_1"])
    ['a', 'b', 'A_1', 'a_1_1']
    """
    taken: set[str] = set()
    result: list[str] = []
    for name in names:
        candidate, number = name, 0
        while fold_name(candidate) in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(fold_name(candidate))
        result.append(candidate)
    return result
