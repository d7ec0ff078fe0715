"""What the planner says about its own choices, so that a plan carries its reasons as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

RemarkKind: TypeAlias = Literal["stayed", "exchange", "choice"]
"""`stayed`: work left to the merge. `exchange`: keys sent, or not sent. `choice`: one plan preferred to another."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One sentence about a plan, without any value of a row.

    `fragment` is the fragment it is about, or None when it is about the merge or the whole plan. `place` is
    the operation it is about, in the words of the question (`ORDER BY born LIMIT 10`, `AVG(r.age)`).
    """

    kind: RemarkKind
    text: str
    fragment: str | None = None
    place: str | None = None
