"""Splits one resolved query into the parts that different places can run alone, and what is left.

The gateway splits by department; an agent that cannot hand a whole fragment to its database splits by
table. Both need the same thing: per place the largest part that may run there without changing the
answer, and a residual query over the parts' results.

What goes down: a query, a derived table or an uncorrelated subquery that reads one place only, whole;
in any other block, per place, the tables that inner joins connect, the left, semi and anti joins that
hang on them, the conjuncts that read nothing else (subqueries of the same place included), and only the
columns that the rest needs. Outer joins keep their meaning: no condition moves below the side that a
join may fill with NULLs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from sql.copies import copy_tree
from sql.from_items import named_table
from sql.scopes import (
    block_expressions,
    block_sources,
    defined_ctes,
    free_aliases,
    is_cte_reference,
    join_conjuncts,
    nested_queries,
    source_alias,
    split_conjuncts,
    used_names,
)

ContextOf = Callable[[exp.Table], str | None]
"""The place of a published table; None for one that is everywhere, as key sets are."""
Runs = Callable[[exp.Query], bool]
"""Whether a place can run a query that reads nothing else, exactly."""
RESIDUAL = ""
"""The context of a reference to a WITH name that stays in the residual."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part that one place runs: `name` stands for it in the residual."""

    name: str
    context: str
    query: exp.Query
    whole: bool


@dataclass(frozen=True, slots=True)
class Split:
    """`residual` is None when one piece is the whole query."""

    pieces: tuple[Piece, ...]
    residual: exp.Query | None


@dataclass(slots=True)
class _Group:
    """Tables of one place in one block, growing while the block is read."""

    name: str
    context: str
    sources: list[exp.Expr]
    aliases: set[str]
    attached: list[exp.Join] = field(default_factory=list)
    conjuncts: list[exp.Expr] = field(default_factory=list)
    filtered: bool = False
    """Whether a condition on one of the tables alone leaves rows out, as far as that was asked."""


def split_query(
    tree: exp.Query, context_of: ContextOf, *, in_place: bool = False, runs: Runs | None = None
) -> Split:
    """Splits a resolved `tree` by `context_of`, which names the place of a published table.

    The input is changed if `in_place` only. A query without tables has no pieces.

    With `runs` a place gets what it can run only, and never the whole: the conditions that it can decide, one by
    one, and joins that it can do and that leave rows out. A table is a piece of its own at least, whether the place
    can read its columns or not.
    """
    copy = tree if in_place else copy_tree(tree)
    splitter = _Splitter(context_of, used_names(copy), runs)
    if runs is not None:
        splitter.wanted = _columns_shown(copy)
    found = splitter.contexts(copy)
    if len(found) == 1 and runs is None:
        return Split((Piece(splitter.next_name(), found.pop(), copy, whole=True),), None)
    residual = splitter.split(copy)
    return Split(*splitter.finish(residual))


