"""Join keys that come with a fragment's text: how the text reads them, and the check that it reads them no other way.

The one form is `x IN (SELECT "key" FROM "_keys"."keys_1")`, NOT or not, as a condition of WHERE, of HAVING or of a
join. As a relation of its own a key set would be a table that whoever sent it made up, to be joined, counted
and shown beside the department's rows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from sql.catalog import Column, Origin, Table, fold_name
from sql.places import error_at
from sql.scopes import is_cte_reference

KEYS = "_keys"
"""What stands where a table's department does. No department has this name."""

KEY = "key"
_NAME = re.compile(r"keys_[1-9][0-9]?")
_CONNECTING = (exp.And, exp.Or, exp.Not, exp.Paren)
_CLAUSES = (exp.Where, exp.Having, exp.Join)


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """The keys of one set, as far as the text's meaning goes: `count` values of a canonical `type`.

    `source` is the published column that they are said to be of.
    """

    name: str
    source: Origin
    type: str
    count: int


def is_key_name(name: str) -> bool:
    """`keys_1` to `keys_99`: few, as every name may become a table of the type oracle.

    >>> is_key_name("keys_7"), is_key_name("keys_07"), is_key_name("keys_1000")
    (True, False, False)
    """
    return _NAME.fullmatch(name) is not None


def is_reserved(department: str) -> bool:
    """Whether a department may not have this name."""
    return fold_name(department) == KEYS


def key_tables(keys: Iterable[KeyColumn]) -> tuple[Table, ...]:
    """The key sets as the resolver looks them up."""
    return tuple(Table(KEYS, key.name, (Column(KEY, key.type),)) for key in keys)


def is_key_table(table: exp.Table) -> bool:
    return not is_cte_reference(table) and is_reserved(table.db)


def key_set_of(node: exp.Expr) -> exp.Table | None:
    """The key set that an IN of a resolved tree compares with; None for every other IN, and every other node.

    >>> from sqlglot import parse_one
    >>> one = parse_one('a.b IN (SELECT k."key" AS "key" FROM "_keys"."keys_1" AS k)', dialect="duckdb")
    >>> more = parse_one('a.b IN (SELECT k."key" AS "key" FROM "_keys"."keys_1" AS k LIMIT 1)', dialect="duckdb")
    >>> key_set_of(one).name, key_set_of(more)
    ('keys_1', None)
    """
    if type(node) is not exp.In or not isinstance(node.this.unnest(), exp.Column):
        return None
    query = node.args.get("query")
    if query is None or any(value for name, value in node.args.items() if name not in {"this", "query"}):
        return None
    if type(query) is exp.Subquery:
        if any(value for name, value in query.args.items() if name != "this"):
            return None
        query = query.this
    if type(query) is not exp.Select or len(query.expressions) != 1:
        return None
    if any(value for name, value in query.args.items() if name not in {"expressions", "from_"}):
        return None
    table = query.args["from_"].this if query.args.get("from_") is not None else None
    value = query.expressions[0].unalias()
    if not isinstance(table, exp.Table) or not is_key_table(table):
        return None
    if any(found for name, found in table.args.items() if name not in {"this", "db", "alias"}):
        return None
    named = isinstance(value, exp.Column) and value.name == KEY and value.table == table.alias_or_name
    return table if named else None


def unpacks_keys(table: exp.Table) -> bool:
    """Whether a FROM item of a source's text takes one constant text apart, and reads no table.

    >>> from sqlglot import parse_one
    >>> [unpacks_keys(parse_one(f"SELECT * FROM {item}", dialect="sqlite").find(exp.Table))
    ...  for item in ("json_each('[1]')", "json_each(t.x)", "json_tree('[1]')", "t")]
    [True, False, False, False]
    """
    call = table.this
    if table.args.get("joins") or table.args.get("db"):
        return False
    if isinstance(call, exp.JSONTable):
        constant = call.this
    else:
        named = isinstance(call, exp.Anonymous) and call.name.lower() == "json_each"
        constant = call.expressions[0] if named and len(call.expressions) == 1 else None
    return isinstance(constant, exp.Literal) and constant.is_string


def check_keys(tree: exp.Expr, text: str = "") -> None:
    """Refuses a resolved tree that reads a key set in any other way than the one. Raises `SqlError`."""
    for table in tree.find_all(exp.Table):
        if not is_key_table(table):
            continue
        comparison = table.find_ancestor(exp.In)
        if comparison is None or key_set_of(comparison) is not table or not _is_condition(comparison):
            raise error_at(
                text,
                table,
                "SQL_CONSTRUCT_REFUSED",
                f"join keys stand only as a condition, x IN (SELECT {KEY} FROM {KEYS}.…)",
            )


def _is_condition(comparison: exp.Expr) -> bool:
    node = comparison
    while isinstance(node.parent, _CONNECTING):
        node = node.parent
    return isinstance(node.parent, _CLAUSES)


def keys_by_name(keys: Iterable[KeyColumn]) -> Mapping[str, KeyColumn]:
    return {key.name: key for key in keys}


def key_names(tree: exp.Expr) -> Collection[str]:
    """The key sets that a tree reads."""
    return {table.name for table in tree.find_all(exp.Table) if is_key_table(table)}
