"""What must hold of every resolved tree, looked for without the resolver's help."""

from __future__ import annotations

from sqlglot import exp

from sql.allowed import check_allowed
from tests.sql.lab import TABLES


def broken_rules(tree: exp.Query) -> list[str]:
    """Every rule that the tree breaks, in words."""
    broken = []
    check_allowed(tree)
    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            broken.append("a * is left")
    for identifier in tree.find_all(exp.Identifier):
        if not identifier.quoted:
            broken.append(f"{identifier.name} is not quoted")
    for join in tree.find_all(exp.Join):
        if join.args.get("using") or join.args.get("method"):
            broken.append("a USING or NATURAL join is left")
        if not (join.args.get("on") or join.kind == "CROSS"):
            broken.append("a join has neither ON nor CROSS")
    broken += _table_rules(tree)
    broken += _column_rules(tree)
    for select in tree.find_all(exp.Select):
        if select.args.get("windows"):
            broken.append("a WINDOW clause is left")
        if not all(isinstance(output, exp.Alias) for output in select.expressions):
            broken.append("an output has no alias")
        broken += [f"{output.sql()} has no type" for output in select.expressions if output.type is None]
    return broken


def _table_rules(tree: exp.Query) -> list[str]:
    broken = []
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not table.alias:
            broken.append(f"{table.name} has no alias")
        if table.db and (table.db, table.name) not in TABLES:
            broken.append(f"{table.db}.{table.name} is not in the catalog")
        if not table.db and table.name not in ctes:
            broken.append(f"{table.name} is neither published nor a WITH name")
        if table.catalog:
            broken.append(f"{table.name} has a catalog")
    return broken


def _column_rules(tree: exp.Query) -> list[str]:
    broken = []
    aliases = {
        source.alias_or_name for source in tree.find_all(exp.Table, exp.Subquery, exp.Lateral, exp.Values)
    }
    for column in tree.find_all(exp.Column):
        if not column.table:
            broken.append(f"{column.name} has no table")
        elif column.table not in aliases:
            broken.append(f"{column.table}.{column.name} stands for nothing")
        if column.args.get("db"):
            broken.append(f"{column.name} has a department")
    return broken
