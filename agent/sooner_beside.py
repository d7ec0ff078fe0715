"""Whether a source says of a fragment that it could run that it had better not: its answer is there sooner beside it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from agent.runnable_parts import equates_tables, groups_one_table, looks_up_rows
from connectors.repeated_reading import MANY_ROWS
from connectors.spi import Connector, GroupsSlowly, RepeatsSlowly

SLOW_GROUPS = "so many groups are made sooner beside the source, of rows read in parts"
SLOW_LOOK_UPS = "rows that the source would look for again and again are found sooner beside it"


def groups_slowly(connector: Connector, tree: exp.Query, sql: str) -> bool:
    """Whether the source says that the fragment's groups are made sooner beside it. `sql` is its text there."""
    return isinstance(connector, GroupsSlowly) and groups_one_table(tree) and connector.groups_slowly(sql)


def repeats_slowly(connector: Connector, tree: exp.Query, sql: str, estimates: Iterable[int | None]) -> bool:
    """Whether the source says that it would answer a subquery of the fragment again for every row around it, or read a
    table through for every row of another.

    `estimates` are the numbers of rows of its tables; of small ones it is not asked.
    """
    if not isinstance(connector, RepeatsSlowly):
        return False
    if not looks_up_rows(tree) and not (connector.joins_row_by_row and equates_tables(tree)):
        return False
    times = len(list(tree.find_all(exp.Table)))
    if all(rows is not None and rows**times <= MANY_ROWS for rows in estimates):
        return False
    return connector.repeats_slowly(sql)
