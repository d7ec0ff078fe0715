"""A cap on expressions that DuckDB writes out more than once.

DuckDB reads `nullif(a, b)` as a CASE that says `a` twice, and CASE with an operand as one comparison for each
WHEN. Inside each other these double and double again, and a short text keeps its binder busy for hours.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sql.resolution import Resolution

_MOST_COPIES = 4096
_COPIED_PARTS: Mapping[type, frozenset[str]] = {
    exp.Nullif: frozenset({"this", "expression"}),
    exp.Between: frozenset({"this", "low"}),
    exp.SplitPart: frozenset({"this", "delimiter", "part_index"}),
    exp.ArrayToString: frozenset({"this"}),
    exp.Case: frozenset({"this"}),
}
_COPYING_NAMES = frozenset({"fmod"})


def check_expansion(resolution: Resolution, tree: exp.Query) -> None:
    """Refuses expressions of which DuckDB would make too many copies. Raises `SqlError` (`SQL_TOO_DEEP`)."""
    if not _may_reach(_MOST_COPIES, tree):
        return
    stack: list[tuple[exp.Expr, int]] = [(tree, 1)]
    while stack:
        node, copies = stack.pop()
        if copies > _MOST_COPIES:
            raise resolution.error(node, "SQL_TOO_DEEP", "functions are nested so that they expand too far")
        copied = _COPIED_PARTS.get(type(node), frozenset())
        if isinstance(node, exp.Anonymous) and node.name.lower() in _COPYING_NAMES:
            copied = frozenset({"expressions"})
        times = _times(node)
        for key, value in node.args.items():
            inner = copies * times if key in copied else copies
            if isinstance(value, exp.Expr):
                stack.append((value, inner))
            elif isinstance(value, list):
                stack += [(item, inner) for item in value if isinstance(item, exp.Expr)]


def _may_reach(most: int, tree: exp.Query) -> bool:
    """Whether there would be more than `most` copies, were all that make some inside each other: mostly there are few."""
    copies = 1
    for node in tree.find_all(*_COPIED_PARTS, exp.Anonymous):
        copies *= _times(node)
        if copies > most:
            return True
    return False


def _times(node: exp.Expr) -> int:
    """How often DuckDB writes the copied parts of a node."""
    if isinstance(node, exp.Case):
        return len(node.args["ifs"]) if node.args.get("this") is not None else 1
    return 2
