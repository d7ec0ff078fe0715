"""Queries: what each block takes from its FROM, and what it lets out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from sqlglot import exp

from sql.catalog import Origin
from sql.keys import KeyColumn
from sql.scopes import block_sources, is_cte_reference, source_alias
from sql.uses.comparisons import note_equality
from sql.uses.expressions import Expressions, Keys
from sql.uses.families import Kind, comparable, kind_of_value, wider
from sql.uses.forms import NotUnderstoodError
from sql.uses.values import Gathered, Part, Taint, Value, either, in_order

_SETS = (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple)


@dataclass(slots=True)
class Outputs:
    """What a query returns. Its own rows' columns are owned by nobody until a FROM takes them.

    `parts` are, for each column, the places in the text that it is made of; `decided` are the columns that
    decided which rows there are and in which order.
    """

    names: list[str]
    values: list[Value]
    parts: list[list[Part]]
    kinds: list[Kind | None]
    decided: frozenset[Origin] = frozenset()
    places: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = {name: place for place, name in enumerate(self.names)}


@dataclass(slots=True)
class _Source:
    """A FROM item of a block: a published table, or what a query returns."""

    block: int
    table: tuple[str, str] | None
    outputs: Outputs | None
    values: dict[str, Value] = field(default_factory=dict)

    def column(self, name: str) -> Value:
        value = self.values.get(name)
        if value is None:
            value = self.values[name] = self._find(name)
        return value

    def _find(self, name: str) -> Value:
        if self.table is not None:
            return Value(frozenset({Taint((*self.table, name), self.block)}))
        assert self.outputs is not None
        place = self.outputs.places.get(name)
        if place is None:
            raise NotUnderstoodError
        return self.outputs.values[place].owned(None, self.block)


class Blocks(Expressions):
    """Reads a whole question. Aliases are unique in a resolved tree, so one table of them is enough."""

    def __init__(self, keys: Mapping[str, KeyColumn]) -> None:
        super().__init__(keys)
        self._blocks = 0
        self._sources: dict[str, _Source] = {}
        self._ctes: dict[str, Outputs] = {}

    def nested(self, query: exp.Query) -> Outputs:
        return self.query(query)

    def column(self, node: exp.Column) -> Value:
        source = self._sources.get(node.table)
        if source is None:
            raise NotUnderstoodError
        return source.column(node.name)

    # --- queries -----------------------------------------------------------------------------------

    def query(self, query: exp.Query) -> Outputs:
        if isinstance(query, exp.SetOperation):
            return self._set_operations(query)
        self._with(query)
        if isinstance(query, exp.Select):
            return self._select(query)
        if not isinstance(query, exp.Subquery) or query.args.get("joins"):
            raise NotUnderstoodError
        outputs = self.query(query.this)
        self._order_outputs(query, outputs)
        return outputs

    def _with(self, query: exp.Query) -> None:
        clause = query.args.get("with_")
        if clause is None:
            return
        for cte in clause.expressions:
            if clause.args.get("recursive") or cte.args["alias"].columns:
                raise NotUnderstoodError
            self._ctes[cte.alias] = self.query(cte.this)

    # --- one block ---------------------------------------------------------------------------------

    def _select(self, select: exp.Select) -> Outputs:
        outside, frames = self.block, self.frames
        self._blocks += 1
        self.block = self._blocks
        decided: set[Origin] = set()
        for source, join in block_sources(select):
            decided |= self._take_source(source)
            if join is not None:
                decided |= self._decide(join.args.get("on"))
        decided |= self._decide_clause(select, "where")
        keys = Keys(self.block)
        for key in _group_keys(select):
            gathered = self.expression(key)
            self.note_all(gathered, "group", "groups by it")
            decided |= gathered.origins()
            keys.add(key, gathered.value().released(self.block))
        if keys.columns or keys.expressions:
            self.set_frames([*frames, keys])
        decided |= self._decide_clause(select, "having")
        outputs = self._outputs(select)
        decided |= self._decide_clause(select, "qualify")
        decided |= self._distinct(select, outputs, keys)
        if keys.columns or keys.expressions:
            self.set_frames([*frames, keys])
        decided |= self._order(select, outputs)
        outputs.values = [value.owned(self.block, None) for value in outputs.values]
        outputs.decided = frozenset(decided)
        self.block = outside
        if self.frames is not frames:
            self.set_frames(frames)
        return outputs

    def _take_source(self, source: exp.Expr) -> frozenset[Origin]:
        alias = source_alias(source)
        if not alias:
            raise NotUnderstoodError
        if isinstance(source, exp.Table) and not is_cte_reference(source):
            self._sources[alias] = _Source(self.block, (source.db, source.name), None)
            return frozenset()
        outputs = self._outputs_of(source)
        self._sources[alias] = _Source(self.block, None, outputs)
        return outputs.decided

    def _outputs_of(self, source: exp.Expr) -> Outputs:
        if isinstance(source, exp.Values):
            return self._values(source)
        alias = source.args.get("alias")
        if alias is not None and alias.columns:
            raise NotUnderstoodError
        if isinstance(source, exp.Table):
            outputs = self._ctes.get(source.name)
            if outputs is None:
                raise NotUnderstoodError
            return outputs
        if isinstance(source, exp.Lateral):
            source = source.this
        if not isinstance(source, exp.Subquery):
            raise NotUnderstoodError
        return self.query(source)

    def _values(self, source: exp.Values) -> Outputs:
        names = [column.name for column in source.args["alias"].columns]
        rows = [row.expressions for row in source.expressions]
        if any(len(row) != len(names) for row in rows):
            raise NotUnderstoodError
        values, parts, kinds = [], [], []
        for place in range(len(names)):
            cells = [self.expression(row[place]) for row in rows]
            values.append(either(cell.value() for cell in cells))
            parts.append([part for cell in cells for part in cell.parts])
            kinds.append(wider(kind_of_value(row[place]) for row in rows))
        return Outputs(names, values, parts, kinds)

    def _decide_clause(self, select: exp.Select, clause: str) -> frozenset[Origin]:
        node = select.args.get(clause)
        return self._decide(node.this) if node is not None else frozenset()

    def _decide(self, condition: exp.Expr | None) -> frozenset[Origin]:
        if condition is None:
            return frozenset()
        return frozenset().union(*(gathered.origins() for gathered in self.conditions(condition)))

    def _outputs(self, select: exp.Select) -> Outputs:
        names, values, parts, kinds = [], [], [], []
        for output in select.expressions:
            gathered = self.expression(output.unalias())
            names.append(output.alias_or_name)
            values.append(gathered.value())
            parts.append(gathered.parts)
            kinds.append(kind_of_value(output.unalias()))
        return Outputs(names, values, parts, kinds)

    def _distinct(self, select: exp.Select, outputs: Outputs, keys: Keys) -> frozenset[Origin]:
        distinct = select.args.get("distinct")
        if distinct is None:
            return frozenset()
        on = distinct.args.get("on")
        if on is None:
            return self._distinct_outputs(select, outputs, keys)
        decided: set[Origin] = set()
        for item in on.expressions if isinstance(on, exp.Tuple) else [on]:
            key = _output_at(select, int(item.this)) if isinstance(item, exp.Literal) else item
            gathered = self.expression(key)
            self.note_all(gathered, "group", "keeps one row for each of it")
            decided |= gathered.origins()
            keys.add(key, gathered.value().released(self.block))
            for place, output in enumerate(select.expressions):
                if output.unalias() == key:
                    outputs.values[place] = outputs.values[place].released(self.block)
        return frozenset(decided)

    def _distinct_outputs(self, select: exp.Select, outputs: Outputs, keys: Keys) -> frozenset[Origin]:
        decided: set[Origin] = set()
        for place, output in enumerate(select.expressions):
            value = outputs.values[place]
            decided |= value.origins
            self._note_repeated(outputs, place)
            outputs.values[place] = value.released(self.block)
            keys.add(output.unalias(), outputs.values[place])
        return frozenset(decided)

    def _note_repeated(self, outputs: Outputs, place: int) -> None:
        for taint in sorted(_taints(outputs.values[place]), key=in_order):
            node = outputs_node(outputs, place, taint.origin)
            self.notes.add([taint], "group", "removes repeated rows by it", node)

    def _order(self, select: exp.Select, outputs: Outputs) -> frozenset[Origin]:
        order = select.args.get("order")
        how = _order_words(select)
        decided: set[Origin] = set()
        for ordered in order.expressions if order is not None else ():
            key = ordered.this
            if isinstance(key, exp.Literal):
                place = int(key.this) - 1
                decided |= self._order_by_output(outputs, place, how)
                continue
            gathered = self.expression(key)
            self.note_all(gathered, "order", how)
            decided |= gathered.origins()
        return frozenset(decided)

    def _order_by_output(self, outputs: Outputs, place: int, how: str) -> frozenset[Origin]:
        value = outputs.values[place]
        for taint in sorted((*value.taints, *value.conditions), key=in_order):
            self.notes.add([taint], "order", how, outputs_node(outputs, place, taint.origin))
        return value.origins

    def _order_outputs(self, query: exp.Query, outputs: Outputs) -> None:
        """ORDER BY after a set operation, or after parentheses: positions only."""
        order = query.args.get("order")
        for ordered in order.expressions if order is not None else ():
            if not (isinstance(ordered.this, exp.Literal) and ordered.this.is_int):
                raise NotUnderstoodError
            place = int(ordered.this.this) - 1
            outputs.decided |= self._order_by_output(outputs, place, _order_words(query))

    # --- set operations ----------------------------------------------------------------------------

    def _set_operations(self, query: exp.SetOperation) -> Outputs:
        """A chain of set operations from the innermost left side outwards, without recursion."""
        chain: list[exp.SetOperation] = []
        node: exp.Query = query
        while isinstance(node, exp.SetOperation):
            self._with(node)
            chain.append(node)
            node = cast("exp.Query", node.this)
        outputs = self.query(node)
        for operation in reversed(chain):
            outputs = self._set_operation(operation, outputs, self.query(operation.expression))
            self._order_outputs(operation, outputs)
        return outputs

    def _set_operation(self, operation: exp.SetOperation, left: Outputs, right: Outputs) -> Outputs:
        if len(left.values) != len(right.values):
            raise NotUnderstoodError
        union = isinstance(operation, exp.Union)
        if not union and not isinstance(operation, (exp.Intersect, exp.Except)):
            raise NotUnderstoodError
        parts = [[*one, *other] for one, other in zip(left.parts, right.parts, strict=True)]
        kinds = [wider(pair) for pair in zip(left.kinds, right.kinds, strict=True)]
        decided = left.decided | right.decided
        values: list[Value] = []
        for place, (one, other) in enumerate(zip(left.values, right.values, strict=True)):
            converts = not comparable([left.kinds[place], right.kinds[place]])
            self.notes.begin()
            if not union:
                note_equality(self.notes, _whole(left, place), _whole(right, place))
            self.notes.end(fails=converts, taints=(*_taints(one), *_taints(other)), node=operation)
            value = either([one, other]) if union else one
            if not union:
                value = either([value, Value(decided=other.origins)])
            values.append(value.failing() if converts else value)
        result = Outputs(left.names, values, parts, kinds, decided)
        if not union or operation.args.get("distinct"):
            for one, other in zip(left.values, right.values, strict=True):
                result.decided |= one.origins | other.origins
        if operation.args.get("distinct"):
            self._distinct_rows(left if not union else result, result)
            if not union:
                self._distinct_rows(right, result)
        return result

    def _distinct_rows(self, side: Outputs, result: Outputs) -> None:
        for place in range(len(side.values)):
            self._note_repeated(side, place)
            result.values[place] = result.values[place].released(None)


def outputs_node(outputs: Outputs, place: int, origin: Origin) -> exp.Expr:
    """The first place in the text from which a column came into an output."""
    for part in outputs.parts[place]:
        if any(t.origin == origin for t in _taints(part.value)):
            return part.node
    return outputs.parts[place][0].node


def _whole(outputs: Outputs, place: int) -> Gathered:
    parts = outputs.parts[place]
    node = parts[0].node if parts else exp.Null()
    return Gathered(node, [Part(node, outputs.values[place])], whole=True)


def _taints(value: Value) -> tuple[Taint, ...]:
    return (*value.taints, *value.conditions)


def _group_keys(select: exp.Select) -> Iterator[exp.Expr]:
    group = select.args.get("group")
    if group is None:
        return
    stack = list(group.expressions)
    while stack:
        item = stack.pop(0)
        if isinstance(item, _SETS):
            stack = list(item.expressions) + stack
        elif isinstance(item, exp.Paren):
            stack.insert(0, item.this)
        elif isinstance(item, exp.Literal):
            if item.is_int:
                yield _output_at(select, int(item.this))
        else:
            yield item


def _output_at(select: exp.Select, place: int) -> exp.Expr:
    if not 1 <= place <= len(select.expressions):
        raise NotUnderstoodError
    output: exp.Expr = select.expressions[place - 1]
    return output.unalias()


def _order_words(query: exp.Query) -> str:
    return "orders by it and keeps the first rows" if query.args.get("limit") else "orders by it"
