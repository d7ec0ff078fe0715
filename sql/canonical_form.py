"""Several spellings of one thing brought to the one that the generator writes.

A tree then equals what its own text parses to, which is what `sql.render` checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sqlglot import exp

from sql.lexical import DIALECT


def has_other_spelling(node: exp.Expr) -> bool:
    """True for a node that `canonical_form` may have to rewrite."""
    return type(node) in _REWRITES


def canonical_form(nodes: Iterable[exp.Expr]) -> None:
    """Rewrites nodes of a tree in place, which are those that have another spelling.

    >>> import sqlglot
    >>> tree = sqlglot.parse_one("SELECT if(a, b, c), trim(both FROM d)", dialect="duckdb")
    >>> canonical_form([node for node in tree.walk() if has_other_spelling(node)])
    >>> tree == sqlglot.parse_one(tree.sql("duckdb"), dialect="duckdb")
    True
    """
    for node in nodes:
        _REWRITES[type(node)](node)


def _if(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Case):
        branch = exp.If(this=node.this, true=node.args["true"])
        node.replace(exp.Case(ifs=[branch], default=node.args.get("false")))


def _trim(node: exp.Expr) -> None:
    if str(node.args.get("position") or "").upper() == "BOTH":
        node.set("position", None)


def _extract(node: exp.Expr) -> None:
    if isinstance(node.this, exp.Var):
        part = node.this.name.upper()
        node.set("this", exp.Var(this=DIALECT.DATE_PART_MAPPING.get(part, part)))


def _date_add(node: exp.Expr) -> None:
    node.replace(exp.Paren(this=exp.Add(this=node.this, expression=node.expression)))


def _date(node: exp.Expr) -> None:
    node.replace(exp.Cast(this=node.this, to=exp.DataType.build("DATE", dialect="duckdb")))


def _string_agg(node: exp.Expr) -> None:
    if node.args.get("separator") is None:
        node.set("separator", exp.Literal(this=",", is_string=True))


def _within_group(node: exp.Expr) -> None:
    """`percentile_cont(0.5) WITHIN GROUP (ORDER BY a)` as `quantile_cont(a, 0.5 ORDER BY a)`."""
    call, order = node.this, node.expression
    keys = order.expressions
    fraction = exp.Order(this=call.this, expressions=keys)
    node.replace(type(call)(this=keys[0].this.copy(), expression=fraction))


def _frame(node: exp.Expr) -> None:
    if node.args.get("start") is not None and node.args.get("end") is None:
        node.set("end", "CURRENT ROW")


_REWRITES: Mapping[type, Callable[[exp.Expr], None]] = {
    exp.If: _if,
    exp.Trim: _trim,
    exp.Extract: _extract,
    exp.DateAdd: _date_add,
    exp.Date: _date,
    exp.GroupConcat: _string_agg,
    exp.WithinGroup: _within_group,
    exp.WindowSpec: _frame,
}
