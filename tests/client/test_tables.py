"""Tables align by what a terminal shows, whatever the data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.shell.narration import byte_text, mark_place
from comity.shell.tables import (
    BOX,
    MARKDOWN,
    Style,
    clip,
    display_width,
    format_table,
    lay_out,
    pad,
    printable,
)

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["王小明", "𠮷野家", "e\u0301", "👩‍👩‍👧", "NULL", "\x1b[2J", "a|b", "\u202eabc", "ｱｲｳ", "\n"]
)


@given(
    st.integers(1, 5).flatmap(
        lambda columns: st.tuples(
            st.lists(_TEXT, min_size=columns, max_size=columns),
            st.lists(st.lists(st.none() | _TEXT, min_size=columns, max_size=columns), max_size=4),
            st.lists(st.booleans(), min_size=columns, max_size=columns),
        )
    ),
    st.none() | st.integers(24, 60),
    st.sampled_from([BOX, MARKDOWN]),
)
def test_every_line_is_aligned_and_fits(
    table: tuple[list[str], list[list[str | None]], list[bool]], max_width: int | None, style: Style
) -> None:
    names, rows, right = table
    lines = format_table(names, rows, right=right, max_width=max_width, style=style)
    assert len(lines) == len(rows) + 2
    if style is MARKDOWN:
        assert len({display_width(line) for line in lines}) == 1
    assert all(display_width(line) <= display_width(lines[1]) for line in lines)
    assert max_width is None or display_width(lines[1]) <= max_width
    assert all("\n" not in line and "\x1b" not in line and "\u202e" not in line for line in lines)


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("中文", 4), ("e\u0301", 1), ("ﾊﾝ", 2), ("（）", 4)]
)
def test_the_width_is_that_of_a_terminal(text: str, width: int) -> None:
    assert display_width(text) == width


def test_a_cut_text_never_exceeds_its_width() -> None:
    assert clip("中文字", 6) == "中文字"
    assert clip("中文字", 5) == "中文…"
    assert clip("中文字", 4) == "中…"
    assert clip("中文字", 1) == "…"
    assert pad("中", 4, right=True) == "  中"


def test_null_and_the_text_null_differ() -> None:
    assert format_table(["a"], [[None], ["NULL"]])[2:] == [" NULL", ' "NULL"']


def test_control_characters_and_bidi_are_escaped_and_the_rest_is_left() -> None:
    assert printable("a\tb\nc\x1b\x85\u2028\u202e") == "a\\tb\\nc\\x1b\\x85\\u2028\\u202e"
    assert printable("中文　e\u0301 👩‍👩‍👧") == "中文　e\u0301 👩‍👩‍👧"


def test_a_pipe_in_markdown_does_not_end_the_cell() -> None:
    assert format_table(["a"], [["x|y"]], style=MARKDOWN)[2] == "| x\\|y |"


def test_columns_are_shrunk_before_any_is_left_out() -> None:
    wide = lay_out(["a", "b", "c"], [["x" * 40, "y" * 10, "z"]], [False] * 3, max_width=40)
    assert wide.shown == (0, 1, 2)
    assert wide.clipped
    many = lay_out([f"column{n}" for n in range(20)], [], [False] * 20, max_width=40)
    assert many.shown[0] == 0
    assert many.shown[-1] == 19
    assert None in many.shown


@pytest.mark.parametrize(
    ("sql", "line", "column", "expected"),
    [
        ("SELECT x", 1, 8, ["  1 | SELECT x", "             ^"]),
        ("SELECT 姓名, x", 1, 12, ["  1 | SELECT 姓名, x", "                   ^"]),
        ("a\n\tx", 2, 2, ["  2 |     x", "          ^"]),
        ("a\r\nx\r\n", 2, 1, ["  2 | x", "      ^"]),
        ("a", 7, 1, []),
        ("a", 1, 99, ["  1 | a", "       ^"]),
    ],
)
def test_the_caret_stands_under_the_place(sql: str, line: int, column: int, expected: list[str]) -> None:
    assert mark_place(sql, line, column) == expected


def test_a_long_line_is_cut_around_the_place() -> None:
    sql = "SELECT " + "甲, " * 500 + "x, " + "乙, " * 500
    source, caret = mark_place(sql, 1, sql.index("x") + 1)
    assert display_width(source) <= 110
    before = source[: source.index("x")]
    assert display_width(before) == len(caret) - 1


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1234567, "1.2 MB"), (5 * 10**13, "50.0 TB")],
)
def test_sizes_are_in_decimal_units(count: int, text: str) -> None:
    assert byte_text(count) == text
