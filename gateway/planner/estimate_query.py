"""How many rows a query over one department's tables is expected to give, and what its columns hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlglot import exp

from gateway.planner.group_sizes import Classes, KeyColumns, group_count
from gateway.planner.relations import Relation, met, product
from gateway.planner.selectivity import OTHER, RANGE, pair_ranges, part_left
from gateway.planner.shapes import query_shape
from policies.statistics import ColumnFacts, TableFacts
from sql.scopes import block_sources, free_aliases, is_cte_reference, source_alias, split_conjuncts

FactsOfTable = Callable[[str, str], TableFacts | None]
Names = Mapping[str, Relation]
Corrections = Callable[[str], float]
"""By the shape of a block: how many times more rows it gave than were expected."""
_SETS = (exp.Rollup, exp.Cube, exp.GroupingSets)


class QueryEstimator:
    """Estimates by what `facts_of` tells of published tables; a query over any other table has no estimate.

    With `settled` the trees do not change any more, and each is estimated once.
    """

    def __init__(
        self, facts_of: FactsOfTable, corrections: Corrections | None = None, *, settled: bool = False
    ) -> None:
        self._facts_of = facts_of
        self._corrections = corrections
        # With the tree itself, whose identity nothing else can have then.
        self._estimates: dict[int, tuple[exp.Expr, Relation | None]] | None = {} if settled else None
        self._blocks: dict[int, tuple[exp.Expr, Block | None]] | None = {} if settled else None

    def estimate(self, query: exp.Expr, names: Names | None = None) -> Relation | None:
        """The rows that a query gives; None where a table or column counts of which nothing is known."""
        if names or self._estimates is None:
            return self._estimate(query, names)
        if id(query) not in self._estimates:
            self._estimates[id(query)] = query, self._estimate(query, None)
        return self._estimates[id(query)][1]

    def joined(self, select: exp.Select, names: Names | None = None) -> Block | None:
        """The rows of a block's FROM and WHERE, before it groups them."""
        if names or self._blocks is None:
            return self._joined(select, names)
        if id(select) not in self._blocks:
            self._blocks[id(select)] = select, self._joined(select, None)
        return self._blocks[id(select)][1]

    def _estimate(self, query: exp.Expr, names: Names | None) -> Relation | None:
        if isinstance(query, exp.Subquery):
            return self.estimate(query.this, names)
        known = dict(names or {})
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            found = self.estimate(cte.this, known)
            if found is not None:
                known[cte.alias] = found
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, known)
        return self._select(query, known) if isinstance(query, exp.Select) else None

    def _joined(self, select: exp.Select, names: Names | None) -> Block | None:
        block = Block(self, dict(names or {}))
        for source, join in block_sources(select):
            relation = self.source(source, block.names)
            if relation is None or not block.add(source_alias(source), relation, join):
                return None
        where = select.args.get("where")
        return block if block.keep(split_conjuncts(where.this if where is not None else None)) else None

    def source(self, source: exp.Expr, names: Names) -> Relation | None:
        if isinstance(source, exp.Subquery):
            return self.estimate(source.this, names)
        if not isinstance(source, exp.Table):
            return None
        if is_cte_reference(source):
            return names.get(source.name)
        facts = self._facts_of(source.db, source.name)
        return Relation(facts.rows, facts.rows, facts.columns) if facts is not None else None

    def _set_operation(self, query: exp.SetOperation, names: Names) -> Relation | None:
        left, right = self.estimate(query.this, names), self.estimate(query.expression, names)
        if left is None or right is None:
            return None
        if isinstance(query, exp.Union):
            rows = left.rows + right.rows
            return _limited(Relation(rows, rows, left.columns), query)
        rows = min(left.rows, right.rows) if isinstance(query, exp.Intersect) else left.rows
        return _limited(Relation(rows, rows, left.columns), query)

    def _select(self, select: exp.Select, names: Names) -> Relation | None:
        block = self.joined(select, names)
        if block is None:
            return None
        rows: float | None = block.rows
        group = select.args.get("group")
        if group is not None:
            leaves = [leaf for leaf in group.find_all(exp.Expr) if _is_leaf(leaf, group)]
            rows = block.groups(leaves)
            if rows is not None and any(isinstance(e, _SETS) for e in group.find_all(*_SETS)):
                rows = min(2 * rows, block.rows * max(len(leaves), 1))
        elif any(e.find(exp.AggFunc) and not e.find(exp.Window) for e in select.expressions):
            rows = 1.0
        if rows is None:
            return None
        for clause in ("having", "qualify"):
            condition = select.args.get(clause)
            for _ in split_conjuncts(condition.this) if condition is not None else ():
                rows *= RANGE
        if select.args.get("distinct") is not None and group is None:
            found = block.groups([output.unalias() for output in select.expressions])
            if found is None:
                return None
            rows = min(rows, found)
        shape = query_shape(select) if self._corrections is not None else None
        if self._corrections is not None and shape is not None:
            rows *= self._corrections(shape)
        columns = {
            output.alias_or_name: facts
            for output in select.expressions
            if (facts := block.facts_of_output(output.unalias(), rows)) is not None
        }
        return _limited(Relation(rows, rows, columns), select)


