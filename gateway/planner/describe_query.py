"""Reads a query as a tree of operations. What runs is the query; this only says what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from gateway.planner.block_aggregates import block_calls
from gateway.planner.members import arms_of, is_member_union, union_name
from gateway.planner.operations import Kind, Operation, Step, departments_of
from gateway.planner.words import Rename, clipped, in_words, listed
from sql.scopes import (
    BLOCK,
    block_sources,
    free_aliases,
    is_cte_reference,
    nested_queries,
    source_alias,
    split_conjuncts,
)

KEYS = "_keys"
"""The name under which a fragment reads key sets."""


@dataclass(frozen=True, slots=True)
class Side:
    """A FROM item as it was read. `optional` says that a join may fill it with NULLs."""

    operation: Operation
    source: exp.Expr
    optional: bool = False

    @property
    def departments(self) -> tuple[str, ...]:
        return self.operation.departments


@dataclass(frozen=True, slots=True)
class Block:
    """One block while it is read: its FROM items by alias, and what it was in the question."""

    select: exp.Select
    words: exp.Select
    sides: Mapping[str, Side]

    @property
    def qualified(self) -> bool:
        return len(block_sources(self.words)) > 1

    @property
    def departments(self) -> tuple[str, ...]:
        return departments_of(tuple(side.operation for side in self.sides.values()))


class QueryReader:
    """Reads any query. A subclass says what its tables are, and why its operations stand where they do."""

    def __init__(self, original: exp.Query | None = None) -> None:
        blocks = original.find_all(exp.Select) if original is not None else ()
        self._words = {select.meta[BLOCK]: select for select in blocks if BLOCK in select.meta}
        self._withs: dict[str, Operation] = {}
        self._named: list[tuple[str, Operation]] = []

    # --- what a subclass says --------------------------------------------------------------------

    def table(self, table: exp.Table) -> Operation:
        """What a FROM item that is no WITH name stands for."""
        raise NotImplementedError

    def rename(self, block: Block) -> Rename | None:  # noqa: ARG002 - for subclasses
        """What columns of the block were in the question."""
        return None

    def why(self, kind: Kind, block: Block, part: exp.Expr | None) -> tuple[str, Step]:  # noqa: ARG002 - for subclasses
        """Why an operation of a block is done here; `part` is a condition, or the join."""
        return "", ""

    def why_set(self, operands: tuple[Operation, ...]) -> str:  # noqa: ARG002 - for subclasses
        return ""

    # --- queries ---------------------------------------------------------------------------------

    def read(self, query: exp.Expr) -> Operation:
        """The operations of a whole query, those of a WITH name that is read several times once."""
        operation = self.query(query)
        return operation.written_once({id(each): name for name, each in self._named})

    def query(self, query: exp.Expr) -> Operation:
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            self._withs[cte.alias] = self.query(cte.this)
            self._named.append((cte.alias, self._withs[cte.alias]))
        if isinstance(query, exp.Select):
            return self._block(query)
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query)
        if isinstance(query, exp.Subquery):
            return self._tail(query, self.query(query.this), None)
        return Operation("values", "VALUES")

    def _set_operation(self, query: exp.SetOperation) -> Operation:
        operands: list[Operation] = []
        stack: list[exp.Expr] = [query.expression, query.this]
        while stack:
            node = stack.pop()
            inner = node.this if isinstance(node, exp.Subquery) and not node.args.get("order") else node
            same = type(inner) is type(query) and not isinstance(query, exp.Except)
            if same and inner.args.get("distinct") == query.args.get("distinct") and _is_bare(inner):
                stack += [inner.expression, inner.this]
            else:
                operands.append(self.query(node))
        name = query.key.upper() + ("" if query.args.get("distinct") else " ALL")
        found = tuple(operands)
        operation = Operation("set", name, self.why_set(found)).over(*found)
        return self._tail(query, operation, None)

    def _block(self, select: exp.Select) -> Operation:
        words = self._words.get(select.meta.get(BLOCK), select)
        sides: dict[str, Side] = {}
        where = select.args.get("where")
        pool = split_conjuncts(where.this if where is not None else None)
        current: Operation | None = None
        for source, join in block_sources(select):
            side = Side(self._source(source), source, optional=join is not None and join.side in _FILLS_RIGHT)
            if join is not None and join.side in _FILLS_LEFT:
                sides = {name: Side(s.operation, s.source, optional=True) for name, s in sides.items()}
            sides[source_alias(source)] = side
            block = Block(select, words, sides)
            if current is None or join is None:
                current = side.operation
            else:
                linking = _linking(pool, source_alias(source), set(sides)) if _is_inner(join) else []
                pool = [c for c in pool if not any(c is taken for taken in linking)]
                current = self._join(join, linking, block, current, side.operation)
        block = Block(select, words, sides)
        if current is None:
            current = Operation("values", "one row")
        current = self._conditions("filter", "", pool, block, current)
        current = self._aggregate(block, current)
        qualify = select.args.get("qualify")
        current = self._having(block, current)
        current = self._windows(block, current)
        if qualify is not None:
            current = self._conditions("filter", "QUALIFY ", split_conjuncts(qualify.this), block, current)
        current = self._outputs(block, current)
        return self._tail(select, current, block)

    def _source(self, source: exp.Expr) -> Operation:
        if is_member_union(source):
            arms = tuple(self.query(arm) for arm in arms_of(source))
            if len(arms) == 1:
                return arms[0]
            return Operation("members", union_name(source)).over(*arms)
        if isinstance(source, exp.Table):
            known = self._withs.get(source.name) if is_cte_reference(source) else None
            return known if known is not None else self.table(source)
        inner = source.this
        if isinstance(source, exp.Subquery):
            return self.query(source)
        if isinstance(source, exp.Lateral) and isinstance(inner, exp.Subquery):
            return self.query(inner.this)
        return Operation("values", clipped(in_words(source)))

    def _join(
        self, join: exp.Join, linking: list[exp.Expr], block: Block, left: Operation, right: Operation
    ) -> Operation:
        on = [*split_conjuncts(join.args.get("on")), *linking]
        on = [c for c in on if not (isinstance(c, exp.Boolean) and c.this)]
        name = " ".join(part for part in (join.method, join.side, join.kind, "JOIN") if part)
        if on and join.kind in {"CROSS", "INNER"}:
            name = "JOIN"
        elif not on and _is_inner(join):
            name = "CROSS JOIN"
        rename = self.rename(block)
        text = f"{name} ON {' AND '.join(in_words(c, rename) for c in on)}" if on else name
        why, _ = self.why("join", block, join)
        below = [nested for c in on for nested in self._nested(c)]
        return Operation("join", clipped(text), why).over(left, right, *below)

    def _conditions(
        self, kind: Kind, before: str, conjuncts: list[exp.Expr], block: Block, below: Operation
    ) -> Operation:
        """One operation for the conjuncts that stay for the same reason."""
        reasons: dict[str, list[exp.Expr]] = {}
        for conjunct in conjuncts:
            reasons.setdefault(self.why(kind, block, conjunct)[0], []).append(conjunct)
        rename = self.rename(block)
        for why, parts in reasons.items():
            plain = not block.qualified and all(free_aliases(part) <= block.sides.keys() for part in parts)
            shown = [part.unnest() for part in parts] if len(parts) == 1 else parts
            words = [in_words(part, rename, qualified=not plain) for part in shown]
            text = before or "WHERE "
            nested = [inner for part in parts for inner in self._nested(part)]
            below = Operation(kind, clipped(text + " AND ".join(words)), why).over(below, *nested)
        return below

    def _having(self, block: Block, below: Operation) -> Operation:
        """HAVING in the question's words, which partial results have changed."""
        having, words = block.select.args.get("having"), block.words.args.get("having")
        if having is None:
            return below
        conjuncts = split_conjuncts(having.this)
        said = split_conjuncts(words.this) if words is not None else []
        if block.words is block.select or len(said) != len(conjuncts):
            return self._conditions("filter", "HAVING ", conjuncts, block, below)
        nested = [inner for part in conjuncts for inner in self._nested(part)]
        text = " AND ".join(in_words(part, qualified=block.qualified) for part in said)
        why, _ = self.why("filter", block, conjuncts[0])
        return Operation("filter", clipped(f"HAVING {text}"), why).over(below, *nested)

    def _aggregate(self, block: Block, below: Operation) -> Operation:
        if not is_grouped(block.select):
            return below
        why, step = self.why("aggregate", block, None)
        return Operation("aggregate", self._grouping(block), why, step).over(below)

    def _grouping(self, block: Block) -> str:
        words = block.words
        group = words.args.get("group")
        text = ""
        if group is not None:
            shown = group.copy()
            for key in list(shown.expressions):
                if isinstance(key, exp.Literal) and key.is_int:
                    key.replace(words.expressions[int(key.this) - 1].unalias().copy())
            text = in_words(shown, qualified=block.qualified)
        calls = dict.fromkeys(in_words(c.node, qualified=block.qualified) for c in block_calls(words))
        return clipped(" · ".join(part for part in (text, ", ".join(calls)) if part))

    def _windows(self, block: Block, below: Operation) -> Operation:
        if not _window_texts(block.select, qualified=True):
            return below
        texts = _window_texts(block.words, qualified=block.qualified)
        why, _ = self.why("window", block, None)
        return Operation("window", clipped(", ".join(texts)), why).over(below)

    def _outputs(self, block: Block, below: Operation) -> Operation:
        """The outputs that ask for something else than columns, and DISTINCT."""
        select, words = block.select, block.words
        rename = self.rename(block)
        asking = [output for output in select.expressions if nested_queries(output)]
        for output in asking:
            why, _ = self.why("subquery", block, output)
            nested = self._nested(output)
            text = in_words(output, rename, qualified=block.qualified)
            below = Operation("project", f"SELECT {text}", why).over(below, *nested)
        # What is no block of the question only puts values into their types.
        plain = bool(asking or is_grouped(select) or (self._words and words is select))
        computed = [] if plain else [o for o in words.expressions if _computes(o)]
        if computed and any(_computes(output) for output in select.expressions):
            texts = [in_words(output.unalias(), qualified=block.qualified) for output in computed]
            why, _ = self.why("project", block, None)
            below = Operation("project", clipped(f"SELECT {', '.join(texts)}"), why).over(below)
        distinct = select.args.get("distinct")
        if distinct is not None:
            on = words.args["distinct"].args.get("on") if words.args.get("distinct") is not None else None
            text = f"DISTINCT ON {in_words(on, qualified=block.qualified)}" if on is not None else "DISTINCT"
            below = Operation("distinct", text, self.why("distinct", block, None)[0]).over(below)
        return below

    def _tail(self, query: exp.Expr, below: Operation, block: Block | None) -> Operation:
        """ORDER BY, LIMIT and OFFSET."""
        words: exp.Expr = block.words if block is not None else query
        order, limit, offset = (query.args.get(part) for part in ("order", "limit", "offset"))
        if order is None and limit is None and offset is None:
            return below
        parts = []
        if order is not None:
            parts.append(
                f"ORDER BY {', '.join(_sort_keys(words if words.args.get('order') else query, block))}"
            )
        for part in (limit, offset):
            if part is not None:
                parts.append(in_words(part))
        kind: Kind = "sort" if order is not None else "limit"
        if block is None:
            why = f"over the result of {below.text}" if below.why else ""
        else:
            why, _ = self.why(kind, block, None)
        return Operation(kind, clipped(" ".join(parts)), why).over(below)

    def _nested(self, expression: exp.Expr) -> Iterator[Operation]:
        """The queries inside an expression, as inputs of what it belongs to."""
        for nested in nested_queries(expression):
            inner = nested.this if isinstance(nested, exp.Subquery) else nested
            if any(table.db == KEYS for table in inner.find_all(exp.Table)):
                continue
            kind = nested.parent
            name = (
                "EXISTS" if isinstance(kind, exp.Exists) else "IN" if isinstance(kind, exp.In) else "scalar"
            )
            correlated = "correlated " if free_aliases(inner) else ""
            yield Operation("subquery", f"{correlated}{name} subquery").over(self.query(inner))


