"""What the command says of an answer, in words."""

from __future__ import annotations

from comity.answers import Summary
from comity.shell.narration import summary_line


def summary(suppressed_groups: int) -> Summary:
    return Summary(
        "q-1", 2, 80, (), {}, partial=False, audit_leaf_index=7, suppressed_groups=suppressed_groups
    )


def test_small_groups_that_were_left_out_are_counted_in_words() -> None:
    assert summary_line(summary(4), 0.5) == "2 rows in 0.50 s; 4 small groups left out; audit record 7"
    assert summary_line(summary(1), 0.5) == "2 rows in 0.50 s; 1 small group left out; audit record 7"
    assert summary_line(summary(0), 0.5) == "2 rows in 0.50 s; audit record 7"
