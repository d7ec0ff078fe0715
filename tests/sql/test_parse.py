"""Parsing: placeholders, fingerprints, scalar expressions, and what a parser must survive."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from sqlglot import exp

from comity.errors import SqlError
from sql.limits import TextLimits
from sql.parse import parse_expression, parse_query


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("select 1", ()),
        ("select ?, a from t where b = ? and c in (?, ?)", ("1", "2", "3", "4")),
        ("select $2, $1, $2", ("2", "1")),
        ("select $Name, $other, $NAME", ("name", "other")),
        ("select $姓名 || $a+$b", ("姓名", "a", "b")),
        ("select ?::int, ?*?", ("1", "2", "3")),
        ("select '?', \"$x\" from t -- ? $y\n where a = /* ? */ ?", ("1",)),
        ("with w as (select ? as x) select * from w where x < ? limit ?", ("1", "2", "3")),
    ],
)
def test_placeholders_are_named_in_the_order_of_the_text(text: str, names: tuple[str, ...]) -> None:
    assert parse_query(text).placeholders == names


@pytest.mark.parametrize("text", ["select ?, $1", "select $1, $x", "select $x, ?"])
def test_kinds_of_placeholders_do_not_mix(text: str) -> None:
    with pytest.raises(SqlError, match="one kind of placeholder") as caught:
        parse_query(text)
    assert (caught.value.code, caught.value.column) == ("SQL_PARAMETER", 8)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("SELECT a FROM t WHERE b = 1", "select A\n  from T -- why\nwhere B = 'two'"),
        ("select a from t where b in (1, 2, 3)", "select a from t where b in (4)"),
        ("select a from t where b = -1", "select a from t where b = -99.5"),
        ("select a from t;", "select a from t"),
        ("select f.x from (values (1, 'a')) as f(x, y)", "select f.x from (values (2, 'b')) as f(x, y)"),
    ],
)
def test_questions_that_differ_in_literals_blanks_and_case_share_a_fingerprint(text: str, other: str) -> None:
    assert parse_query(text).fingerprint == parse_query(other).fingerprint


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("select a from t", "select b from t"),
        ('select "A" from t', "select a from t"),
        ("select a from t where b = 1", "select a from t where b > 1"),
        ("select a from t where b = $1", "select a from t where b = $2"),
        ("select a from t order by 1", "select a from t order by 1 desc"),
    ],
)
def test_other_questions_have_other_fingerprints(text: str, other: str) -> None:
    assert parse_query(text).fingerprint != parse_query(other).fingerprint


def test_the_normalized_text_holds_no_literal() -> None:
    parsed = parse_query(
        "select '秘密' || \"b\", 12345 from t where c = $x and d = ? -- 秘密".replace("?", "$y")
    )
    assert parsed.normalized == 'select ? || "b", ? from t where c = $x and d = $y'
    assert len(parsed.fingerprint) == 16
    int(parsed.fingerprint, 16)


# --- scalar expressions ------------------------------------------------------------------------


def test_an_expression_of_a_policy_parses_with_its_names() -> None:
    tree = parse_expression("town_code = principal.town_code and not 街道 is null")
    columns = {(column.table, column.name) for column in tree.find_all(exp.Column)}
    assert columns == {("", "town_code"), ("principal", "town_code"), ("", "街道")}
    assert tree.parent is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "SQL_SYNTAX"),
        ("a, b", "SQL_SYNTAX"),
        ("a as b", "SQL_SYNTAX"),
        ("a from t", "SQL_SYNTAX"),
        ("a; b", "SQL_MULTIPLE_STATEMENTS"),
        ("*", "SQL_SYNTAX"),
        ("t.*", "SQL_CONSTRUCT_REFUSED"),
        ("(select 1)", "SQL_CONSTRUCT_REFUSED"),
        ("exists (select 1)", "SQL_CONSTRUCT_REFUSED"),
        ("a in (select b from t)", "SQL_CONSTRUCT_REFUSED"),
        ("sum(a)", "SQL_CONSTRUCT_REFUSED"),
        ("product(a)", "SQL_CONSTRUCT_REFUSED"),
        ("rank() over ()", "SQL_CONSTRUCT_REFUSED"),
        ("count(*)", "SQL_CONSTRUCT_REFUSED"),
        ("a = ?", "SQL_CONSTRUCT_REFUSED"),
        ("a = $b", "SQL_CONSTRUCT_REFUSED"),
        ("now() > a", "SQL_FUNCTION_REFUSED"),
        ("current_date", "SQL_FUNCTION_REFUSED"),
        ("random()", "SQL_FUNCTION_REFUSED"),
        ("getenv('HOME')", "SQL_FUNCTION_REFUSED"),
        ("a +", "SQL_SYNTAX"),
        ("a = 'b", "SQL_SYNTAX"),
        ("a = {b}", "SQL_TEXT_REFUSED"),
    ],
)
def test_what_is_not_one_scalar_expression_is_refused(text: str, code: str) -> None:
    with pytest.raises(SqlError) as caught:
        parse_expression(text)
    assert caught.value.code == code


def test_places_in_an_expression_count_from_its_own_start() -> None:
    with pytest.raises(SqlError) as caught:
        parse_expression("a = b and nosuch(c)")
    assert (caught.value.line, caught.value.column) == (1, 11)


# --- sizes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "limits", "code"),
    [
        ("select '" + "x" * 100 + "'", TextLimits(bytes=100), "SQL_TOO_LARGE"),
        ("select '" + "字" * 40 + "'", TextLimits(bytes=100), "SQL_TOO_LARGE"),
        ("select a, b, c", TextLimits(tokens=4), "SQL_TOO_LARGE"),
        ("select a in (1, 2, 3, 4)", TextLimits(list_length=2), "SQL_TOO_LARGE"),
        ("select ((((1))))", TextLimits(depth=3), "SQL_TOO_DEEP"),
        ("select case when case when a then 1 end = 1 then 1 end", TextLimits(depth=1), "SQL_TOO_DEEP"),
        ("select not not not a", TextLimits(depth=2), "SQL_TOO_DEEP"),
        ("select a and b and c and d", TextLimits(chain=2), "SQL_TOO_DEEP"),
        ("select a + b - c * d", TextLimits(chain=2), "SQL_TOO_DEEP"),
        ("select 1 union select 2 union select 3", TextLimits(chain=1), "SQL_TOO_DEEP"),
        ("select 1 from a join b on c join d on e", TextLimits(chain=1), "SQL_TOO_DEEP"),
        ("select a::int::int::int", TextLimits(postfix=2), "SQL_TOO_DEEP"),
        ("select " + "1" * 500, TextLimits(), "SQL_TOO_LARGE"),
        ("select 1 from d.t group by cube (a, b, c, d, e), cube (f, g, h, i)", TextLimits(), "SQL_TOO_LARGE"),
    ],
)
def test_each_cap_is_kept(text: str, limits: TextLimits, code: str) -> None:
    with pytest.raises(SqlError) as caught:
        parse_query(text, limits)
    assert caught.value.code == code
    assert caught.value.line == 1
    assert caught.value.column


@pytest.mark.parametrize(
    "text",
    [
        "select " + "(" * 99 + "1" + ")" * 99,
        "select " + "(select " * 60 + "1" + ")" * 60,
        "select a from t where " + " or ".join(f"a = {n}" for n in range(500)),
        "select a from t where a in (" + ", ".join(map(str, range(9_000))) + ")",
        "select " + ", ".join(f"a + {n} as a{n}" for n in range(2_000)),
        "select case " + " ".join(f"when a = {n} then {n}" for n in range(1_000)) + " end from t",
        " union all ".join(["select 1"] * 400),
        "select " + " + ".join(["a"] * 400) + " from t",
        "select 1 from t" + ", t" * 300,
    ],
    ids=lambda text: text[:30],
)
def test_large_but_reasonable_questions_pass(text: str) -> None:
    parse_query(text)


BOMBS = {
    "parentheses": '"select " + "(" * n + "1" + ")" * n',
    "subqueries": '"select " + "(select " * n + "1" + ")" * n',
    "derived tables": '"select * from " + "(select * from " * n + "t" + ")" * n',
    "nested joins": '"select * from " + "(" * n + "t" + " join u on true)" * n',
    "open parentheses": '"select " + "(" * n',
    "calls": '"select " + "abs(" * n + "1" + ")" * n',
    "unknown calls": '"select " + "f(" * n + "1" + ")" * n',
    "lists": '"select " + "[" * n + "1" + "]" * n',
    "subscripts": '"select a" + "[1]" * n',
    "cases": '"select " + "case when a then " * n + "1" + " end" * n',
    "open cases": '"select " + "case when " * n',
    "not": '"select " + "not " * n + "a"',
    "minus": '"select " + "- " * n + "1"',
    "casts": '"select 1" + "::int" * n',
    "calls of cast": '"select " + "cast(" * n + "1" + " as int)" * n',
    "dots": '"select a" + ".a" * n',
    "and": '"select 1 where " + " and ".join(["a"] * n)',
    "or": '"select 1 where " + " or ".join(["a = 1"] * n)',
    "plus": '"select " + " + ".join(["a"] * n)',
    "concatenation": '"select " + " || ".join(["a"] * n)',
    "between": '"select a" + " between 1 and 2" * n',
    "is": '"select a" + " is null" * n',
    "like": '"select a" + " like a" * n',
    "in": '"select a" + " in (1)" * n',
    "at time zone": '"select a" + " at time zone \'x\'" * n',
    "union": '" union all ".join(["select 1"] * n)',
    "with": '"with a as (" * n + "select 1" + ") select 1" * n',
    "joins": '"select 1 from t" + " join t on true" * n',
    "joins before on": '"select 1 from t" + " join t" * n + " on true" * n',
    "commas": '"select 1 from t" + ", t" * n',
    "windows": '"select " + "sum(" * n + "1" + ") over (order by x)" * n',
    "exists": '"select 1 where " + "exists (select 1 where " * n + "true" + ")" * n',
    "lambdas": '"select " + "f(x -> " * n + "1" + ")" * n',
    "types": '"select a::" + "struct(a " * n + "int" + ")" * n',
    "intervals": '"select " + "interval (" * n + "1" + ") day" * n',
    "quotes": '"select " + "\'" * (n + 1)',
    "comments": '"/*" * n',
    "dollars": '"$" * n',
    "semicolons": '"select 1" + ";" * n',
    "aliases": '"select a" + " as a" * n',
    "orders": '"select a order by " + "a, " * n + "a"',
}
SURVIVAL = """
import json, sys
from comity.errors import SqlError
from sql.parse import parse_query
for shape, text in json.load(sys.stdin).items():
    for n in (99, 5_000, 50_000):
        try:
            parse_query(eval(text))
        except SqlError as error:
            print(shape, n, error.code, error.line is not None, sep="|", flush=True)
        else:
            print(shape, n, "passed", True, sep="|", flush=True)
