"""Random questions of few blocks, in the forms that the larger random questions leave out: orders by what is not
returned, DISTINCT ON, QUALIFY, groups that hide their keys, constants to match. Every answer is determined.
"""

from __future__ import annotations

import random

from tests.sql.small_tables import TABLES

_KEYS = ("id", "person_id", "firm_id", "owner")


def plain_question(seed: int) -> str:
    """The question of a seed."""
    return _Writer(random.Random(seed)).question()


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        names = rng.sample(sorted(TABLES), 2 if rng.random() < 0.4 else 1)
        self.columns = [
            (f"t{place}.{column}", kind)
            for place, name in enumerate(names)
            for column, kind in TABLES[name].items()
        ]
        self.source = f"{'.'.join(names[0])} t0"
        if len(names) == 2:
            one, other = self.key("t0"), self.key("t1")
            side = rng.choice(["", "LEFT ", "FULL "])
            self.source += f" {side}JOIN {'.'.join(names[1])} t1 ON {one} = {other}"

    def key(self, table: str) -> str:
        """A column to join by; text where a table has no number."""
        own = [name for name, _ in self.columns if name.startswith(f"{table}.")]
        numbers = [name for name in own if name.split(".")[1] in _KEYS]
        return f"CAST({(numbers or own)[0]} AS VARCHAR)"

    def column(self) -> str:
        return self.rng.choice(self.columns)[0]

    def value(self) -> str:
        name, kind = self.rng.choice(self.columns)
        forms = [name, name, f"{name} IS NULL", f"coalesce({name}, {self.rng.choice(self.of_kind(kind))})"]
        if kind == "VARCHAR":
            forms += [f"length({name})", f"substring({name}, 1, 1)", f"{name} LIKE '%三%'"]
        if kind == "INTEGER":
            forms += [
                f"{name} % 3",
                f"{name} + 1",
                f"{name} > 4",
                f"CASE WHEN {self.column()} IS NULL THEN {name} END",
            ]
        if kind == "DATE":
            forms += [f"extract('day' FROM {name})", f"{name} - DATE '2026-01-10'"]
        return self.rng.choice(forms)

    def of_kind(self, kind: str) -> list[str]:
        return [name for name, other in self.columns if other == kind]

    def condition(self) -> str:
        name, kind = self.rng.choice(self.columns)
        literals = {
            "INTEGER": ["1", "2", "5"],
            "VARCHAR": ["'1'", "'张三'", "'x'"],
            "DATE": ["DATE '2026-01-09'", "'2026-01-20'"],
            "DECIMAL(10,2)": ["9.5", "20"],
            "DOUBLE": ["2", "3"],
        }[kind]
        one, other = self.rng.sample(literals, 2)
        rows = ", ".join(f"({literal})" for literal in literals)
        return self.rng.choice(
            [
                *(f"{name} = {one}", f"{name} IN ({one}, {other})", f"{name} NOT IN ({one})"),
                *(f"{name} > {one}", f"{name} IS NOT NULL", f"NOT ({name} = {one} OR {name} IS NULL)"),
                f"{name} IN (SELECT v.c FROM (VALUES {rows}) v(c))",
                f"EXISTS (SELECT 1 FROM (VALUES {rows}) v(c) WHERE v.c = {name})",
            ]
        )

    def total(self) -> str:
        name, kind = self.rng.choice(self.columns)
        forms = ["count(*)", f"count({name})", f"count(DISTINCT {name})", f"max({name})"]
        if kind not in {"VARCHAR", "DATE"}:
            forms.append(f"sum({name})")
        return self.rng.choice([*forms, f"count(*) FILTER (WHERE {self.condition()})"])

    def question(self) -> str:
        rng = self.rng
        where = f" WHERE {self.condition()}" if rng.random() < 0.4 else ""
        outputs = [self.column() for _ in range(rng.randint(1, 2))]
        listed, key, order = ", ".join(outputs), self.value(), rng.choice(["", " DESC", " NULLS FIRST"])
        limit = f" LIMIT {rng.randint(1, 6)}" if rng.random() < 0.5 else ""
        named = ", ".join(f"{output} AS o{place}" for place, output in enumerate(outputs))
        body = f"FROM {self.source}{where}"
        return rng.choice(
            [
                f"SELECT {listed} {body} ORDER BY {key}{order}, {listed}{limit}",
                f"SELECT DISTINCT ON ({self.column()}) {listed} {body} ORDER BY ALL",
                f"SELECT DISTINCT ON ({key}) {listed} {body} ORDER BY {key}, {self.value()}{order}, {listed}",
                (
                    f"SELECT {listed} {body} QUALIFY row_number() OVER (PARTITION BY {self.value()}"
                    f" ORDER BY {key}{order}, {listed}) <= 2"
                ),
                f"SELECT {listed}, rank() OVER (ORDER BY {key}{order}) {body}",
                f"SELECT count(*), count(o0) FROM (SELECT {named} {body} ORDER BY {key}, {listed} LIMIT 3) q",
                f"SELECT {self.total()} {body} GROUP BY {key} HAVING {self.total()} IS NOT NULL",
                f"SELECT {self.total()} AS n {body} GROUP BY {key} ORDER BY {self.total()}, n{limit}",
                f"SELECT {self.total()}, {self.total()} {body}",
                f"SELECT DISTINCT {self.value()} {body}",
                f"SELECT q.n FROM (SELECT {key} AS k, {self.total()} AS n {body} GROUP BY k) q WHERE q.k IS NOT NULL",
                f"SELECT {key} {body} {rng.choice(['UNION', 'EXCEPT', 'INTERSECT', 'EXCEPT ALL'])} SELECT {key} {body}"
                f" AND {self.condition()}"
                if where
                else f"SELECT count(*) {body}",
            ]
        )