class _Splitter:
    def __init__(self, context_of: ContextOf, taken: frozenset[str], runs: Runs | None) -> None:
        self.context_of = context_of
        self.taken = taken
        self.runs = runs
        self.wanted: dict[str, set[str]] = {}
        self.count = 0
        self.groups: list[_Group] = []
        self.whole: list[Piece] = []
        self.cte_pieces: dict[str, str] = {}
        self.about: dict[int, tuple[exp.Expr, set[str], set[str]]] = {}

    def next_name(self) -> str:
        self.count += 1
        while f"fragment_{self.count}" in self.taken:
            self.count += 1
        return f"fragment_{self.count}"

    def contexts(self, node: exp.Expr) -> set[str]:
        """The places of all tables inside `node`; RESIDUAL stands for names it does not define."""
        inner = defined_ctes(node)
        found = set()
        for table in node.find_all(exp.Table):
            if not is_cte_reference(table):
                place = self.context_of(table)
                if place is not None:
                    found.add(place)
            elif table.name not in inner:
                found.add(RESIDUAL)
        return found

    def movable_context(self, query: exp.Expr) -> str | None:
        """The one place that can run `query` by itself, if there is one."""
        found = self.contexts(query)
        if len(found) != 1 or RESIDUAL in found or free_aliases(query):
            return None
        if self.runs is not None and not (isinstance(query, exp.Query) and self.runs(query)):
            return None
        return found.pop()

    def can_run(self, groups: list[_Group], conjuncts: list[exp.Expr], join: exp.Join | None = None) -> bool:
        """Whether the place of these groups can join them, and decide these conditions."""
        if self.runs is None:
            return True
        shown: dict[tuple[str, str], str] = {}
        for group in groups:
            for alias in sorted(group.aliases):
                for name in sorted(self.wanted.get(alias, ())):
                    shown[alias, name] = _output_name(name, alias, set(shown.values()))
        attached = [each for group in groups for each in group.attached] + (
            [join] if join is not None else []
        )

        def gives(names: dict[tuple[str, str], str], conditions: list[exp.Expr]) -> bool:
            assert self.runs is not None
            sources = [copy_tree(source) for group in groups for source in group.sources]
            joins = [copy_tree(each) for each in attached]
            conditions = [copy_tree(condition) for condition in conditions]
            return self.runs(
                _group_query(_Group("", groups[0].context, sources, set(), joins, conditions), names)
            )

        # Where the columns alone are too much for it, they are read in another way, and do not hold up conditions.
        return gives(shown, conjuncts) or (bool(shown) and not gives(shown, []) and gives({}, conjuncts))

    # --- queries -------------------------------------------------------------------------------

    def split(self, query: exp.Query) -> exp.Query:
        """Replaces in place what can move by references to pieces; returns what stands there now."""
        self.split_with(query)
        if isinstance(query, exp.Subquery):
            query.set("this", self.split(query.this))
        elif isinstance(query, exp.SetOperation):
            query.set("this", self.move_or_split(query.this))
            query.set("expression", self.move_or_split(query.expression))
        elif isinstance(query, exp.Select):
            self.split_block(query)
        return query

    def split_with(self, query: exp.Query) -> None:
        with_ = query.args.get("with_")
        if with_ is None:
            return
        kept = []
        for cte in with_.expressions:
            context = self.movable_context(cte.this)
            if context and _has_unique_names(cte.this):
                piece = Piece(self.next_name(), context, cte.this, whole=True)
                self.whole.append(piece)
                self.cte_pieces[cte.alias] = piece.name
            else:
                cte.set("this", self.split(cte.this))
                kept.append(cte)
        if kept:
            with_.set("expressions", kept)
        else:
            query.set("with_", None)

    def move_or_split(self, query: exp.Query) -> exp.Query:
        """A query that can move becomes a SELECT over its piece."""
        context = self.movable_context(query)
        if context is None or not _has_unique_names(query):
            return self.split(query)
        piece = Piece(self.next_name(), context, query, whole=True)
        self.whole.append(piece)
        columns = [
            exp.alias_(exp.column(name, table=piece.name, quoted=True), name, quoted=True, copy=False)
            for name in query.named_selects
        ]
        return exp.select(*columns).from_(named_table(piece.name))

    # --- blocks --------------------------------------------------------------------------------

    def split_block(self, select: exp.Select) -> None:
        sources = block_sources(select)
        contexts = {source_alias(source): self.source_context(source) for source, _ in sources}
        if any(_keeps_order(source, join) for source, join in sources):
            self.split_in_place(select, contexts)
        elif sources:
            self.split_inner(select, contexts)
        for expression in list(block_expressions(select)):
            for nested in nested_queries(expression):
                parent = nested.parent
                moved = self.move_nested(nested)
                if moved is not nested and parent is not None:
                    nested.replace(moved)

    def move_nested(self, nested: exp.Query) -> exp.Query:
        if isinstance(nested, exp.Subquery):
            nested.set("this", self.move_or_split(nested.this))
            return nested
        return self.move_or_split(nested)

    def source_context(self, source: exp.Expr) -> str | None:
        """Where one FROM item can be read; a derived table that must stay is split itself."""
        if isinstance(source, exp.Table):
            if is_cte_reference(source):
                piece = self.cte_pieces.get(source.name)
                if piece:
                    source.set("this", exp.to_identifier(piece, quoted=True))
                return None
            return self.context_of(source)
        if isinstance(source, exp.Subquery):
            context = self.movable_context(source.this)
            if context and _has_unique_names(source.this):
                return context
            source.set("this", self.split(source.this))
        elif isinstance(source, exp.Lateral) and isinstance(source.this, exp.Subquery):
            source.this.set("this", self.split(source.this.this))
        return None

    def group(self, source: exp.Expr, context: str) -> _Group:
        group = _Group(self.next_name(), context, [source], {source_alias(source)})
        self.groups.append(group)
        return group

    def split_in_place(self, select: exp.Select, contexts: dict[str, str | None]) -> None:
        """Blocks with RIGHT, FULL or lateral joins: each table alone, the joins where they stand.

        What WHERE asks of a table is asked of it before, unless a join may fill it up with NULLs.
        """
        sources = block_sources(select)
        filled = any(join is not None and join.side in {"RIGHT", "FULL"} for _, join in sources)
        where = select.args.get("where")
        pool = split_conjuncts(where.this if where is not None else None)
        count = len(pool)
        for source, join in sources:
            context = contexts[source_alias(source)]
            if context is not None:
                group = self.group(copy_tree(source), context)
                if not filled and (join is None or (not join.side and join.kind not in {"SEMI", "ANTI"})):
                    group.conjuncts, pool = self.take(pool, group)
                source.replace(_stand_in(group))
        if len(pool) < count:
            condition = join_conjuncts(pool)
            select.set("where", exp.Where(this=condition) if condition is not None else None)

    def split_inner(self, select: exp.Select, contexts: dict[str, str | None]) -> None:
        """Blocks of inner, cross, left, semi and anti joins."""
        sources = block_sources(select)
        where = select.args.get("where")
        pool: list[exp.Expr] = []
        inner: list[exp.Expr] = []
        hanging: list[exp.Join] = []
        for source, join in sources:
            if join is None or not _is_hanging(join):
                inner.append(source)
                pool += split_conjuncts(join.args.get("on")) if join is not None else []
            else:
                hanging.append(join)
        # As they are written, joins come before what is asked of their rows: DuckDB takes them so without its optimizer.
        pool += split_conjuncts(where.this if where is not None else None)
        groups, rest = self.connect(inner, contexts, pool)
        kept_joins = [join for join in hanging if not self.attach(join, groups, contexts)]
        for join in kept_joins:
            context = contexts[source_alias(join.this)]
            if context is not None:
                group = self.group(copy_tree(join.this), context)
                group.conjuncts, on = self.take(split_conjuncts(join.args.get("on")), group)
                # A join that had a condition keeps one.
                join.set("on", join_conjuncts(on) or exp.true())
                join.set("this", _stand_in(group))
        for group in groups:
            taken, pool = self.take(pool, group)
            group.conjuncts += taken
        items = [_stand_in(group) for group in groups] + rest
        joins = [exp.Join(this=item, kind="CROSS") for item in items[1:]] + kept_joins
        select.set("from_", exp.From(this=items[0]))
        select.set("joins", joins)
        condition = join_conjuncts(pool)
        select.set("where", exp.Where(this=condition) if condition is not None else None)

    def connect(
        self, inner: list[exp.Expr], contexts: dict[str, str | None], pool: list[exp.Expr]
    ) -> tuple[list[_Group], list[exp.Expr]]:
        """Groups inner-joined tables of one place that equalities connect; the rest stays."""
        groups: list[_Group] = []
        rest: list[exp.Expr] = []
        for source in inner:
            context = contexts[source_alias(source)]
            if context is None:
                rest.append(source)
            else:
                groups.append(self.group(copy_tree(source), context))
        if self.runs is not None:
            for group in groups:
                group.filtered = isinstance(group.sources[0], exp.Subquery) or bool(self.take(pool, group)[0])
        links = [(names, c) for c in pool if len(names := _equated_aliases(c)) == 2]
        merged = True
        while merged:
            merged = False
            for names, link in links:
                sides = [g for g in groups if g.aliases & names]
                if len(sides) == 2 and sides[0].context == sides[1].context and self.joins(sides, link):
                    keep, gone = sides
                    keep.sources += gone.sources
                    keep.aliases |= gone.aliases
                    keep.filtered |= gone.filtered
                    groups.remove(gone)
                    self.groups.remove(gone)
                    merged = True
        return groups, rest

    def joins(self, sides: list[_Group], link: exp.Expr) -> bool:
        """Whether two groups had better be joined where they lie: a join that leaves nothing out only widens rows."""
        if self.runs is None:
            return True
        return any(side.filtered for side in sides) and self.can_run(sides, [link])

    def attach(self, join: exp.Join, groups: list[_Group], contexts: dict[str, str | None]) -> bool:
        """Hangs a left, semi or anti join on the group it depends on, when they share a place."""
        alias, context = source_alias(join.this), contexts[source_alias(join.this)]
        if context is None or join.args.get("on") is None:
            return False
        needed = free_aliases(join.args["on"]) - {alias}
        for group in groups:
            fits = group.context == context and needed and needed <= group.aliases
            if fits and self.contexts(join.args["on"]) <= {context} and self.hangs(join, group):
                group.attached.append(copy_tree(join))
                group.aliases.add(alias)
                return True
        return False

    def hangs(self, join: exp.Join, group: _Group) -> bool:
        """As `joins`, for a left, semi or anti join: a left join leaves nothing out."""
        if self.runs is None:
            return True
        return (join.kind in {"SEMI", "ANTI"} or group.filtered) and self.can_run([group], [], join)

    def take(self, conjuncts: list[exp.Expr], group: _Group) -> tuple[list[exp.Expr], list[exp.Expr]]:
        """Divides conjuncts into those that `group` can apply alone, and the others."""
        taken: list[exp.Expr] = []
        left: list[exp.Expr] = []
        for conjunct in conjuncts:
            names, contexts = self.read_in(conjunct)
            own = bool(names) and names <= group.aliases and contexts <= {group.context}
            (taken if own else left).append(conjunct)
        if self.runs is not None and taken and not self.can_run([group], taken):
            decided = [c for c in taken if self.can_run([group], [c])]
            kept = {id(c) for c in decided}
            taken, left = decided, [c for c in conjuncts if id(c) not in kept]
        return taken, left

    def read_in(self, conjunct: exp.Expr) -> tuple[set[str], set[str]]:
        """The aliases and the places that a condition asks; looked up once, since each group may take it."""
        if id(conjunct) not in self.about:
            # Kept with the condition itself, whose identity nothing else can have then.
            self.about[id(conjunct)] = (conjunct, free_aliases(conjunct), self.contexts(conjunct))
        return self.about[id(conjunct)][1:]

    # --- the end -------------------------------------------------------------------------------

    def finish(self, residual: exp.Query) -> tuple[tuple[Piece, ...], exp.Query]:
        """Gives each group its projection, and points the residual's columns at it."""
        owner = {alias: group for group in self.groups for alias in group.aliases}
        needed: dict[str, dict[tuple[str, str], str]] = {group.name: {} for group in self.groups}
        for column in list(residual.find_all(exp.Column)):
            group = owner.get(column.table)
            if group is None:
                continue
            names = needed[group.name]
            key = (column.table, column.name)
            if key not in names:
                names[key] = _output_name(column.name, column.table, set(names.values()))
            column.set("this", exp.to_identifier(names[key], quoted=True))
            column.set("table", exp.to_identifier(group.name, quoted=True))
        pieces = list(self.whole)
        for group in self.groups:
            pieces.append(
                Piece(group.name, group.context, _group_query(group, needed[group.name]), whole=False)
            )
        pieces.sort(key=lambda piece: int(piece.name.rpartition("_")[2]))
        return tuple(pieces), residual


