"""Says conditions over several departments so that each can apply its part."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from gateway.planner.gather_department import home_of
from gateway.planner.members import is_member_union
from gateway.planner.planning import Planning
from sql.annotate import kind_of
from sql.copies import copy_tree
from sql.scopes import block_sources, free_aliases, join_conjuncts, source_alias, split_conjuncts
from sql.uses.failing import may_fail


def factor_conditions(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with three things said that its conditions imply; a copy where a block reads several departments.

    `(a AND b) OR (a AND c)` becomes `a AND (b OR c)`, which is the same in SQL's three values. Of an OR over the
    tables of several departments, each department gets what its tables must fulfil in any case; the OR itself
    stays. And where two columns of one type are equal and one of them equals a constant, so does the other, if its
    values may be read: a department that only allows joins would see a question that nobody asked.

    What is said twice is said to different departments only, or to tables of one that nothing in it joins: a block of
    one department stays as it is.
    """
    if not any(_may_say(select) for select in tree.find_all(exp.Select)):
        return tree
    copy = copy_tree(tree)
    for select in list(copy.find_all(exp.Select)):
        if not _may_say(select):
            continue
        homes = _pieces(select)
        where = select.args.get("where")
        if where is not None:
            where.set("this", _said(where.this, homes))
        inner = [
            join for _, join in block_sources(select) if join is not None and join.args.get("on") is not None
        ]
        for join in inner:
            join.set("on", _said(join.args["on"], homes))
        if all(not join.side and join.kind in {"", "INNER"} for join in inner):
            _spread_constants(select, planning)
    return copy


def _may_say(select: exp.Select) -> bool:
    """Whether a block of several departments has an OR, or equals columns with columns and with constants."""
    sources = block_sources(select)
    if len(sources) < 2 or len(set(_homes(select).values())) < 2:
        return False
    conjuncts = _conjuncts(select)
    equal = [c for c in conjuncts if isinstance(c, exp.EQ)]
    constants = [c for c in equal if isinstance(c.this, exp.Literal) or isinstance(c.expression, exp.Literal)]
    return any(isinstance(c.unnest(), exp.Or) for c in conjuncts) or 0 < len(constants) < len(equal)


def _homes(select: exp.Select) -> dict[str, str]:
    """Alias → department; what is read from several departments is a home of its own."""
    return {
        source_alias(source): home_of(source) or f"({source_alias(source)})"
        for source, _ in block_sources(select)
    }


def _pieces(select: exp.Select) -> dict[str, str]:
    """Alias → what a department is asked for at once: its tables that are joined to each other."""
    homes = _homes(select)
    pieces = {alias: alias for alias in homes}
    for conjunct in _conjuncts(select):
        names = sorted(free_aliases(conjunct) & homes.keys()) if isinstance(conjunct, exp.EQ) else []
        if len(names) == 2 and homes[names[0]] == homes[names[1]]:
            one, other = (pieces[name] for name in names)
            pieces = {alias: one if piece == other else piece for alias, piece in pieces.items()}
    return pieces


def _conjuncts(select: exp.Select) -> list[exp.Expr]:
    where = select.args.get("where")
    found = split_conjuncts(where.this if where is not None else None)
    for _, join in block_sources(select):
        found += split_conjuncts(join.args.get("on")) if join is not None else []
    return found


def _said(condition: exp.Expr, homes: dict[str, str]) -> exp.Expr:
    conjuncts = [part for conjunct in split_conjuncts(condition) for part in _factored(conjunct)]
    implied = [part for conjunct in conjuncts for part in _implied(conjunct, homes) if part not in conjuncts]
    return join_conjuncts([*conjuncts, *implied]) or condition


def _alternatives(conjunct: exp.Expr) -> list[list[exp.Expr]]:
    """An OR as a list of conjunctions; one of them for anything else."""
    found: list[list[exp.Expr]] = []
    stack = [conjunct]
    while stack:
        node = stack.pop().unnest()
        if isinstance(node, exp.Or):
            stack += [node.expression, node.this]
        else:
            found.append(split_conjuncts(node))
    return found


