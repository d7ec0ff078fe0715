"""Alignment of text in which some characters take two cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audit.table import align, display_width, fit, printable

cells = st.text(st.sampled_from("ab 中文，\u0301\x1b"), max_size=12)


@given(cells, st.integers(1, 12))
def test_fit_takes_exactly_the_width(text: str, width: int) -> None:
    assert display_width(fit(printable(text), width)) == width


def test_fit_cuts_between_characters() -> None:
    assert fit("民政局", 4) == "民… "
    assert fit("民政局", 6) == "民政局"
    assert fit("民政", 6) == "民政  "


def test_align_keeps_columns_below_their_titles() -> None:
    assert align(["name", "rows"], [["民政", "1"], ["tax", "22"]]) == [
        "name  rows",
        "────  ────",
        "民政  1",
        "tax   22",
    ]
