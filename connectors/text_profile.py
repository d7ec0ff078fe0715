"""How a source compares text: one question about many traps, and what its answer means.

The traps stand beside the column in a UNION of no rows of it, so that the engine gives them the column's own type
and collation, whatever that is called and wherever it comes from; nothing of the table's data is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from connectors.spi import TextProfile

DIFFERENCES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "case": (("A", "a"), ("É", "é"), ("Я", "я"), ("Σ", "σ"), ("Ａ", "ａ")),
    "accents": (("a", "á"), ("e", "é"), ("и", "й")),
    "trailing blanks": (("a", "a "), ("", " "), ("a", "a\t")),
    "width": (("1", "１"), ("a", "ａ"), ("ｱ", "ア"), (",", "，")),
    "kana": (("あ", "ア"), ("は", "ば")),
    "normal forms": (("é", "e\u0301"), ("가", "\u1100\u1161"), ("\u8c48", "\uf900")),
    "supplementary characters": (("😀", "😁"), ("𠀀", "𠀁")),
    "invisible characters": (("a", "a\u200b"), ("a", "\u00ada"), ("a", "a\x01")),
    "ligatures": (("ss", "ß"), ("ae", "æ"), ("fi", "ﬁ")),
    "letters": (("σ", "ς"), ("i", "ı"), ("l", "ł"), ("d", "đ")),
    "symbols": (("1", "①"), ("ab", "a-b"), ("a", "a'"), ("一", "㆒")),
}
"""Pairs of texts that differ in one way; a collation that merges a pair does not see that difference."""

TRAPS: tuple[str, ...] = tuple(
    sorted({text for pairs in DIFFERENCES.values() for pair in pairs for text in pair})
)
"""In the order of their code points."""
ASCII_TRAPS = tuple(text for text in TRAPS if text.isascii())

Row = Sequence[object]
Ask = Callable[[str], Sequence[Row]]


def beside_column(column: str, table: str, traps: Sequence[str]) -> str:
    """The traps, with the type and collation of a column, as the columns (i, x); both names are quoted."""
    arms = [f"SELECT {place} AS i, {literal(text)} AS x" for place, text in enumerate(traps)]
    return " UNION ALL ".join([f"SELECT 0 AS i, {column} AS x FROM {table} WHERE 1 = 0", *arms])


def by_themselves(traps: Sequence[str]) -> str:
    """The traps as plain constants, as the columns (i, x)."""
    arms = [f"SELECT {place} AS i, {literal(text)} AS x" for place, text in enumerate(traps)]
    return " UNION ALL ".join(arms)


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def text_question(relation: str, *, form: str = "{0}", named: str = "''") -> str:
    """Which traps are equal, which pairs are out of code point order, and how many groups they make.

    `relation` is a query of the columns (i, x); `form` is written around each x; `named` is an expression over x
    for the name of its collation.
    """
    left, right, one = (form.format(name) for name in ("a.x", "b.x", "c.x"))
    return (
        f"WITH p AS ({relation}) "
        f"SELECT 'equal' AS what, a.i AS m, b.i AS n, '' AS z FROM p AS a JOIN p AS b ON a.i < b.i WHERE {left} = {right} "
        f"UNION ALL SELECT 'misplaced', count(*), 0, '' FROM p AS a JOIN p AS b ON a.i < b.i WHERE NOT ({left} < {right}) "
        f"UNION ALL SELECT 'groups', count(*), 0, '' FROM (SELECT {one} AS y FROM p AS c GROUP BY {one}) AS g "
        f"UNION ALL SELECT 'name', 0, 0, {named} FROM p WHERE i = 0"
    )


def read_text_answer(
    collation: str, traps: Sequence[str], rows: Iterable[Row], *, named: str = ""
) -> TextProfile | None:
    """What the answer to `text_question` says; None where it does not add up, or is of another collation than `named`."""
    equal: list[tuple[int, int]] = []
    counts: dict[str, int] = {}
    for what, first, second, name in rows:
        if what == "equal":
            equal.append((int(str(first)), int(str(second))))
        elif what != "name" or str(name) == named:
            counts[str(what)] = int(str(first))
    if counts.keys() != {"misplaced", "groups", "name"}:
        return None
    merged = {frozenset({traps[first], traps[second]}) for first, second in equal}
    kinds = tuple(
        kind for kind, pairs in DIFFERENCES.items() if any(frozenset(pair) in merged for pair in pairs)
    )
    groups = len(traps) - _merged_away(equal)
    return TextProfile(
        collation,
        merges=kinds or (("other differences",) if equal else ()),
        groups_as_equal=counts["groups"] == groups,
        by_code_point=counts["misplaced"] == 0,
        beyond_ascii=traps == TRAPS,
    )


def _merged_away(equal: Iterable[tuple[int, int]]) -> int:
    """How many texts are another's equal: all but one of every class."""
    lead: dict[int, int] = {}

    def find(place: int) -> int:
        while place in lead:
            place = lead[place]
        return place

    for first, second in equal:
        a, b = find(first), find(second)
        if a != b:
            lead[b] = a
    return len(lead)
