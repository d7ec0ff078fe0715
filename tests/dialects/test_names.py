"""Names and constants arrive as they were meant, or the fragment is not native; and the text is looked at again."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from sql.dialects import NotNative, SourceColumn, render_native, render_scan
from sql.dialects.behaviour import proven_answers
from sql.dialects.native import DIALECTS
from sql.dialects.scope import Context
from sql.dialects.verify import verify

CAPABILITIES = frozenset({"supports_window", "supports_aggregate_filter"})
NATIVE = {"postgres": "text", "mysql": "varchar(20) collate utf8mb4_general_ci", "sqlite": "text"}
TEXTS = (
    "'",
    "''",
    '"',
    "`",
    "\\",
    "\\'",
    "a\nb",
    "-- x",
    "/* x */",
    ";",
    "%s",
    "{0}",
    "$1",
    "?",
    "中'文",
    "\t",
    "😀",
)
NAMES = ('a"b', "a`b", "a'b", "a.b", "select", "a b", "中文", "a;b", "a--b", "{0}", "%s", "?", "$1")
LONG = ("x" * 64, "中" * 22, " a", "a ", "a\0b")


def said(dialect: str) -> frozenset[str]:
    return CAPABILITIES | proven_answers(dialect)


def native(tree: exp.Expr, dialect: str, table: tuple[str, ...] = ("t",), column: str = "a") -> str:
    assert isinstance(tree, exp.Query)
    columns = {
        column: SourceColumn("VARCHAR", NATIVE.get(dialect, "VARCHAR"), "" if dialect == "mysql" else "exact")
    }
    return render_native(tree, dialect, said(dialect), {table: columns})


def question(column: str, table: str, alias: str) -> exp.Select:
    identifier = exp.to_identifier(alias, quoted=True)
    read = exp.Alias(this=exp.column(column, table=alias, quoted=True), alias=identifier)
    place = exp.Table(this=exp.to_identifier(table, quoted=True), alias=exp.TableAlias(this=identifier))
    return exp.Select(expressions=[read], from_=exp.From(this=place))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_quoted_in_full(dialect: str, name: str) -> None:
    text = native(question(name, name, name), dialect, (name,), name)
    tree = sqlglot.parse_one(text, dialect=dialect)
    assert {column.name for column in tree.find_all(exp.Column)} == {name}
    assert [(table.name, table.alias) for table in tree.find_all(exp.Table)] == [(name, name)]
    assert isinstance(tree, exp.Query)
    assert tree.named_selects == [name]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", LONG)
def test_a_name_that_a_source_would_change_is_not_native(dialect: str, name: str) -> None:
    with pytest.raises(NotNative, match="a name that the source would"):
        native(question("a", "t", name), dialect)


def test_names_that_mariadb_takes_for_the_same_are_not_native() -> None:
    for first, second in (("é", "e"), ("A", "a"), ("😀", "t")):
        sql = f'SELECT "{first}".a AS x FROM t AS "{first}" CROSS JOIN t AS "{second}"'
        with pytest.raises(NotNative):
            native(sqlglot.parse_one(sql, dialect="duckdb"), "mysql")
    inner = 'SELECT 1 AS x FROM t AS "é" WHERE EXISTS (SELECT 1 FROM t AS "e" WHERE "é".a = \'a\')'
    with pytest.raises(NotNative, match="takes for the same"):
        native(sqlglot.parse_one(inner, dialect="duckdb"), "mysql")
    assert "é" in native(sqlglot.parse_one(inner, dialect="duckdb"), "postgres")


def test_an_inner_name_hides_an_outer_one_as_in_duckdb() -> None:
    sql = 'SELECT x.a AS v FROM t AS x WHERE EXISTS (SELECT 1 FROM t AS "X" WHERE x.a IS NULL)'
    text = native(sqlglot.parse_one(sql, dialect="duckdb"), "postgres")
    assert 'WHERE ("X"."a" IS NULL)' in text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_with_name_that_is_a_tables_is_not_native(dialect: str) -> None:
    sql = "WITH t AS (SELECT x.a AS a FROM t AS x) SELECT t.a AS a FROM t"
    with pytest.raises(NotNative, match="a WITH name"):
        native(sqlglot.parse_one(sql, dialect="duckdb"), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a AS a FROM t",
        "SELECT t.* FROM t",
        "SELECT t.b AS b FROM t",
        "SELECT u.a AS a FROM t",
        "SELECT x.a AS a FROM other AS x",
        "SELECT t AS t FROM t",
    ],
)
def test_what_is_not_resolved_is_not_native(dialect: str, sql: str) -> None:
    with pytest.raises(NotNative):
        native(sqlglot.parse_one(sql, dialect="duckdb"), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_constant_is_the_only_one_in_its_query(dialect: str, text: str) -> None:
    tree = question("a", "t", "t")
    equal = exp.EQ(this=exp.column("a", table="t", quoted=True), expression=exp.Literal.string(text))
    rendered = native(tree.where(equal), dialect)
    tokens = sqlglot.tokenize(rendered, read=dialect)
    # In hexadecimal where the session decides what a backslash means.
    spelled = {token.text for token in tokens} & {text, text.encode().hex(), text.encode().hex().upper()}
    assert spelled, rendered


@pytest.mark.parametrize(
    "text",
    [
        'SELECT "t"."a" AS "a" FROM "t" AS "t"; SELECT 1',
        'SELECT "t"."a" AS "a" FROM "t" AS "t" CROSS JOIN "secret" AS "s"',
        'SELECT "t"."a" AS "a" FROM "other"."t" AS "t"',
        'SELECT \'what nobody asked\' AS "a" FROM "t" AS "t"',
        'SELECT "t"."a" AS "a" FROM "t" AS "t" FOR UPDATE',
        'SELECT "t"."a" AS "a" INTO "x" FROM "t" AS "t"',
        'SELECT "t"."a" /* x */ AS "a" FROM "t" AS "t"',
        'DELETE FROM "t"',
        "SELECT 1 AS x",
        "SELECT (",
    ],
)
def test_the_last_look_refuses_what_was_not_meant(text: str) -> None:
    context = Context(DIALECTS["postgres"], CAPABILITIES, {("t",): {}})
    context.read_tables.add(("t",))
    with pytest.raises(NotNative, match="does not read back"):
        verify(text, context)


def test_the_last_look_lets_pass_what_was_meant() -> None:
    context = Context(DIALECTS["postgres"], CAPABILITIES, {("t",): {}})
    context.read_tables.add(("t",))
    context.texts.add("asked")
    verify('SELECT "t"."a" AS "a" FROM "t" AS "t" WHERE "t"."a" = \'asked\'', context)


def test_a_dialect_without_rules_is_not_native() -> None:
    with pytest.raises(NotNative, match="no proven rules for oracle"):
        render_native(question("a", "t", "t"), "oracle", CAPABILITIES, {("t",): {}})


def test_duckdb_takes_a_fragment_as_it_is() -> None:
    sql = """SELECT "t"."a" AS "a", LOWER("t"."a") AS "b" FROM "t" AS "t" WHERE "t"."a" ILIKE 'x\\%' QUALIFY ROW_NUMBER() OVER () = 1"""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    text = render_native(tree, "duckdb", said("duckdb"), {("t",): {}})
    assert sqlglot.parse_one(text, dialect="duckdb") == tree


@pytest.mark.parametrize("dialect", ["postgres", "mysql", "sqlite", "duckdb"])
def test_a_scan_reads_quoted_columns_of_a_quoted_table(dialect: str) -> None:
    tree = sqlglot.parse_one(render_scan(("s", 'a"`b'), ["x y", 'q"`'], dialect), dialect=dialect)
    assert [column.name for column in tree.find_all(exp.Column)] == ["x y", 'q"`']
    assert [tuple(part.name for part in table.parts) for table in tree.find_all(exp.Table)] == [("s", 'a"`b')]
    assert "1" in render_scan(("t",), [], dialect)


def test_a_long_chain_of_conditions_needs_no_deep_stack() -> None:
    tree = question("a", "t", "t")
    condition: exp.Expr = exp.true()
    for number in range(3000):
        equal = exp.EQ(
            this=exp.column("a", table="t", quoted=True), expression=exp.Literal.string(str(number))
        )
        condition = exp.Or(this=condition, expression=equal)
    tree.set("where", exp.Where(this=condition))
    try:
        text = native(tree, "postgres")
    except NotNative as refused:
        text = refused.reason
    assert text == "nested too deeply" or text.count(" OR ") == 3000


def test_an_expression_that_doubles_with_each_step_is_not_native() -> None:
    sql = "t.size"
    for _ in range(12):
        sql = f"greatest({sql}, {sql} || 'x')".replace("t.size", "t.a")
    with pytest.raises(NotNative):
        native(sqlglot.parse_one(f"SELECT {sql} AS v FROM t", dialect="duckdb"), "mysql")


@pytest.mark.parametrize("dialect", [*DIALECTS, "duckdb"])
@pytest.mark.parametrize("name", ["人员", "People", "PEOPLE"])
def test_a_with_name_never_stands_for_a_physical_table(dialect: str, name: str) -> None:
    table = "人员" if name == "人员" else "people"
    sql = f'WITH "{name}" AS (SELECT 1 AS "a") SELECT "t"."a" AS "a" FROM "{table}" AS "t"'
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    with pytest.raises(NotNative):
        native(tree, dialect, (table,))
