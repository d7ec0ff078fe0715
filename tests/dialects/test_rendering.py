"""The text of each construct in each dialect, as `rendered.sql` writes it down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlglot
from sqlglot import exp

from sql.dialects import NotNative, SourceColumn, SourceTables, render_native
from sql.dialects.behaviour import proven_answers
from tests.dialects.sources import HERE

COLUMNS = {
    "id": ("INTEGER", "integer", "int(11)", None),
    "name": (
        "VARCHAR",
        "character varying(40)",
        "varchar(40) collate utf8mb4_general_ci",
        "text collate nocase",
    ),
    "pay": ("DECIMAL(15,2)", "numeric(15,2)", "decimal(15,2)", "decimal(15,2)"),
    "born": ("DATE", "date", "date", "date"),
    "ok": ("BOOLEAN", "boolean", "tinyint(1)", "boolean"),
    "size": ("BIGINT", "bigint", "bigint(20)", "integer"),
    "reading": ("DOUBLE", "double precision", "double", "real"),
}
DIALECTS = ("postgres", "mysql", "sqlite")
CAPABILITIES = frozenset(
    {
        "supports_full_join",
        "supports_grouping_sets",
        "supports_distinct_on",
        "supports_aggregate_filter",
        "supports_window",
    }
)


def tables(dialect: str) -> SourceTables:
    place = 1 + DIALECTS.index(dialect)
    columns = {}
    for name, kinds in COLUMNS.items():
        native = kinds[place]
        if native is not None:
            kind = "BIGINT" if dialect == "sqlite" and native == "integer" else kinds[0]
            columns[name] = SourceColumn(kind, native, "exact" if dialect == "postgres" else "coarse")
    if dialect == "sqlite":
        columns["id"] = SourceColumn("BIGINT", "integer")
    return {("t",): columns, ("u",): columns}


def render(question: str, dialect: str) -> str:
    """The text, or the reason why there is none. A table in curly brackets stands for the read of its columns."""
    tree = sqlglot.parse_one(question.replace("{t}", "t").replace("{u}", "u"), dialect="duckdb")
    assert isinstance(tree, exp.Query)
    if "{" in question:
        for table in list(tree.find_all(exp.Table)):
            if table.name in {"t", "u"}:
                table.replace(_read(table.name))
    try:
        text = render_native(tree, dialect, CAPABILITIES | proven_answers(dialect), tables(dialect))
    except NotNative as refused:
        return f"-- {refused.reason}"
    for name in ("t", "u"):
        inner = render_native(
            _read(name).this, dialect, CAPABILITIES | proven_answers(dialect), tables(dialect)
        )
        for fence in ("", " LIMIT -1"):
            text = text.replace(f"({inner}{fence})", f"{{{name}{fence}}}")
    return text


def _read(name: str) -> exp.Subquery:
    listed = ", ".join(f"{name}.{column} AS {column}" for column in COLUMNS)
    reads = sqlglot.parse_one(f"SELECT {listed} FROM {name}", dialect="duckdb")
    return exp.Subquery(this=reads, alias=exp.TableAlias(this=exp.to_identifier(name)))


def read_blocks() -> Iterator[tuple[str, dict[str, str]]]:
    """A question, then under each dialect's name its text, or the reason why there is none."""
    blocks = (HERE / "rendered.sql").read_text(encoding="utf-8").split("\n\n")
    for block in blocks:
        lines = block.strip().splitlines()
        if not lines or lines[0].startswith("-- #"):
            continue
        texts = {name: text for name, _, text in (line.partition(": ") for line in lines[1:])}
        yield lines[0], texts


BLOCKS = list(read_blocks())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("question", "texts"), BLOCKS, ids=[question for question, _ in BLOCKS])
def test_a_question_is_written_as_the_fixture_says(
    question: str, texts: dict[str, str], dialect: str
) -> None:
    assert render(question, dialect) == texts[dialect]
