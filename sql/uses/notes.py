"""The uses found so far, each said once, with its first place in the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from sql.catalog import ColumnUse, Origin, TableUse
from sql.places import offset_of, place_at
from sql.uses.values import Taint

_Key = tuple[Origin, str, str, Origin | None, bool, bool]


@dataclass(slots=True)
class Note:
    """One use, while it is being put together. `node` is where the question does it."""

    origin: Origin
    use: str
    how: str
    node: exp.Expr
    function: str = ""
    partner: Origin | None = None
    values: int = 0
    fails: bool = False
    bare: bool = False


class Notes:
    """Collects uses expression by expression: what can fail anywhere in one is said of all its uses."""

    def __init__(self) -> None:
        self._found: dict[_Key, Note] = {}
        self._open: list[list[Note]] = []
        self._failing: dict[Origin, exp.Expr] = {}

    def begin(self) -> None:
        """A new expression begins; nested queries have expressions of their own."""
        self._open.append([])

    def end(self, *, fails: bool, taints: Iterable[Taint], node: exp.Expr) -> None:
        for note in self._open.pop():
            note.fails = note.fails or fails
            self._keep(note)
        if fails:
            for taint in taints:
                self._failing.setdefault(taint.origin, node)

    def add(
        self,
        taints: Iterable[Taint],
        use: str,
        how: str,
        node: exp.Expr,
        *,
        function: str = "",
        partner: Origin | None = None,
        values: int = 0,
        bare: bool = False,
    ) -> None:
        """Notes one use of several columns."""
        for taint in taints:
            note = Note(
                taint.origin, use, how, node, function, partner, values, taint.fails, bare and taint.bare
            )
            if self._open:
                self._open[-1].append(note)
            else:
                self._keep(note)

    def _keep(self, note: Note) -> None:
        key = (note.origin, note.use, note.function, note.partner, note.fails, note.bare)
        known = self._found.get(key)
        if known is None:
            self._found[key] = note
        else:
            known.values += note.values

    def finish(self) -> None:
        """What may fail decides whether there is an answer at all, also where its value is not looked at."""
        failed = {note.origin for note in self._found.values() if note.fails}
        for origin, node in self._failing.items():
            if origin not in failed:
                how = "puts it into an expression that can fail"
                self._keep(Note(origin, "filter", how, node, fails=True))

    def tables(self, tables: Sequence[TableUse], text: str) -> tuple[TableUse, ...]:
        """The given tables with their uses, in the order in which they were found."""
        by_table: dict[tuple[str, str], list[ColumnUse]] = {(t.department, t.name): [] for t in tables}
        for note in self._found.values():
            offset = _offset(note.node) if text else None
            line, place = place_at(text, offset) if offset is not None else (None, None)
            use = ColumnUse(
                note.origin[2],
                note.use,
                note.how,
                note.function,
                note.partner,
                note.values,
                note.fails,
                line,
                place,
                note.bare,
            )
            by_table.setdefault(note.origin[:2], []).append(use)
        known = {(t.department, t.name): t for t in tables}
        return tuple(
            replace(
                known.get(key) or TableUse(*key, frozenset(u.column for u in uses)),
                uses=tuple(uses),
            )
            for key, uses in by_table.items()
        )


def _offset(node: exp.Expr) -> int | None:
    if isinstance(node, exp.Column):
        starts = [
            start
            for part in (node.args.get("table"), node.this)
            if part is not None and (start := part.meta_get("start")) is not None
        ]
        if starts:
            return int(min(starts))
    return offset_of(node)
