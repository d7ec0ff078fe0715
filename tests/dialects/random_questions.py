"""Random questions over the trap tables: typed expressions nested in each other, in every kind of query."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "texts": {"text": ("a", "b"), "whole": ("id",)},
    "numbers": {
        "whole": ("i", "j", "s", "b", "id"),
        "exact": ("d", "e"),
        "inexact": ("f",),
        "truth": ("t", "u"),
    },
    "moments": {"day": ("d", "e"), "whole": ("id",)},
    "people": {
        "whole": ("id", "boss", "level"),
        "text": ("name", "town"),
        "day": ("born",),
        "exact": ("pay",),
    },
    "visits": {
        "whole": ("id", "person"),
        "text": ("kind",),
        "day": ("day",),
        "exact": ("cost",),
        "truth": ("paid",),
    },
}
CONSTANTS: Mapping[str, tuple[str, ...]] = {
    "text": ("'a'", "'A'", "'a '", "''", "'中'", "'é'", "'ab'", "'\\'", "'%'", "' '", "'it''s'", "'😀'"),
    "whole": ("0", "1", "2", "7", "-1", "100"),
    "exact": ("0.5", "1.50", "-0.01", "100.00"),
    "inexact": ("1e0", "2.5e-1"),
    "day": ("DATE '1994-01-01'", "DATE '2000-02-29'", "DATE '2021-01-03'"),
    "truth": ("TRUE", "FALSE"),
}
PATTERNS = (
    "'a%'",
    "'%a'",
    "'%b%'",
    "'_'",
    "'a_'",
    "'%'",
    "''",
    "'中%'",
    "'a\\%'",
    "'_b'",
    "'a%b'",
    "'[a]'",
    "'*'",
)

# In curly brackets the kind of expression that stands there; `#` a small constant, `~` a comparison, `?` a pattern.
FORMS: Mapping[str, tuple[str, ...]] = {
    "text": (
        "substring({text}, 1, #)",
        "left({text}, #)",
        "right({text}, #)",
        "({text} || {text})",
        "trim({text})",
        "replace({text}, 'a', {text})",
        "coalesce({text}, {text})",
        "CASE WHEN {truth} THEN {text} ELSE {text} END",
        "nullif({text}, {text})",
        "greatest({text}, {text})",
        "CAST({whole} AS VARCHAR)",
        "repeat('*', length({text}) - 1)",
    ),
    "whole": (
        "({whole} + {whole})",
        "({whole} - {whole})",
        "({whole} * {whole})",
        "({whole} // 7)",
        "({whole} % -3)",
        "length({text})",
        "strpos({text}, {text})",
        "CASE WHEN {truth} THEN {whole} ELSE {whole} END",
        "coalesce({whole}, {whole})",
        "least({whole}, {whole})",
        "year({day})",
        "({day} - {day})",
    ),
    "exact": (
        "({exact} + {whole})",
        "({exact} - {exact})",
        "({exact} * {whole})",
        "round({exact}, 1)",
        "abs({exact})",
        "CASE WHEN {truth} THEN {exact} ELSE {whole} END",
        "coalesce({exact}, {whole})",
        "nullif({exact}, {exact})",
    ),
    "inexact": (
        "({exact} / 3)",
        "({whole} / nullif({whole}, 0))",
        "CAST({exact} AS DOUBLE)",
        "({whole} / 4)",
    ),
    "day": (
        "coalesce({day}, {day})",
        "CASE WHEN {truth} THEN {day} ELSE {day} END",
        "CAST(date_trunc('month', {day}) AS DATE)",
    ),
    "truth": (
        "({text} ~ {text})",
        "({whole} ~ {exact})",
        "({day} ~ {day})",
        "({exact} IS NULL)",
        "({text} LIKE ?)",
        "({truth} AND {truth})",
        "({truth} OR {truth})",
        "(NOT {truth})",
        "({text} IN ('a', {text}, 'ab'))",
        "({exact} BETWEEN {whole} AND {exact})",
        "({text} IS NOT DISTINCT FROM {text})",
        "({truth} IS NOT TRUE)",
        "({inexact} < {exact})",
    ),
}
KINDS = tuple(FORMS)
QUERIES = (
    "SELECT x.id, {0} AS v, {1} AS w, {2} AS z FROM $ AS x",
    "SELECT x.id, {0} AS v FROM $ AS x WHERE {truth}",
    "SELECT {key} AS k, count(*) AS n, sum({whole}) AS s, min({0}) AS m, count(DISTINCT {key}) AS d FROM $ AS x GROUP BY 1",
    "SELECT {key} AS k, avg({exact}) AS a, bool_or({truth}) AS b FROM $ AS x WHERE {truth} GROUP BY 1 HAVING count(*) > 1",
    "SELECT x.id, {0} AS k FROM $ AS x ORDER BY k DESC, x.id LIMIT 9",
    "SELECT x.id, {0} AS k FROM $ AS x ORDER BY k NULLS FIRST, x.id",
    "SELECT x.id AS i, y.id AS j, {0} AS v FROM $ AS x LEFT JOIN visits AS y ON x.id = y.id AND {truth}",
    "SELECT x.id AS i, y.id AS j FROM $ AS x JOIN numbers AS y ON {whole} = y.i WHERE {truth}",
    "SELECT x.id FROM $ AS x WHERE {whole} NOT IN (SELECT y.level FROM people AS y WHERE y.level IS NOT NULL)",
    "SELECT x.id FROM $ AS x WHERE {truth} AND NOT EXISTS (SELECT 1 FROM visits AS y WHERE y.id = x.id AND {truth})",
    "SELECT x.id FROM $ AS x WHERE {exact} > (SELECT max(y.cost) FROM visits AS y WHERE y.person <= x.id)",
    "SELECT {text} AS k FROM $ AS x UNION SELECT y.kind FROM visits AS y",
    "SELECT {whole} AS k FROM $ AS x EXCEPT SELECT y.id FROM visits AS y",
    "SELECT x.id, rank() OVER (ORDER BY {key}) AS v FROM $ AS x",
    "SELECT x.id, sum({whole}) OVER (PARTITION BY {key} ORDER BY x.id) AS v FROM $ AS x",
)


class Asker:
    """Questions from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.table = ""

    def question(self) -> str:
        self.table = self.random.choice(tuple(COLUMNS))
        query = self.random.choice(QUERIES).replace("$", self.table)
        for place in ("{0}", "{1}", "{2}", "{key}"):
            kinds = [kind for kind in KINDS if kind != "inexact"] if place == "{key}" else KINDS
            chosen = self.expression(self.random.choice(kinds), 2)
            query = query.replace(place, chosen)
        return self.filled(query, 2)

    def expression(self, kind: str, depth: int) -> str:
        columns = COLUMNS[self.table].get(kind, ())
        if depth <= 0 or self.random.random() < 0.3:
            plain = tuple(f"x.{column}" for column in columns)
            return self.random.choice(plain * 3 + CONSTANTS[kind])
        return self.filled(self.random.choice(FORMS[kind]), depth)

    def filled(self, form: str, depth: int) -> str:
        for kind in KINDS:
            while (mark := f"{{{kind}}}") in form:
                form = form.replace(mark, self.expression(kind, depth - 1), 1)
        choices = {"#": ("0", "1", "2"), "~": ("=", "<>", "<", ">="), "?": PATTERNS}
        for mark, options in choices.items():
            while mark in form:
                form = form.replace(mark, self.random.choice(options), 1)
        return form