class Block:
    """FROM and WHERE of one SELECT, a source and a condition at a time."""

    def __init__(self, estimator: QueryEstimator, names: Names) -> None:
        self.estimator = estimator
        self.names = names
        self.relations: dict[str, Relation] = {}
        self.rows = 1.0
        self._classes = Classes()
        self._links: dict[frozenset[str], list[tuple[exp.Column, exp.Column]]] = {}
        self._linked = 1.0
        self._parts: dict[tuple[str, str], float] = {}

    def facts(self, column: exp.Column) -> ColumnFacts | None:
        relation = self.relations.get(column.table)
        return relation.columns.get(column.name) if relation is not None else None

    def add(self, alias: str, relation: Relation, join: exp.Join | None) -> bool:
        """Joins a source; False when nothing is known of what the join compares."""
        before = self.rows
        self.relations[alias] = relation
        if join is None or not (join.side or join.kind in {"SEMI", "ANTI"}):
            self.rows *= relation.rows
            return self.keep(split_conjuncts(join.args.get("on") if join is not None else None))
        if join.kind in {"SEMI", "ANTI"}:
            part = self._partners(split_conjuncts(join.args.get("on")), relation, alias)
            self.rows = before * (part if join.kind == "SEMI" else max(1 - part, 0.05))
            return True
        self.rows *= relation.rows
        if not self.keep(split_conjuncts(join.args.get("on"))):
            return False
        if join.side in {"LEFT", "FULL"}:
            self.rows = max(self.rows, before)
        if join.side in {"RIGHT", "FULL"}:
            self.rows = max(self.rows, relation.rows)
        return True

    def keep(self, conjuncts: list[exp.Expr]) -> bool:
        """Leaves the rows for which conditions hold; False when nothing is known of what they are about."""
        for conjunct in pair_ranges(conjuncts):
            ends = _ends(conjunct, self.relations)
            if ends is not None:
                if not self._link(*ends):
                    return False
            elif (query := conjunct.find(exp.Query)) is not None:
                self.rows *= self._by_query(conjunct, query)
            else:
                part = part_left(conjunct, self.facts)
                if part is None:
                    return False
                self._leave(conjunct, part)
        return True

    def _leave(self, conjunct: exp.Expr, part: float) -> None:
        self.rows *= part
        columns = {(c.table, c.name) for c in conjunct.find_all(exp.Column)}
        if len({table for table, _ in columns}) == 1:
            alias = next(iter(columns))[0]
            self.relations[alias] = replace(self.relations[alias], rows=self.relations[alias].rows * part)
        if len(columns) == 1:
            place = next(iter(columns))
            self._parts[place] = self._parts.get(place, 1.0) * part

    def _link(self, left: exp.Column, right: exp.Column) -> bool:
        """An equality of columns of two sources: those of one pair count together, those that follow do not."""
        if self.facts(left) is None or self.facts(right) is None:
            return False
        if not self._classes.join((left.table, left.name), (right.table, right.name)):
            return True
        pair = frozenset((left.table, right.table))
        before = self._pair_part(pair)
        self._links.setdefault(pair, []).append((left, right))
        self.rows *= self._pair_part(pair) / before
        return True

    def _pair_part(self, pair: frozenset[str]) -> float:
        links = self._links.get(pair, [])
        sides = []
        for alias in pair:
            relation = self.relations[alias]
            columns = [end for link in links for end in link if end.table == alias]
            counts = [self._distinct_of(column) for column in columns]
            sides.append(min(product(counts), max(relation.base, 1.0)))
        return 1 / max(*sides, 1.0)

    def _distinct_of(self, column: exp.Column) -> float:
        facts, relation = self.facts(column), self.relations[column.table]
        known = facts.distinct if facts is not None else None
        return known if known is not None else relation.base

    def _by_query(self, conjunct: exp.Expr, query: exp.Query) -> float:
        """The part of rows that EXISTS, IN and comparisons with a query leave."""
        denied = isinstance(conjunct, exp.Not)
        node = conjunct.this.unnest() if denied else conjunct
        if isinstance(node, exp.In) and isinstance(node.this, exp.Column):
            inner = self.estimator.estimate(query, self.names)
            outer = self.facts(node.this)
            if inner is None or outer is None or not outer.distinct:
                part = OTHER
            else:
                distinct = inner.distinct(query.named_selects[0]) or inner.rows
                part = min(1.0, distinct / outer.distinct)
        elif isinstance(node, exp.Exists) and isinstance(query, exp.Select):
            block = Block(self.estimator, self.names)
            part = OTHER
            if all(
                (relation := self.estimator.source(source, self.names)) is not None
                and block.add(source_alias(source), relation, join)
                for source, join in block_sources(query)
            ):
                where = query.args.get("where")
                conjuncts = split_conjuncts(where.this if where is not None else None)
                block.keep([c for c in conjuncts if free_aliases(c) <= set(block.relations)])
                part = self._partners(conjuncts, None, "", block)
        else:
            part = RANGE
        return max(1 - part, 0.05) if denied else part

    def _partners(
        self, conjuncts: list[exp.Expr], relation: Relation | None, alias: str, other: Block | None = None
    ) -> float:
        """The part of rows that have a partner among those of another relation, or block."""
        for conjunct in conjuncts:
            if not (isinstance(conjunct, exp.EQ) and isinstance(conjunct.this, exp.Column)):
                continue
            ends = [end for end in (conjunct.this, conjunct.expression) if isinstance(end, exp.Column)]
            inner = [
                e
                for e in ends
                if (other is None and e.table == alias) or (other and e.table in other.relations)
            ]
            outer = [e for e in ends if e not in inner and e.table in self.relations]
            if len(inner) != 1 or len(outer) != 1:
                continue
            source = relation if other is None else other.relations[inner[0].table]
            facts = self.facts(outer[0])
            distinct = source.distinct(inner[0].name) if source is not None else None
            if distinct is not None and facts is not None and facts.distinct:
                return min(1.0, distinct / facts.distinct)
        return OTHER

    def groups(self, leaves: list[exp.Expr]) -> float | None:
        """How many groups rows with these keys make; None when nothing is known of one."""
        keys = KeyColumns(self.relations, self._parts, self._classes)
        return group_count(leaves, keys, self.rows)

    def facts_of_output(self, value: exp.Expr, rows: float) -> ColumnFacts | None:
        """What is known of a column of the query's: that of a table's column, less what conditions left out."""
        if isinstance(value, exp.Cast):
            value = value.this
        if not isinstance(value, exp.Column):
            return None
        facts = self.facts(value)
        if facts is None or facts.distinct is None:
            return facts
        own, relation = self._parts.get((value.table, value.name), 1.0), self.relations[value.table]
        # Values that conditions on the column left, then those in the rows of its table that other conditions left,
        # and no more than there are rows that joins left.
        left = met(facts.distinct * own, relation.rows, relation.base * own)
        return replace(facts, distinct=max(min(left, rows), 1.0) if rows >= 1 else rows)


def _ends(conjunct: exp.Expr, relations: Mapping[str, Relation]) -> tuple[exp.Column, exp.Column] | None:
    if not isinstance(conjunct, exp.EQ):
        return None
    left, right = conjunct.this.unnest(), conjunct.expression.unnest()
    if not (isinstance(left, exp.Column) and isinstance(right, exp.Column)):
        return None
    known = left.table in relations and right.table in relations and left.table != right.table
    return (left, right) if known else None


def _is_leaf(node: exp.Expr, group: exp.Group) -> bool:
    """Whether a node is one of the expressions that a GROUP BY consists of."""
    parent = node.parent
    while isinstance(parent, (*_SETS, exp.Tuple, exp.Paren)):
        parent = parent.parent
    return parent is group and not isinstance(node, (*_SETS, exp.Tuple, exp.Paren))


def _limited(relation: Relation, query: exp.Query) -> Relation:
    limit = query.args.get("limit")
    value = limit.expression if isinstance(limit, exp.Limit) else None
    if isinstance(value, exp.Literal) and not value.is_string:
        return replace(relation, rows=min(relation.rows, float(value.name)))
    return relation
