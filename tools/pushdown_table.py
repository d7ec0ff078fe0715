"""`python -m tools.pushdown_table`: writes docs/reference/pushed-functions.md from the tables of sql/dialects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sql.dialects.native import DIALECTS
from sql.dialects.values import Native

REFERENCE = Path("docs/reference/pushed-functions.md")
_LONGEST = 110
_TABLES = {
    "functions": "Functions and operators",
    "aggregates": "Aggregates",
    "windows": "Window functions",
    "casts": "Casts",
}
_HEAD = """\
# Functions that run in the database

Written by `python -m tools.pushdown_table` from the tables in `sql/dialects`; a test compares the two, and another holds every
entry to DuckDB's answers over rows full of traps on the real engine (`tests/dialects/queries`). What stands in no table runs
[beside the database](pushdown.md). DuckDB as a source takes its own functions as they are.

An entry is a canonical function with the families of types for which it is proven, the form in which an engine computes
it, why that gives DuckDB's answer, and what must hold of its arguments (`needs`). `{0}`, `{1}` … are the arguments, `{over}`
is a window, `{suffix}` a FILTER or a window. A form that *may fail* on a value never sees a row that a policy hides.
"""


def reference() -> str:
    """The page."""
    parts = [_HEAD]
    for table, title in _TABLES.items():
        parts += [f"## {title}", "", "| Canonical | Engine | Form | Equal because |", "|---|---|---|---|"]
        parts += [*_rows(table), ""]
    return "\n".join(parts)


def _rows(table: str) -> Iterator[str]:
    keys = dict.fromkeys(key for dialect in DIALECTS.values() for key in getattr(dialect, table))
    for key in keys:
        canonical = f"{key[0]} → {key[1]}" if isinstance(key, tuple) else str(key)
        shown = f"`{canonical}`".replace("|", "\\|")
        for dialect in DIALECTS.values():
            native = getattr(dialect, table).get(key)
            if native is not None:
                yield f"| {shown} | {dialect.title} | {_form(native)} | {_why(native)} |"
                shown = ""


def _form(native: Native) -> str:
    text = native.template if native.template.isprintable() else ascii(native.template)[1:-1]
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    mark = "``" if "`" in text else "`"
    return f"{mark}{text}{mark}".replace("|", "\\|")


def _why(native: Native) -> str:
    parts = [native.why, *(f"needs: {need.says}" for need in native.needs)]
    return "; ".join(parts) + ("; *may fail*" if native.raises else "")


def main() -> None:
    """Writes the page."""
    REFERENCE.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
