"""What a command is given: SQL from an option, a file or a pipe, and parameters as `name:type=value`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import typer

from comity.values import Parameters, ParameterValue


def _boolean(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise ValueError from None


_TYPES: dict[str, Callable[[str], ParameterValue]] = {
    "text": str,
    "int": int,
    "decimal": Decimal,
    "float": float,
    "bool": _boolean,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "bytes": bytes.fromhex,
}


def read_sql(command: str | None, file: Path | None) -> str | None:
    """The SQL given by `-c`, by `-f` (`-` is standard input) or by a pipe; None when there is a person."""
    if command is not None and file is not None:
        raise typer.BadParameter("give either -c or -f, not both")
    if command is not None:
        return command
    if file is not None and str(file) != "-":
        try:
            return _decoded(file.read_bytes(), str(file))
        except OSError as error:
            raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from None
    if file is None and sys.stdin.isatty():
        return None
    return _decoded(sys.stdin.buffer.read(), "standard input")


def parse_parameters(texts: Sequence[str]) -> Parameters | None:
    """Values for `$name` from `name=value` or `name:type=value`; for `?` with an empty name.

    Without a type a value is text, which SQL compares with a column of any type: `town=0440` stays as it is.
    """
    named: dict[str, ParameterValue] = {}
    positional: list[ParameterValue] = []
    for text in texts:
        left, separator, value = text.partition("=")
        name, colon, kind = left.partition(":")
        if not separator:
            raise typer.BadParameter(f"{left!r} is not name=value or name:type=value")
        parsed = _parse(kind if colon else "text", value, name)
        if not name:
            positional.append(parsed)
        elif name in named:
            raise typer.BadParameter(f"the parameter {name} is given twice")
        else:
            named[name.removeprefix("$")] = parsed
    if named and positional:
        raise typer.BadParameter("name either all parameters or none")
    return named or positional or None


def _parse(kind: str, value: str, name: str) -> ParameterValue:
    if kind == "null":
        return None
    parse = _TYPES.get(kind)
    if parse is None:
        known = ", ".join([*_TYPES, "null"])
        raise typer.BadParameter(f"{kind} is not a parameter type: {known}")
    try:
        return parse(value)
    except (ValueError, InvalidOperation):
        raise typer.BadParameter(f"the value of the parameter {name or '?'} is not a {kind}") from None


def _decoded(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise typer.BadParameter(
            f"{source} is not UTF-8 text: convert it first, with iconv -f gb18030 -t utf-8 for one"
        ) from None
