"""Named windows: `OVER w` becomes what WINDOW says of `w`."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from sql.catalog import fold_name
from sql.resolution import Resolution


def inline_windows(resolution: Resolution, select: exp.Select) -> list[exp.Window]:
    """Replaces references to named windows by their definitions and drops the WINDOW clause.

    Returns the windows of the block.
    """
    definitions: dict[str, exp.Window] = {}
    for window in select.args.get("windows") or ():
        name = fold_name(window.name)
        if name in definitions:
            raise resolution.error(window, "SQL_AMBIGUOUS", f"two windows are called {window.name}")
        _inline(resolution, window, definitions)
        definitions[name] = window
    select.set("windows", None)
    found = []
    for clause in ("expressions", "qualify", "order", "distinct"):
        value = select.args.get(clause)
        for node in value if isinstance(value, list) else [value] if value is not None else []:
            for window in _own_windows(node):
                if not isinstance(window.this, exp.Identifier):
                    _inline(resolution, window, definitions)
                    found.append(window)
    return found


def avoid_dense_ranks_of_all(windows: Iterable[exp.Window]) -> None:
    """Makes `dense_rank() OVER ()` a `rank() OVER ()`, in place: both are 1 where there is no order.

    DuckDB 2.0.0 reads memory that it never wrote for the first, and ends its whole process when it is unlucky.
    """
    for window in windows:
        if isinstance(window.this, exp.DenseRank) and not (
            window.args.get("partition_by") or window.args.get("order")
        ):
            window.set("this", exp.Rank())


def _own_windows(node: exp.Expr) -> list[exp.Window]:
    """The windows of this block, not those of nested queries."""
    found = []
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, exp.Query):
            continue
        if isinstance(current, exp.Window):
            found.append(current)
        stack.extend(current.iter_expressions())
    return found


def _inline(resolution: Resolution, window: exp.Window, definitions: dict[str, exp.Window]) -> None:
    reference = window.args.get("alias")
    if reference is None:
        return
    definition = definitions.get(fold_name(reference.name))
    if definition is None:
        message = f"there is no window {reference.name}"
        raise resolution.error(reference, "SQL_COLUMN_UNKNOWN", message)
    for part in ("partition_by", "order", "spec"):
        defined = definition.args.get(part)
        if not defined:
            continue
        if window.args.get(part):
            message = f"the window {reference.name} already says this"
            raise resolution.error(reference, "SQL_CONSTRUCT_REFUSED", message)
        copied = [item.copy() for item in defined] if isinstance(defined, list) else defined.copy()
        window.set(part, copied)
    window.set("alias", None)
