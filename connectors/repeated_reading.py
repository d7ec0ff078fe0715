"""Whether a database would read a table's rows over and over, once for each row of another or around a subquery.

A subquery that names columns of the query around it may be answered by an index, or be made a join; otherwise its
tables are read through for every single row, which takes hours where they are large. Beside the database such
subqueries are joins. So is it with joins whose equated values no index has, as `upper(a.name) = upper(b.name)`: a
database that has no other way compares every row with every other. What a database would do it says itself, by its
own estimates, without running anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

MANY_ROWS = 10_000_000
"""Rows, counted each time that they are read, which take a row store some seconds."""
COSTLY = 300_000.0
"""The same in PostgreSQL's units of cost, of which it does some 200,000 in a second."""


def postgresql_repeats(plan: Mapping[str, Any]) -> bool:
    """Of a plan as `EXPLAIN (FORMAT JSON)` has it: a subplan that is run again reads a table through, and all of it costs
    much. One that is run once costs little, however it is called.
    """
    return plan.get("Total Cost", 0.0) > COSTLY and any(
        part.get("Node Type") == "Seq Scan"
        for node in _nodes(plan)
        if node.get("Parent Relationship") == "SubPlan"
        for part in _nodes(node)
    )


def mysql_repeats(rows: Sequence[Sequence[Any]]) -> bool:
    """Of the rows of `EXPLAIN`: a dependent subquery has no index to look rows up in, or one that was made a join compares
    every row with every other, block by block, which is some ten times as fast. False of rows that are others (TiDB's).
    """
    if any(len(row) not in {_OF_MARIADB, _OF_MYSQL} for row in rows):
        return False
    around: dict[object, float] = {}
    inside: dict[object, float] = {}
    read_through, by_blocks = False, set()
    for row in rows:
        number, kind = row[0], str(row[1])
        way, read = (row[3], row[8]) if len(row) == _OF_MARIADB else (row[4], row[9])
        found = inside if kind.startswith("DEPENDENT") else around
        found[number] = found.get(number, 1.0) * max(float(read or 1), 1.0)
        read_through = read_through or (found is inside and way in {"ALL", "index"})
        if "BNL join" in str(row[-1]) or "Block Nested Loop" in str(row[-1]):
            by_blocks.add(number)
    if any(around.get(number, 0.0) > 10 * MANY_ROWS for number in by_blocks):
        return True
    return read_through and max(around.values(), default=1.0) * max(inside.values()) > MANY_ROWS


_OF_MARIADB, _OF_MYSQL = 10, 12
"""Columns of EXPLAIN there."""


def sqlite_repeats(rows: Sequence[Sequence[Any]], tables: Sequence[int]) -> bool:
    """Of the rows of `EXPLAIN QUERY PLAN`: a correlated subquery scans, or a table is read through for every row of
    another. SQLite estimates no rows, so that those of all its tables are multiplied.
    """
    if prod(tables) <= MANY_ROWS:
        return False
    correlated: set[object] = set()
    scanned: set[object] = set()
    for number, parent, _, detail in rows:
        if str(detail).startswith("SCAN ") and detail != "SCAN CONSTANT ROW":
            # What stands under one parent is one loop in another.
            if parent in scanned:
                return True
            scanned.add(parent)
        if parent in correlated or str(detail).startswith("CORRELATED"):
            correlated.add(number)
            through = str(detail).startswith("SCAN ") and detail != "SCAN CONSTANT ROW"
            # So it calls reading through for a least or greatest value.
            if through or (str(detail).startswith("SEARCH ") and " USING " not in detail):
                return True
    return False


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    stack = [plan]
    while stack:
        node = stack.pop()
        yield node
        stack += node.get("Plans", ())
