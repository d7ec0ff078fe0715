"""From a column of a block down to the tables whose columns it is: for its values, and for a condition on it.

Values may be followed further than a condition: a LIMIT or another block's aggregate keep a column's values among those
of the table below, and a condition that moved below them would change what they see.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlglot import exp

from sql.allowed_functions import is_aggregate_call
from sql.scopes import block_sources, defined_ctes, is_cte_reference, source_alias, walk_here


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table node, that of the query's `block`th SELECT."""

    table: exp.Table
    column: str
    block: int


class KeyColumns:
    """Follows columns in one tree, in which aliases are unique."""

    def __init__(self, tree: exp.Query) -> None:
        self.blocks: list[exp.Select] = []
        self._homes: dict[str, tuple[exp.Expr, int]] = {}
        self._ctes: dict[str, exp.CTE] = {}
        self._recursive: set[str] = set()
        self._read: Counter[str] = Counter()
        self._computed: dict[int, tuple[bool, bool]] = {}
        for node in tree.find_all(exp.Select, exp.Table, exp.CTE, exp.With):
            if isinstance(node, exp.Select):
                for source, _ in block_sources(node):
                    self._homes[source_alias(source)] = (source, len(self.blocks))
                self.blocks.append(node)
            elif isinstance(node, exp.Table):
                if is_cte_reference(node):
                    self._read[node.name] += 1
            elif isinstance(node, exp.CTE):
                self._ctes[node.alias] = node
            elif isinstance(node, exp.With) and node.args.get("recursive"):
                self._recursive |= defined_ctes(node)

    def block_of(self, alias: str) -> int | None:
        """The number of the SELECT that reads something under this alias."""
        found = self._homes.get(alias)
        return found[1] if found is not None else None

    def values(self, alias: str, column: str) -> list[TableColumn] | None:
        """The columns of tables that all values come from, NULL aside; None when that cannot be said."""
        return self._follow(alias, column, filtering=False)

    def filters(self, alias: str, column: str) -> list[TableColumn] | None:
        """The columns of tables on which a condition does what it does on this one; None when it would not.

        The condition is one that no NULL fulfils, and stays where it is, too.
        """
        return self._follow(alias, column, filtering=True)

    def output_values(self, query: exp.Expr, place: int) -> list[TableColumn] | None:
        """As `values`, for an output of a query."""
        return self._output(query, place, filtering=False)

    def output_filters(self, query: exp.Expr, place: int) -> list[TableColumn] | None:
        """As `filters`, for an output of a query."""
        return self._output(query, place, filtering=True)

    def reads_once(self, name: str) -> bool:
        """Whether the tree reads what has this name in one place only."""
        return self._read[name] == 1

    def _follow(self, alias: str, column: str, *, filtering: bool) -> list[TableColumn] | None:
        source, block = self._homes.get(alias, (None, 0))
        if isinstance(source, exp.Table):
            cte = self._ctes.get(source.name) if is_cte_reference(source) else None
            if cte is None:
                return [TableColumn(source, column, block)]
            if source.name in self._recursive or (filtering and not self.reads_once(source.name)):
                return None
            query: exp.Expr = cte.this
            named = cte.args["alias"].args.get("columns") or source.args["alias"].args.get("columns")
        elif isinstance(source, exp.Subquery):
            query, named = source.this, source.args["alias"].args.get("columns")
        else:
            return None
        if named or not isinstance(query, exp.Query):
            return None
        places = [place for place, name in enumerate(query.named_selects) if name == column]
        return self._output(query, places[0], filtering=filtering) if len(places) == 1 else None

    def _output(self, query: exp.Expr, place: int, *, filtering: bool) -> list[TableColumn] | None:
        if any(query.args.get(clause) is not None for clause in _CUTS) and filtering:
            return None
        if isinstance(query, exp.Subquery):
            return self._output(query.this, place, filtering=filtering)
        if isinstance(query, exp.Union):
            if query.args.get("by_name"):
                return None
            left = self._output(query.this, place, filtering=filtering)
            right = self._output(query.expression, place, filtering=filtering)
            return None if left is None or right is None else left + right
        if not isinstance(query, exp.Select) or place >= len(query.expressions):
            return None
        value = query.expressions[place].unalias()
        if not isinstance(value, exp.Column) or (filtering and not self._lets_through(query, value)):
            return None
        local = any(source_alias(source) == value.table for source, _ in block_sources(query))
        if filtering and not local:
            return None
        return self._follow(value.table, value.name, filtering=filtering)

    def _lets_through(self, select: exp.Select, column: exp.Column) -> bool:
        """Whether a condition on a block's output may be asked of its rows: it takes whole groups, or no rows at all."""
        distinct = select.args.get("distinct")
        if select.args.get("qualify") or (distinct is not None and distinct.args.get("on") is not None):
            return False
        if id(select) not in self._computed:
            self._computed[id(select)] = _windows_and_aggregates(select)
        windows, aggregates = self._computed[id(select)]
        group = select.args.get("group")
        if windows:
            return False
        if group is None:
            return select.args.get("having") is None and not aggregates
        if any(value for name, value in group.args.items() if name != "expressions"):
            return False
        return any(leaf == column for leaf in group.expressions)


_CUTS = ("limit", "offset", "fetch", "sample")


def _windows_and_aggregates(select: exp.Select) -> tuple[bool, bool]:
    """Whether what a block returns or is ordered by has windows, and whether it has aggregates."""
    outside = [*select.expressions, *(select.args["order"].expressions if select.args.get("order") else ())]
    nodes = [node for part in outside for node in walk_here(part)]
    return any(isinstance(node, exp.Window) for node in nodes), any(map(is_aggregate_call, nodes))