"""
CODES = {
    "SQL_TOO_DEEP",
    "SQL_TOO_LARGE",
    "SQL_SYNTAX",
    "SQL_TEXT_REFUSED",
    "SQL_FUNCTION_REFUSED",
    "SQL_CONSTRUCT_REFUSED",
    "SQL_MULTIPLE_STATEMENTS",
}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[tuple[str, str, str]]]:
    """What became of every bomb, in one process of its own, which may die of them."""
    command = [sys.executable, "-c", SURVIVAL]
    run = subprocess.run(command, input=json.dumps(BOMBS), capture_output=True, text=True, check=False)
    found: dict[str, list[tuple[str, str, str]]] = {}
    for line in run.stdout.splitlines():
        shape, size, code, placed = line.split("|")
        found.setdefault(shape, []).append((size, code, placed))
    return found


@pytest.mark.parametrize("shape", BOMBS)
def test_the_process_survives_bombs_of_every_shape(
    shape: str, outcomes: dict[str, list[tuple[str, str, str]]]
) -> None:
    sizes, codes, placed = zip(*outcomes[shape], strict=True)
    assert sizes == ("99", "5000", "50000")
    assert set(codes) <= CODES | {"passed"}
    assert codes[2] in CODES
    assert set(placed) == {"True"}
