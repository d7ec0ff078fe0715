"""Statements that PostgreSQL answers by reading one table through, and how to read them in parts.

The server itself says which they are: its plan is one sequential scan under projections, so every row of the
answer comes from one row of the table, in no order. Each part then reads a range of the table's blocks, in a
transaction of its own that has the first one's snapshot: together they see what one statement would have seen,
whatever is written meanwhile. See docs/adr/0018-fast-reading.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LEAST_BLOCKS = 2048
"""Blocks of 8 KiB, and at least so many in every part: below that, starting parts costs more than it saves."""
RANGES_PER_PART = 4
"""Ranges are fewer blocks than a part's share, so that who finds few rows in one takes the next."""
LOCK_MS = 500
"""How long a part may wait for its table. Whoever waits to change the table would wait for the other parts."""
MANY_ROWS = 500_000
"""Rows that make it worth it to group them elsewhere; fewer are grouped before anything else has begun."""
ROWS_PER_GROUP = 100
"""So few rows for each group, and PostgreSQL groups in one process: the groups of its workers would be too many."""
WIDEST = 40
"""Bytes of a row, up to which reading it in parts takes less time than grouping it."""
_ALIAS = re.compile(r"\s+AS\s", re.IGNORECASE)
_FACTS = """
SELECT (c.relkind IN ('r', 'm') AND m.amname = 'heap' AND c.relpersistence <> 't'
        AND NOT (c.relrowsecurity OR c.relhassubclass OR c.relhasrules)
        AND has_table_privilege(c.oid, 'SELECT')
        AND current_setting('server_version_num')::int4 >= 140000) AS divisible,
       (pg_relation_size(c.oid) / current_setting('block_size')::int8)::int8 AS blocks
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_am AS m ON m.oid = c.relam
WHERE n.nspname = {schema} AND c.relname = {name}
"""

Ask = Callable[[str], list[dict[str, Any]]]
"""Runs a query without COPY and returns its rows."""


@dataclass(frozen=True, slots=True)
class DivisibleScan:
    """A statement over `table` (quoted), as the text on either side of where the table stands."""

    table: str
    before: str
    after: str
    facts: str

    def statement(self, first: int, end: int | None) -> str:
        r"""The statement over the blocks from `first` to before `end`, or to the last there is.

        >>> DivisibleScan('"t"', "SELECT x FROM ", ' AS "t"', "").statement(8, None)
        'SELECT x FROM (SELECT * FROM "t" WHERE ctid >= \'(8,0)\'::pg_catalog.tid) AS "t"'
        """
        bounds = [f"ctid >= '({first},0)'::pg_catalog.tid"]
        if end is not None:
            bounds.append(f"ctid < '({end},0)'::pg_catalog.tid")
        return f"{self.before}(SELECT * FROM {self.table} WHERE {' AND '.join(bounds)}){self.after}"

    def statements(self, blocks: int, parts: int) -> list[str]:
        """All of the table, in ranges for so many parts. What grows beyond `blocks` is in the last.

        >>> len(DivisibleScan('"t"', "", "", "").statements(80_000, 2))
        8
        """
        count = max(1, min(parts * RANGES_PER_PART, blocks // LEAST_BLOCKS))
        edges = [blocks * number // count for number in range(count)]
        return [self.statement(*pair) for pair in zip(edges, [*edges[1:], None], strict=True)]


def find_divisible(sql: str, ask: Ask) -> DivisibleScan | None:
    """How to divide `sql`, or None where the server's plans for the whole and for a part do not both allow it."""
    plan = _only_scan(ask, sql)
    if plan.get("Node Type") != "Seq Scan" or plan.get("Parallel Aware"):
        return None
    schema, name = str(plan["Schema"]), str(plan["Relation Name"])
    table = f"{_quoted(schema)}.{_quoted(name)}"
    if sql.count(table) != 1:
        return None
    before, _, after = sql.partition(table)
    if not _ALIAS.match(after):
        after = f" AS {_quoted(name)}{after}"
    facts = _FACTS.format(schema=_literal(schema), name=_literal(name))
    if not _is_large(ask, facts):
        return None
    divisible = DivisibleScan(table, before, after, facts)
    part = _only_scan(ask, divisible.statement(1, 2))
    same = (part.get("Schema"), part.get("Relation Name")) == (schema, name)
    # Had the name stood elsewhere in the text, the part would still read the whole table.
    return divisible if same and part.get("Node Type") == "Tid Range Scan" else None


def groups_slowly(sql: str, ask: Ask) -> bool:
    """Whether the server would group very many rows of one table into many groups in one process, by its own estimates.

    Read in parts by several processes, and grouped where they arrive, they take less time (TPC-H q13: 0.6 of it on two
    processors).
    """
    group = plan_of(ask, sql)
    while group.get("Node Type") in _AROUND and len(group.get("Plans", ())) == 1:
        (group,) = group["Plans"]
    if (
        group.get("Node Type") != "Aggregate"
        or group.get("Partial Mode") != "Simple"
        or "Group Key" not in group
    ):
        return False
    (rows,) = group["Plans"]
    if rows.get("Node Type") == "Sort":
        (rows,) = rows["Plans"]
    if rows.get("Node Type") != "Seq Scan" or rows.get("Parallel Aware"):
        return False
    if rows["Plan Rows"] < MANY_ROWS or group["Plan Rows"] * ROWS_PER_GROUP < rows["Plan Rows"]:
        return False
    names = {"schema": _literal(str(rows["Schema"])), "name": _literal(str(rows["Relation Name"]))}
    return rows["Plan Width"] <= WIDEST and _is_large(ask, _FACTS.format(**names))


_AROUND = frozenset({"Subquery Scan", "Sort", "Limit", "Result", "Unique"})


def _is_large(ask: Ask, facts: str) -> bool:
    """Whether a table can be read in parts, and is worth it."""
    (found,) = ask(facts)
    return bool(found["divisible"]) and found["blocks"] >= 2 * LEAST_BLOCKS


def plan_of(ask: Ask, sql: str) -> dict[str, Any]:
    """The server's plan for one SELECT, which is not run; its nodes as `EXPLAIN (VERBOSE, FORMAT JSON)` has them."""
    (row,) = ask(f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}")
    (found,) = row.values()
    # The drivers differ in whether they read JSON.
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan


def _only_scan(ask: Ask, sql: str) -> dict[str, Any]:
    """The plan's one node, below projections and filters that the server keeps apart; empty if there are others."""
    plan = plan_of(ask, sql)
    while plan.get("Node Type") == "Subquery Scan" and len(plan.get("Plans", ())) == 1:
        (plan,) = plan["Plans"]
    return {} if "Plans" in plan else plan


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
