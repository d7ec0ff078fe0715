"""With what a table may be joined: required tables, allowed and blocked pairs of columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from sql.catalog import Origin


@dataclass(frozen=True, slots=True)
class JoinRules:
    """What a grant says of joins. Patterns are `department.table` and `department.table.column`.

    `required` None asks for no join. A column in `allowed` may be joined with columns that match one of its
    patterns, and with no other; a column in `blocked` with none that match one of its patterns.
    """

    required: tuple[str, ...] | None = None
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    blocked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def permit(self, column: str, partner: Origin | None) -> bool:
        """Whether `column` may be joined with `partner`, None being something that is not one published column."""
        allowed, blocked = self.allowed.get(column), self.blocked.get(column)
        if allowed is not None and not _matches(partner, allowed):
            return False
        return not blocked or (partner is not None and not _matches(partner, blocked))

    def lacks(self, joined: Iterable[frozenset[tuple[str, str]]]) -> bool:
        """Whether a required join is missing, when rows are joined with these tables."""
        if self.required is None:
            return False
        return not any(
            tables and all(_matches(table, self.required) for table in tables) for tables in joined
        )


def _matches(name: tuple[str, ...] | None, patterns: Iterable[str]) -> bool:
    """Whether a name of as many parts as the patterns fits one of them, part by part."""
    if name is None:
        return False
    return any(
        len(parts := pattern.split(".")) == len(name) and all(map(fnmatchcase, name, parts))
        for pattern in patterns
    )
