"""Reads the query files, and turns a question over the trap tables into the wrapped tree that agents render.

A file holds questions that end in `;`. The comment above a question names the engines on which it must be native
(`-- native: postgres mysql`, `-- native: none`); the others must refuse it. `{a|b|c}` stands for three questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from tests.dialects.sources import HERE, TRAPS

_CHOICE = re.compile(r"\{([^{}]*\|[^{}]*)\}")
_SCHEMA = MappingSchema(
    {
        table: {name: column["type"] for name, column in content["columns"].items()}
        for table, content in TRAPS.items()
    },
    dialect="duckdb",
    normalize=False,
)


@dataclass(frozen=True)
class Question:
    """One query as it was asked, where it stands, and the engines that must answer it natively."""

    id: str
    sql: str
    native: frozenset[str]


def read_questions(directory: Path = HERE / "queries") -> Iterator[Question]:
    for path in sorted(directory.glob("*.sql")):
        native: frozenset[str] | None = None
        lines: list[str] = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("-- native:"):
                native = frozenset(line.removeprefix("-- native:").split()) - {"none"}
            elif line.strip() and not line.startswith("--"):
                lines.append(line)
            if lines and line.rstrip().endswith(";"):
                assert native is not None, f"{path.name}:{number} names no engines"
                text = "\n".join(lines).rstrip().removesuffix(";")
                for index, variant in enumerate(_variants(text), 1):
                    yield Question(f"{path.stem}:{number}.{index}", variant, native)
                lines = []
        assert not lines, f"{path.name} ends within a question"


def _variants(text: str) -> Iterator[str]:
    parts = _CHOICE.split(text)
    choices = [part.split("|") if index % 2 else [part] for index, part in enumerate(parts)]
    for chosen in product(*choices):
        yield "".join(chosen)


def resolve(sql: str) -> exp.Query:
    """The question with every name bound, over published tables of the traps' names."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    resolved = qualify(tree, schema=_SCHEMA, dialect="duckdb", quote_identifiers=True)
    assert isinstance(resolved, exp.Query)
    return resolved


def wrap(tree: exp.Query, schema: tuple[str, ...]) -> exp.Query:
    """Stands a wrap in for every table, as the policy room makes them: mapping inside, masks and rows outside."""
    copy = tree.copy()
    for table in list(copy.find_all(exp.Table)):
        if table.db or table.name not in TRAPS or _is_cte(table):
            continue
        columns = TRAPS[table.name]["columns"]
        inner = exp.Select(
            expressions=[_read("_physical", name) for name in columns],
            from_=exp.From(
                this=exp.Table(
                    this=exp.to_identifier(table.name, quoted=True),
                    db=exp.to_identifier(schema[0], quoted=True) if schema else None,
                    alias=_named("_physical"),
                )
            ),
        )
        outer = exp.Select(
            expressions=[_read("_published", name) for name in columns],
            from_=exp.From(this=exp.Subquery(this=inner, alias=_named("_published"))),
        )
        joins = table.args.get("joins")
        table.replace(exp.Subquery(this=outer, alias=_named(table.alias_or_name), joins=joins))
    return copy


def _is_cte(table: exp.Table) -> bool:
    node: exp.Expr | None = table
    while node is not None:
        with_ = node.args.get("with_")
        if with_ is not None and any(cte.alias == table.name for cte in with_.expressions):
            return True
        node = node.parent
    return False


def _read(relation: str, name: str) -> exp.Alias:
    return exp.Alias(
        this=exp.column(name, table=relation, quoted=True), alias=exp.to_identifier(name, quoted=True)
    )


def _named(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))
