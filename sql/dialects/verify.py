"""The check on rendered text: read again in the source's grammar, it must be one query over what was meant.

The text was written by the walk and by nothing else. This is the independent look at it: one SELECT, no
comment, no table but those described, no text constant but those of the question and of the forms.
"""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.dialects.scope import Context
from sql.dialects.source import NotNative
from sql.keys import unpacks_keys

_REFUSED = (
    exp.Into,
    exp.Lock,
    exp.Command,
    exp.Placeholder,
    exp.Parameter,
    exp.SessionParameter,
    exp.DML,
    exp.DDL,
)

_ROLES = {
    "refused": _REFUSED,
    "table": (exp.Table,),
    "cte": (exp.CTE,),
    "text": (exp.Literal, exp.ByteString, exp.National),
}
DRIFT = "the rendered text does not read back as the same query"
_PLAIN = re.compile(r"[-+.: 0-9e]*(?: ?(?:year|month|week|day|hour|minute|second))?")
"""Numbers, dates and intervals, which are written as text where they need a type."""


_known: dict[type, str] = {}


def _role(node_class: type) -> str:
    """What nodes of a class are to the check; remembered, as there are thousands of nodes."""
    role = _known.get(node_class)
    if role is None:
        role = next((name for name, classes in _ROLES.items() if issubclass(node_class, classes)), "")
        _known[node_class] = role
    return role


def verify(text: str, context: Context) -> exp.Query:
    """The text as it reads back. Raises `NotNative` when that is not what was rendered."""
    try:
        statements = sqlglot.parse(text, dialect=context.dialect.name)
    except SqlglotError:
        raise NotNative(DRIFT) from None
    tree = statements[0] if len(statements) == 1 else None
    if not isinstance(tree, exp.Query):
        raise NotNative(DRIFT)
    tables: set[tuple[str, ...]] = set()
    names: set[str] = set()
    texts: set[str] = set()
    for node in tree.walk():
        kind = _role(type(node))
        if kind == "refused" or node.comments:
            raise NotNative(DRIFT)
        if kind == "table" and context.keys and unpacks_keys(node):  # type: ignore[arg-type]  # the role says that it is a table
            continue
        if kind == "table":
            tables.add(tuple(part.name for part in node.parts))  # type: ignore[attr-defined]  # as above
        elif kind == "cte":
            names.add(node.alias)
        elif kind == "text" and node.args.get("is_string", True):
            texts.add(node.name)
    if {table for table in tables if len(table) > 1 or table[0] not in names} != context.read_tables:
        raise NotNative(DRIFT)
    meant = context.texts | context.dialect.own_texts()
    if any(text not in meant and not _PLAIN.fullmatch(text) for text in texts):
        raise NotNative(DRIFT)
    return tree
