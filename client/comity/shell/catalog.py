"""The catalog as text: what the caller may see and use, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from comity.shell.tables import display_width, format_table, printable, wrap

if TYPE_CHECKING:
    from comity.answers import ColumnGrant, ColumnInfo, GrantInfo, TableInfo

_USES = ("read", "filter", "match", "join", "group", "order", "aggregate")
_LIMITS = {
    "rows": "rows a question",
    "bytes": "bytes a question",
    "matches": "matched values a question",
    "rows_per_day": "rows a day",
    "bytes_per_day": "bytes a day",
    "matches_per_day": "matched values a day",
}
_BETWEEN = 3
_NARROWEST_USE = 16
_DISPENSABLE = (2, 4, 1)
"""Of a list of tables what is left out where there is no room: the department, the members, the title."""


def list_tables(
    tables: Sequence[TableInfo], purposes: Mapping[str, str], *, max_width: int | None = None
) -> str:
    """One line per table, and the purposes with their titles."""
    if not tables:
        return "You may see no table. Ask a department for a grant, or try another --purpose."
    header = ["table", "title", "department", "columns", "tables behind it", "purposes"]
    rows = [
        [
            table.qualified_name,
            table.title,
            table.department_title,
            str(len(table.columns)),
            str(len(table.members)) if table.members else "",
            ", ".join(table.purposes) or "(known to exist)",
        ]
        for table in tables
    ]
    keep = list(range(len(header)))
    for index in _DISPENSABLE:
        if max_width is not None and _rest(header, rows, keep, 5) > max_width - _NARROWEST_USE:
            keep.remove(index)
    shown = _wrapped(rows, keep, 5, _room(header, rows, keep, 5, max_width))
    right = [index in {3, 4} for index in keep]
    lines = format_table([header[i] for i in keep], shown, right=right, max_width=max_width)
    named = [f"{name} ({printable(title)})" if title else name for name, title in purposes.items()]
    return "\n".join([*lines, "", *wrap(f"purposes: {', '.join(named)}", max_width, hanging=10)])


def describe_table(table: TableInfo, purposes: Mapping[str, str], *, max_width: int | None = None) -> str:
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
    for key, value in facts.items():
        if value:
            lines += wrap(f"  {key}: {printable(value)}", max_width, hanging=4)
    lines += ["", *_columns(table, max_width)]
    if any("read" in column.uses for column in table.columns):
        lines += ["", "read is every use; a mask shows a changed value to every use"]
    for text in _basis(table):
        lines += wrap(printable(text), max_width, hanging=len(text) - len(text.lstrip()) + 4)
    return "\n".join(lines)


def catalog_json(tables: Sequence[TableInfo]) -> str:
    """The same as JSON."""
    return json.dumps([asdict(table) for table in tables], ensure_ascii=False, indent=2)


def _columns(table: TableInfo, max_width: int | None) -> list[str]:
    """The columns; the element goes first where there is no room, then what one may do takes several lines."""
    header = ["column", "type", "title", "may", "grade", "element"]
    graded = any(column.grade not in {"", table.grade} for column in table.columns)
    rows = [[c.name, c.type, c.title, _may(c), c.grade if graded else "", c.element] for c in table.columns]
    keep = [i for i in range(len(header)) if i < 4 or any(row[i] for row in rows)]
    while (
        max_width is not None and len(keep) > 4 and _rest(header, rows, keep, 3) > max_width - _NARROWEST_USE
    ):
        keep.pop()
    shown = _wrapped(rows, keep, 3, _room(header, rows, keep, 3, max_width))
    return format_table([header[i] for i in keep], shown, max_width=max_width)


def _wrapped(
    rows: Sequence[Sequence[str]], keep: Sequence[int], wide: int, room: int | None
) -> list[list[str]]:
    """The kept columns of each row, the `wide` one on as many lines as it needs."""
    shown: list[list[str]] = []
    for row in rows:
        parts = [line for part in row[wide].split("\n") for line in wrap(part, room)]
        for number, part in enumerate(parts or [""]):
            shown.append([(part if i == wide else row[i] if number == 0 else "") for i in keep])
    return shown


def _rest(header: Sequence[str], rows: Sequence[Sequence[str]], keep: Sequence[int], wide: int) -> int:
    """The width of everything but the `wide` column."""
    widths = [max(display_width(row[i]) for row in [header, *rows]) for i in keep if i != wide]
    return sum(widths) + _BETWEEN * (len(keep) - 1) + 2


def _room(
    header: Sequence[str], rows: Sequence[Sequence[str]], keep: Sequence[int], wide: int, width: int | None
) -> int | None:
    """What is left for the `wide` column of `width`, None for no limit."""
    return None if width is None else max(width - _rest(header, rows, keep, wide), _NARROWEST_USE)


def _may(column: ColumnInfo) -> str:
    """What the caller may do with a column: of each grant, on a line of its own where they differ."""
    if column.grants and not column.uses:
        return f"nothing: graded {column.grade}, which may not reach you"
    ways = {_use(grant) for grant in column.grants}
    if len(ways) > 1:
        return "\n".join(f"{_use(grant)} [{grant.grant}]" for grant in column.grants)
    return _use(column)


def _use(rule: ColumnInfo | ColumnGrant) -> str:
    if not rule.uses:
        return "nothing: known to exist"
    mask = f" as {rule.mask}" if rule.mask else ""
    if "read" in rule.uses:
        return f"read{mask}"
    only = f" ({', '.join(rule.functions)})" if rule.functions else ""
    named = [f"{use}{only}" if use == "aggregate" else use for use in _USES if use in rule.uses]
    return ", ".join(named) + mask


def _basis(table: TableInfo) -> Iterator[str]:
    """Why the caller sees the table, and what holds for the answers."""
    if table.grants:
        yield ""
        yield "grants, in the order in which they are tried:"
        for grant in table.grants:
            yield from _grant(grant, table)
    elif table.reasons and table.purposes:
        yield ""
        yield "why:"
        yield from (f"  {reason}" for reason in table.reasons)
    if table.legal_basis:
        yield ""
        yield f"not to be shared: {table.legal_basis}"
    elif table.owner and not table.purposes:
        yield ""
        yield f"nothing may be asked of it without a grant: ask {table.owner} for one"


def _grant(grant: GrantInfo, table: TableInfo) -> Iterator[str]:
    until = f", until {grant.valid_until}" if grant.valid_until else ""
    request = f" ({grant.request})" if grant.request else ""
    some = f" on {', '.join(grant.tables)}" if len(grant.tables) < len(table.members) else ""
    yield f"  {grant.id}{some}, for {', '.join(grant.purposes)}{until}: {grant.reason}{request}"
    if grant.rows:
        yield f"    only rows where {grant.rows}"
    if grant.rows_withheld:
        yield "    only some rows, by a rule over columns that you may not see"
    if grant.floor_entities:
        yield f"    no group of fewer than {grant.floor_entities} {grant.floor_column or 'entities'}"
    if grant.limits:
        limits = (f"{grant.limits[key]:,} {what}" for key, what in _LIMITS.items() if key in grant.limits)
        yield f"    at most {', '.join(limits)}"
    yield from (f"    {rule}" for rule in grant.joins)
    if grant.crossing == "raw":
        yield "    row values may leave the department to be worked on at the merge"
