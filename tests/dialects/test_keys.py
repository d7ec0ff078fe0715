"""Join keys in each engine's own form: found exactly as DuckDB finds them, whatever the keys are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from connectors.duckdb import DuckdbConnector
from sql.dialects import NotNative, render_attempt
from sql.dialects.native import translate
from sql.types import canonical_type
from tests.dialects.questions import resolve, wrap
from tests.dialects.sources import TRAPS, Source, mirror, rows_of

DIALECTS = ("postgres", "mysql", "sqlite")
KEYS = '"keys_1"."key" AS "key" FROM "_keys"."keys_1" AS "keys_1"'
COLUMNS = {
    "text": (("texts", "a"), ("texts", "b"), ("people", "name"), ("people", "town"), ("empty", "a")),
    "integer": (("numbers", "i"), ("numbers", "s"), ("numbers", "b"), ("extremes", "b"), ("people", "boss")),
    "decimal": (("numbers", "d"), ("numbers", "e"), ("numbers", "w"), ("extremes", "d"), ("extremes", "w")),
    "date": (("moments", "d"), ("moments", "e"), ("people", "born")),
    "boolean": (("numbers", "t"), ("visits", "paid")),
}
PROVEN = {
    "postgres": {"text", "integer", "decimal", "date", "boolean"},
    "mysql": {"text", "integer", "decimal", "date", "boolean"},
    "sqlite": {"text", "integer", "date", "boolean"},
}
PIECES = (
    *(
        "a",
        "A",
        "b",
        " ",
        "'",
        "''",
        '"',
        "\\",
        "\\'",
        "`",
        "{",
        "}",
        "[",
        "]",
        ",",
        ";",
        "--",
        "/*",
        "%",
        "_",
    ),
    *(
        "\t",
        "\n",
        "\r",
        "\x01",
        "\x1f",
        "\x7f",
        "\0",
        "\u0085",
        "\u2028",
        "\ufeff",
        "中",
        "文",
        "é",
        "e\u0301",
    ),
    *(
        "\u00df",
        "ﬁ",
        "😀",
        "\U00010000",
        "NULL",
        "null",
        "\\u0041",
        "\\x41",
        "E'",
        "X'",
        "$[*]",
        "$$",
        "?",
        ":a",
    ),
)
OWN = {
    "integer": (pa.int16(), pa.int32(), pa.int64(), pa.decimal128(12, 0), pa.decimal128(14, 2)),
    "decimal": (pa.decimal128(15, 2), pa.decimal128(9, 4), pa.decimal128(38, 10), pa.int32(), pa.int64()),
}


@pytest.fixture(scope="module")
def keyed(oracle: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    oracle.execute('CREATE SCHEMA "_keys"')
    yield oracle
    oracle.execute('DROP SCHEMA "_keys" CASCADE')


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[frozenset[str]]:
    """How a DuckDB source behaves."""
    file = tmp_path_factory.mktemp("keys") / "empty.duckdb"
    duckdb.connect(str(file), config={"temp_directory": ""}).close()
    connector = DuckdbConnector.open(str(file))
    yield connector.probe().names()
    connector.close()


def question(table: str, column: str, *, negated: bool = False) -> exp.Query:
    """Which rows have, or have not, a key in the column: also beside a condition of another kind."""
    word = "NOT IN" if negated else "IN"
    tree = resolve(f"SELECT x.id AS id FROM {table} AS x WHERE x.{column} {word} (SELECT 0) OR x.id = 2")
    node = tree.find(exp.In)
    assert node is not None
    node.set("query", exp.Subquery(this=sqlglot.parse_one(f"SELECT {KEYS}", dialect="duckdb")))
    return tree


def expect(
    connection: duckdb.DuckDBPyConnection, tree: exp.Query, schema: tuple[str, ...], keys: pa.Array
) -> pa.Table:
    received = pa.table({"key": keys})
    connection.register("received", received)
    connection.execute('CREATE OR REPLACE TABLE "_keys"."keys_1" AS SELECT * FROM received')
    connection.unregister("received")
    return connection.sql(wrap(tree, schema).sql(dialect="duckdb", identify=True)).to_arrow_table()


def check(source: Source, oracle: duckdb.DuckDBPyConnection, tree: exp.Query, keys: pa.Array) -> bool:
    """Whether the source answers natively; its answer must then be DuckDB's."""
    expected = expect(oracle, tree, mirror(oracle, source), keys)
    arguments = (source.dialect, source.capabilities, source.tables)
    try:
        text, _ = translate(wrap(tree, source.schema), *arguments, keys={"keys_1": keys})
    except NotNative:
        return False
    found = sorted(source.ask(text, expected.schema))
    assert found == sorted(rows_of(expected)), f"{text}\n{keys}"
    return True