def _columns_shown(tree: exp.Query) -> dict[str, set[str]]:
    """The columns of each alias that are read elsewhere than in conditions, which leave when conditions do not."""
    shown: dict[str, set[str]] = {}
    for select in tree.find_all(exp.Select):
        places = [
            value for key, value in select.args.items() if key not in {"from_", "joins", "where", "with_"}
        ]
        for place in places:
            for part in place if isinstance(place, list) else [place]:
                for column in part.find_all(exp.Column) if isinstance(part, exp.Expr) else ():
                    shown.setdefault(column.table, set()).add(column.name)
    return shown


def _group_query(group: _Group, names: dict[tuple[str, str], str]) -> exp.Select:
    columns = [
        exp.alias_(exp.column(column, table=alias, quoted=True), name, quoted=True, copy=False)
        for (alias, column), name in names.items()
    ] or [exp.alias_(exp.Literal.number(1), "one", quoted=True)]
    select = exp.Select(expressions=columns)
    select.set("from_", exp.From(this=group.sources[0]))
    joins = [exp.Join(this=source, kind="CROSS") for source in group.sources[1:]]
    select.set("joins", joins + group.attached)
    condition = join_conjuncts(group.conjuncts)
    if condition is not None:
        select.set("where", exp.Where(this=condition))
    return select


