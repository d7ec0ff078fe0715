"""A type for every value of a resolved block: exactly DuckDB's, or UNKNOWN.

DuckDB itself is asked for the types of whole queries (`sql.binder`); asking it for every node would cost too
much, so the common constructs follow its rules here, and whatever is not listed is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from comity.errors import SqlError
from sql.fixed_types import FIXED_TYPES
from sql.kinds import (
    INTEGERS,
    decimal_parts,
    integer_literal,
    is_integer,
    number_literal,
    product_of,
    settled,
    sum_of,
    unified,
)
from sql.lexical import DIALECT
from sql.types import canonical_name, shared_type

UNKNOWN = exp.DataType(this=exp.DType.UNKNOWN)
_Kinds = dict[int, str | None]


def annotate_types(select: exp.Select) -> None:
    """Sets `type` on the values of one block, in place; nested queries have been annotated before."""
    kinds: _Kinds = {}
    for key, value in select.args.items():
        if key in {"from_", "with_"} or not value:
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, exp.Join):
                if (condition := node.args.get("on")) is not None:
                    _annotate(condition, kinds)
            elif isinstance(node, exp.Expr):
                _annotate(node, kinds)


def annotate_value(node: exp.Expr) -> str | None:
    """Sets `type` on an expression and what it is made of; returns its type where the rules know it."""
    kinds: _Kinds = {}
    _annotate(node, kinds)
    return settled(kinds.get(id(node)))


def kind_of(node: exp.Expr) -> str | None:
    """The canonical type that a node was annotated with."""
    return type_name(node.type) if node.type is not None else None


def type_name(data_type: exp.DataType) -> str | None:
    """The canonical name of a sqlglot type; None for UNKNOWN and for types that Comity does not carry."""
    name = _NAMES.get(id(data_type))
    if name is not None:
        return name
    if data_type.this == exp.DType.UNKNOWN:
        return None
    try:
        return canonical_name(data_type.sql(dialect=DIALECT))
    except SqlError:
        return None


_SHARED: dict[str, exp.DataType] = {}
_NAMES: dict[int, str] = {}
_MOST_SHARED = 4096


def set_kind(node: exp.Expr, kind: str | None) -> None:
    """Sets a node's `type`; None is UNKNOWN."""
    if kind is None:
        node.type = UNKNOWN
        return
    data_type = _SHARED.get(kind)
    if data_type is None:
        data_type = shared_type(kind)
        if len(_SHARED) < _MOST_SHARED:
            _SHARED[kind] = data_type
            _NAMES[id(data_type)] = kind
    node.type = data_type


def _annotate(root: exp.Expr, kinds: _Kinds) -> None:
    order: list[exp.Expr] = []
    stack = [root]
    while stack:
        node = stack.pop()
        order.append(node)
        if not isinstance(node, (exp.Query, exp.DataType, exp.Column, exp.Literal, exp.Interval)):
            stack.extend(node.iter_expressions())
    for node in reversed(order):
        kind = FIXED_TYPES.get(type(node))
        if kind is not None:
            pass
        elif (rule := _RULES.get(type(node))) is not None:
            kind = rule(node, kinds)
        elif isinstance(node, _VALUES):
            kind = None
        else:
            continue
        kinds[id(node)] = kind
        set_kind(node, settled(kind))


_VALUES = (exp.Condition, exp.Func, exp.Alias, exp.Tuple, exp.Query)


def _of(node: exp.Expr | None, kinds: _Kinds) -> str | None:
    return None if node is None else kinds.get(id(node))


def _same(node: exp.Expr, kinds: _Kinds) -> str | None:
    return _of(node.this, kinds)


def _settled_same(node: exp.Expr, kinds: _Kinds) -> str | None:
    return settled(_of(node.this, kinds))


def _literal(node: exp.Expr, _kinds: _Kinds) -> str | None:
    if node.is_string:
        return "VARCHAR"
    text = str(node.this).replace("_", "")
    return integer_literal(int(text)) if text.isdigit() else number_literal(text)


def _column(node: exp.Expr, _kinds: _Kinds) -> str | None:
    return kind_of(node)


def _query(node: exp.Expr, _kinds: _Kinds) -> str | None:
    outputs = node.selects if isinstance(node, exp.Query) else []
    return kind_of(outputs[0]) if len(outputs) == 1 else None


def _negated(node: exp.Expr, kinds: _Kinds) -> str | None:
    if isinstance(node.this, exp.Literal) and str(node.this.this).isdigit():
        return integer_literal(-int(node.this.this))
    kind = settled(_of(node.this, kinds))
    return kind if kind in INTEGERS or kind in {"DOUBLE", "FLOAT"} or decimal_parts(kind) else None


def _sum(node: exp.Expr, kinds: _Kinds) -> str | None:
    left, right = _of(node.this, kinds), _of(node.args.get("expression"), kinds)
    minus = isinstance(node, exp.Sub)
    if right == "INTERVAL" and left in _SHIFTED:
        return _SHIFTED[left]
    if left == "INTERVAL" and right in _SHIFTED and not minus:
        return _SHIFTED[right]
    if left == "DATE" and is_integer(right):
        return "DATE"
    if left == "DATE" and right == "DATE" and minus:
        return "BIGINT"
    if {left, right} & {"DATE", "TIMESTAMP", "INTERVAL", "VARCHAR"}:
        return None
    return sum_of(left, right)


