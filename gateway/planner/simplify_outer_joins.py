"""Says outer joins as plainly as the block's conditions allow, so that more can be asked of the departments.

A condition that no row filled with NULLs fulfils makes an outer join an inner one (Galindo-Legaria and Rosenthal,
"Outerjoin simplification and reordering for query optimization", ACM TODS 22, 1997), and `a RIGHT JOIN b` is
`b LEFT JOIN a`.
"""

from __future__ import annotations

from sqlglot import exp

from sql.copies import copy_tree
from sql.scopes import block_sources, source_alias, split_conjuncts

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Like, exp.ILike)
_NULL_OF_EITHER = (*_COMPARISONS, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod)
"""NULL where one of their two operands is."""
_NULL_OF_FIRST = (
    exp.Neg,
    exp.Paren,
    exp.Cast,
    exp.TryCast,
    exp.Not,
    exp.Lower,
    exp.Upper,
    exp.Trim,
    exp.Length,
)
"""NULL where their first operand is."""


def simplify_outer_joins(tree: exp.Query) -> exp.Query:
    """`tree` with fewer and plainer outer joins; a copy where there is one to say otherwise.

    >>> import sqlglot
    >>> q = "SELECT a.i AS i FROM s.t AS a LEFT JOIN s.u AS b ON b.i = a.i WHERE b.v > 1"
    >>> simplify_outer_joins(sqlglot.parse_one(q, dialect="duckdb")).sql("duckdb")
    'SELECT a.i AS i FROM s.t AS a JOIN s.u AS b ON b.i = a.i WHERE b.v > 1'
    """
    if not any(_outer_joins(select) for select in tree.find_all(exp.Select)):
        return tree
    copy = copy_tree(tree)
    changed = False
    for select in list(copy.find_all(exp.Select)):
        if _outer_joins(select):
            while _say_one(select):
                changed = True
            changed |= _turn(select)
    return copy if changed else tree


def _outer_joins(select: exp.Select) -> list[exp.Join]:
    return [join for join in select.args.get("joins") or () if join.side]


def _say_one(select: exp.Select) -> bool:
    """Takes the side of one join off that conditions make needless; False when there is none."""
    sources = block_sources(select)
    where = select.args.get("where")
    after = split_conjuncts(where.this if where is not None else None)
    # From the last join to the first: what is asked in an inner join is asked of all rows before it.
    for place in range(len(sources) - 1, 0, -1):
        source, join = sources[place]
        assert join is not None
        if join.side and join.args.get("on") is not None and not join.args.get("method"):
            right = any(rejects_nulls(condition, source_alias(source)) for condition in after)
            left = any(
                rejects_nulls(condition, source_alias(other))
                for condition in after
                for other, _ in sources[:place]
            )
            side = _side_left(join.side, left_is_there=left, right_is_there=right)
            if side != join.side:
                join.set("side", side or None)
                return True
        if join.side in {"RIGHT", "FULL"}:
            # What later inner joins ask keeps rows away that this join would fill up again.
            after = split_conjuncts(where.this if where is not None else None)
        elif not join.side and join.kind in {"", "INNER"}:
            after = after + split_conjuncts(join.args.get("on"))
    return False


def _side_left(side: str, *, left_is_there: bool, right_is_there: bool) -> str:
    """What is left of an outer join when rows without a left or a right part are not wanted."""
    keeps_left = side in {"LEFT", "FULL"} and not right_is_there
    keeps_right = side in {"RIGHT", "FULL"} and not left_is_there
    return {(True, True): "FULL", (True, False): "LEFT", (False, True): "RIGHT"}.get(
        (keeps_left, keeps_right), ""
    )


def _turn(select: exp.Select) -> bool:
    """Whether the block begins with a RIGHT JOIN of two items; makes it a LEFT JOIN."""
    sources = block_sources(select)
    if len(sources) < 2:
        return False
    (first, _), (second, join) = sources[:2]
    plain = (exp.Table, exp.Subquery)
    if join is None or join.side != "RIGHT" or join.args.get("on") is None or join.args.get("method"):
        return False
    if not isinstance(first, plain) or not isinstance(second, plain):
        return False
    select.args["from_"].set("this", second.copy())
    join.set("this", first.copy())
    join.set("side", "LEFT")
    return True


def rejects_nulls(condition: exp.Expr, alias: str) -> bool:
    """Whether `condition` holds of no row in which every column of `alias` is NULL. False where that is not known."""
    if isinstance(condition, exp.Paren):
        return rejects_nulls(condition.this, alias)
    if isinstance(condition, exp.And):
        return rejects_nulls(condition.this, alias) or rejects_nulls(condition.expression, alias)
    if isinstance(condition, exp.Or):
        return rejects_nulls(condition.this, alias) and rejects_nulls(condition.expression, alias)
    if isinstance(condition, exp.Is):
        return isinstance(condition.expression, exp.Boolean) and _is_null(condition.this, alias)
    if isinstance(condition, exp.Not):
        inner = condition.this.unnest()
        if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
            return _is_null(inner.this, alias)
    if isinstance(condition, exp.In) and condition.args.get("query") is not None:
        # NULL is in no rows, and of none it is not known; NOT IN is true of no rows at all.
        return _is_null(condition.this, alias)
    return _is_null(condition, alias)


def _is_null(node: exp.Expr, alias: str) -> bool:
    """Whether a value is NULL in every row in which every column of `alias` is."""
    if isinstance(node, exp.Column):
        return bool(node.table == alias)
    if isinstance(node, _NULL_OF_EITHER):
        if isinstance(node.this, (exp.All, exp.Any)) or isinstance(node.expression, (exp.All, exp.Any)):
            # Of no rows at all a comparison is true of ALL and false of ANY, whatever is compared.
            return False
        return _is_null(node.this, alias) or _is_null(node.expression, alias)
    if isinstance(node, exp.Between) or (isinstance(node, exp.In) and not _asks_a_query(node)):
        return _is_null(node.this, alias)
    return isinstance(node, _NULL_OF_FIRST) and _is_null(node.this, alias)


def _asks_a_query(node: exp.In) -> bool:
    return any(node.args.get(key) is not None for key in ("query", "unnest", "field"))
