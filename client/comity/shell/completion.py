"""Completion of keywords and of the names that the caller may use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from comity.shell.statements import word_before

if TYPE_CHECKING:
    from comity.answers import TableInfo

KEYWORDS = tuple(
    re.findall(
        r"\w+",
        """
        SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT OFFSET AS ON USING AND OR NOT IN IS NULL LIKE BETWEEN
        EXISTS CASE WHEN THEN ELSE END DISTINCT ALL UNION INTERSECT EXCEPT WITH RECURSIVE JOIN INNER LEFT
        RIGHT FULL OUTER CROSS SEMI ANTI NATURAL LATERAL ASC DESC NULLS FIRST LAST OVER PARTITION ROWS RANGE
        QUALIFY WINDOW FILTER ROLLUP CUBE GROUPING SETS CAST TRUE FALSE INTERVAL DATE TIMESTAMP COUNT SUM AVG
        MIN MAX COALESCE EXTRACT EXPLAIN ANALYZE
        """,
    )
)


class CatalogCompleter(Completer):
    """Offers tables, then columns, then keywords that begin like the word at the cursor."""

    def __init__(self, commands: Sequence[str]) -> None:
        self._commands = commands
        self._names: tuple[tuple[str, str], ...] = ()

    def learn(self, tables: Iterable[TableInfo]) -> None:
        """Takes the names of `tables`, with what they are for."""
        names: dict[str, str] = {}
        for table in tables:
            names[table.qualified_name] = table.title
            names[f"{table.department}."] = table.department_title
            for column in table.columns:
                names.setdefault(column.name, column.title or table.qualified_name)
        self._names = tuple(names.items())

    def get_completions(self, document: Document, _event: CompleteEvent) -> Iterator[Completion]:
        text = document.text_before_cursor
        if text.startswith("\\"):
            yield from self._command_completions(text)
            return
        word = word_before(text)
        folded = word.lower()
        for name, meaning in self._names:
            if name.lower().startswith(folded) and name != word:
                yield Completion(name, -len(word), display_meta=meaning)
        if word:
            for keyword in KEYWORDS:
                if keyword.lower().startswith(folded):
                    yield Completion(keyword if word[0].isupper() else keyword.lower(), -len(word))

    def _command_completions(self, text: str) -> Iterator[Completion]:
        command, blank, rest = text.partition(" ")
        if not blank:
            yield from (Completion(name, -len(text)) for name in self._commands if name.startswith(command))
        elif command == "\\d":
            for name, meaning in self._names:
                if "." in name and name.startswith(rest):
                    yield Completion(name, -len(rest), display_meta=meaning)