def _factored(conjunct: exp.Expr) -> list[exp.Expr]:
    """A conjunct as several, where every alternative of an OR says the same."""
    alternatives = _alternatives(conjunct)
    if len(alternatives) < 2:
        return [conjunct]
    shared = [part for part in alternatives[0] if all(part in other for other in alternatives[1:])]
    if not shared:
        return [conjunct]
    shared = list(dict.fromkeys(shared))
    rest = [[part for part in parts if part not in shared] for parts in alternatives]
    # An alternative that says no more than what all say makes the others needless.
    return [*shared] if not all(rest) else [*shared, _any_of(rest)]


def _any_of(alternatives: list[list[exp.Expr]]) -> exp.Expr:
    parts: list[exp.Expr] = []
    for conjuncts in alternatives:
        part = join_conjuncts([copy_tree(c) for c in conjuncts])
        if part is not None and part not in parts:
            parts.append(part)
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        odd = parts[-1:] if len(parts) % 2 else []
        parts = [exp.Or(this=left, expression=right) for left, right in pairs] + odd
    return parts[0]


def _implied(conjunct: exp.Expr, homes: dict[str, str]) -> Iterator[exp.Expr]:
    """What an OR over several pieces says of each of them."""
    alternatives = _alternatives(conjunct)
    names = free_aliases(conjunct)
    involved = dict.fromkeys(homes[name] for name in sorted(names) if name in homes)
    if len(alternatives) < 2 or len(involved) < 2:
        return
    for home in involved:
        own = {alias for alias, place in homes.items() if place == home}
        parts = [[part for part in parts if _is_plain(part, own)] for parts in alternatives]
        if all(parts):
            yield _any_of(parts)


def _is_plain(part: exp.Expr, aliases: set[str]) -> bool:
    """Whether a condition reads these tables only, and can be asked of rows that the OR would never meet."""
    names = free_aliases(part)
    return bool(names) and names <= aliases and part.find(exp.Query) is None and not may_fail(part)


def _spread_constants(select: exp.Select, planning: Planning) -> None:
    pool = _conjuncts(select)
    constants: dict[exp.Expr, exp.Expr] = {}
    pairs: list[tuple[exp.Expr, exp.Expr]] = []
    for conjunct in pool:
        if isinstance(conjunct, exp.EQ):
            left, right = conjunct.this, conjunct.expression
            if isinstance(left, exp.Literal):
                left, right = right, left
            if isinstance(left, exp.Column) and isinstance(right, exp.Literal):
                constants[left] = right
            elif isinstance(left, exp.Column) and isinstance(right, exp.Column) and _same_kind(left, right):
                pairs.append((left, right))
    added: list[exp.Expr] = []
    for left, right in [*pairs, *((right, left) for left, right in pairs)]:
        if left in constants and right not in constants and _may_ask(select, right, planning):
            constants[right] = constants[left]
            added.append(exp.EQ(this=right.copy(), expression=constants[left].copy()))
    if added:
        where = select.args.get("where")
        condition = join_conjuncts([*split_conjuncts(where.this if where is not None else None), *added])
        select.set("where", exp.Where(this=condition))


def _same_kind(left: exp.Expr, right: exp.Expr) -> bool:
    kind = kind_of(left)
    return kind is not None and kind == kind_of(right)


def _may_ask(select: exp.Select, column: exp.Expr, planning: Planning) -> bool:
    assert isinstance(column, exp.Column)
    source = next((s for s, _ in block_sources(select) if source_alias(s) == column.table), None)
    if source is not None and is_member_union(source):
        return planning.may_read(column, source)
    if isinstance(source, exp.Table) and source.db:
        return not planning.disclosure.holds_back(source.db, source.name, column.name)
    return False
