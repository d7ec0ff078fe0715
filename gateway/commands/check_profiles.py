"""How `comity check` shows what the sources answered: equal sources share a column, so that a table stays small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comity.shell.tables import format_table, printable

_SHOWN = 3
_UNKNOWN = "–"
"""Not asked of such an engine, or not answered."""


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One published table's physical column of text: how it compares by itself, and how it is computed with.

    `merges` are the differences that its `=` does not see; `groups_as_equal` says whether GROUP BY sees the same ones,
    and `by_code_point` whether smaller code points come first.
    """

    table: str
    column: str
    collation: str
    compares: str
    merges: tuple[str, ...]
    groups_as_equal: bool
    by_code_point: bool
    computed: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What one department's source answered. `beside` names what is therefore never computed in it."""

    department: str
    source: str
    answers: tuple[tuple[str, str], ...]
    beside: tuple[str, ...]
    columns: tuple[TextColumn, ...]


_OF_TEXT: tuple[tuple[str, str, str, Callable[[TextColumn], bool]], ...] = (
    ("case of text", "minded", "ignored", lambda c: "case" in c.merges),
    ("PAD SPACE", "no", "yes", lambda c: "trailing blanks" in c.merges),
    ("GROUP BY on text", "as it compares", "otherwise", lambda c: not c.groups_as_equal),
    ("order of text", "by code point", "otherwise", lambda c: not c.by_code_point),
)
"""What the columns of text do by themselves: a subject, what they should do, what some do not, and which those are."""


def profiles_table(profiles: Sequence[Profile]) -> list[str]:
    """One line for each subject, one column for each kind of source."""
    kinds: dict[tuple[object, ...], list[Profile]] = {}
    for profile in profiles:
        kinds.setdefault((profile.source, profile.answers, profile.beside), []).append(profile)
    groups = list(kinds.values())
    subjects = dict.fromkeys(subject for group in groups for subject, _ in group[0].answers)
    rows = [["", *(_names(group) for group in groups)]]
    for subject in subjects:
        rows.append([subject, *(dict(group[0].answers).get(subject, _UNKNOWN) for group in groups)])
    for subject, plain, odd, is_odd in _OF_TEXT:
        rows.append([subject, *(_counted(group, plain, odd, is_odd) for group in groups)])
    rows.append(["text columns", *(_columns(group) for group in groups)])
    rows.append(["beside for it", *(", ".join(group[0].beside) or "nothing" for group in groups)])
    header = ["answers", *(group[0].source for group in groups)]
    return format_table(header, [list(map(printable, row)) for row in rows], right=[False] * len(header))


def columns_table(profiles: Sequence[Profile]) -> list[str]:
    """One line for each column of text."""
    header = ("column of text", "collation", "compares", "computed with")
    rows = [
        (f"{profile.department}.{c.table}.{c.column}", c.collation, c.compares, c.computed)
        for profile in profiles
        for c in profile.columns
    ]
    return format_table(header, [list(map(printable, row)) for row in rows], right=[False] * len(header))


def _names(group: Sequence[Profile]) -> str:
    names = [profile.department for profile in group]
    more = f" and {len(names) - 1} more" if len(names) > _SHOWN else ""
    return names[0] + more if more else ", ".join(names)


def _counted(group: Sequence[Profile], plain: str, odd: str, is_odd: Callable[[TextColumn], bool]) -> str:
    columns = [column for profile in group for column in profile.columns]
    if not columns:
        return _UNKNOWN
    count = sum(map(is_odd, columns))
    return f"{odd} in {count} of {len(columns)} columns" if count else plain


def _columns(group: Sequence[Profile]) -> str:
    """How many columns are computed with in which way."""
    counted = Counter(column.computed for profile in group for column in profile.columns)
    return "; ".join(f"{count} {how}" for how, count in counted.most_common()) or "none"
