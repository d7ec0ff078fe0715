"""The SELECT list: stars expanded, each output bound and given a name."""

from __future__ import annotations

from sqlglot import exp

from sql.catalog import fold_name
from sql.limits import MOST_OUTPUTS
from sql.naming import implicit_name
from sql.places import offset_of, put_at
from sql.resolution import Resolution, suggestion
from sql.resolve_names import bind_names
from sql.sources import AliasMode, Merged, Relation, Scope, Source, SourceColumn, identifier


def resolve_outputs(resolution: Resolution, select: exp.Select, scope: Scope, *, named: bool) -> None:
    """Resolves the SELECT list in place; afterwards every item is an `Alias`.

    `named` says that the names matter to an outer block; else unnamed items are called by their place.
    """
    scope.mode = AliasMode.AFTER_COLUMNS
    repeated = _repeated_subqueries(select)
    outputs: list[exp.Expr] = []
    for index, item in enumerate(list(select.expressions)):
        for group in repeated.get(index, ()):
            group.replace(exp.Literal(this=str(len(outputs) + 1), is_string=False))
        star = _star_of(item)
        if star is None:
            outputs.append(_output(resolution, item, scope, len(outputs) + 1, named=named))
        else:
            outputs += _expand(resolution, item, star, scope)
        if len(outputs) > MOST_OUTPUTS:
            raise resolution.error(item, "SQL_TOO_LARGE", f"more than {MOST_OUTPUTS} columns are selected")
    select.set("expressions", outputs)


def _repeated_subqueries(select: exp.Select) -> dict[int, list[exp.Expr]]:
    """GROUP BY items with a nested query that say an output again, by the output's index.

    Two copies of a nested query get different names for their tables, so DuckDB would no longer see that
    they are the same.
    """
    group = select.args.get("group")
    found: dict[int, list[exp.Expr]] = {}
    for item in group.expressions if group is not None else ():
        if isinstance(item, exp.Column) or item.find(exp.Query) is None:
            continue
        for index, output in enumerate(select.expressions):
            if (output.this if isinstance(output, exp.Alias) else output) == item:
                found.setdefault(index, []).append(item)
                break
    return found


def _output(resolution: Resolution, item: exp.Expr, scope: Scope, place: int, *, named: bool) -> exp.Alias:
    if isinstance(item, exp.Alias):
        shown = item.alias
        bind_names(resolution, item.this, scope)
        item.set("alias", identifier(shown))
        key = fold_name(shown)
        if key in scope.aliases and scope.aliases[key] != item.this:
            scope.repeated.add(key)
        scope.aliases[key] = item.this
        return item
    if isinstance(item, exp.Column):
        spelled = item.name
        holder = exp.Alias(this=item, alias=identifier(spelled))
        _bind_named(resolution, item, holder, scope)
        return holder
    name = implicit_name(item, place) if named else f"column_{place}"
    holder = exp.Alias(this=item, alias=identifier(name))
    bind_names(resolution, holder.this, scope)
    return holder


def _bind_named(resolution: Resolution, item: exp.Column, holder: exp.Alias, scope: Scope) -> None:
    """Binds a plain column, whose name is then as the catalog spells it."""
    bind_names(resolution, item, scope)
    bound = holder.this
    if isinstance(bound, exp.Column):
        shown = _shown_name(scope, bound)
        if shown is not None:
            holder.set("alias", identifier(shown))


def _shown_name(scope: Scope, bound: exp.Column) -> str | None:
    inner: Scope | None = scope
    while inner is not None:
        for source in inner.relation.sources:
            if source.alias == bound.table:
                for column in source.columns.values():
                    if column.name == bound.name:
                        return column.shown
        inner = inner.parent
    return None


def _star_of(item: exp.Expr) -> exp.Star | None:
    if isinstance(item, exp.Star):
        return item
    if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        return item.this
    return None


def _expand(resolution: Resolution, item: exp.Expr, star: exp.Star, scope: Scope) -> list[exp.Expr]:
    resolution.starred = True
    if isinstance(item, exp.Column):
        columns = _columns_of(resolution, item, scope)
    else:
        _check_names_apart(resolution, item, scope.relation)
        columns = _all_columns(scope.relation)
    if not columns and not scope.relation.sources:
        raise resolution.error(item, "SQL_SYNTAX", "* needs a FROM clause")
    if not columns:
        message = "* stands for the columns that you may read, and there are none here"
        advice = "Name columns: `comity catalog` shows what each may be used for."
        raise resolution.error(item, "SQL_COLUMN_UNKNOWN", message, advice)
    known = {fold_name(column.shown) for column in columns}
    excluded = {fold_name(column.name): column for column in star.args.get("except_") or ()}
    replaced = {fold_name(alias.alias): alias for alias in star.args.get("replace") or ()}
    for name, node in {**excluded, **replaced}.items():
        if name not in known:
            hint = suggestion(name, [column.shown for column in columns])
            message = f"there is no column {node.alias_or_name} to leave out or replace"
            raise resolution.error(node, "SQL_COLUMN_UNKNOWN", message, hint)
        if name in excluded and name in replaced:
            message = f"{node.alias_or_name} is both left out and replaced"
            raise resolution.error(node, "SQL_AMBIGUOUS", message)
    for alias in replaced.values():
        bind_names(resolution, alias.this, scope)
    outputs: list[exp.Expr] = []
    offset = offset_of(item)
    for column in columns:
        key = fold_name(column.shown)
        if key in excluded:
            continue
        if key in replaced:
            value = replaced[key].this.copy()
        else:
            value = column.refer()
            put_at(value, offset)
        outputs.append(exp.Alias(this=value, alias=identifier(column.shown)))
    if not outputs:
        raise resolution.error(item, "SQL_SYNTAX", "no column is left")
    return outputs


def _check_names_apart(resolution: Resolution, item: exp.Expr, relation: Relation) -> None:
    """`*` over two items of one name could not be taken apart again."""
    seen: set[tuple[str, str]] = set()
    for source in relation.sources:
        key = (source.department, source.name)
        if source.name and key in seen:
            message = f"two tables in FROM are called {source.name}"
            raise resolution.error(item, "SQL_AMBIGUOUS", message, "Give each an alias of its own.")
        seen.add(key)


def _all_columns(relation: Relation) -> list[SourceColumn | Merged]:
    """The columns of `*` in order; a merged one stands where the first of its members does."""
    columns: list[SourceColumn | Merged] = []
    emitted: set[int] = set()
    for source in relation.sources:
        for key in source.star:
            column = source.columns[key]
            merged = relation.merged.get(key)
            if merged is None or column not in merged.members:
                columns.append(column)
            elif id(merged) not in emitted:
                emitted.add(id(merged))
                columns.append(merged)
    return columns


def _columns_of(resolution: Resolution, item: exp.Column, scope: Scope) -> list[SourceColumn | Merged]:
    sources: list[Source] = scope.relation.named(fold_name(item.table), fold_name(item.db))
    if len(sources) == 1:
        return [sources[0].columns[key] for key in sources[0].star]
    if sources:
        message = f"{item.table} could mean several tables"
        raise resolution.error(item, "SQL_AMBIGUOUS", message, "Give each an alias of its own.")
    known = [source.name for source in scope.relation.sources if source.name]
    message = f"no table or alias {item.table} stands in this FROM"
    raise resolution.error(item, "SQL_TABLE_UNKNOWN", message, suggestion(item.table, known))
