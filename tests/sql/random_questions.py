"""Random questions over the small tables: SELECTs that DuckDB takes, always the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from tests.sql.random_values import KINDS, ORDERS, Item, Scope, Values
from tests.sql.small_tables import TABLES

KIND_OF = {"INTEGER": "int", "VARCHAR": "text", "DATE": "date", "DECIMAL(10,2)": "dec", "DOUBLE": "dbl"}
ALIASES = ("p", "P", "q", "t", "T", "x", "person", "Firm", "人员", "v")
CTE_NAMES = ("c", "C", "person", "Town", "x", "两边")
OUTPUTS = ("id", "name", "n", "Town", "x", "day", "总数", "code", "v2")
MOST_BLOCKS = 5
FEDERATED = ("every", "resident")
MEMBER_COLUMN = "place"


Tables = Mapping[tuple[str, str], Mapping[str, str]]
"""Types of columns by (place, table)."""


def random_question(seed: int, tables: Tables = TABLES) -> str:
    """The question of a seed, over `tables`; `every.resident` is asked most where it is among them."""
    return _Writer(random.Random(seed), tables).question()


class _Writer:
    def __init__(self, rng: random.Random, tables: Tables) -> None:
        self.rng = rng
        self.values = Values(rng, self.subquery)
        self.chance = self.values.chance
        self.blocks = rng.randint(1, MOST_BLOCKS)
        self.tables = {
            key: Item(key[1], tuple((name, KIND_OF[kind]) for name, kind in columns.items()))
            for key, columns in tables.items()
        }

    def question(self) -> str:
        return self.query(Scope(), top=True)[0]

    # --- queries -----------------------------------------------------------------------------------

    def query(
        self, around: Scope, kinds: tuple[str, ...] | None = None, *, top: bool = False, named: bool = False
    ) -> tuple[str, Item]:
        """A query and what it returns. `around` are the names it may use; `named` asks for distinct outputs."""
        with_, around = self.with_clause(around) if self.chance(0.35 if top else 0.1) else ("", around)
        if self.blocks > 1 and self.chance(0.15):
            text, item = self.set_operation(around, kinds or tuple(self.rng.sample(KINDS, 2)), named=named)
        else:
            text, item = self.select(around, kinds, named=named or top)
        if self.chance(0.5 if top else 0.15):
            text += self.total_order(len(item.columns), cut=not top or self.chance(0.5))
        return with_ + text, item

    def total_order(self, width: int, *, cut: bool) -> str:
        """An ORDER BY after which equal neighbours are equal in all columns, and perhaps a LIMIT."""
        keys = [f"{place}{self.rng.choice(ORDERS)}" for place in range(1, width + 1)]
        self.rng.shuffle(keys)
        order = " ORDER BY " + ("ALL" if self.chance(0.2) else ", ".join(keys))
        if cut:
            order += f" LIMIT {self.rng.choice([1, 2, 5, 5, 20])}"
            order += f" OFFSET {self.rng.randint(0, 3)}" if self.chance(0.3) else ""
        return order

    def with_clause(self, around: Scope) -> tuple[str, Scope]:
        definitions: list[str] = []
        names = self.rng.sample(CTE_NAMES, self.rng.randint(1, 2))
        for name in {name.lower(): name for name in names}.values():
            text, item = self.query(around.alone(), named=True)
            columns, listed = item.columns, ""
            if self.chance(0.2):
                columns = tuple((f"k{n}", kind) for n, (_, kind) in enumerate(columns))
                listed = f"({', '.join(column for column, _ in columns)})"
            definitions.append(f"{self.values.spelled(name)}{listed} AS ({text})")
            around = replace(around, ctes={**around.ctes, name.lower(): Item(name, columns)})
        return f"WITH {', '.join(definitions)} ", around

    def set_operation(self, around: Scope, kinds: tuple[str, ...], *, named: bool) -> tuple[str, Item]:
        text, item = self.arm(around, kinds, named=named)
        for _ in range(self.rng.randint(1, 2)):
            operator = self.rng.choice(
                ["UNION ALL", "UNION ALL", "UNION", "INTERSECT", "EXCEPT", "EXCEPT ALL"]
            )
            text += f" {operator} {self.arm(around, kinds, named=named)[0]}"
        return text, item

    def arm(self, around: Scope, kinds: tuple[str, ...], *, named: bool) -> tuple[str, Item]:
        if self.blocks > 1 and self.chance(0.25):
            text, item = self.query(around, kinds, named=named)
            return f"({text})", item
        return self.select(around, kinds, named=named)

    def subquery(self, scope: Scope, form: str, kind: str | None) -> str | None:
        """A query in parentheses inside an expression; None when the question is long enough already."""
        if self.blocks <= 0:
            return None
        around = scope if self.chance(0.65) else scope.alone()
        kind = kind or self.rng.choice(KINDS)
        if form == "exists" and self.chance(0.3):
            return f"({self.select(around, (kind,), star=True)[0]})"
        if form != "scalar":
            return f"({self.query(around, (kind,))[0]})"
        if self.chance(0.75):
            return f"({self.select(around, (kind,), one_row=True)[0]})"
        return f"({self.select(around, (kind,))[0]} ORDER BY 1{self.rng.choice(ORDERS)} LIMIT 1)"

    # --- one block ---------------------------------------------------------------------------------

    def select(
        self,
        around: Scope,
        kinds: tuple[str, ...] | None,
        *,
        named: bool = False,
        one_row: bool = False,
        star: bool = False,
    ) -> tuple[str, Item]:
        self.blocks -= 1
        from_, scope = self.from_clause(around)
        kinds = kinds or tuple(self.values.kind(scope) for _ in range(self.rng.randint(1, 3)))
        where = f" WHERE {self.conditions(scope)}" if self.chance(0.45) else ""
        if star:
            return f"SELECT * FROM {from_}{where}", Item("", ())
        if one_row:
            value = self.values.aggregate(scope, kinds[0])
            if around.items and self.chance(0.2):
                value = f"coalesce({value}, {self.values.value(replace(scope, items=()), kinds[0], 0)})"
            return f"SELECT {value} FROM {from_}{where}", Item("", ())
        names = self.output_names(len(kinds), distinct=named)
        if self.chance(0.25):
            return self.grouped(scope, kinds, names, f"FROM {from_}{where}")
        outputs, qualify = [], ""
        for kind in kinds:
            windowed = self.chance(0.08) and scope.items
            outputs.append(self.values.window(scope, kind) if windowed else self.values.value(scope, kind))
        if self.chance(0.06) and scope.items:
            qualify = f" QUALIFY {self.values.window(scope, 'int')} <= 2"
        distinct = "DISTINCT " if self.chance(0.12) else ""
        text = f"SELECT {distinct}{self.listed(outputs, names)} FROM {from_}{where}{qualify}"
        return text, Item("", tuple(zip(names, kinds, strict=True)))

    def conditions(self, scope: Scope) -> str:
        parts = [self.values.condition(scope) for _ in range(self.rng.choice([1, 1, 2]))]
        federated = [item for item in scope.items if any(name == MEMBER_COLUMN for name, _ in item.columns)]
        if federated and self.blocks > 0 and self.chance(0.2):
            parts.append(self.look_up(scope, self.rng.choice(federated)))
        return " AND ".join(parts)

    def look_up(self, scope: Scope, item: Item) -> str:
        """A condition on rows of the federated table that are of the same member as a row of `item`."""
        self.blocks -= 1
        other = Item(self.alias(scope), self.tables[FEDERATED].columns)
        inner = replace(scope, items=(other,), outer=scope)
        name = f"{other.name}.{self.values.spelled(MEMBER_COLUMN)}"
        same = f"{item.name}.{self.values.spelled(MEMBER_COLUMN)}"
        from_ = f"FROM {'.'.join(FEDERATED)} {other.name}"
        more = f" AND {self.values.condition(inner)}" if self.chance(0.8) else ""
        where = f"WHERE {name} = {same}{more}"
        negated = self.rng.choice(["", "NOT "])
        kind = self.values.kind(Scope(items=(other,)))
        value, shown = self.values.value(scope, kind, 0), self.values.value(inner, kind, 0)
        looked_up = self.rng.choice(
            [
                f"{negated}EXISTS (SELECT {self.rng.choice(['1', '*', shown])} {from_} {where})",
                f"{value} {negated}IN (SELECT {shown} {from_} {where})",
                f"({same}, {value}) {negated}IN (SELECT {name}, {shown} {from_}{' WHERE TRUE' + more})",
                f"{value} {self.rng.choice(['=', '>'])} (SELECT {self.values.aggregate(inner, kind)} {from_} {where})",
                f"{value} IN (SELECT {shown} AS v {from_} {where} GROUP BY {shown} HAVING count(*) > 1)",
            ]
        )
        return f"({looked_up} OR {self.values.condition(scope, 0)})" if self.chance(0.2) else looked_up

    def output_names(self, width: int, *, distinct: bool) -> tuple[str, ...]:
        if distinct:
            return tuple(self.rng.sample(OUTPUTS, width))
        return tuple(self.rng.choice(OUTPUTS) for _ in range(width))

    def listed(self, outputs: list[str], names: tuple[str, ...]) -> str:
        return ", ".join(f"{output} AS {name}" for output, name in zip(outputs, names, strict=True))

    def grouped(
        self, scope: Scope, kinds: tuple[str, ...], names: tuple[str, ...], from_: str
    ) -> tuple[str, Item]:
        """A block with GROUP BY: its outputs are grouped columns, aggregates and what follows from them."""
        columns = [r for r in scope.references() if r[0] == 0]
        keys = self.rng.sample(columns, min(len(columns), self.rng.randint(1, 2)))
        keys = list(
            {
                (item.name.lower(), name.lower()): (0, item, name, kind) for _, item, name, kind in keys
            }.values()
        )
        by_item: dict[str, tuple[tuple[str, str], ...]] = {}
        for _, item, name, kind in keys:
            by_item[item.name] = (*by_item.get(item.name, ()), (name, kind))
        seen = replace(scope, items=tuple(Item(name, columns) for name, columns in by_item.items()))
        outputs = [
            self.values.value(seen, kind, 1) if self.chance(0.5) else self.values.aggregate(scope, kind)
            for kind in kinds
        ]
        listed = [
            f"{self.values.spelled(item.name)}.{self.values.spelled(name)}" for _, item, name, _ in keys
        ]
        form = self.rng.choice(["{}", "{}", "{}", "ROLLUP ({})", "CUBE ({})", "GROUPING SETS (({}), ())"])
        having = ""
        if self.chance(0.3):
            kind = self.rng.choice(KINDS)
            limit = self.values.value(seen, kind, 1)
            having = (
                f" HAVING {self.values.aggregate(scope, kind)} {self.rng.choice(['=', '>', '<='])} {limit}"
            )
            if self.chance(0.4):
                having += f" {self.rng.choice(['AND', 'OR'])} {self.values.condition(seen)}"
        text = (
            f"SELECT {self.listed(outputs, names)} {from_} GROUP BY {form.format(', '.join(listed))}{having}"
        )
        return text, Item("", tuple(zip(names, kinds, strict=True)))

    # --- FROM --------------------------------------------------------------------------------------

    def from_clause(self, around: Scope) -> tuple[str, Scope]:
        """FROM items, and a scope in which their columns can be used."""
        scope = replace(around, items=(), outer=around if around.items or around.outer else None)
        text, right = self.item(scope)
        scope = replace(scope, items=right)
        for _ in range(self.rng.choice([0, 0, 0, 1, 1, 1, 1, 2, 2, 3])):
            more, scope = self.join(scope)
            text += more
        return text, scope

    def join(self, scope: Scope) -> tuple[str, Scope]:
        if self.blocks > 0 and self.chance(0.08):
            return self.lateral(scope)
        text, right = self.item(scope)
        both = replace(scope, items=scope.items + right)
        if len(both.items) <= 3 and self.chance(0.12):
            return self.rng.choice([f", {text}", f" CROSS JOIN {text}"]), both
        kind = self.rng.choice(
            ["", "", "", "INNER", "LEFT", "LEFT", "LEFT OUTER", "RIGHT", "FULL", "SEMI", "ANTI"]
        )
        after = scope if kind in {"SEMI", "ANTI"} else both
        shared = self.shared_column(scope.items, right)
        if shared and self.chance(0.12):
            return f" {kind} JOIN {text} USING ({shared})", after
        on = self.values.join_condition(
            replace(scope, outer=None), replace(scope, items=right, outer=None), both
        )
        return f" {kind} JOIN {text} ON {on}", after

    def shared_column(self, left: tuple[Item, ...], right: tuple[Item, ...]) -> str | None:
        """A column that stands once on either side, and of one kind."""

        def once(items: tuple[Item, ...]) -> set[tuple[str, str]]:
            names = [name.lower() for item in items for name, _ in item.columns]
            columns = {(name.lower(), kind) for item in items for name, kind in item.columns}
            return {(name, kind) for name, kind in columns if names.count(name) == 1}

        found = sorted(once(left) & once(right))
        return self.rng.choice(found)[0] if found else None

    def lateral(self, scope: Scope) -> tuple[str, Scope]:
        text, item = self.query(scope, named=True)
        alias = self.alias(scope)
        both = replace(scope, items=(*scope.items, Item(alias, item.columns)))
        form = self.rng.choice([", LATERAL ({}) AS {}", " CROSS JOIN LATERAL ({}) AS {}", ", ({}) AS {}"])
        if self.chance(0.3):
            form = " LEFT JOIN LATERAL ({}) AS {} ON TRUE"
        return form.format(text, alias), both

    def item(self, scope: Scope) -> tuple[str, tuple[Item, ...]]:
        """One FROM item, with what it lets be named: a table, a WITH name, a query, or joins in parentheses."""
        if self.blocks > 0 and self.chance(0.14):
            text, item = self.query(scope.alone(), named=True)
            alias = self.alias(scope)
            return f"({text}) AS {alias}", (Item(alias, item.columns),)
        if len(scope.items) <= 1 and self.chance(0.08):
            first, left = self.item(scope)
            inner = replace(scope, items=scope.items + left, outer=None)
            second, right = self.item(inner)
            hidden = replace(scope, items=left, outer=None)
            on = self.values.join_condition(
                hidden, replace(hidden, items=right), replace(hidden, items=left + right)
            )
            kind = self.rng.choice(["", "LEFT", "RIGHT", "FULL"])
            return f"({first} {kind} JOIN {second} ON {on})", left + right
        if self.chance(0.04):
            alias = self.alias(scope)
            return f"(VALUES (1, 'x'), (2, NULL)) AS {alias}(w, s)", (
                Item(alias, (("w", "int"), ("s", "text"))),
            )
        if scope.ctes and self.chance(0.5):
            cte = self.rng.choice(sorted(scope.ctes.values(), key=lambda item: item.name))
            return self.aliased(scope, self.values.spelled(cte.name), cte)
        place, name = self.rng.choice(sorted(self.tables))
        if FEDERATED in self.tables and self.chance(0.4):
            place, name = FEDERATED
        plain = name not in scope.ctes and self.chance(0.3)
        text = self.values.spelled(name) if plain else f"{place}.{self.values.spelled(name)}"
        return self.aliased(scope, text, self.tables[place, name])

    def aliased(self, scope: Scope, text: str, item: Item) -> tuple[str, tuple[Item, ...]]:
        taken = {other.name.lower() for other in scope.items}
        if item.name.lower() not in taken and self.chance(0.2):
            return text, (item,)
        alias = self.alias(scope)
        columns, listed = item.columns, ""
        if self.chance(0.06):
            columns = tuple((f"{name}_x", kind) for name, kind in columns)
            listed = f"({', '.join(name for name, _ in columns)})"
        return f"{text} {self.rng.choice(['', 'AS '])}{alias}{listed}", (Item(alias, columns),)

    def alias(self, scope: Scope) -> str:
        taken = {item.name.lower() for item in scope.items}
        free = [alias for alias in ALIASES if alias.lower() not in taken]
        return self.rng.choice(free)
