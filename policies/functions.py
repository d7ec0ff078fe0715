"""The aggregate functions that a grant may confine the use `aggregate` to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

FAMILIES: Final[Mapping[str, frozenset[str]]] = {
    "count": frozenset({"count"}),
    "sum": frozenset({"sum"}),
    "avg": frozenset({"avg", "mean"}),
    "variance": frozenset({"variance", "var_samp", "var_pop"}),
    "stddev": frozenset({"stddev", "stddev_samp", "stddev_pop"}),
}
"""The names that policies write, each with the functions that it stands for. `count` is COUNT DISTINCT too."""

READING: Final = frozenset({"min", "max", "bool_and", "bool_or"})
"""Functions whose result is some row's own value, so that the use is `read` and no aggregate."""

_BY_FUNCTION: Final = {function: name for name, functions in FAMILIES.items() for function in functions}


def family(function: str) -> str:
    """The name that policies write for a function; the function itself where there is none.

    >>> family("var_pop"), family("median")
    ('variance', 'median')
    """
    return _BY_FUNCTION.get(function.lower(), function.lower())


def listed_functions(functions: Iterable[str]) -> str:
    """Some functions in the order in which the reference lists them, for people.

    >>> listed_functions({"sum", "count"})
    'count, sum'
    """
    names = list(FAMILIES)
    return ", ".join(sorted(functions, key=lambda name: names.index(name) if name in names else len(names)))