_FILLS_RIGHT = frozenset({"LEFT", "FULL"})
_FILLS_LEFT = frozenset({"RIGHT", "FULL"})


def is_grouped(select: exp.Select) -> bool:
    return select.args.get("group") is not None or bool(block_calls(select))


def _computes(output: exp.Expr) -> bool:
    value = output.unalias()
    return not isinstance(value, (exp.Column, exp.Literal)) and value.find(exp.Window) is None


def _is_inner(join: exp.Join) -> bool:
    return not join.side and join.kind in {"", "INNER", "CROSS"} and not join.args.get("using")


def _is_bare(query: exp.Expr) -> bool:
    return not any(query.args.get(part) for part in ("order", "limit", "offset", "with_"))


def _linking(pool: list[exp.Expr], alias: str, known: set[str]) -> list[exp.Expr]:
    """The conditions that connect a FROM item with those before it."""
    found = []
    for conjunct in pool:
        names = free_aliases(conjunct)
        if alias in names and len(names) > 1 and names <= known and conjunct.find(exp.Query) is None:
            found.append(conjunct)
    return found


def _window_texts(select: exp.Select, *, qualified: bool) -> list[str]:
    places = [*select.expressions, select.args.get("qualify"), select.args.get("order")]
    found: dict[str, None] = {}
    for place in places:
        for window in place.find_all(exp.Window) if place is not None else ():
            if window.find_ancestor(exp.Select) is select:
                found[in_words(window, qualified=qualified)] = None
    return list(found)


def _sort_keys(query: exp.Expr, block: Block | None) -> Iterator[str]:
    """The keys of ORDER BY, those that are outputs by their names."""
    qualified = block is None or block.qualified
    outputs: list[exp.Expr] = list(query.selects) if isinstance(query, exp.Query) else []
    for ordered in query.args["order"].expressions:
        key, name = ordered.this, ""
        if isinstance(key, exp.Literal) and key.is_int and int(key.this) <= len(outputs):
            name = outputs[int(key.this) - 1].alias_or_name
        elif not isinstance(key, exp.Column):
            name = next((output.alias for output in outputs if output.unalias() == key), "")
        shown = in_words(exp.column(name, quoted=True) if name else key, qualified=qualified)
        yield shown + (" DESC" if ordered.args.get("desc") else "")


def departments_text(departments: tuple[str, ...]) -> str:
    """Departments by name, or how many they are.

    >>> departments_text(("health", "tax")), departments_text(tuple("abcdef"))
    ('health and tax', '6 departments')
    """
    return listed(departments) if len(departments) <= 4 else f"{len(departments)} departments"
