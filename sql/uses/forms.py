"""What calls and comparisons are: which the uses know by name, and what they are called."""

from __future__ import annotations

from sqlglot import exp

from sql.allowed_functions import FUNCTIONS, NAMED_SCALARS
from sql.allowed_nodes import SYNTAX

EQUALITIES = (exp.EQ, exp.NullSafeEQ)
_TESTS = frozenset(
    {
        *(exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeNEQ, exp.Between, exp.Is),
        *(exp.Like, exp.ILike, exp.Glob, exp.SimilarTo, exp.RegexpLike, exp.RegexpFullMatch),
        *(exp.Contains, exp.StartsWith, exp.EndsWith, exp.ArrayContains, exp.IsNan, exp.IsInf),
    }
)
CONDITIONS = frozenset({*EQUALITIES, *_TESTS, exp.In})
_NAMED_TESTS = frozenset({"prefix", "suffix"})
FUNCTION_NAMES: dict[type[exp.Expr], str] = {
    exp.Count: "count",
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Stddev: "stddev",
    exp.StddevSamp: "stddev",
    exp.StddevPop: "stddev_pop",
    exp.Variance: "variance",
    exp.VariancePop: "var_pop",
}
"""The aggregates that show no row's own value; every other one reads its arguments."""
_NAMED_FUNCTIONS = {"mean": "avg", "favg": "avg", "fsum": "sum", "kahan_sum": "sum"}
AROUND_CALLS = (exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)


class NotUnderstoodError(Exception):
    """Something that is not on the lists; the question then reads whatever it names."""


def notes_itself(node: exp.Expr) -> bool:
    return type(node) in CONDITIONS or type(node) is exp.Exists or is_named_test(node)


def is_choice(node: exp.Expr) -> bool:
    """COALESCE of plain columns is one of them, as a column that FULL JOIN USING merges."""
    return all(isinstance(part, exp.Column) for part in node.iter_expressions())


def is_named_test(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() in _NAMED_TESTS


def check_known(node: exp.Expr) -> None:
    if isinstance(node, exp.Anonymous):
        if node.name.lower() not in NAMED_SCALARS:
            raise NotUnderstoodError
    elif type(node) not in SYNTAX and type(node) not in FUNCTIONS:
        raise NotUnderstoodError


def called(call: exp.Expr) -> str:
    """What the question calls an aggregate or window function, in lower case."""
    while isinstance(call, AROUND_CALLS):
        call = call.this
    if isinstance(call, exp.Anonymous):
        return call.name.lower()
    return call.sql_name().lower() if isinstance(call, exp.Func) else call.key


def function_of(call: exp.Expr) -> str:
    if isinstance(call, exp.Anonymous):
        return _NAMED_FUNCTIONS.get(call.name.lower(), "")
    return FUNCTION_NAMES.get(type(call), "")


def bare_form(root: exp.Expr) -> exp.Expr:
    """What stands inside parentheses and conversions that keep values apart."""
    while isinstance(root, exp.Paren) or (isinstance(root, exp.Cast) and _keeps_apart(root)):
        root = root.this
    return root


_WIDENING = {exp.DType.SMALLINT: 1, exp.DType.INT: 2, exp.DType.BIGINT: 3, exp.DType.INT128: 4}


def _keeps_apart(cast: exp.Cast) -> bool:
    """Whole numbers to wider ones or to text; nothing that could bring two values together."""
    if type(cast) is not exp.Cast or cast.this.type is None:
        return False
    kind, to = cast.this.type.this, cast.args["to"].this
    if kind not in _WIDENING:
        return False
    return to in {exp.DType.TEXT, exp.DType.VARCHAR} or _WIDENING.get(to, 0) >= _WIDENING[kind]


def has_distance(spec: exp.Expr | None) -> bool:
    return (
        spec is not None
        and str(spec.args.get("kind") or "").upper() == "RANGE"
        and any(isinstance(spec.args.get(bound), exp.Expr) for bound in ("start", "end"))
    )