class Keys:
    """Random keys for one column: its own values, some like them, and others."""

    def __init__(self, seed: int, family: str, table: str, column: str) -> None:
        self.random = Random(seed)
        self.family = family
        place = list(TRAPS[table]["columns"]).index(column)
        self.own = [row[place] for row in TRAPS[table]["rows"] if row[place] is not None]

    def array(self) -> pa.Array:
        found: dict[Any, None] = {}
        for _ in range(self.random.choice((0, 1, 2, 5, 30))):
            found.setdefault(getattr(self, self.family)())
        if self.family not in OWN:
            return pa.array(
                list(found), {"text": pa.string(), "date": pa.date32()}.get(self.family, pa.bool_())
            )
        kind = self.random.choice(OWN[self.family])
        fitting: dict[Any, None] = {}
        for key in found:
            try:
                value = pa.scalar(Decimal(key), pa.decimal128(38, 10)).cast(kind)
            except pa.ArrowInvalid:
                continue
            fitting.setdefault(value.as_py())
        return pa.array(list(fitting), kind)

    def text(self) -> str:
        known = self.random.choice([*self.own, "a"])
        tricks = (str.upper, str.lower, lambda t: t + " ", str.strip, lambda t: t + "\0", lambda t: t[:1])
        choice = self.random.random()
        if choice < 0.4:
            return str(known)
        if choice < 0.6:
            return self.random.choice(tricks)(str(known))
        return "".join(self.random.choice(PIECES) for _ in range(self.random.randint(0, 4)))

    def integer(self) -> int:
        known = int(self.random.choice([*self.own, 0]))
        return self.random.choice((known, known + 1, -known, known + 2**16, known + 2**32, 10**11, 2**62))

    def decimal(self) -> Decimal:
        known = Decimal(self.random.choice([*self.own, "0"]))
        return self.random.choice((known, -known, known + Decimal("0.0001"), known + 1, Decimal(10**12)))

    def date(self) -> date:
        known = date.fromisoformat(self.random.choice([*self.own, "2000-01-01"]))
        days = self.random.choice((0, 0, 1, -1, 366))
        return known + timedelta(days=days) if date(2, 1, 1) < known < date(9998, 1, 1) else known

    def boolean(self) -> bool:
        return self.random.random() < 0.5


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
@pytest.mark.parametrize("family", COLUMNS)
@pytest.mark.parametrize("seed", range(3))
def test_random_keys_find_what_duckdb_finds(
    seed: int, family: str, source: Source, keyed: duckdb.DuckDBPyConnection
) -> None:
    native = 0
    for table, column in COLUMNS[family]:
        keys = Keys(seed, family, table, column)
        for _ in range(4):
            for negated in (False, True):
                native += check(source, keyed, question(table, column, negated=negated), keys.array())
    assert (native > 0) == (family in PROVEN[source.dialect])


