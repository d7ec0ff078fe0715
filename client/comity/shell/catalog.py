"""The catalog as text: what the caller may see and use, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from comity.shell.tables import format_table, printable

if TYPE_CHECKING:
    from comity.answers import ColumnInfo, TableInfo

_EVERY_USE = frozenset({"read", "filter", "match", "join", "group", "order", "aggregate"})


def list_tables(tables: Sequence[TableInfo], purposes: Mapping[str, str]) -> str:
    """One line per table, and the purposes with their titles."""
    if not tables:
        return "You may see no table. Ask a department for a grant, or try another --purpose."
    header = ["table", "title", "department", "columns", "purposes", "tables behind it"]
    rows = [
        [
            table.qualified_name,
            table.title,
            table.department_title,
            str(len(table.columns)),
            ", ".join(table.purposes),
            str(len(table.members)) if table.members else "",
        ]
        for table in tables
    ]
    lines = format_table(header, rows, right=[False, False, False, True, False, True])
    named = [f"{name} ({printable(title)})" if title else name for name, title in purposes.items()]
    return "\n".join([*lines, "", f"purposes: {', '.join(named)}"])


def describe_table(table: TableInfo, purposes: Mapping[str, str]) -> str:
    """One table: its columns with what each may be used for, and the grants behind that."""
    facts = {
        "title": table.title,
        "department": table.department_title,
        "sharing": table.sharing,
        "grade": table.grade,
        "update": table.update,
        "purposes": ", ".join(
            f"{name} ({purposes[name]})" if purposes.get(name) else name for name in table.purposes
        ),
        "tables behind it": ", ".join(table.members),
    }
    lines = [printable(table.qualified_name)]
    lines += [f"  {key}: {printable(value)}" for key, value in facts.items() if value]
    header = ["column", "type", "title", "use", "shown as", "element"]
    rows = [
        [column.name, column.type, column.title, _use(column), _shown(column), column.element]
        for column in table.columns
    ]
    lines += ["", *format_table(header, rows)]
    if table.reasons:
        lines += ["", "why:", *(f"  {printable(reason)}" for reason in table.reasons)]
    return "\n".join(lines)


def catalog_json(tables: Sequence[TableInfo]) -> str:
    """The same as JSON."""
    return json.dumps([asdict(table) for table in tables], ensure_ascii=False, indent=2)


def _shown(column: ColumnInfo) -> str:
    if column.mask:
        return column.mask
    return "as it is" if "read" in column.uses else "not shown"


def _use(column: ColumnInfo) -> str:
    # read implies every use, and a mask gives its changed value to every use.
    if "read" in column.uses or frozenset(column.uses) >= _EVERY_USE:
        return "every"
    return ", ".join(column.uses)
