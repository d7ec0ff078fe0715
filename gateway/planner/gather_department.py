"""Gathers the tables of one department in an aggregate block, so that the department can aggregate them."""

from __future__ import annotations

from sqlglot import exp

from gateway.planner.block_aggregates import block_calls
from gateway.planner.members import FEDERATED, is_member_union
from gateway.planner.planning import Planning
from sql.copies import copy_tree
from sql.from_items import named_query
from sql.scopes import (
    block_expressions,
    block_sources,
    free_aliases,
    is_cte_reference,
    join_conjuncts,
    source_alias,
    split_conjuncts,
    used_names,
)

BESIDE = frozenset({("", ""), ("", "INNER"), ("", "CROSS")})


def gather_department(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with such tables as a union of one member, which `split_aggregates` takes from there.

    A block that reads one department goes there whole, unless it also says something of another: a HAVING or an
    output that asks another department would make all rows leave. So does a join with another department's table,
    or a condition on an outer query: there the tables are gathered when columns are aggregated that may not be
    read, since then their rows must not leave. A copy where anything changes.
    """
    if not any(_gather(select, None, planning) for select in tree.find_all(exp.Select)):
        return tree
    copy = copy_tree(tree)
    for select in list(copy.find_all(exp.Select)):
        _gather(select, copy, planning)
    return copy


def aggregates(select: exp.Select) -> bool:
    return select.args.get("group") is not None or bool(block_calls(select))


def _reads_departments(select: exp.Select) -> bool:
    return any(not is_member_union(source) for source, _ in block_sources(select))


def _gather(select: exp.Select, tree: exp.Query | None, planning: Planning) -> bool:
    """Whether the block has tables to gather; gathers them in `tree`, unless that is None."""
    if not _reads_departments(select) or not aggregates(select):
        return False
    sources = block_sources(select)
    homes = {source_alias(source): home_of(source) for source, _ in sources}
    departments = set(homes.values())
    if (
        len(departments) == 1
        and (home := departments.pop())
        and _is_foreign_outside(select, home)
        and _reads_only(before_grouping(select), home, set(homes))
    ):
        if tree is None:
            return True
        clauses = {key: select.args.get(key) for key in ("from_", "joins", "where")}
        arm = exp.Select(**{key: value for key, value in clauses.items() if value})
        put_arm(select, arm, [], [], tree, home)
        return True
    held = _held_tables(select, homes, planning)
    if len(held) != 1 or not all(
        join is None or ((join.side, join.kind) in BESIDE and not join.args.get("using"))
        for _, join in sources
    ):
        return False
    home = held.pop()
    own = {alias for alias, place in homes.items() if place == home}
    pool = [c for part in before_grouping(select) for c in split_conjuncts(part)]
    inside = [c for c in pool if free_aliases(c) <= own and departments_of(c) <= {home}]
    if len(own) == len(sources) and len(inside) == len(pool):
        # It goes down whole, or what keeps it is of no department.
        return False
    if not are_connected(own, inside):
        return False
    if tree is None:
        return True
    moved = [source for source, _ in sources if source_alias(source) in own]
    arm = exp.Select(
        from_=exp.From(this=moved[0]), joins=[exp.Join(this=source, kind="CROSS") for source in moved[1:]]
    )
    condition = join_conjuncts(inside)
    arm.set("where", exp.Where(this=condition) if condition is not None else None)
    kept = [source for source, _ in sources if source_alias(source) not in own]
    taken = {id(conjunct) for conjunct in inside}
    put_arm(select, arm, kept, [c for c in pool if id(c) not in taken], tree, home)
    return True


def home_of(source: exp.Expr) -> str | None:
    """The department of a FROM item that is its table or a query over its tables."""
    if is_member_union(source):
        return None
    if isinstance(source, exp.Table):
        return None if is_cte_reference(source) else source.db
    if isinstance(source, exp.Subquery) and not free_aliases(source.this):
        tables = list(source.find_all(exp.Table))
        homes = {"" if is_cte_reference(table) else table.db for table in tables}
        return homes.pop() or None if len(homes) == 1 else None
    return None


def departments_of(node: exp.Expr) -> set[str]:
    """The departments that queries inside an expression read; empty text for a WITH name."""
    return {"" if is_cte_reference(table) else table.db for table in node.find_all(exp.Table)}


def before_grouping(select: exp.Select) -> list[exp.Expr]:
    where = select.args.get("where")
    conditions = [
        join.args["on"] for _, join in block_sources(select) if join is not None and join.args.get("on")
    ]
    return [*conditions, *([where.this] if where is not None else [])]


def _is_foreign_outside(select: exp.Select, home: str) -> bool:
    """Whether a clause other than FROM and WHERE asks another department."""
    before = {id(part) for part in before_grouping(select)} | {id(select.args.get("where"))}
    return any(departments_of(e) - {home} for e in block_expressions(select) if id(e) not in before)


def _reads_only(parts: list[exp.Expr], home: str, aliases: set[str]) -> bool:
    return all(free_aliases(part) <= aliases and departments_of(part) <= {home} for part in parts)


def _held_tables(select: exp.Select, homes: dict[str, str | None], planning: Planning) -> set[str]:
    """The departments of columns that the block aggregates and that may not be read."""
    tables = {
        source_alias(source): source for source, _ in block_sources(select) if isinstance(source, exp.Table)
    }
    held = set()
    for call in block_calls(select):
        for column in call.node.find_all(exp.Column):
            table, home = tables.get(column.table), homes.get(column.table)
            if table is not None and home and planning.disclosure.holds_back(home, table.name, column.name):
                held.add(home)
    return held


def are_connected(aliases: set[str], conjuncts: list[exp.Expr]) -> bool:
    """Whether equalities lead from each table to each other, so that no product of tables is made."""
    reached = {min(aliases)}
    links = [free_aliases(c) for c in conjuncts if isinstance(c, exp.EQ)]
    while more := {alias for names in links if names & reached for alias in names} - reached:
        reached |= more
    return reached >= aliases


def put_arm(
    select: exp.Select,
    arm: exp.Select,
    kept: list[exp.Expr],
    conjuncts: list[exp.Expr],
    tree: exp.Query,
    home: str,
) -> None:
    """Makes the block read the arm, as a derived table of the department, beside the sources that are kept."""
    union = derived_table(arm, tree, home)
    select.set("from_", exp.From(this=union))
    select.set("joins", [exp.Join(this=source, kind="CROSS") for source in kept])
    condition = join_conjuncts(conjuncts)
    select.set("where", exp.Where(this=condition) if condition is not None else None)
    project_arm(arm, union, tree)


def derived_table(arm: exp.Select, tree: exp.Query, home: str) -> exp.Subquery:
    """The arm as the rows of a department, under a name that the tree does not use yet."""
    alias, number, taken = f"{home}_rows", 1, used_names(tree)
    while alias.lower() in taken:
        number += 1
        alias = f"{home}_rows_{number}"
    union = named_query(arm, alias)
    union.meta[FEDERATED] = home
    return union


def project_arm(arm: exp.Select, union: exp.Subquery, tree: exp.Query) -> None:
    """Lets the arm select what is read of its tables outside it, and points those columns at the derived table."""
    aliases = {source_alias(source) for source, _ in block_sources(arm)}
    inside = {id(column) for column in arm.find_all(exp.Column)}
    names: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for column in list(tree.find_all(exp.Column)):
        if column.table not in aliases or id(column) in inside:
            continue
        key = (column.table, column.name)
        if key not in names:
            name, number = column.name, 1
            while name.lower() in taken:
                number += 1
                name = f"{column.name}_{number}" if len(column.name.encode()) < 50 else f"column_{number}"
            taken.add(name.lower())
            names[key] = name
        column.set("this", exp.to_identifier(names[key], quoted=True))
        column.set("table", exp.to_identifier(source_alias(union), quoted=True))
    outputs = [
        exp.alias_(exp.column(column, table=alias, quoted=True), name, quoted=True)
        for (alias, column), name in names.items()
    ]
    arm.set("expressions", outputs or [exp.alias_(exp.Literal.number(1), "one", quoted=True)])
