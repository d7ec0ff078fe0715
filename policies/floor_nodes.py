"""Small trees that the rewriting of floors is made of, in the form that their text parses to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp


def whole(number: int) -> exp.Expr:
    if number < 0:
        return exp.Neg(this=exp.Literal.number(-number))
    return exp.Literal.number(number)


def name(text: str) -> exp.Identifier:
    return exp.to_identifier(text, quoted=True)


def column(text: str, table: str) -> exp.Column:
    return exp.column(text, table=table, quoted=True)


def alias(value: exp.Expr, text: str) -> exp.Alias:
    return exp.Alias(this=value, alias=name(text))


def count(argument: exp.Expr) -> exp.Count:
    return exp.Count(this=argument, big_int=True)


def count_distinct(argument: exp.Expr) -> exp.Count:
    return count(exp.Distinct(expressions=[argument]))


def case_when(condition: exp.Expr, value: exp.Expr, default: exp.Expr | None = None) -> exp.Case:
    case = exp.Case(ifs=[exp.If(this=condition, true=value)])
    if value.type is not None:
        case.type = value.type
    if default is not None:
        case.set("default", default)
    return case


def boolean_and(conditions: Sequence[exp.Expr]) -> exp.Expr:
    """The conjunction of at least one condition."""
    found = conditions[0]
    for condition in conditions[1:]:
        found = exp.And(this=found, expression=condition)
    return found


def over(call: exp.Expr, partition_by: Sequence[exp.Expr]) -> exp.Window:
    return exp.Window(this=call, partition_by=list(partition_by), over="OVER")


def select_from(outputs: Sequence[exp.Expr], query: exp.Query, text: str) -> exp.Select:
    derived = exp.Subquery(this=query, alias=exp.TableAlias(this=name(text)))
    return exp.Select(expressions=list(outputs), from_=exp.From(this=derived))
