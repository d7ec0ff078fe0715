"""Lets members send the sketch of their values, instead of the values, for an approximate count of different ones.

APPROX_COUNT_DISTINCT keeps of all values 1,024 small numbers, DuckDB's HyperLogLog: the last ten bits of a value's hash
say which of them, and it is the greatest place at which the first bit is set in the rest of a hash. The sketch of all rows
is made of the members' sketches by taking the greater numbers. What a member sends is, for each number, the simplest hash
that has it, as a value whose hash that is. So the merge makes the sketch of these values with the same function, and the
answer is the one over all rows to the bit, while no value leaves and at most 1,024 rows do for each group. Sums, counts and
extremes beside the count are those of the rows of one number instead of one value, and add up to the same.

Hash and sketch are DuckDB's, not ours, and `tests/gateway/test_sketch_counts.py` holds them to what is written here.
Flajolet, Fusy, Gandouet, Meunier: HyperLogLog (2007); the hash is the finaliser of MurmurHash, by Degski.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from sqlglot import exp

from gateway.planner.choosing import Choosing, Preference
from gateway.planner.estimate_query import QueryEstimator
from gateway.planner.members import arm_values, arms_of, has_member_union, is_member_union
from gateway.planner.partial_aggregates import parsed
from gateway.planner.planning import Planning
from gateway.planner.remarks import Remark
from gateway.planner.words import rounded
from sql.copies import copy_tree
from sql.from_items import named_query
from sql.scopes import block_sources, source_alias, used_names

REGISTERS = 1024
"""Numbers in a sketch."""

WORTH = 2
"""How many times as many values as rows of their sketch a member must have for the sketch to be sent."""

WORTH_TIME = 50
"""As `WORTH`, where answers are to come soonest: a member makes the sketch beside its database, which takes longer than
to send so many values from this machine.
"""

_BITS = 54
"""Bits of a hash that do not say which number it belongs to; one more is always set, after them."""
_LAST = 1 << _BITS
_FACTOR = 0xD6E8FEB86659FD93
_INVERSE = pow(_FACTOR, -1, 1 << 64)
_IN_STEPS = (exp.Sum, exp.Min, exp.Max, exp.LogicalAnd, exp.LogicalOr)
"""Aggregates of which the aggregate of parts is that of all."""
_ARM = frozenset({"expressions", "from_", "joins", "where", "group"})


def sketch_counts(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with a sketch where members would send values for nothing but an approximate count; a copy if there is one."""
    if not has_member_union(tree) or tree.find(exp.ApproxDistinct) is None:
        return tree
    copy = copy_tree(tree)
    for select in list(copy.find_all(exp.Select)):
        for source, _ in block_sources(select):
            if is_member_union(source):
                _sketch(select, source, planning)
    return copy


def _sketch(select: exp.Select, union: exp.Subquery, planning: Planning) -> None:
    names = list(dict.fromkeys(column.name for column in _counted(select, union)))
    if len(names) != 1 or planning.disclosure.has_floor(union):
        return
    (name,) = names
    arms, beside = arms_of(union), _beside(select, union)
    if not all(_is_groups(arm, name, beside) for arm in arms):
        return
    # The arms of a union have columns of the same types, and one sketch is worth it for all.
    choosing = planning.choosing
    taken, otherwise = (
        any(_is_worth_it(arm, name, choosing.estimator, prefer) for arm in arms)
        for prefer in (choosing.prefer, choosing.other)
    )
    if taken or otherwise:
        planning.remarks.append(Remark("choice", _words(arms, choosing, taken=taken, otherwise=otherwise)))
    if not taken:
        return
    for column in _counted(select, union):
        column.replace(_value_of(column.copy()))
    for arm in arms:
        _nest(arm, name, beside)


def _beside(select: exp.Select, union: exp.Subquery) -> dict[str, exp.AggFunc]:
    """The columns of the union that are put together by one aggregate, which may as well be done in two steps."""
    uses: dict[str, list[exp.AggFunc | None]] = {}
    for column in select.find_all(exp.Column):
        if column.table == source_alias(union):
            uses.setdefault(column.name, []).append(_in_steps(column.parent))
    found = {name: calls[0] for name, calls in uses.items() if len({type(call) for call in calls}) == 1}
    return {name: call for name, call in found.items() if call is not None}


def _in_steps(call: exp.Expr | None) -> exp.AggFunc | None:
    if isinstance(call, _IN_STEPS) and all(part == "this" or not value for part, value in call.args.items()):
        return call
    return None


def _counted(select: exp.Select, union: exp.Subquery) -> list[exp.Column]:
    """The columns of the union that are counted, unless something else reads one of them too."""
    alias = source_alias(union)
    found = [column for column in select.find_all(exp.Column) if column.table == alias]
    counted = {id(column) for column in found if isinstance(column.parent, exp.ApproxDistinct)}
    otherwise = {column.name for column in found if id(column) not in counted}
    return [column for column in found if id(column) in counted and column.name not in otherwise]


