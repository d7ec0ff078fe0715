"""Questions from a seed, full of expressions that fail on what the worlds hide, and on nothing that they show."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from tests.noninterference.rows import FILTERS
from tests.noninterference.world import NAMES

# `$` is the alias of the table of persons; `{other}` is another table of its department, `{far}` one of any.
CONDITIONS = (
    "CAST($.level AS INTEGER) > 2",
    "CAST($.level AS DOUBLE) > 1.5",
    "$.level > 2",
    "$.rank > 1",
    "$.rank + 2147483000 > 0",
    "$.score + 2147483000 > 0",
    "-$.score < 0",
    "$.score * 40000000 > 0",
    "$.big * 1000000000 > 0",
    "abs($.big) > 0",
    "$.big - 1 >= 0",
    "100 // $.score >= 2",
    "100 % $.score >= 0",
    "CAST($.score AS TINYINT) > 3",
    "CAST($.big AS INTEGER) > 500000",
    "CAST($.money AS DECIMAL(5,2)) > 100",
    "CAST($.money AS SMALLINT) > 100",
    "$.money * $.money * $.money > 1000",
    "$.born + INTERVAL 20 YEAR > DATE '2000-01-01'",
    "$.born + $.score > DATE '1980-01-01'",
    "$.born - INTERVAL 3 MONTH < DATE '1990-01-01'",
    "CAST($.born AS TIMESTAMP) > TIMESTAMP '1980-01-01 00:00:00'",
    "$.born > DATE '1980-01-01'",
    "$.born - DATE '1900-01-01' > 30000",
    "date_trunc('month', $.born) > DATE '1980-01-01'",
    "year($.born) > 1980",
    "$.ok",
    "NOT $.ok OR $.score > 5",
    "regexp_matches('level 1 or 2', $.level)",
    "substring($.name, $.score) IS NOT NULL",
    "repeat('x', $.score) <> 'x'",
    "chr($.score + 60) <> 'A'",
    "make_date(1900 + $.score, 1, 1) > DATE '1910-01-01'",
    "strptime($.level || '/1999', '%m/%Y') IS NOT NULL",
    "($.level || '1') > '2'",
    "(SELECT z.score FROM {other} AS z WHERE z.id = $.id) > 3",
    "(SELECT max(z.score) FROM {other} AS z WHERE z.id <= $.id) + 2147483000 > 0",
    "$.score + 2147483000 > (SELECT min(z.rank) FROM {far} AS z)",
    "CASE WHEN $.level = 'x' THEN 1 // 0 ELSE $.score END > 3",
    "CAST(concat('a', 'b') AS INTEGER) = $.score",
    "CAST('abc' AS DATE) = $.born",
)
VALUES = (
    "CAST($.level AS INTEGER)",
    "$.rank",
    "$.score + 2147483000",
    "$.born + INTERVAL 20 YEAR",
    "100 // $.score",
    "$.money * 1000",
    "CAST($.big AS INTEGER)",
    "date_trunc('year', $.born)",
    "$.name || $.level",
    "$.phone",
    "$.ok",
    "$.born",
    "$.big",
)
SHAPES = (
    "SELECT x.id AS id FROM {t} AS x WHERE {c}",
    "SELECT x.id AS id, x.town AS town FROM {t} AS x WHERE x.id > 3 AND {c} AND x.score > 2",
    "SELECT x.id AS id, {v} AS v FROM {t} AS x",
    "SELECT x.id AS id, CASE WHEN {c} THEN x.name ELSE x.phone END AS v FROM {t} AS x",
    "SELECT count(*) AS n, sum(x.score) AS s, min(x.born) AS a, max(x.level) AS b FROM {t} AS x WHERE {c}",
    "SELECT count(*) AS n FROM {t} AS x",
    "SELECT max({v}) AS v, count(DISTINCT {v}) AS n FROM {t} AS x",
    "SELECT {v} AS k, count(*) AS n FROM {t} AS x GROUP BY 1",
    "SELECT x.town AS k, count(*) AS n FROM {t} AS x GROUP BY x.town HAVING max({v}) IS NOT NULL",
    "SELECT x.town AS k, sum(CASE WHEN {c} THEN 1 ELSE 0 END) AS n FROM {t} AS x GROUP BY x.town",
    "SELECT count(*) FILTER (WHERE {c}) AS n FROM {t} AS x",
    "SELECT x.id AS id FROM {t} AS x ORDER BY {v}, x.id",
    "SELECT x.id AS id, row_number() OVER (ORDER BY {v}, x.id) AS r FROM {t} AS x",
    "SELECT DISTINCT {v} AS v FROM {t} AS x",
    "SELECT x.id AS id, y.id AS other FROM {t} AS x JOIN {other} AS y ON x.id = y.id AND {c}",
    "SELECT x.id AS id, y.id AS other FROM {t} AS x JOIN {other} AS y ON x.score = y.id WHERE {c}",
    "SELECT x.id AS id, y.name AS other FROM {other} AS y LEFT JOIN {t} AS x ON x.id = y.id AND {c}",
    "SELECT x.id AS id FROM {t} AS x LEFT JOIN {far} AS y ON x.id = y.id WHERE {c}",
    "SELECT x.id AS id, y.town AS town FROM {t} AS x JOIN {far} AS y ON x.id = y.score AND {c}",
    "SELECT y.id AS id FROM {other} AS y WHERE EXISTS (SELECT 1 FROM {t} AS x WHERE x.id = y.id AND {c})",
    "SELECT y.id AS id FROM {other} AS y WHERE NOT EXISTS (SELECT 1 FROM {t} AS x WHERE x.id = y.id AND {c})",
    "SELECT y.id AS id FROM {far} AS y WHERE y.id IN (SELECT x.id FROM {t} AS x WHERE {c})",
    "WITH few AS (SELECT x.id, x.score, {v} AS v FROM {t} AS x) SELECT f.id FROM few AS f WHERE f.v IS NOT NULL",
    "WITH a AS MATERIALIZED (SELECT * FROM {t} AS x) SELECT x.id AS id FROM a AS x JOIN a AS y ON x.id = y.id WHERE {c}",
    "SELECT x.id AS id FROM {t} AS x WHERE {c} UNION SELECT y.id FROM {far} AS y",
    "SELECT y.id AS id FROM {other} AS y EXCEPT SELECT x.id FROM {t} AS x WHERE {c}",
    "SELECT * FROM {t} AS x WHERE {c}",
    "SELECT x.id AS id FROM {t} AS x WHERE {c} OR x.id < 3",
    "SELECT x.id AS id FROM {t} AS x SEMI JOIN {other} AS y ON x.id = y.id AND {c}",
    "SELECT q.n AS n FROM (SELECT x.score % 3 AS k, count(*) AS n FROM {t} AS x WHERE {c} GROUP BY 1) AS q",
    "SELECT x.secret FROM {t} AS x WHERE {c}",
)
FLOORED = (
    "SELECT v.town AS town, count(*) AS n, sum(v.cost) AS s FROM {v} AS v GROUP BY v.town",
    "SELECT v.town AS town, avg(v.cost) AS a FROM {v} AS v GROUP BY v.town HAVING count(*) > 1",
    "SELECT v.town AS town, count(*) AS n FROM {v} AS v GROUP BY v.town ORDER BY n DESC, town",
    "SELECT DISTINCT v.town AS town FROM {v} AS v",
    "SELECT v.town AS town, sum(v.cost) AS s FROM {v} AS v GROUP BY v.town HAVING sum(v.cost) >= 0",
    "SELECT max(v.cost) AS m FROM {v} AS v",
    "SELECT v.person AS p FROM {v} AS v",
    "SELECT v.town AS town, sum(100 // v.cost) AS s FROM {v} AS v GROUP BY v.town",
)


def question(seed: int) -> str:
    """The question of a seed."""
    chance = Random(seed)
    if chance.random() < 0.06:
        return chance.choice(FLOORED).replace("{v}", f"{chance.choice(tuple(NAMES.values()))}.visit")
    department = chance.choice(tuple(NAMES.values()))
    tables: Mapping[str, str] = {
        "{t}": f"{department}.person_{chance.choice(tuple(FILTERS))}",
        "{other}": f"{department}.person_{chance.choice(tuple(FILTERS))}",
        "{far}": f"{chance.choice(tuple(NAMES.values()))}.person_{chance.choice(tuple(FILTERS))}",
    }
    text = chance.choice(SHAPES)
    condition = chance.choice(CONDITIONS)
    if chance.random() < 0.25:
        condition = f"({condition}) AND ({chance.choice(CONDITIONS[:30])})"
    text = text.replace("{c}", condition.replace("$", "x")).replace(
        "{v}", chance.choice(VALUES).replace("$", "x")
    )
    for mark, table in tables.items():
        text = text.replace(mark, table)
    return text
