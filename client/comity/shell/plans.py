"""`comity explain`, and EXPLAIN where statements are read: shows the plan of a question."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from comity.errors import ComityError
from comity.shell.ask import INTERRUPTED, PARTIAL, Presentation, Question
from comity.shell.narration import Narrator
from comity.shell.outputs import Format, PlanFormat, open_output, text_width

if TYPE_CHECKING:
    from comity.answers import Plan
    from comity.client import Connection

PIPED_WIDTH = 100
"""Columns of a plan that is not written to a terminal."""


@dataclass(frozen=True, slots=True)
class PlanView:
    """How to show a plan. `max_width` None is the terminal's width, 0 no limit; `output` None is standard output."""

    format: PlanFormat = PlanFormat.TEXT
    analyze: bool = False
    max_width: int | None = None
    output: Path | None = None


def view_as(how: Presentation, *, analyze: bool) -> PlanView:
    """A plan where answers are shown: as JSON where they are, otherwise as text."""
    as_json = how.format in {Format.JSON, Format.JSONL}
    chosen = PlanFormat.JSON if as_json else PlanFormat.TEXT
    return PlanView(chosen, analyze, how.max_width, how.output)


def show_plan(connection: Connection, question: Question, view: PlanView) -> int:
    """Writes the plan to stdout; returns the exit status: 5 for a partial answer, that of the error for a failed one."""
    narrator = Narrator(sys.stderr)
    try:
        plan = connection.explain(
            question.sql,
            question.parameters,
            purpose=question.purpose,
            analyze=view.analyze,
            allow_partial=question.allow_partial,
            keep_failure=True,
        )
    except ComityError as error:
        narrator.error(error, question.sql)
        return error.exit_status
    except KeyboardInterrupt:
        sys.stderr.write("cancelled\n")
        return INTERRUPTED
    with open_output(view.output, binary=False) as stream:
        cast("TextIO", stream).write(render_plan(plan, view))
    if plan.error is not None:
        narrator.error(plan.error)
        return plan.error.exit_status
    if plan.missing:
        narrator.say(f"partial: the answer is without {', '.join(plan.missing)}")
        return PARTIAL
    return 0


def render_plan(plan: Plan, view: PlanView) -> str:
    """The plan in one format, for standard output."""
    from comity.plan_text import plan_text
    from comity.plan_tree import draw_tree, is_drawable

    if view.format is PlanFormat.JSON:
        return json.dumps(plan.json, ensure_ascii=False, indent=2) + "\n"
    if not is_drawable(plan.json):
        return f"{plan.text.rstrip()}\n"
    terminal = view.output is None and sys.stdout.isatty()
    width = text_width(view.max_width)
    if width is None and view.max_width is None:
        width = PIPED_WIDTH
    paint = _dim if terminal and not os.environ.get("NO_COLOR") else str
    if view.format is PlanFormat.TREE:
        return "\n".join(draw_tree(plan.json, width, paint)) + "\n"
    return plan_text(plan.json, width, paint)


def _dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m"