_SHIFTED = {
    "DATE": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP WITH TIME ZONE",
}


def _modulo(node: exp.Expr, kinds: _Kinds) -> str | None:
    left, right = _of(node.this, kinds), _of(node.args.get("expression"), kinds)
    return sum_of(left, right, modulo=True) if is_integer(left) and is_integer(right) else None


def _product(node: exp.Expr, kinds: _Kinds) -> str | None:
    return product_of(_of(node.this, kinds), _of(node.args.get("expression"), kinds))


def _quotient(node: exp.Expr, kinds: _Kinds) -> str | None:
    left, right = _of(node.this, kinds), _of(node.args.get("expression"), kinds)
    exact = all(is_integer(kind) or decimal_parts(kind) for kind in (left, right))
    return "DOUBLE" if exact or unified(left, right) == "DOUBLE" else None


def _first_and_rest(node: exp.Expr, kinds: _Kinds) -> str | None:
    return _common([node.this, *node.expressions], kinds)


def _common(nodes: list[exp.Expr], kinds: _Kinds) -> str | None:
    result: str | None = "NULL"
    for node in nodes:
        result = unified(result, _of(node, kinds))
    return result


def _case(node: exp.Expr, kinds: _Kinds) -> str | None:
    branches = [branch.args["true"] for branch in node.args["ifs"]]
    default = node.args.get("default")
    return settled(_common(branches + ([default] if default is not None else []), kinds))


def _if(node: exp.Expr, kinds: _Kinds) -> str | None:
    if isinstance(node.parent, exp.Case):
        return None
    other = node.args.get("false")
    return settled(_common([node.args["true"], *([other] if other is not None else [])], kinds))


def _cast(node: exp.Expr, _kinds: _Kinds) -> str | None:
    return type_name(node.args["to"])


def _total(node: exp.Expr, kinds: _Kinds) -> str | None:
    kind = settled(_of(node.this, kinds))
    if is_integer(kind):
        return "HUGEINT"
    if (parts := decimal_parts(kind)) is not None:
        return f"DECIMAL(38,{parts[1]})"
    return "DOUBLE" if kind in {"DOUBLE", "FLOAT"} else None


def _extreme(node: exp.Expr, kinds: _Kinds) -> str | None:
    kind = settled(_of(node.this, kinds))
    return f"{kind}[]" if kind is not None and node.args.get("count") is not None else kind


def _mean(node: exp.Expr, kinds: _Kinds) -> str | None:
    kind = settled(_of(node.this, kinds))
    known = is_integer(kind) or decimal_parts(kind) or kind in {"DOUBLE", "FLOAT"}
    return "DOUBLE" if known else None


def _rounded(node: exp.Expr, kinds: _Kinds) -> str | None:
    kind = settled(_of(node.this, kinds))
    return kind if kind == "DOUBLE" else None


def _extracted(node: exp.Expr, _kinds: _Kinds) -> str | None:
    return None if node.name.upper() in {"EPOCH", "JULIAN"} else "BIGINT"


def _concatenated(node: exp.Expr, kinds: _Kinds) -> str | None:
    sides = [_of(node.this, kinds), _of(node.args.get("expression"), kinds)]
    if "VARCHAR" not in sides:
        return None
    sides.remove("VARCHAR")
    other = sides[0]
    return "VARCHAR" if other is not None and other != "NULL" and not other.endswith("]") else None


def _listed(node: exp.Expr, kinds: _Kinds) -> str | None:
    kind = settled(_of(node.this, kinds))
    return f"{kind}[]" if kind is not None else None


def _subscript(node: exp.Expr, kinds: _Kinds) -> str | None:
    kind = _of(node.this, kinds)
    if kind is not None and kind.endswith("[]"):
        return kind.removesuffix("[]")
    # The generator counts subscripts from 1 only where the type is a list or not known.
    set_kind(node.this, None)
    return kind if kind == "VARCHAR" else None


def _distinct(node: exp.Expr, kinds: _Kinds) -> str | None:
    return _of(node.expressions[0], kinds) if len(node.expressions) == 1 else None


_RULES: Mapping[type, Callable[[exp.Expr, _Kinds], str | None]] = {
    exp.Literal: _literal,
    exp.Column: _column,
    exp.Subquery: _query,
    exp.Select: _query,
    exp.Neg: _negated,
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Mul: _product,
    exp.Div: _quotient,
    exp.Mod: _modulo,
    exp.DPipe: _concatenated,
    exp.Coalesce: _first_and_rest,
    exp.Nullif: _settled_same,
    exp.Case: _case,
    exp.If: _if,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Sum: _total,
    exp.Avg: _mean,
    exp.Min: _extreme,
    exp.Max: _extreme,
    exp.ArrayAgg: _listed,
    exp.Round: _rounded,
    exp.Extract: _extracted,
    exp.Distinct: _distinct,
    exp.Bracket: _subscript,
    **dict.fromkeys((exp.Paren, exp.Alias), _same),
    **dict.fromkeys(
        (
            exp.Filter,
            exp.Window,
            exp.Order,
            exp.IgnoreNulls,
            exp.RespectNulls,
            exp.AnyValue,
            exp.FirstValue,
            exp.LastValue,
            exp.NthValue,
            exp.Lag,
            exp.Lead,
        ),
        _settled_same,
    ),
}
