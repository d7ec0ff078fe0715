"""Whether a block's joins leave the rows of its floor's table as they are: each at most once.

A join that repeats rows gives every entity a weight that whoever asks can choose. From one sum in which the
first person counts once, the second ten times and the third a hundred times, every single value can be read,
however many people the group has. And a joined table whose rows say to which groups a person belongs can put
everybody into one group and everybody but one into the next. So the rows of a block must be the rows of one
table under a floor, and all other tables at most one row for each.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from policies.floor_blocks import FloorBlock
from sql.resolve_groups import has_aggregate
from sql.scopes import block_sources, is_cte_reference, source_alias, split_conjuncts

Keys = Mapping[tuple[str, str], tuple[frozenset[str], ...]]
"""The sets of columns in which no two rows of a published table agree, by department and table."""

_Pair = tuple[exp.Column, exp.Column]
_SEMI = {"SEMI", "ANTI"}
_DEEPEST = 20


def find_repeating_source(block: FloorBlock, keys: Keys | None) -> exp.Expr | None:
    """A FROM item that may repeat rows of the block's tables under a floor; None when none does.

    With `keys` None the keys of published tables are not known here, and any equality is taken for one.
    """
    select = block.select
    sources = [s for s, join in block_sources(select) if join is None or join.kind not in _SEMI]
    pairs = _equalities(select)
    stuck: exp.Expr | None = None
    for root in block.sources:
        reached = {root.alias}
        left = [source for source in sources if source_alias(source) != root.alias]
        while left:
            near = next((s for s in left if _is_single(s, _equated(s, pairs, reached), keys)), None)
            if near is None:
                break
            left.remove(near)
            reached.add(source_alias(near))
        if not left:
            return None
        stuck = stuck or left[0]
    return stuck


def _equalities(select: exp.Select) -> list[_Pair]:
    """Pairs of columns that are equal in every row of the block, or in every row that a join matched."""
    where = select.args.get("where")
    conditions = [(c, "") for c in split_conjuncts(where.this if where is not None else None)]
    for join in select.args.get("joins") or ():
        if join.kind in _SEMI:
            continue
        own = source_alias(join.this) if join.side else ""
        conditions += [(c, own) for c in split_conjuncts(join.args.get("on"))]
    pairs: list[_Pair] = []
    for condition, own in conditions:
        equality = condition.unnest()
        if not isinstance(equality, (exp.EQ, exp.NullSafeEQ)):
            continue
        left, right = equality.this.unnest(), equality.expression.unnest()
        across = isinstance(left, exp.Column) and isinstance(right, exp.Column) and left.table != right.table
        # An outer join's condition says nothing of two tables that were joined before it.
        if across and (not own or own in {left.table, right.table}):
            pairs += [(left, right), (right, left)]
    return pairs


def _equated(source: exp.Expr, pairs: list[_Pair], reached: set[str]) -> frozenset[str]:
    alias = source_alias(source)
    return frozenset(own.name for own, other in pairs if own.table == alias and other.table in reached)


def _is_single(source: exp.Expr, columns: frozenset[str], keys: Keys | None) -> bool:
    if keys is None and isinstance(source, exp.Table) and not is_cte_reference(source):
        return bool(columns)
    return any(key <= columns for key in _keys_of(source, keys or {}, _DEEPEST))


def _keys_of(source: exp.Expr, keys: Keys, depth: int) -> list[frozenset[str]]:
    """Sets of columns in which no two rows of a FROM item agree; the empty set for at most one row."""
    if isinstance(source, exp.Table):
        if not is_cte_reference(source):
            return list(keys.get((source.db, source.name), ()))
        body = _with_body(source)
        return _keys_of_query(body, keys, depth - 1) if body is not None and depth else []
    if isinstance(source, exp.Values):
        return _keys_of_values(source)
    if isinstance(source, exp.Subquery):
        alias = source.args.get("alias")
        renamed = alias is not None and bool(alias.columns)
        return _keys_of_query(source.this, keys, depth - 1) if depth and not renamed else []
    return []


def _with_body(reference: exp.Table) -> exp.Query | None:
    node: exp.Expr | None = reference.parent
    while node is not None:
        clause = node.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            if cte.alias == reference.name:
                body: exp.Query = cte.this
                return body
        node = node.parent
    return None


def _keys_of_values(values: exp.Values) -> list[frozenset[str]]:
    alias = values.args.get("alias")
    names = [column.name for column in alias.columns] if alias is not None else []
    rows = [row.expressions for row in values.expressions]
    found = [frozenset[str]()] if len(rows) == 1 else []
    for place, name in enumerate(names):
        cells = [row[place] for row in rows]
        # Literals of one kind only: 1 and 1.0, or '1' and 1, are different texts and may be the same value.
        plain = all(isinstance(cell, exp.Literal) for cell in cells)
        whole = plain and all(cell.is_string for cell in cells)
        whole = whole or (plain and all(cell.is_int and str(int(cell.name)) == cell.name for cell in cells))
        if whole and len({cell.name for cell in cells}) == len(cells):
            found.append(frozenset({name}))
    return found


def _keys_of_query(query: exp.Expr, keys: Keys, depth: int) -> list[frozenset[str]]:
    if isinstance(query, exp.Subquery):
        return _keys_of_query(query.this, keys, depth)
    if not isinstance(query, exp.Select):
        return []
    outputs = {output.this: output.alias for output in query.expressions if isinstance(output, exp.Alias)}
    found: list[frozenset[str]] = []
    distinct = query.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is None:
        found.append(frozenset(outputs.values()))
    group = query.args.get("group")
    if group is not None:
        plain = not any(
            isinstance(key, (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple)) for key in group.expressions
        )
        if plain and all(key in outputs for key in group.expressions):
            found.append(frozenset(outputs[key] for key in group.expressions))
    elif any(has_aggregate(output) for output in outputs):
        found.append(frozenset())
    sources = block_sources(query)
    if group is None and len(sources) == 1:
        below = {value.name: name for value, name in outputs.items() if isinstance(value, exp.Column)}
        for key in _keys_of(sources[0][0], keys, depth):
            if all(name in below for name in key):
                found.append(frozenset(below[name] for name in key))
    return found
