"""Says conditions over several departments so that each can apply its part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from gateway.planner.gather_department import home_of
from gateway.planner.members import is_member_union
from gateway.planner.planning import Planning
from sql.annotate import kind_of
from sql.copies import copy_tree
from sql.kinds import is_integer
from sql.scopes import (
    block_conjuncts,
    block_sources,
    free_aliases,
    join_conjuncts,
    source_alias,
    split_conjuncts,
)
from sql.uses.failing import may_fail

_COMPARISONS = (exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Like)
_CONSTANTS = (exp.Literal, exp.Neg, exp.Paren, exp.Cast, exp.DataType, exp.DataTypeParam)
_MOST_LISTED = 1000
"""Constants of VALUES that are asked for one by one."""


def factor_conditions(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with three things said that its conditions imply; a copy where a block reads several departments.

    `(a AND b) OR (a AND c)` becomes `a AND (b OR c)`, which is the same in SQL's three values. Of an OR over the
    tables of several departments, each department gets what its tables must fulfil in any case; the OR itself
    stays. And where two columns of one type are equal, what is asked of one of them by constants is asked of the other, if
    its values may be read: a department that only allows joins would see a question that nobody asked. A column that is
    equal to one of VALUES is among its constants.

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
            _spread_constants(select, planning, _pieces(select))
    return copy


def _may_say(select: exp.Select) -> bool:
    """Whether a block of several departments has an OR, or equals columns with columns and with constants."""
    sources = block_sources(select)
    if len(sources) < 2 or len(set(_homes(select).values())) < 2:
        return False
    conjuncts = block_conjuncts(select)
    if any(isinstance(c.unnest(), exp.Or) for c in conjuncts):
        return True
    equal = any(
        isinstance(c, exp.EQ) and isinstance(c.this, exp.Column) and isinstance(c.expression, exp.Column)
        for c in conjuncts
    )
    lists = any(isinstance(source, exp.Values) for source, _ in sources)
    return equal and (lists or any(_asked_column(c) is not None for c in conjuncts))


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
    for conjunct in block_conjuncts(select):
        names = sorted(free_aliases(conjunct) & homes.keys()) if isinstance(conjunct, exp.EQ) else []
        if len(names) == 2 and homes[names[0]] == homes[names[1]]:
            one, other = (pieces[name] for name in names)
            pieces = {alias: one if piece == other else piece for alias, piece in pieces.items()}
    return pieces


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


def _spread_constants(select: exp.Select, planning: Planning, homes: Mapping[str, str]) -> None:
    """Asks of a column what is asked of one that it is equal to, where another department has it."""
    pool = block_conjuncts(select)
    asked: dict[exp.Expr, list[exp.Expr]] = {}
    pairs: list[tuple[exp.Column, exp.Column]] = []
    for conjunct in [*pool, *_listed(select, pool)]:
        column = _asked_column(conjunct)
        if column is not None:
            asked.setdefault(column, []).append(conjunct)
        elif isinstance(conjunct, exp.EQ):
            left, right = conjunct.this, conjunct.expression
            if isinstance(left, exp.Column) and isinstance(right, exp.Column) and _same_kind(left, right):
                pairs += [(left, right), (right, left)]
    added: list[exp.Expr] = [c for c in _listed(select, pool) if _may_ask(select, c.this, planning)]
    known = len(added) - 1
    while known < len(added):
        # What was added goes on to what that column is equal to.
        known = len(added)
        for left, right in pairs:
            for conjunct in list(asked.get(left, ())):
                other = _of_column(conjunct, right)
                if other in asked.get(right, ()) or not _may_ask(select, right, planning):
                    continue
                if isinstance(conjunct, exp.EQ) or homes.get(left.table) != homes.get(right.table):
                    asked.setdefault(right, []).append(other)
                    added.append(other)
    if added:
        where = select.args.get("where")
        condition = join_conjuncts([*split_conjuncts(where.this if where is not None else None), *added])
        select.set("where", exp.Where(this=condition))


def _asked_column(conjunct: exp.Expr) -> exp.Column | None:
    """The one column that a condition compares with constants; None for any other condition."""
    if not isinstance(conjunct, _COMPARISONS):
        return None
    values = [value for value in conjunct.iter_expressions() if not isinstance(value, exp.Column)]
    columns = [value for value in conjunct.iter_expressions() if isinstance(value, exp.Column)]
    if len(columns) != 1 or not values:
        return None
    is_constant = all(isinstance(node, _CONSTANTS) for value in values for node in value.walk())
    return columns[0] if is_constant and not may_fail(conjunct) else None


def _of_column(conjunct: exp.Expr, column: exp.Column) -> exp.Expr:
    """The same asked of another column."""
    own = _asked_column(conjunct)
    assert own is not None
    return copy_tree(conjunct, {id(own): copy_tree(column)})


def _listed(select: exp.Select, pool: list[exp.Expr]) -> list[exp.In]:
    """Of columns that are equal to one of VALUES, that they are among its constants."""
    lists = {source_alias(s): s for s, _ in block_sources(select) if isinstance(s, exp.Values)}
    found = []
    for conjunct in pool if lists else ():
        sides = (conjunct.this, conjunct.expression) if isinstance(conjunct, exp.EQ) else ()
        for one, other in (sides, sides[::-1]) if sides else ():
            if not (isinstance(one, exp.Column) and isinstance(other, exp.Column) and other.table in lists):
                continue
            names = [name.name for name in lists[other.table].args["alias"].columns]
            place = names.index(other.name)
            constants = [row.expressions[place] for row in lists[other.table].expressions]
            plain = all(isinstance(constant, exp.Literal) for constant in constants)
            if plain and 0 < len(constants) <= _MOST_LISTED and _is_among(one, other):
                found.append(exp.In(this=one.copy(), expressions=[c.copy() for c in constants]))
    return found


def _is_among(column: exp.Expr, values: exp.Expr) -> bool:
    """Whether a column's type is that of constants, or both are whole numbers."""
    kinds = kind_of(column), kind_of(values)
    return _same_kind(column, values) or all(kind is not None and is_integer(kind) for kind in kinds)


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
