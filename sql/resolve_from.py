"""The FROM clause: tables looked up, derived tables resolved, joins made explicit.

Afterwards a block has one first item and a list of joins that reads from left to right: commas have become
CROSS JOIN, USING and NATURAL have become ON, and joins in parentheses are unfolded or derived tables.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sql.annotate import annotate_value
from sql.catalog import Table, fold_name
from sql.kinds import settled, unified
from sql.limits import MOST_LATERALS
from sql.resolution import Resolution, suggestion
from sql.resolve_joins import join_condition, nest_relation
from sql.resolve_names import bind_names
from sql.sources import (
    CteDefinition,
    Merged,
    Relation,
    Scope,
    Source,
    SourceColumn,
    identifier,
    source_of,
)

_SIDES = {"", "LEFT", "RIGHT", "FULL"}
_KINDS = {"", "INNER", "OUTER", "CROSS", "SEMI", "ANTI"}


def resolve_from(
    resolution: Resolution,
    select: exp.Select,
    ctes: Mapping[str, CteDefinition],
    outer: Scope | None,
) -> Relation:
    """Resolves the FROM items of a block in place and returns what they offer."""
    clause = select.args.get("from_")
    if clause is None:
        return Relation()
    items = _Items(resolution, ctes, outer)
    first, relation, joins = items.group(
        clause.this, _until_comma(select.args.get("joins") or []), Relation()
    )
    for group in _comma_groups(select.args.get("joins") or []):
        item, added, more = items.group(group[0].this, group[1:], relation)
        if any(join.side in {"RIGHT", "FULL"} for join in more):
            item, added = nest_relation(resolution, item, more, added)
            more = []
        joins.append(exp.Join(this=item, kind="CROSS"))
        joins += more
        relation = Relation(relation.sources + added.sources, _merge_apart(relation, added))
    select.set("from_", exp.From(this=first))
    select.set("joins", joins or None)
    return relation


def _is_comma(join: exp.Join) -> bool:
    return not any(join.args.get(part) for part in ("side", "kind", "method", "on", "using"))


def _until_comma(joins: list[exp.Join]) -> list[exp.Join]:
    found: list[exp.Join] = []
    for join in joins:
        if _is_comma(join):
            break
        found.append(join)
    return found


def _comma_groups(joins: list[exp.Join]) -> list[list[exp.Join]]:
    groups: list[list[exp.Join]] = []
    for join in joins:
        if _is_comma(join):
            groups.append([join])
        elif groups:
            groups[-1].append(join)
    return groups


def _merge_apart(left: Relation, right: Relation) -> dict[str, Merged]:
    return {**right.merged, **left.merged}


class _Items:
    """Resolves the items of one FROM clause."""

    def __init__(
        self, resolution: Resolution, ctes: Mapping[str, CteDefinition], outer: Scope | None
    ) -> None:
        self.resolution = resolution
        self.ctes = ctes
        self.outer = outer

    def group(
        self, item: exp.Expr, joins: list[exp.Join], before: Relation
    ) -> tuple[exp.Expr, Relation, list[exp.Join]]:
        """One item and the joins that follow it up to the next comma; `before` stands left of the comma."""
        first, relation, result = self.item(item, before)
        for join in joins:
            relation, joined = self.join(relation, join, before)
            result.append(joined)
        return first, relation, result

    def item(self, item: exp.Expr, left: Relation) -> tuple[exp.Expr, Relation, list[exp.Join]]:
        """One FROM item; a join in parentheses comes back as its first item and its joins."""
        if isinstance(item, exp.Table):
            return self.table(item)
        if isinstance(item, exp.Subquery):
            # ((SELECT …) x) is a derived table in parentheses, ((SELECT …)) a query in parentheses.
            inner = item.this
            named = isinstance(inner, exp.Subquery) and (inner.args.get("alias") or inner.args.get("joins"))
            if isinstance(inner, exp.Query) and not named:
                return self.derived(item, item, left)
            return self.parenthesised(item, left)
        if isinstance(item, exp.Lateral):
            return self.derived(item, item.this, left)
        if isinstance(item, exp.Values):
            return self.values(item)
        raise self.resolution.refused(item, "this in FROM")

    def parenthesised(self, item: exp.Subquery, left: Relation) -> tuple[exp.Expr, Relation, list[exp.Join]]:
        inner = item.this
        joins = inner.args.get("joins") or []
        alias = item.args.get("alias")
        if not joins and alias is not None and not inner.args.get("alias"):
            inner.set("alias", alias)
        elif alias is not None:
            raise self.resolution.refused(item, "a name for a join in parentheses")
        inner.set("joins", None)
        if any(_is_comma(join) for join in joins):
            raise self.resolution.refused(item, "a comma inside a join in parentheses")
        return self.group(inner, joins, left)

    # --- joins ---------------------------------------------------------------------------------

    def join(self, left: Relation, join: exp.Join, before: Relation) -> tuple[Relation, exp.Join]:
        side, kind, method = (str(join.args.get(part) or "").upper() for part in ("side", "kind", "method"))
        if side not in _SIDES or kind not in _KINDS or method not in {"", "NATURAL"}:
            raise self.resolution.refused(join, f"{' '.join(filter(None, (method, side, kind)))} JOIN")
        visible = Relation(before.sources + left.sources, left.merged)
        item, right, more = self.item(join.this, visible)
        if more:
            item, right = nest_relation(self.resolution, item, more, right)
        result = exp.Join(this=item, side=side or None, kind=None if kind == "OUTER" else kind or None)
        both = Relation(left.sources + right.sources, {**right.merged, **left.merged})
        if method == "NATURAL" or join.args.get("using"):
            condition, both.merged = join_condition(self.resolution, join, left, right, side)
            result.set("on", condition)
        elif join.args.get("on") is not None:
            result.set("on", join.args["on"])
            outer = self.outer if not before.sources or side in {"RIGHT", "FULL"} else self.beside(before)
            bind_names(self.resolution, result.args["on"], Scope(both, outer, self.ctes))
        if kind in {"SEMI", "ANTI"}:
            both = left
        return both, result

    def beside(self, before: Relation) -> Scope:
        """The items left of a comma, as an ON condition right of it sees them."""
        return Scope(before, self.outer, self.ctes)

    # --- items ---------------------------------------------------------------------------------

    def table(self, node: exp.Table) -> tuple[exp.Expr, Relation, list[exp.Join]]:
        alias = node.args.get("alias")
        given = alias.this.name if alias is not None and alias.this is not None else ""
        shown = [column.name for column in alias.columns] if alias is not None else []
        if not node.db and (cte := self.ctes.get(fold_name(node.name))) is not None:
            source, table = self.cte_reference(node, cte, given, shown), cte.alias
        else:
            source, table = self.catalog_table(node, given, shown)
        resolved = exp.Table(this=identifier(table), alias=exp.TableAlias(this=identifier(source.alias)))
        if source.table is not None:
            resolved.set("db", identifier(source.table.department))
        return resolved, Relation([source]), []

    def cte_reference(self, node: exp.Table, cte: CteDefinition, given: str, shown: list[str]) -> Source:
        if cte.outputs is None:
            message = f"{node.name} refers to itself, or to a later WITH name"
            hint = "If a table is meant, put its department before its name."
            raise self.resolution.error(node, "SQL_TABLE_UNKNOWN", message, hint)
        name = given or node.name
        alias = self.resolution.fresh_alias(name)
        self.check_alias_columns(node, shown, len(cte.outputs))
        return source_of(name, alias, cte.outputs, shown + list(cte.shown[len(shown) :]))

    def catalog_table(self, node: exp.Table, given: str, shown: list[str]) -> tuple[Source, str]:
        table = find_table(self.resolution, node)
        note = self.resolution.note_table(node, table)
        alias = self.resolution.fresh_alias(given or table.name)
        # As `*` has them: a column that may not be returned has no place among the others.
        self.check_alias_columns(node, shown, len(table.columns if table.star is None else table.star))
        if shown:
            self.resolution.starred = True
        columns: dict[str, SourceColumn] = {}
        renamed = dict(
            zip(
                table.star if table.star is not None else (c.name for c in table.columns), shown, strict=False
            )
        )
        star: list[str] = []
        starred = None if table.star is None else {fold_name(name) for name in table.star}
        for column in table.columns:
            visible = renamed.get(column.name, column.name)
            key = fold_name(visible)
            columns[key] = SourceColumn(visible, column.name, alias, column.type, note.columns)
            if starred is None:
                star.append(key)
        if table.star is not None:
            star = [fold_name(renamed.get(name, name)) for name in table.star]
        department = "" if given else fold_name(table.department)
        source = Source(fold_name(given or table.name), department, alias, columns, tuple(star), table)
        return source, table.name

    def check_alias_columns(self, node: exp.Expr, shown: list[str], width: int) -> None:
        if len(shown) > width:
            raise self.resolution.error(
                node, "SQL_COLUMN_UNKNOWN", f"{len(shown)} column names for {width} columns"
            )
        if len({fold_name(name) for name in shown}) != len(shown):
            raise self.resolution.error(node, "SQL_AMBIGUOUS", "two columns are given the same name")

    def derived(
        self, item: exp.Expr, subquery: exp.Query, left: Relation
    ) -> tuple[exp.Expr, Relation, list[exp.Join]]:
        """A query in FROM, which may use the items before it."""
        beside = Scope(left, self.outer, self.ctes)
        query, outputs = self.resolution.resolve_query(self.resolution, subquery, self.ctes, beside)
        node_alias = item.args.get("alias")
        given = node_alias.this.name if node_alias is not None and node_alias.this is not None else ""
        shown = [column.name for column in node_alias.columns] if node_alias is not None else []
        self.check_alias_columns(item, shown, len(outputs))
        alias = self.resolution.fresh_alias(given or "derived")
        result: exp.Expr = exp.Subquery(this=query)
        if beside.reached:
            self.resolution.laterals += 1
            if self.resolution.laterals > MOST_LATERALS:
                message = f"more than {MOST_LATERALS} derived tables use tables beside them"
                raise self.resolution.error(item, "SQL_TOO_LARGE", message)
            result = exp.Lateral(this=result)
        result.set("alias", exp.TableAlias(this=identifier(alias)))
        return result, Relation([source_of(given, alias, outputs, shown)]), []

    def values(self, item: exp.Values) -> tuple[exp.Expr, Relation, list[exp.Join]]:
        node_alias = item.args.get("alias")
        given = node_alias.this.name if node_alias is not None and node_alias.this is not None else ""
        shown = [column.name for column in node_alias.columns] if node_alias is not None else []
        width = len(item.expressions[0].expressions)
        self.check_alias_columns(item, shown, width)
        for row in item.expressions:
            for value in list(row.expressions):
                bind_names(self.resolution, value, Scope(Relation(), None, self.ctes))
        alias = self.resolution.fresh_alias(given or "derived")
        names = shown + [f"col{number}" for number in range(len(shown), width)]
        result = exp.Values(expressions=item.expressions)
        result.set("alias", exp.TableAlias(this=identifier(alias), columns=[identifier(n) for n in names]))
        kinds = [_column_kind(item, place) for place in range(width)]
        columns = {
            fold_name(name): SourceColumn(name, name, alias, kind)
            for name, kind in zip(names, kinds, strict=True)
        }
        return result, Relation([Source(fold_name(given), "", alias, columns, tuple(columns))]), []


def _column_kind(values: exp.Values, place: int) -> str | None:
    """The common type of one column of VALUES."""
    kind: str | None = "NULL"
    for row in values.expressions:
        kind = unified(kind, annotate_value(row.expressions[place]))
    return settled(kind)


def find_table(resolution: Resolution, node: exp.Table) -> Table:
    """The published table that a name means. Raises `SQL_TABLE_UNKNOWN` or `SQL_AMBIGUOUS`."""
    catalog = resolution.catalog
    if node.db:
        table = catalog.find(node.db, node.name)
        if table is not None:
            return table
        known = [candidate.qualified_name for candidate in catalog.tables]
        message = f"there is no table {node.db}.{node.name} that you may see"
        hint = suggestion(f"{node.db}.{node.name}", known)
        raise resolution.error(node, "SQL_TABLE_UNKNOWN", message, hint)
    found = catalog.find_unqualified(node.name)
    if len(found) == 1:
        start = node.this.meta_get("start")
        if start is not None:
            resolution.unqualified.append((start, found[0]))
        return found[0]
    if found:
        hint = "Write " + " or ".join(table.qualified_name for table in found[:5]) + "."
        raise resolution.error(node, "SQL_AMBIGUOUS", f"several departments have a table {node.name}", hint)
    known = [candidate.name for candidate in catalog.tables]
    message = f"there is no table {node.name} that you may see"
    raise resolution.error(node, "SQL_TABLE_UNKNOWN", message, suggestion(node.name, known))
