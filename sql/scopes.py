"""Walking a resolved query by scope: which names a part defines, which it borrows, which tables it reads.

In a resolved query no two FROM items share an alias, and no two WITH names a name, at any depth: a column's
table says which FROM item of the whole tree it belongs to. Whoever adds FROM items keeps that so.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

BLOCK = "block"
"""The mark of a block, in `meta`: its number in the question, which it keeps whatever is made of it."""


def walk_here(node: exp.Expr) -> Iterator[exp.Expr]:
    """Every node of an expression, and nested queries as single nodes that are not entered."""
    stack: list[exp.Expr] = [node]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, exp.Query):
            continue
        stack.extend(current.iter_expressions(reverse=True))


def nested_queries(node: exp.Expr) -> list[exp.Query]:
    """The outermost queries inside an expression."""
    return [inner for inner in walk_here(node) if isinstance(inner, exp.Query)]


def block_sources(select: exp.Select) -> list[tuple[exp.Expr, exp.Join | None]]:
    """The FROM items of one block in order, each with its join (None for the first)."""
    from_ = select.args.get("from_")
    sources: list[tuple[exp.Expr, exp.Join | None]] = [(from_.this, None)] if from_ else []
    sources += [(join.this, join) for join in select.args.get("joins") or ()]
    return sources


def is_inner(join: exp.Join | None) -> bool:
    """Whether a FROM item is the first, or stands in an inner or cross join."""
    return join is None or (not join.side and join.kind in {"", "INNER", "CROSS"})


def block_conjuncts(select: exp.Select) -> list[exp.Expr]:
    """What one block asks of its rows, in WHERE and then in ON."""
    where = select.args.get("where")
    found = split_conjuncts(where.this if where is not None else None)
    for _, join in block_sources(select):
        found += split_conjuncts(join.args.get("on")) if join is not None else []
    return found


def block_expressions(select: exp.Select) -> Iterator[exp.Expr]:
    """The expressions that one block evaluates in its own scope, without its FROM items."""
    for key, value in select.args.items():
        if key in {"from_", "joins", "with_", "laterals"} or not value:
            continue
        yield from value if isinstance(value, list) else [value]
    for join in select.args.get("joins") or ():
        if join.args.get("on") is not None:
            yield join.args["on"]


def split_conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    """`a AND (b AND c)` as a, b, c."""
    if condition is None:
        return []
    found: list[exp.Expr] = []
    stack = [condition]
    while stack:
        node = stack.pop()
        while isinstance(node, exp.Paren) and isinstance(node.this, (exp.And, exp.Paren)):
            node = node.this
        if isinstance(node, exp.And):
            stack += [node.expression, node.this]
        else:
            found.append(node)
    return found


def join_conjuncts(conjuncts: list[exp.Expr]) -> exp.Expr | None:
    """The conjunction, balanced, so that a long list does not nest deeply; None for none."""
    if not conjuncts:
        return None
    if len(conjuncts) == 1:
        return conjuncts[0]
    parts = [exp.Paren(this=c) if isinstance(c, (exp.Or, exp.Xor)) else c for c in conjuncts]
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        rest = parts[-1:] if len(parts) % 2 else []
        parts = [exp.And(this=left, expression=right) for left, right in pairs] + rest
    return parts[0]


def source_alias(source: exp.Expr) -> str:
    """The name by which columns refer to a FROM item, empty when it has none."""
    return str(source.alias_or_name)


def free_aliases(node: exp.Expr) -> set[str]:
    """The table names that columns inside `node` use and `node` does not define."""
    used: set[str] = set()
    selects: list[exp.Select] = []
    for inner in node.find_all(exp.Column, exp.Select):
        if isinstance(inner, exp.Select):
            selects.append(inner)
        elif isinstance(inner, exp.Column):
            used.add(inner.table)
    used.discard("")
    if used:
        for select in selects:
            used.difference_update(source_alias(source) for source, _ in block_sources(select))
    return used


def used_names(tree: exp.Expr) -> frozenset[str]:
    """Every alias and WITH name of the tree, in lower case: what a new name has to differ from."""
    sources = tree.find_all(exp.Table, exp.Subquery, exp.Lateral, exp.Values, exp.CTE)
    return frozenset(source_alias(source).lower() for source in sources)


def defined_ctes(node: exp.Expr) -> set[str]:
    return {cte.alias for cte in node.find_all(exp.CTE)}


def is_cte_reference(table: exp.Table) -> bool:
    """True for a reference to a WITH name: in a resolved tree only published tables are qualified."""
    return not table.args.get("db")
