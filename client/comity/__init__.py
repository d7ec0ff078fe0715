"""Comity's client: ask one SQL question over many departments.

::

    import comity

    with comity.connect(purpose="statistics") as connection:
        with connection.query("SELECT town_code, count(*) FROM city.resident GROUP BY ALL") as result:
            table = result.to_arrow()
        print(result.summary)

What needs gRPC and Arrow is imported when it is first used: the servers' rooms import `comity.errors` and
nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from comity.errors import (
    AuditError,
    CancelledError,
    ComityError,
    ConfigurationError,
    IdentityError,
    InternalError,
    LimitError,
    PolicyError,
    SourceError,
    SqlError,
    UnavailableError,
)

if TYPE_CHECKING:
    from comity.answers import (
        ColumnGrant,
        ColumnInfo,
        Coverage,
        GrantInfo,
        Notice,
        Plan,
        Progress,
        Purpose,
        Summary,
        TableInfo,
    )
    from comity.client import Connection, connect
    from comity.result import Result

__version__ = "0.1.0"

_LAZY = {
    "ColumnGrant": "comity.answers",
    "ColumnInfo": "comity.answers",
    "Connection": "comity.client",
    "Coverage": "comity.answers",
    "GrantInfo": "comity.answers",
    "Notice": "comity.answers",
    "Plan": "comity.answers",
    "Progress": "comity.answers",
    "Purpose": "comity.answers",
    "Result": "comity.result",
    "Summary": "comity.answers",
    "TableInfo": "comity.answers",
    "connect": "comity.client",
}

__all__ = [
    "AuditError",
    "CancelledError",
    "ColumnGrant",
    "ColumnInfo",
    "ComityError",
    "ConfigurationError",
    "Connection",
    "Coverage",
    "GrantInfo",
    "IdentityError",
    "InternalError",
    "LimitError",
    "Notice",
    "Plan",
    "PolicyError",
    "Progress",
    "Purpose",
    "Result",
    "SourceError",
    "SqlError",
    "Summary",
    "TableInfo",
    "UnavailableError",
    "connect",
]


def __getattr__(name: str) -> object:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module 'comity' has no attribute {name!r}")
    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