@pytest.mark.parametrize("family", COLUMNS)
@pytest.mark.parametrize("seed", range(3))
def test_random_keys_in_duckdbs_own_form_are_the_same_keys(
    seed: int, family: str, keyed: duckdb.DuckDBPyConnection, answers: frozenset[str]
) -> None:
    for table, column in COLUMNS[family]:
        keys = Keys(seed, family, table, column)
        for negated in (False, True):
            array, tree = keys.array(), question(table, column, negated=negated)
            expected = expect(keyed, tree, (), array)
            keyed.execute('DELETE FROM "_keys"."keys_1"')
            text = render_attempt(wrap(tree, ()), "duckdb", answers, {}, None, {"keys_1": array}).sql
            assert sorted(rows_of(keyed.sql(text).to_arrow_table())) == sorted(rows_of(expected)), text


EXACT: Mapping[str, tuple[str, str, pa.Array]] = {
    "trailing blanks": ("texts", "a", pa.array(["a ", "中文 "])),
    "letter case": ("texts", "a", pa.array(["AB", "a", "z"])),
    "one character or two": ("texts", "a", pa.array(["e\u0301"])),
    "characters beyond the first plane": ("texts", "a", pa.array(["😀", "\U00010000"])),
    "the empty text": ("texts", "a", pa.array([""])),
    "quotes and backslashes": ("texts", "b", pa.array(["'", "\\", "\\\\", "`", '"'])),
    "padding of char(8)": ("people", "town", pa.array(["440605", "440604  "])),
    "a key of a wider type": ("numbers", "i", pa.array([7, 2**40], pa.int64())),
    "only keys of a wider type": ("numbers", "i", pa.array([2**40], pa.int64())),
    "decimals of another scale": ("numbers", "d", pa.array([Decimal("2.5000"), Decimal("0.1001")])),
    "whole numbers among decimals": ("numbers", "d", pa.array([0, 1], pa.int32())),
    "38 digits": ("extremes", "w", pa.array([Decimal("9999999999999999999999999999.9999999998")])),
    "no keys": ("numbers", "i", pa.array([], pa.int32())),
}


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
@pytest.mark.parametrize("negated", [False, True], ids=["in", "not in"])
@pytest.mark.parametrize("case", EXACT.values(), ids=EXACT.keys())
def test_equality_is_that_of_duckdb(
    case: tuple[str, str, pa.Array], negated: bool, source: Source, keyed: duckdb.DuckDBPyConnection
) -> None:
    table, column, keys = case
    exact = source.dialect != "sqlite" or TRAPS[table]["columns"][column]["type"] in {"VARCHAR", "INTEGER"}
    assert check(source, keyed, question(table, column, negated=negated), keys) == exact


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
@pytest.mark.parametrize("keys", [pa.array([1.5]), pa.array([date(2000, 1, 1)])], ids=["doubles", "dates"])
def test_keys_of_types_that_are_not_proven_stay_beside(
    keys: pa.Array, source: Source, keyed: duckdb.DuckDBPyConnection
) -> None:
    del keyed
    column = "f" if canonical_type(keys.type) == "DOUBLE" else "ts"
    tree = question("numbers" if column == "f" else "moments", column)
    with pytest.raises(NotNative):
        translate(
            wrap(tree, source.schema),
            source.dialect,
            source.capabilities,
            source.tables,
            keys={"keys_1": keys},
        )


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
def test_a_key_set_that_did_not_come_is_no_table_of_the_source(source: Source) -> None:
    with pytest.raises(NotNative):
        translate(
            wrap(question("numbers", "i"), source.schema),
            source.dialect,
            source.capabilities,
            source.tables,
        )


@pytest.mark.parametrize("source", DIALECTS, indirect=True)
@pytest.mark.parametrize("family", ["text", "integer"])
def test_very_many_keys_are_one_constant(
    family: str, source: Source, keyed: duckdb.DuckDBPyConnection
) -> None:
    texts = family == "text"
    keys = pa.array([f"{n:030}" for n in range(60_000)] + ["a"] if texts else range(200_000))
    native = check(source, keyed, question("texts" if texts else "numbers", "a" if texts else "b"), keys)
    assert native == (not texts or source.dialect != "mysql")
