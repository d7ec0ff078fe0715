"""What an expression is made of, and what it does with columns on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from sql.allowed_functions import is_aggregate_call
from sql.catalog import Origin
from sql.keys import KeyColumn, key_set_of
from sql.scopes import split_conjuncts
from sql.uses.comparisons import note_comparison, note_equality, note_key_set
from sql.uses.delivered import leaves_beside
from sql.uses.failing import NEVER_FAIL, can_fail
from sql.uses.forms import (
    AROUND_CALLS,
    CONDITIONS,
    EQUALITIES,
    NotUnderstoodError,
    bare_form,
    called,
    check_known,
    function_of,
    has_distance,
    is_choice,
    is_named_test,
    notes_itself,
)
from sql.uses.notes import Notes
from sql.uses.values import NOWHERE, Gathered, Part, Taint, Value, either

_COMPARING = frozenset({*CONDITIONS, exp.Nullif})
_LEAVES = frozenset({exp.Literal, exp.Null, exp.Boolean, exp.DataType, exp.Identifier, exp.Var, exp.Grouping})


class Outputs(Protocol):
    """What a query returns: its columns, and what decided which rows it has."""

    values: list[Value]
    decided: frozenset[Origin]


@dataclass(slots=True)
class Keys:
    """What a block's groups are by, and so what is let out of its rows where it stands after them."""

    block: int
    columns: dict[tuple[str, str], Value] = field(default_factory=dict)
    expressions: dict[exp.Expr, Value] = field(default_factory=dict)

    def add(self, key: exp.Expr, value: Value) -> None:
        if isinstance(key, exp.Column):
            self.columns[key.table, key.name] = value
        else:
            self.expressions[key] = value