def _is_groups(arm: exp.Select, name: str, beside: Container[str]) -> bool:
    """Whether an arm gives the different values under the name, for each group, and no aggregate but those `beside` them."""
    group = arm.args.get("group")
    if group is None or any(value for part, value in arm.args.items() if part not in _ARM):
        return False
    if any(value for part, value in group.args.items() if part != "expressions"):
        return False
    values, leaves = arm_values(arm), group.expressions
    return values[name] in leaves and all(
        v in leaves or (n in beside if v.find(exp.AggFunc) is not None else v.find(exp.Column) is None)
        for n, v in values.items()
    )


def _words(arms: list[exp.Select], choosing: Choosing, *, taken: bool, otherwise: bool) -> str:
    """What crosses for an approximate count, and by which preference something else would."""
    found = [choosing.estimator.estimate(arm) for arm in arms]
    rows = sum(each.rows for each in found if each is not None)
    values = "the values" if None in found else f"about {rounded(rows)} values"
    ways = ("the sketch of its values", values)
    first, second = ways if taken else ways[::-1]
    text = f"for an approximate count {first} cross{'es' if taken else ''} rather than {second}"
    return text if taken == otherwise else f"{text}; with prefer: {choosing.other} the other way round"


def _is_worth_it(arm: exp.Select, name: str, estimator: QueryEstimator, prefer: Preference) -> bool:
    """Whether the values are expected to be so many more than the sketch's rows. Of unknown ones the fewest leave."""
    soonest = prefer == "time"
    values = estimator.estimate(arm)
    if values is None:
        return not soonest
    groups = _without(arm, name)
    expected = estimator.estimate(groups) if groups is not None else None
    worth = WORTH_TIME if soonest else WORTH
    return values.rows > worth * REGISTERS * (expected.rows if expected is not None else 1.0)


def _without(arm: exp.Select, name: str) -> exp.Select | None:
    """The groups of an arm without those values; None where all rows are one group."""
    groups = arm.copy()
    left = [leaf for leaf in groups.args["group"].expressions if leaf != arm_values(groups)[name]]
    if not left:
        return None
    groups.set("expressions", [exp.alias_(leaf.copy(), f"c{number}") for number, leaf in enumerate(left)])
    groups.set("group", exp.Group(expressions=left))
    return groups


def _nest(arm: exp.Select, name: str, beside: Mapping[str, exp.AggFunc]) -> None:
    """Makes an arm give the sketch of the values that it gives under the name, and what it gives beside them."""
    names = [projection.alias for projection in arm.expressions]
    put_together = {n: beside[n] for n, v in arm_values(arm).items() if v.find(exp.AggFunc) is not None}
    outer = exp.Select()
    outer.meta.update(arm.meta)
    arm.replace(outer)
    taken = used_names(arm)
    alias, state = (_free(name, taken) for name in ("different", "hashes"))
    value = exp.column(name, table=alias, quoted=True)
    hashed = parsed("CASE WHEN :v IS NULL THEN NULL ELSE HASH(:v) END", v=value)
    outputs = {n: exp.column(n, table=alias, quoted=True) for n in names} | {name: hashed}
    hashes = exp.Select(
        expressions=[exp.alias_(output, n, quoted=True) for n, output in outputs.items()],
        from_=exp.From(this=named_query(arm, alias)),
    )
    columns = {n: exp.column(n, table=state, quoted=True) for n in names}
    outputs = columns | {name: parsed(_STATE, h=columns[name])}
    for put, call in put_together.items():
        outputs[put] = call.copy()
        # The column with its type, which the text of an aggregate may depend on.
        outputs[put].this.set("table", exp.to_identifier(state, quoted=True))
    others = [column.copy() for n, column in columns.items() if n != name and n not in put_together]
    outer.set("expressions", [exp.alias_(output.copy(), n, quoted=True) for n, output in outputs.items()])
    outer.set("from_", exp.From(this=named_query(hashes, state)))
    outer.set("group", exp.Group(expressions=[*others, parsed(_REGISTER, h=columns[name])]))


def _free(name: str, taken: Container[str]) -> str:
    while name in taken:
        name = f"{name}_values"
    return name


_REGISTER = f":h & {REGISTERS - 1}"
_REST = f"((:h >> 10) | {_LAST})"
_FIRST = f"({_REST} & ~({_REST} - 1))"
_STATE = f"""
CAST(
    CASE WHEN MAX({_FIRST}) = {_LAST} THEN 0 ELSE MAX({_FIRST}) * {REGISTERS} END + MIN({_REGISTER}) AS UBIGINT
)
"""
"""The simplest hash of a register: its number, and the greatest first bit. NULL, of no values, is ignored later."""


def _value_of(state: exp.Column) -> exp.Expr:
    """The UBIGINT whose hash is `state`: the steps of the hash undone, from the last to the first."""
    shift = 'LAMBDA "x" : XOR("x", ("x" >> 32))'
    divide = f'LAMBDA "x" : CAST(CAST("x" AS UHUGEINT) * {_INVERSE} % {1 << 64} AS UBIGINT)'
    text = "[:h]"
    for step in (shift, divide, shift, divide, shift):
        text = f"LIST_TRANSFORM({text}, {step})"
    return parsed(f"{text}[1]", h=state)
