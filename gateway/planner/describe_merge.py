"""Says what the merge does, operation by operation, and of each why it was left to the merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from gateway.planner.aggregate_block import function_name
from gateway.planner.block_aggregates import call_at
from gateway.planner.describe_query import KEYS, Block, QueryReader, Side, departments_text, is_grouped
from gateway.planner.members import FEDERATED, arms_of, is_member_union, union_name, what_meets
from gateway.planner.operations import Kind, Operation, Step
from gateway.planner.words import Rename, listed
from sql.allowed_functions import is_aggregate_call
from sql.lexical import DIALECT
from sql.scopes import block_sources, free_aliases, nested_queries, source_alias


@dataclass(frozen=True, slots=True)
class Part:
    """A fragment as the merge knows it: whose it is, and its text."""

    department: str
    sql: str


def describe_merge(residual: exp.Query, original: exp.Query, parts: Mapping[str, Part]) -> Operation:
    """The operations of the residual, down to the fragments it reads. `original` is the resolved question.

    Every operation over several departments, and everything above it, says why it is done at the merge.
    """
    return _MergeReader(original, parts).read(residual)


def describe_fragment(sql: str) -> Operation:
    """The operations of a fragment, down to the published tables it reads."""
    query = DIALECT.parse(sql)[0] or exp.Select()
    alone = sum(table.db not in {"", KEYS} for table in query.find_all(exp.Table)) == 1
    return _FragmentReader(alone=alone).read(query)


class _FragmentReader(QueryReader):
    def __init__(self, *, alone: bool) -> None:
        super().__init__()
        self._alone = alone

    def table(self, table: exp.Table) -> Operation:
        if table.db == KEYS:
            return Operation("values", table.name)
        name = f"{table.db}.{table.name}" if table.db else table.name
        alias = "" if self._alone else table.alias
        shown = name if alias in {"", table.name, table.db} else f"{name} AS {alias}"
        return Operation("scan", shown, departments=(table.db,) if table.db else ())


class _MergeReader(QueryReader):
    def __init__(self, original: exp.Query, parts: Mapping[str, Part]) -> None:
        super().__init__(original)
        self._parts = parts
        self._trees: dict[str, exp.Expr | None] = {}
        self._aliases = {
            source_alias(source)
            for select in original.find_all(exp.Select)
            for source, _ in block_sources(select)
        }

    def table(self, table: exp.Table) -> Operation:
        part = self._parts.get(table.name)
        if part is None:
            return Operation("values", table.name)
        return Operation("fragment", table.name, fragment=table.name, departments=(part.department,))

    # --- the question's words --------------------------------------------------------------------

    def rename(self, block: Block) -> Rename | None:
        def known(column: exp.Column) -> exp.Expr | None:
            # A scan is called by its fragment's name; anything else has a name of the question.
            side = block.sides.get(column.table)
            source = side.source if side is not None else None
            name = source.name if isinstance(source, exp.Table) else column.table
            scanned = column.table.startswith("fragment_") and name in self._parts
            return self._output(name, column.name) if scanned else None

        return known

    def _output(self, fragment: str, name: str) -> exp.Expr | None:
        """What a fragment selects under a name."""
        query = self._tree(fragment)
        value = _selected(query, name)
        # What the planner put around tables of the question is none of its FROM items.
        while isinstance(value, exp.Column) and value.table not in self._aliases:
            inside = query.find_all(exp.Subquery) if query is not None else ()
            source = next((each for each in inside if each.alias == value.table), None)
            below = _selected(source.this, value.name) if source is not None else None
            if below is None:
                break
            value = below
        return value

    def _tree(self, fragment: str) -> exp.Expr | None:
        if fragment not in self._trees:
            self._trees[fragment] = DIALECT.parse(self._parts[fragment].sql)[0]
        return self._trees[fragment]

    # --- why it stayed ---------------------------------------------------------------------------

    def why(self, kind: Kind, block: Block, part: exp.Expr | None) -> tuple[str, Step]:
        match kind:
            case "join":
                assert isinstance(part, exp.Join)
                return self._why_join(block, part), ""
            case "filter":
                assert part is not None
                return self._why_condition(block, part), ""
            case "subquery":
                assert part is not None
                return self._why_subquery(block, part), ""
            case "aggregate":
                return self._why_aggregate(block)
            case "sort" | "limit":
                return self._why_sort(block, limited=block.select.args.get("limit") is not None), ""
            case _:
                return self._above(block), ""

    def why_set(self, operands: tuple[Operation, ...]) -> str:
        departments = tuple(dict.fromkeys(name for each in operands for name in each.departments))
        if len(departments) > 1:
            return f"its parts lie in {departments_text(departments)}"
        return "one of its parts is made here"

    def _why_join(self, block: Block, join: exp.Join) -> str:
        *before, right = block.sides.values()
        spread = [side for side in block.sides.values() if _members(side) is not None]
        if len(spread) > 1 and _members(right) is not None:
            return "both tables are spread over members, and no condition equates their member columns"
        departments = {name for side in before for name in side.departments}
        if departments | set(right.departments) != departments or departments != set(right.departments):
            return f"one side lies with {_labels(before)}, the other with {_label(right)}"
        if any(j.side in {"RIGHT", "FULL"} for j in block.select.args.get("joins") or ()):
            return "a RIGHT or FULL JOIN in the same block keeps its tables apart"
        if any(side.operation.kind not in {"fragment", "members"} for side in block.sides.values()):
            return "one of its sides is made here"
        if len(departments) > 1:
            return f"both sides lie in {departments_text(right.departments)}"
        if join.args.get("on") is None or join.kind == "CROSS":
            return "no equality connects its sides, so their product would leave the department"
        return "it hangs on a row that is made here"

    def _why_condition(self, block: Block, condition: exp.Expr) -> str:
        if block.select.args.get("having") is not None and condition.find_ancestor(exp.Having):
            return self._above(block, "over whole groups, which are put together here")
        if condition.find_ancestor(exp.Qualify):
            return "over windows, which are computed here"
        inner = _departments_inside(condition, self._parts)
        names = free_aliases(condition)
        outer = names - block.sides.keys()
        sides = [block.sides[name] for name in sorted(names & block.sides.keys())]
        own = tuple(dict.fromkeys(name for side in sides for name in side.departments))
        if inner - set(own):
            about = f" about rows of {_labels(sides)}" if own else ""
            return f"asks {departments_text(tuple(sorted(inner)))}{about}"
        if outer:
            return "compares with a row of the query around it"
        if not names:
            return "reads no table"
        if len(sides) > 1:
            same = len({_label(side) for side in sides}) == 1
            return (
                "compares two tables that are joined here" if same else f"compares rows of {_labels(sides)}"
            )
        if sides and sides[0].optional:
            return "decides after an outer join, which fills missing rows with NULL"
        if any(j.side in {"RIGHT", "FULL"} for j in block.select.args.get("joins") or ()):
            return "stands above a RIGHT or FULL JOIN"
        if sides and _members(sides[0]) is not None:
            return f"decides on {_what(sides[0])}"
        if sides and sides[0].operation.kind == "fragment":
            name = next(iter(names & block.sides.keys()))
            return f"decides on {name}, which {departments_text(own)} answers as a whole"
        return "decides on what is made here"

    def _why_subquery(self, block: Block, nested: exp.Expr) -> str:
        inner = _departments_inside(nested, self._parts)
        own = _labels(block.sides.values())
        if free_aliases(nested):
            return f"asks {departments_text(tuple(sorted(inner)))} for each row of {own}"
        return f"its answer comes from {departments_text(tuple(sorted(inner)))}, for rows of {own}"

    def _why_aggregate(self, block: Block) -> tuple[str, Step]:
        union = _union_of(block)
        if union is None:
            return self._meeting(block), ""
        meeting, reason = what_meets(union)
        members = _label_union(union)
        if meeting == "groups":
            kinds = self._partials(union)
            shown = f"partials ({', '.join(kinds)})" if kinds else "groups"
            below = f"; {reason}: aggregated below the join" if reason else ""
            return f"final, {shown} come from {members}{below}", "final"
        if meeting == "rows" and reason:
            return f"{reason}, so rows of {members} meet here", ""
        return self._meeting(block), ""

    def _partials(self, union: exp.Expr) -> list[str]:
        """The aggregates that members send."""
        found: dict[str, None] = {}
        first = arms_of(union)[0] if is_member_union(union) else union
        for table in first.find_all(exp.Table):
            query = self._tree(table.name) if table.name in self._parts else None
            for select in query.find_all(exp.Select) if query is not None else ():
                calls = (output.unalias() for output in select.expressions)
                found |= {
                    function_name(call): None for call in calls if is_aggregate_call(call_at(call).function)
                }
        return list(found)

    def _why_sort(self, block: Block, *, limited: bool) -> str:
        union = _union_of(block)
        if union is not None and what_meets(union)[0] == "first rows":
            if block.select.args.get("order") is None:
                return f"no more rows of {_label_union(union)} come than these; the cut is here"
            last = "the last sort is here"
            return f"the first rows of {_label_union(union)} come sorted; {last}" if limited else last
        return self._above(block)

    def _above(self, block: Block, otherwise: str = "") -> str:
        """Why an operation over all rows of a block is done where they meet."""
        if is_grouped(block.select):
            return otherwise or "over groups that are made here"
        return self._meeting(block)

    def _meeting(self, block: Block) -> str:
        union = _union_of(block)
        if union is not None and len(block.sides) == 1:
            return f"over {_what_union(union)}, which meet here"
        if len(block.departments) > 1:
            return f"over rows of {_labels(block.sides.values())}, which meet here"
        return "over rows that are made here"


def _selected(query: exp.Expr | None, name: str) -> exp.Expr | None:
    """What a query selects under a name."""
    outputs = query.selects if isinstance(query, exp.Query) else []
    return next((output.unalias() for output in outputs if output.alias_or_name == name), None)


def _union_of(block: Block) -> exp.Expr | None:
    """The federated table of a block that reads one, or what stands for that of one member."""
    unions = [source for source, _ in block_sources(block.select) if source.meta.get(FEDERATED)]
    return unions[0] if len(unions) == 1 else None


def _members(side: Side) -> exp.Subquery | None:
    return side.source if is_member_union(side.source) and len(arms_of(side.source)) > 1 else None


def _label(side: Side) -> str:
    return _labels((side,))


def _labels(sides: Iterable[Side]) -> str:
    """Whose rows FROM items hold: federated tables' members, and departments."""
    labels: dict[str, None] = {}
    stack = [side.operation for side in sides][::-1]
    walked: set[int] = set()
    while stack:
        operation = stack.pop()
        if id(operation) in walked:
            continue
        walked.add(id(operation))
        if operation.kind == "members":
            labels[f"the {len(operation.departments)} members of {operation.text}"] = None
        elif operation.inputs:
            stack += reversed(operation.inputs)
        else:
            labels |= dict.fromkeys(operation.departments)
    return _few(labels)


def _few(labels: Mapping[str, None]) -> str:
    names = list(labels)
    return listed(names) if len(names) <= 4 else f"{names[0]} and {len(names) - 1} more"


def _label_union(union: exp.Expr) -> str:
    number = len(arms_of(union)) if is_member_union(union) else 1
    return f"the {number} members of {union_name(union)}" if number > 1 else union_name(union)


def _what(side: Side) -> str:
    union = _members(side)
    return _what_union(union) if union is not None else f"rows of {departments_text(side.departments)}"


def _what_union(union: exp.Expr) -> str:
    meeting, _ = what_meets(union)
    return f"{meeting} of {_label_union(union)}"


def _departments_inside(node: exp.Expr, parts: Mapping[str, Part]) -> set[str]:
    """The departments that the queries inside an expression read."""
    return {
        parts[table.name].department
        for nested in nested_queries(node)
        for table in nested.find_all(exp.Table)
        if table.name in parts
    }
