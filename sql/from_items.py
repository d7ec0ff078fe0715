"""Items of a FROM clause, made of names as they are."""

from __future__ import annotations

from sqlglot import exp


def named_table(name: str, alias: str = "") -> exp.Table:
    """A table without a schema: a WITH name, or what the merge or an engine holds under it.

    >>> named_table("fragment_1", "p").sql("duckdb")
    '"fragment_1" AS "p"'
    """
    return exp.Table(this=exp.to_identifier(name, quoted=True), alias=_alias(alias or name))


def named_query(query: exp.Query, alias: str) -> exp.Subquery:
    """A query in parentheses, with a name; the query itself becomes part of it.

    >>> named_query(exp.select("1"), "q").sql("duckdb")
    '(SELECT 1) AS "q"'
    """
    return exp.Subquery(this=query, alias=_alias(alias))


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))