def _output_name(column: str, alias: str, taken: set[str]) -> str:
    """The column's own name, or with its table's, within the 63 bytes that databases keep of a name."""
    folded = {name.lower() for name in taken}
    for candidate in (column, f"{alias}_{column}"):
        if candidate.lower() not in folded and len(candidate.encode()) <= 63:
            return candidate
    return f"column_{len(taken) + 1}"


def _stand_in(group: _Group) -> exp.Table:
    """What stands for a group, with the marks of its one FROM item."""
    table = named_table(group.name)
    if len(group.sources) == 1:
        table.meta.update(group.sources[0].meta)
    return table


def _is_hanging(join: exp.Join) -> bool:
    return join.side == "LEFT" or join.kind in {"SEMI", "ANTI"}


def _keeps_order(source: exp.Expr, join: exp.Join | None) -> bool:
    """True for FROM items whose place among the others matters."""
    if not isinstance(source, (exp.Table, exp.Subquery)) and not (
        isinstance(source, exp.Values) and not free_aliases(source)
    ):
        return True
    return join is not None and (join.side in {"RIGHT", "FULL"} or bool(join.args.get("using")))


def _equated_aliases(conjunct: exp.Expr) -> set[str]:
    if isinstance(conjunct, exp.EQ) and not conjunct.find(exp.Query):
        left, right = free_aliases(conjunct.this), free_aliases(conjunct.expression)
        if len(left) == len(right) == 1:
            return left | right
    return set()


def _has_unique_names(query: exp.Query) -> bool:
    names = [name.lower() for name in query.named_selects]
    return len(set(names)) == len(names) and all(names)
