"""Random questions that aggregate, group, take distinct rows or the first rows of a federated table."""

from __future__ import annotations

import random

NUMBERS = (
    "p.small",
    "p.far",
    "p.price",
    "p.ratio",
    "p.tenth",
    "p.thin",
    "p.id",
    "p.small + p.id",
    "p.price * 2",
)
VALUES = (*NUMBERS, "p.area", "p.name", "p.born", "p.flag", "p.even", "p.member", "upper(p.area)")
KEYS = (
    "p.area",
    "p.name",
    "p.small",
    "p.flag",
    "p.even",
    "p.member",
    "p.member",
    "year(p.born)",
    "p.small % 2",
    "upper(p.area)",
    "p.member || coalesce(p.name, '')",
    "CASE WHEN p.flag THEN p.area ELSE p.member END",
)
CONDITIONS = (
    "p.small > 0",
    "p.flag",
    "p.area IN ('a', 'A', '中')",
    "p.area = 'a'",
    "p.born >= DATE '2001-01-01'",
    "p.price IS NOT NULL",
    "p.name LIKE 'x%'",
    "p.even <> 0.5",
    "p.id < 5",
)
SPREADS = ("var_samp", "var_pop", "stddev_samp", "stddev_pop", "stddev", "variance")


class QuestionMaker:
    """A seed stands for a question. Answers do not depend on an order that the question does not say."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def pick(self, *options: str) -> str:
        return self.chance.choice(options)

    def question(self) -> str:
        form = self.chance.random()
        if form < 0.62:
            return self.aggregate()
        if form < 0.7:
            return self.distinct()
        if form < 0.8:
            return self.first_rows()
        if form < 0.86:
            return self.of_one_or_all(self.below_a_join())
        if form < 0.92:
            return self.of_one_or_all(self.inside())
        if form < 0.95:
            return self.either()
        return self.two_tables()

    def of_one_or_all(self, question: str) -> str:
        """The same of one department's table, which has no member column."""
        if self.maybe(0.6):
            return question
        return question.replace("land.person", "north.person").replace("p.member", "p.name")

    # --- parts ---------------------------------------------------------------------------------

    def call(self) -> str:
        number, value = self.chance.choice(NUMBERS), self.chance.choice(VALUES)
        kind = self.chance.random()
        if kind < 0.18:
            text = self.pick("count(*)", f"count({value})", f"sum({number})", f"avg({number})")
        elif kind < 0.36:
            text = self.pick(f"sum({number})", f"avg({number})", f"count({value})")
        elif kind < 0.5:
            text = self.pick(f"min({value})", f"max({value})")
        elif kind < 0.68:
            text = f"{self.chance.choice(SPREADS)}({number})"
        elif kind < 0.78:
            text = self.pick(
                f"count(DISTINCT {value})",
                f"approx_count_distinct({value})",
                f"sum(DISTINCT {number})",
                "avg(DISTINCT p.far)",
                f"max(DISTINCT {value})",
            )
        elif kind < 0.86:
            truth = self.pick("p.flag", "p.small > 0", "p.area = 'a'")
            text = self.pick(f"bool_and({truth})", f"bool_or({truth})", f"count_if({truth})")
        elif kind < 0.92:
            text = self.pick(
                "bit_or(p.small)", "bit_and(p.small)", "bit_xor(p.small)", "sum(1)", "avg(2)", "max(3)"
            )
        else:
            text = self.pick(
                "median(p.far)",
                "quantile_disc(p.price, 0.5)",
                "list_extract(quantile_cont(p.small, [0.1, 0.75]), 2)",
                f"quantile({value}, 0.3)",
                "mode(p.tenth)",
                "sum(p.even)",
                "arg_min(p.far, p.far)",
            )
        return f"{text} FILTER (WHERE {self.chance.choice(CONDITIONS)})" if self.maybe(0.15) else text

    def where(self) -> str:
        parts = [self.chance.choice(CONDITIONS) for _ in range(self.chance.choice((0, 0, 1, 2)))]
        if self.maybe(0.2):
            parts.append(
                self.pick(
                    "p.member = 'south'",
                    "p.member IN ('north', 'west')",
                    "p.member <> 'north'",
                    "p.member = 'nowhere'",
                    "p.member = 'east'",
                    "p.member > p.area",
                )
            )
        if self.maybe(0.12):
            parts.append(
                self.pick(
                    "p.area IN (SELECT t.code FROM centre.town t)",
                    "p.small > (SELECT min(r.least) FROM centre.rate r)",
                    "EXISTS (SELECT 1 FROM centre.rate r WHERE r.area = p.area)",
                    "p.area NOT IN (SELECT t.code FROM centre.town t WHERE t.weight > 2)",
                )
            )
        if self.maybe(0.12):
            parts.append(
                self.pick(
                    "EXISTS (SELECT 1 FROM land.home h WHERE h.id = p.home AND h.member = p.member)",
                    "NOT EXISTS (SELECT * FROM land.home h WHERE h.member = p.member AND h.rooms > p.small)",
                    "p.home IN (SELECT h.id FROM land.home h WHERE p.member = h.member AND h.member <> 'north')",
                    "(p.flag OR p.home NOT IN (SELECT h.id FROM land.home h WHERE h.member = p.member))",
                    "(p.home, p.member) NOT IN (SELECT h.id, h.member FROM land.home h WHERE h.rooms < 3)",
                    "p.small <= (SELECT max(h.rooms) FROM land.home h WHERE h.member = p.member AND h.id <> p.home)",
                    "(SELECT count(*) FROM land.person q WHERE q.member = p.member AND q.area = p.area) > 2",
                    "p.id IN (SELECT q.id FROM land.person q WHERE q.member = p.member ORDER BY q.id LIMIT 3)",
                )
            )
        if self.maybe(0.08):
            parts.append("(p.small = 1 AND p.area = 'a' OR p.small = 2 AND p.area = 'b')")
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    def group(self, keys: list[str]) -> str:
        form = self.chance.random()
        if form < 0.6:
            return ", ".join(keys)
        if form < 0.72:
            return f"ROLLUP ({', '.join(keys)})"
        if form < 0.82:
            return f"CUBE ({', '.join(keys)})"
        if form < 0.92:
            return f"GROUPING SETS (({', '.join(keys)}), ({keys[0]}), ())"
        return f"{keys[0]}, ROLLUP ({', '.join(keys[1:] or ['p.flag'])})"

    # --- questions -----------------------------------------------------------------------------

    def aggregate(self) -> str:
        keys = self.chance.sample(KEYS, self.chance.choice((0, 1, 1, 2, 2, 3)))
        outputs = [f"{key} AS k{number}" for number, key in enumerate(keys)]
        outputs += [f"{self.call()} AS a{number}" for number in range(self.chance.choice((1, 1, 2, 3, 4)))]
        if self.maybe(0.15):
            outputs.append(f"{self.call()} IS NULL AS x")
        if self.maybe(0.1):
            outputs.append("sum(count(*)) OVER () AS w")
        if self.maybe(0.08) and keys:
            outputs.append(
                f"(SELECT max(t.title) FROM centre.town t WHERE t.code = CAST({keys[0]} AS VARCHAR)) AS s"
            )
        grouped = self.group(keys) if keys else ""
        if keys and "(" in grouped and self.maybe(0.4):
            outputs.append(f"grouping({', '.join(keys[:2])}) AS g")
        if not keys and self.maybe(0.1):
            outputs, grouped = ["1 AS one", *outputs], "1"
        text = f"SELECT {', '.join(outputs)} FROM land.person p{self.where()}"
        text += f" GROUP BY {grouped}" if grouped else ""
        if self.maybe(0.3):
            text += f" HAVING {self.having()}"
        if self.maybe(0.2) and " OVER " not in text:
            text += " ORDER BY ALL"
        return text

    def having(self) -> str:
        return self.pick(
            "count(*) > 1",
            "count(p.name) >= 1 AND max(p.small) < 5",
            "sum(p.small) IS NULL",
            "avg(p.ratio) > 0.2 OR count(*) = 0",
            "count(*) > (SELECT min(r.least) FROM centre.rate r)",
            "bool_or(p.flag)",
            "var_pop(p.far) > 3",
        )

    def distinct(self) -> str:
        outputs = [
            f"{value} AS v{n}"
            for n, value in enumerate(self.chance.sample(VALUES, self.chance.choice((1, 2, 3))))
        ]
        if self.maybe(0.2):
            outputs.append("7 AS seven")
        order = f" ORDER BY ALL{self.pick('', ' LIMIT 4', ' LIMIT 3 OFFSET 2')}" if self.maybe(0.5) else ""
        return f"SELECT DISTINCT {', '.join(outputs)} FROM land.person p{self.where()}{order}"

    def first_rows(self) -> str:
        keys = self.chance.sample(VALUES, self.chance.choice((1, 2, 3)))
        outputs = ", ".join(f"{key} AS k{n}" for n, key in enumerate(keys))
        limit = self.pick(
            "LIMIT 1", "LIMIT 5", "LIMIT 3 OFFSET 4", "LIMIT 0", "LIMIT 1000", "LIMIT 2 OFFSET 200"
        )
        if self.maybe(0.2):
            return f"SELECT count(*) AS n FROM (SELECT {outputs} FROM land.person p{self.where()} {limit}) x"
        order = ", ".join(
            f"{self.pick(key, key, str(n + 1))} {self.pick('', 'DESC')} {self.pick('', 'NULLS FIRST', 'NULLS LAST')}"
            for n, key in enumerate(keys)
        )
        return f"SELECT {outputs} FROM land.person p{self.where()} ORDER BY {order} {limit}"

    def below_a_join(self) -> str:
        join = self.pick(
            "JOIN centre.town t ON t.code = p.area",
            "LEFT JOIN centre.town t ON t.code = p.area AND t.weight > 1",
            "JOIN centre.rate t ON t.least < p.small",
            "SEMI JOIN centre.town t ON t.code = p.area",
            "ANTI JOIN centre.town t ON t.code = p.area",
            "CROSS JOIN centre.rate t",
        )
        over = [
            "count(*)",
            "count(p.name)",
            "sum(p.price)",
            "avg(p.far)",
            "min(p.born)",
            "var_pop(p.far)",
            "count(DISTINCT p.area)",
        ]
        if "centre.town t" in join and not join.startswith(("SEMI", "ANTI")):
            over += ["max(t.title)", "count(DISTINCT t.weight)", "sum(t.weight)"]
        outputs = ", ".join(f"{call} AS a{n}" for n, call in enumerate(self.chance.sample(over, 2)))
        if self.maybe(0.4):
            return f"SELECT {outputs} FROM land.person p {join}{self.where()}"
        key = self.chance.choice(KEYS)
        return f"SELECT {key} AS k, {outputs} FROM land.person p {join}{self.where()} GROUP BY {key}"

    def inside(self) -> str:
        inner = self.aggregate()
        return self.pick(
            f"WITH c AS ({inner}) SELECT count(*) AS n FROM c",
            f"SELECT x.a0 AS a, t.code AS c FROM ({inner}) x CROSS JOIN centre.town t WHERE t.weight < 2",
            "SELECT t.code AS c, (SELECT count(*) FROM land.person p WHERE p.area = t.code) AS n FROM centre.town t",
            "SELECT t.code AS c, (SELECT sum(p.small) FROM land.person p WHERE p.area < t.code AND p.flag) AS n FROM centre.town t",
            "SELECT t.code AS c FROM centre.town t WHERE t.weight < (SELECT count(DISTINCT p.name) FROM land.person p WHERE p.area = t.code)",
            f"SELECT * FROM ({inner}) x UNION ALL SELECT * FROM ({inner}) y",
        )

    def either(self) -> str:
        """Conditions over several departments, as in TPC-H's Q19."""
        same = self.pick("p.area = t.code", "t.code = p.area", "p.small = t.weight")
        left = [same, self.chance.choice(CONDITIONS), self.pick("t.weight < 3", "t.title LIKE 'town%'")]
        right = [same, self.chance.choice(CONDITIONS), self.pick("t.weight >= 3", "t.code IN ('a', 'b')")]
        if self.maybe(0.3):
            right.pop()
        self.chance.shuffle(right)
        table = self.pick("land.person", "north.person")
        where = f"({' AND '.join(left)}) OR ({' AND '.join(right)})"
        if self.maybe(0.3):
            code = self.pick("'a'", "'A'", "'b'")
            where = f"({where}) AND t.code = {code} AND p.area = t.code"
        outputs = self.pick(
            "count(*) AS n", "p.id AS i, t.code AS c", "sum(p.price) AS s, max(t.weight) AS w"
        )
        return f"SELECT {outputs} FROM {table} p, centre.town t WHERE {where}"

    def two_tables(self) -> str:
        join = self.pick(
            "JOIN land.home h ON h.id = p.home AND h.member = p.member",
            "LEFT JOIN land.home h ON p.home = h.id AND p.member = h.member",
            "JOIN land.home h ON h.member = p.member AND h.rooms > p.small",
            "JOIN land.home h ON h.id = p.home",
            "SEMI JOIN land.home h ON h.id = p.home AND h.member = p.member",
            ", land.home h WHERE h.member = p.member AND h.id = p.home AND",
        )
        where = self.where()
        if join.endswith("AND"):
            join, where = f"{join} p.id >= 0", where.replace(" WHERE ", " AND ", 1)
        outputs = "count(*) AS n, sum(p.price) AS s"
        if not join.startswith("SEMI"):
            outputs += self.pick("", ", sum(h.rent) AS r", ", avg(h.rooms) AS r", ", max(h.street) AS r")
        if self.maybe(0.3):
            return f"SELECT p.id AS i, p.member AS m FROM land.person p {join}{where}"
        key = self.pick("p.area", "p.member", "p.small")
        if self.maybe(0.3):
            return f"SELECT {outputs} FROM land.person p {join}{where}"
        return f"SELECT {key} AS k, {outputs} FROM land.person p {join}{where} GROUP BY {key}"