class Expressions:
    """Reads expressions in the scope of the block at hand. Whoever extends it reads nested queries."""

    def __init__(self, keys: Mapping[str, KeyColumn]) -> None:
        self.key_sets = keys
        self.notes = Notes()
        self.block = 0
        self.frames: list[Keys] = []
        self.key_types: frozenset[type[exp.Expr]] = frozenset()

    def nested(self, query: exp.Query) -> Outputs:
        raise NotImplementedError

    def column(self, node: exp.Column) -> Value:
        raise NotImplementedError

    # --- whole expressions -------------------------------------------------------------------------

    def expression(self, root: exp.Expr) -> Gathered:
        """One expression that stands for itself: an output, a key, an argument of an aggregate."""
        self.notes.begin()
        gathered = self.gather(root)
        self._close(root, gathered)
        return gathered

    def conditions(self, condition: exp.Expr | None) -> list[Gathered]:
        """Each of the conditions that AND connects."""
        found = []
        for conjunct in split_conjuncts(condition):
            self.notes.begin()
            gathered = self.condition(conjunct)
            self._close(conjunct, gathered)
            found.append(gathered)
        return found

    def _close(self, root: exp.Expr, gathered: Gathered) -> None:
        fails = gathered.fails
        taints = [t for part in gathered.parts for t in (*part.value.taints, *part.value.conditions)]
        self.notes.end(fails=fails, taints=taints, node=root)
        if fails:
            gathered.parts = [part._replace(value=part.value.failing()) for part in gathered.parts]

    def condition(self, root: exp.Expr) -> Gathered:
        """A condition, with what its plain parts do noted; AND, OR and NOT only connect."""
        whole = Gathered(root)
        stack = [root]
        while stack:
            node = stack.pop()
            if isinstance(node, (exp.And, exp.Or, exp.Xor)):
                stack += [node.expression, node.this]
                continue
            if isinstance(node, (exp.Not, exp.Paren)):
                stack.append(node.this)
                continue
            if isinstance(node, exp.Case) and node.this is None:
                # One condition or another: each of them is a condition, and so is what it leads to.
                whole.fails = whole.fails or can_fail(node)
                stack += [part for branch in node.args["ifs"] for part in (branch.args["true"], branch.this)]
                stack += [node.args["default"]] if node.args.get("default") is not None else []
                continue
            gathered = self.gather(node)
            if not notes_itself(node):
                note_comparison(self.notes, node, [gathered])
            whole.parts += gathered.parts
            whole.fails = whole.fails or gathered.fails
        return whole

    # --- parts -------------------------------------------------------------------------------------

    def gather(self, root: exp.Expr) -> Gathered:
        """The parts of an expression. Comparisons, calls that aggregate and windows in it note their uses."""
        found = Gathered(root)
        bare = bare_form(root)
        stack: list[tuple[exp.Expr, bool]] = [(root, False)]
        while stack:
            node, deciding = stack.pop()
            kind = type(node)
            if kind in self.key_types and (key := self._key(node)) is not None:
                found.parts.append(Part(node, key, deciding))
                found.whole = found.whole or node is bare
                continue
            if isinstance(node, exp.Column):
                found.parts.append(Part(node, self.column(node), deciding))
                found.whole = found.whole or node is bare
                continue
            if kind in _LEAVES:
                continue
            if kind not in NEVER_FAIL and can_fail(node):
                found.fails = True
            if isinstance(node, exp.Query):
                found.parts.append(Part(node, self._scalar(node), deciding))
                found.whole = found.whole or node is bare
            elif isinstance(node, exp.Window):
                found.parts.append(Part(node, self.window(node), deciding))
            elif kind in AROUND_CALLS or is_aggregate_call(node):
                found.parts.append(Part(node, self.aggregate(node, found), deciding))
            elif kind is exp.Exists:
                outputs = self.nested(node.this)
                found.parts.append(Part(node, Value(opaque=True, decided=outputs.decided), deciding))
            elif kind in _COMPARING or is_named_test(node):
                self._take(found, self.comparison(node), deciding=deciding)
            elif kind is exp.Coalesce and node is bare and is_choice(node):
                values = [self._reference(column) for column in node.iter_expressions()]
                found.parts.append(Part(node, either(values), deciding))
                found.whole = True
            elif kind is exp.Case or kind is exp.If:
                self._branches(node, found, stack, deciding=deciding)
            else:
                check_known(node)
                stack += [(child, deciding) for child in node.iter_expressions(reverse=True)]
        return found

    def _reference(self, node: exp.Expr) -> Value:
        assert isinstance(node, exp.Column)
        key = self._key(node)
        return self.column(node) if key is None else key

    def _key(self, node: exp.Expr) -> Value | None:
        for keys in reversed(self.frames):
            if isinstance(node, exp.Column):
                found = keys.columns.get((node.table, node.name))
            else:
                found = keys.expressions.get(node) if keys.expressions else None
            if found is not None:
                return found
        return None

    def set_frames(self, frames: list[Keys]) -> None:
        self.frames = frames
        kinds: set[type[exp.Expr]] = {exp.Column} if any(keys.columns for keys in frames) else set()
        kinds.update(type(key) for keys in frames for key in keys.expressions)
        self.key_types = frozenset(kinds)

    def _scalar(self, query: exp.Query) -> Value:
        outputs = self.nested(query)
        if not outputs.values:
            raise NotUnderstoodError
        value = outputs.values[0].owned(None, NOWHERE)
        return _with_decided(value, outputs.decided)

    def _take(self, found: Gathered, parts: Gathered, *, deciding: bool) -> None:
        found.parts += [part._replace(condition=True) for part in parts.parts] if deciding else parts.parts
        found.fails = found.fails or parts.fails

    def _branches(
        self, node: exp.Expr, found: Gathered, stack: list[tuple[exp.Expr, bool]], *, deciding: bool
    ) -> None:
        """CASE and IF: conditions decide, branches are values."""
        branches = node.args["ifs"] if isinstance(node, exp.Case) else [node]
        operand = node.this if isinstance(node, exp.Case) else None
        sought = self.gather(operand) if operand is not None else None
        for branch in branches:
            if sought is None:
                self._take(found, self.condition(branch.this), deciding=True)
            else:
                tested = self.gather(branch.this)
                note_equality(self.notes, sought, tested)
                self._take(found, tested, deciding=True)
            stack.append((branch.args["true"], deciding))
            if (other := branch.args.get("false")) is not None:
                stack.append((other, deciding))
        if sought is not None:
            self._take(found, sought, deciding=True)
        if isinstance(node, exp.Case) and (default := node.args.get("default")) is not None:
            stack.append((default, deciding))

    # --- comparisons -------------------------------------------------------------------------------

    def comparison(self, node: exp.Expr) -> Gathered:
        """Notes what a comparison does with columns; its parts are those of both sides."""
        whole = Gathered(node)
        if isinstance(node, exp.In) and (table := key_set_of(node)) is not None:
            return self._key_set(node, table.name)
        if isinstance(node, exp.In):
            pairs = list(self._in(node))
        elif isinstance(node, (*EQUALITIES, exp.Nullif)):
            pairs = list(self._sides(node.this, node.expression))
        else:
            sides = [side for child in node.iter_expressions() for side in self._operand(child)]
            note_comparison(self.notes, node, sides)
            for side in sides:
                self._take(whole, _compared(side), deciding=False)
            return whole
        for left, right in pairs:
            note_equality(self.notes, left, right)
        seen: set[int] = set()
        for side in (side for pair in pairs for side in pair):
            if id(side) not in seen:
                seen.add(id(side))
                self._take(whole, _compared(side), deciding=False)
        return whole

    def _key_set(self, node: exp.In, name: str) -> Gathered:
        keys = self.key_sets.get(name)
        if keys is None:
            raise NotUnderstoodError
        side, whole = self.gather(node.this), Gathered(node)
        note_key_set(self.notes, side, keys, beside=leaves_beside(node))
        self._take(whole, side, deciding=False)
        return whole

    def _operand(self, node: exp.Expr) -> list[Gathered]:
        if isinstance(node, (exp.Any, exp.All)):
            return self._columns(node.this) if isinstance(node.this, exp.Query) else [self.gather(node.this)]
        if isinstance(node, exp.Query) and isinstance(node.parent, exp.In):
            return self._columns(node)
        if isinstance(node, exp.Tuple):
            return [self.gather(item) for item in node.expressions]
        return [self.gather(node)]

    def _columns(self, query: exp.Query) -> list[Gathered]:
        """Each column of a nested query as something compared with."""
        outputs = self.nested(query)
        values = [_with_decided(v.owned(None, NOWHERE), outputs.decided) for v in outputs.values]
        return [Gathered(query, [Part(query, value)], whole=True, listed=True) for value in values]

    def _sides(self, left: exp.Expr, right: exp.Expr) -> Iterator[tuple[Gathered, Gathered]]:
        ones, others = self._operand(left), self._operand(right)
        if len(ones) == len(others):
            yield from zip(ones, others, strict=True)
        else:
            yield from ((one, other) for one in ones for other in others)

    def _in(self, node: exp.In) -> Iterator[tuple[Gathered, Gathered]]:
        ones = self._operand(node.this)
        if (query := node.args.get("query")) is not None:
            others = self._columns(query)
            if len(ones) != len(others):
                raise NotUnderstoodError
            yield from zip(ones, others, strict=True)
            return
        plain = [item for item in node.expressions if isinstance(item, exp.Literal)]
        if plain and len(ones) == 1:
            # Long lists of constants are common, and are one comparison.
            constants = Part(node, Value(constants=len(plain)))
            yield ones[0], Gathered(node, [constants], whole=True)
        for item in node.expressions:
            if len(ones) == 1 and isinstance(item, exp.Literal):
                continue
            others = self._operand(item)
            if len(others) != len(ones):
                raise NotUnderstoodError
            yield from zip(ones, others, strict=True)

    # --- aggregates and windows --------------------------------------------------------------------

    def aggregate(self, node: exp.Expr, around: Gathered) -> Value:
        """A call that aggregates the rows of the block: its argument's rows are let out."""
        outside = self.frames
        if outside:
            self.set_frames([keys for keys in outside if keys.block != self.block])
        parts: list[Gathered] = []
        call = node
        while isinstance(call, AROUND_CALLS):
            if isinstance(call, exp.Filter):
                parts += self.conditions(call.expression.this)
            elif isinstance(call, exp.WithinGroup):
                parts += self._arguments(call, [call.expression], "")
            call = call.this
        if not is_aggregate_call(call):
            raise NotUnderstoodError
        if can_fail(call):
            around.fails = True
        function = function_of(call)
        arguments = self._arguments(call, call.iter_expressions(), function, fails=can_fail(call))
        if outside:
            self.set_frames(outside)
        return self._result(parts + arguments)

    def _arguments(
        self, call: exp.Expr, arguments: Iterable[exp.Expr], function: str, *, fails: bool = False
    ) -> list[Gathered]:
        found: list[Gathered] = []
        stack = list(arguments)
        while stack:
            node = stack.pop(0)
            if isinstance(node, exp.Star):
                continue
            if isinstance(node, (exp.Distinct, exp.Tuple)):
                stack = list(node.expressions) + stack
                continue
            if isinstance(node, exp.Order):
                if node.this is not None:
                    stack.insert(0, node.this)
                found += [self._ordered(key, function) for key in node.expressions]
                continue
            self.notes.begin()
            gathered = self.gather(node)
            gathered.fails = gathered.fails or fails
            for part in gathered.parts:
                self._note_argument(call, part, function)
            self._close(node, gathered)
            found.append(gathered)
        return found

    def _note_argument(self, call: exp.Expr, part: Part, function: str) -> None:
        taints = part.value.taints
        if not function:
            how = f"takes {called(call)} of it"
            every = (*taints, *part.value.conditions)
            self.notes.add(every, "read", how, part.node)
        elif not part.condition:
            own = [taint for taint in taints if taint.owner == self.block]
            self.notes.add(own, "aggregate", f"takes {function} of it", part.node, function=function)

    def _ordered(self, key: exp.Expr, function: str) -> Gathered:
        gathered = self.expression(key.this if isinstance(key, exp.Ordered) else key)
        use, how = ("order", "orders by it") if function else ("read", "takes a value by it")
        self.note_all(gathered, use, how)
        return gathered

    def _result(self, parts: list[Gathered]) -> Value:
        """What an aggregate lets out; rows of blocks further out are not what it is over."""
        taints: set[Taint] = set()
        decided: set[Origin] = set()
        for gathered in parts:
            for part in gathered.parts:
                value = part.value
                decided |= value.origins
                taints.update(
                    t._replace(bare=False)
                    for t in (*value.taints, *value.conditions)
                    if t.owner != self.block
                )
        return Value(frozenset(taints), mixed=True, opaque=True, decided=frozenset(decided))

    def window(self, node: exp.Window) -> Value:
        """A window call: arguments are read, PARTITION BY groups, ORDER BY orders."""
        call = node.this
        decided: set[Origin] = set()
        while isinstance(call, AROUND_CALLS):
            if isinstance(call, exp.Filter):
                for gathered in self.conditions(call.expression.this):
                    self.note_all(gathered, "read", "decides by it what a window counts")
                    decided |= gathered.origins()
            elif isinstance(call, exp.WithinGroup):
                raise NotUnderstoodError
            call = call.this
        check_known(call)
        for argument in self._arguments(call, call.iter_expressions(), ""):
            decided |= argument.origins()
        for key in node.args.get("partition_by") or ():
            gathered = self.expression(key)
            self.note_all(gathered, "group", "divides rows by it")
            decided |= gathered.origins()
        order, spec = node.args.get("order"), node.args.get("spec")
        by_distance = has_distance(spec)
        for key in order.expressions if order is not None else ():
            gathered = self.expression(key.this)
            self.note_all(gathered, "order", "orders by it in a window")
            if by_distance:
                self.note_all(gathered, "read", "measures distances of it in a window")
            decided |= gathered.origins()
        for bound in (spec.args.get("start"), spec.args.get("end")) if spec is not None else ():
            if isinstance(bound, exp.Expr):
                gathered = self.expression(bound)
                self.note_all(gathered, "read", "bounds a window by it")
                decided |= gathered.origins()
        return Value(opaque=True, decided=frozenset(decided))

    def note_all(self, gathered: Gathered, use: str, how: str) -> None:
        """One use of every column whose rows the expression still shows."""
        for part in gathered.parts:
            if part.value.is_raw:
                self.notes.add((*part.value.taints, *part.value.conditions), use, how, part.node)


def _compared(side: Gathered) -> Gathered:
    """What a comparison shows of one side: of the rows of IN (SELECT …), that one of them is equal or none."""
    if not side.listed:
        return side
    value = side.parts[0].value
    return Gathered(side.root, [Part(side.root, Value(opaque=True, decided=value.origins))], fails=side.fails)


def _with_decided(value: Value, decided: frozenset[Origin]) -> Value:
    if decided <= value.decided:
        return value
    return Value(
        value.taints,
        value.conditions,
        value.mixed,
        value.keys,
        value.constants,
        value.opaque,
        value.decided | decided,
    )
