"""Makes random questions over the small catalog: valid more often than not, and never twice the same shape.

Column kinds are one letter: `i` for integers, `s` for text, `d` for decimals.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.sql.lab import TABLES, columns_of

_KINDS = {"INTEGER": "i", "VARCHAR": "s", "DECIMAL(10,2)": "d"}
_LITERALS = {
    "i": ["1", "2", "10", "0", "null", "-1"],
    "s": ["'x'", "'张'", "''", "'it''s'"],
    "d": ["1.5", "0.05", "10"],
}
PUBLISHED = {
    f"{department}.{name}": {column.name: _KINDS[column.type] for column in columns_of(listed)}
    for (department, name), listed in TABLES.items()
}


@dataclass(frozen=True)
class Item:
    """A FROM item: the name columns are reached by, its columns' kinds, and its text."""

    name: str
    columns: dict[str, str]
    text: str


Items = Sequence[Item]


class QuestionMaker:
    """Every choice comes from one source of chance, so a seed stands for a question."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.made = 0
        self.ctes: list[Item] = []

    def pick(self, *options: str) -> str:
        return self.chance.choice(options)

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def name(self, start: str) -> str:
        self.made += 1
        return f"{start}{self.made}"

    # --- expressions ---------------------------------------------------------------------------

    def spelled(self, name: str) -> str:
        if self.maybe(0.1) and name.isascii():
            return name.upper()
        return f'"{name}"' if self.maybe(0.1) else name

    def column(self, items: Items, kind: str | None = None) -> tuple[str, str]:
        """A reference to a column; plain names are sometimes ambiguous on purpose."""
        found = [(i, c, k) for i in items for c, k in i.columns.items() if kind in {None, k}]
        if not found:
            kind = kind or "i"
            return self.chance.choice(_LITERALS[kind]), kind
        item, column, found_kind = self.chance.choice(found)
        shared = sum(column in other.columns for other in items) > 1
        if self.maybe(0.97 if shared else 0.4):
            return f"{item.name}.{self.spelled(column)}", found_kind
        return self.spelled(column), found_kind

    def value(self, items: Items, depth: int, kind: str | None = None, outer: Items = ()) -> tuple[str, str]:
        first, kind = self.column([*items, *outer] if outer and self.maybe(0.2) else items, kind)
        if depth <= 0 or self.maybe(0.45):
            return first, kind
        if self.maybe(0.1):
            return self.chance.choice(_LITERALS[kind]), kind
        other, _ = self.value(items, depth - 1, kind, outer)
        if kind == "i":
            return self.integer(items, depth, outer, first, other), kind
        if kind == "s":
            condition = self.condition(items, depth - 1, outer)
            return self.pick(
                f"{first} || {other}",
                f"upper({first})",
                f"coalesce({first}, '无')",
                f"substr({first}, 1, 1)",
                f"case when {condition} then {first} end",
            ), kind
        return self.pick(f"{first} + 1", f"{first} * 1.5", f"-{first}", f"coalesce({first}, {other})"), kind

    def integer(self, items: Items, depth: int, outer: Items, first: str, other: str) -> str:
        form = self.pick("arithmetic", "case", "call", "scalar", "length")
        if form == "case":
            return f"case when {self.condition(items, depth - 1, outer)} then {first} else {other} end"
        if form == "scalar":
            return self.scalar(items, depth - 1, outer)
        if form == "length":
            return f"length({self.value(items, depth - 1, 's', outer)[0]})"
        if form == "call":
            return self.pick(
                f"coalesce({first}, {other})",
                f"nullif({first}, {other})",
                f"greatest({first}, {other})",
                f"abs({first})",
                f"cast({first} as bigint)",
            )
        return self.pick(
            f"{first} + {other}", f"{first} - {other}", f"({first} * {other})", f"-{first}", f"{first} % 3"
        )

    def condition(self, items: Items, depth: int, outer: Items = ()) -> str:
        form = self.pick(
            "compare", "compare", "null", "in", "between", "both", "not", "query", "like", "distinct"
        )
        value, kind = self.value(items, depth - 1, None, outer)
        literal = self.chance.choice(_LITERALS[kind])
        if depth <= 0 and form in {"both", "not", "query"}:
            form = "compare"
        if form == "null":
            return f"{value} is {self.pick('', 'not ')}null"
        if form == "in":
            return f"{value} {self.pick('', 'not ')}in ({literal}, {self.chance.choice(_LITERALS[kind])})"
        if form == "between":
            return f"{value} between {literal} and {self.value(items, depth - 1, kind, outer)[0]}"
        if form == "both":
            left, right = (self.condition(items, depth - 1, outer) for _ in range(2))
            return f"{left} {self.pick('and', 'or')} {right}"
        if form == "not":
            return f"not ({self.condition(items, depth - 1, outer)})"
        if form == "query":
            return self.query_condition([*items, *outer], depth - 1, value, kind)
        if form == "like":
            pattern = self.pick("%", "x%", "张_")
            return f"{self.value(items, depth - 1, 's', outer)[0]} like '{pattern}'"
        if form == "distinct":
            return f"{value} is distinct from {literal}"
        return f"{value} {self.pick('=', '<', '>=', '<>')} {self.value(items, depth - 1, kind, outer)[0]}"

    def query_condition(self, outer: Items, depth: int, value: str, kind: str) -> str:
        inner = self.table()
        where = f" where {self.condition([inner], depth, outer)}" if self.maybe(0.8) else ""
        column = self.value([inner], 0, kind)[0]
        query = f"select {column} from {inner.text}{where}"
        return self.pick(
            f"{self.pick('', 'not ')}exists (select {self.pick('*', '1')} from {inner.text}{where})",
            f"{value} in ({query})",
            f"{value} {self.pick('=', '<')} {self.pick('any', 'all')} ({query})",
        )

    def scalar(self, items: Items, depth: int, outer: Items) -> str:
        inner = self.table()
        column = self.value([inner], 0, "i")[0]
        where = f" where {self.condition([inner], depth, [*items, *outer])}" if self.maybe(0.7) else ""
        return f"(select {self.pick('max', 'min', 'count', 'sum')}({column}) from {inner.text}{where})"

    # --- FROM ----------------------------------------------------------------------------------

    def table(self) -> Item:
        if self.ctes and self.maybe(0.35):
            cte = self.chance.choice(self.ctes)
            if self.maybe(0.4):
                return cte
            name = self.name("c")
            return Item(name, cte.columns, f"{cte.text}{self.pick(' as ', ' ')}{name}")
        table = self.pick(*PUBLISHED)
        columns = PUBLISHED[table]
        if self.maybe(0.15):
            return Item(self.pick(table, table.split(".")[1]), columns, table)
        name = self.name("t")
        if self.maybe(0.1):
            renamed = {f"n{number}_{name}": kind for number, kind in enumerate(columns.values())}
            return Item(name, renamed, f"{table} {name}({', '.join(renamed)})")
        return Item(name, columns, f"{table} {name}")

    def item(self, depth: int, lateral: Items) -> Item:
        if depth > 0 and self.maybe(0.25):
            text, columns = self.select(depth - 1, lateral if self.maybe(0.3) else ())
            name = self.name("q")
            return Item(name, columns, f"({text}) {name}")
        return self.table()

    def sources(self, depth: int) -> tuple[list[Item], str]:
        items = [self.item(depth, ())]
        text = items[0].text
        for _ in range(self.chance.choice([0, 0, 1, 1, 2, 3])):
            new = self.item(depth, items)
            if new.name.split(".")[-1] in {item.name.split(".")[-1] for item in items}:
                continue
            added, more = self.join(items, new)
            text += added
            items += more
        return items, text

    def join(self, items: Items, new: Item) -> tuple[str, list[Item]]:
        side = self.pick("", "left ", "right ", "full ")
        common = [name for name in new.columns if sum(name in item.columns for item in items) == 1]
        form = self.pick("on", "on", "comma", "cross", "using", "natural", "semi", "nested")
        if form == "comma":
            return f", {new.text}", [new]
        if form == "cross":
            return f" cross join {new.text}", [new]
        if form == "using" and common:
            return f" {side}join {new.text} using ({self.chance.choice(common)})", [new]
        if form == "natural" and common and len(items) == 1:
            return f" natural {side}join {new.text}", [new]
        if form == "semi":
            return f" {self.pick('semi', 'anti')} join {new.text} on {self.on(items, new)}", []
        if form == "nested":
            inner = self.table()
            if inner.name not in {item.name for item in [*items, new]}:
                pair = f"({new.text} {self.pick('', 'left ')}join {inner.text} on {self.on([new], inner)})"
                return f" {side}join {pair} on {self.on(items, new)}", [new, inner]
        return f" {side}join {new.text} on {self.on(items, new)}", [new]

    def on(self, items: Items, new: Item) -> str:
        left = self.chance.choice(items)
        for name, kind in left.columns.items():
            for other, other_kind in new.columns.items():
                if kind == other_kind and self.maybe(0.5):
                    more = f" and {self.condition([new], 0)}" if self.maybe(0.3) else ""
                    return f"{left.name}.{name} = {new.name}.{other}{more}"
        return self.condition([*items, new], 1)

    # --- queries -------------------------------------------------------------------------------

    def select(self, depth: int, outer: Items = ()) -> tuple[str, dict[str, str]]:
        items, text = self.sources(depth)
        where = f" where {self.condition(items, 2, outer)}" if self.maybe(0.5) else ""
        style = self.pick("plain", "plain", "star", "group", "distinct", "window", "total", "all")
        if style == "star":
            outputs, columns, tail = self.starred(items)
        elif style in {"plain", "distinct", "window"}:
            outputs, columns, tail = self.listed(items, outer, windowed=style == "window")
        else:
            outputs, columns, tail = self.grouped(items, style)
        if self.maybe(0.5) and columns:
            tail += self.order(columns, positions=style != "star")
        distinct = "distinct " if style == "distinct" else ""
        return f"select {distinct}{', '.join(outputs)} from {text}{where}{tail}", columns

    def starred(self, items: Items) -> tuple[list[str], dict[str, str], str]:
        if self.maybe(0.3):
            item = self.chance.choice(items)
            return [f"{item.name.split('.')[-1]}.*"], dict(item.columns), ""
        columns = {name: kind for item in items for name, kind in item.columns.items()}
        left_out = self.pick(*columns)
        if len(columns) > 1 and self.maybe(0.3):
            columns.pop(left_out)
            return [f"* exclude ({left_out})"], columns, ""
        return ["*"], columns, ""

    def listed(self, items: Items, outer: Items, *, windowed: bool) -> tuple[list[str], dict[str, str], str]:
        outputs: list[str] = []
        columns: dict[str, str] = {}
        for _ in range(self.chance.choice([1, 2, 3])):
            value, kind = self.value(items, 2, None, outer)
            name = self.name("y")
            outputs.append(f"{value} as {name}")
            columns[name] = kind
        integers = [name for name, kind in columns.items() if kind == "i"]
        if integers and self.maybe(0.3):
            name = self.name("y")
            outputs.append(f"{self.chance.choice(integers)} + 1 as {name}")
            columns[name] = "i"
        if not windowed:
            return outputs, columns, ""
        value, key, name = self.value(items, 1, "i")[0], self.value(items, 0)[0], self.name("w")
        window = self.pick(
            f"sum({value}) over (partition by {key})",
            f"count(*) over (order by {key} nulls first, {value})",
            f"rank() over (order by {key})",
        )
        outputs.append(f"{window} as {name}")
        columns[name] = "i"
        return outputs, columns, f" qualify {name} > 1" if self.maybe(0.4) else ""

    def grouped(self, items: Items, style: str) -> tuple[list[str], dict[str, str], str]:
        outputs: list[str] = []
        columns: dict[str, str] = {}
        keys: list[str] = []
        for _ in range(0 if style == "total" else self.chance.choice([0, 1, 2])):
            value, kind = self.value(items, 1)
            name = self.name("g")
            outputs.append(f"{value} as {name}")
            columns[name] = kind
            constant = value.lstrip("-").isdigit() or value == "null"
            keys.append(self.pick(name, str(len(outputs)), name if constant else value))
        value, name = self.value(items, 1, "i")[0], self.name("m")
        total = self.pick(
            f"sum({value})",
            "count(*)",
            f"count(distinct {value})",
            f"max({value}) filter (where {self.condition(items, 0)})",
        )
        outputs.append(f"{total} as {name}")
        columns[name] = "i"
        tail = " group by all" if style == "all" else f" group by {', '.join(keys)}" if keys else ""
        if self.maybe(0.4):
            tail += f" having {name} > {self.chance.choice(_LITERALS['i'])}"
        return outputs, columns, tail

    def order(self, columns: dict[str, str], *, positions: bool) -> str:
        if self.maybe(0.3):
            return " order by all"
        keys = [
            f"{self.pick(name, str(place) if positions else name)}{self.pick('', ' desc', ' nulls first')}"
            for place, name in enumerate(columns, 1)
        ]
        return f" order by {', '.join(keys)}"

    def question(self) -> str:
        start = ""
        if self.maybe(0.35):
            parts = []
            for _ in range(self.chance.choice([1, 2])):
                # Names of tables on purpose.
                name = self.pick("t", "u", "w", self.name("cte"))
                text, columns = self.select(0)
                if name not in {cte.name for cte in self.ctes}:
                    parts.append(f"{name} as ({text})")
                    self.ctes.append(Item(name, columns, name))
            start = f"with {', '.join(parts)} "
        text, columns = self.select(2)
        if self.maybe(0.15) and " order by" not in text:
            other = self.table()
            values = ", ".join(self.column([other], kind)[0] for kind in columns.values())
            operation = self.pick("union", "union all", "intersect", "except")
            text += f" {operation} select {values} from {other.text}"
        return start + text
