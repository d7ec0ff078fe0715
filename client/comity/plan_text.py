"""A plan as text: the tree, then who allowed what, what each department is asked, and what the merge does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from comity.plan_tree import Paint, Plan, draw_tree, same_aliases, time_text
from comity.shell.tables import printable, wrap


def plan_text(plan: Plan, width: int | None = None, dim: Paint = str) -> str:
    """The plan for people. `width` is that of the terminal, None for no limit; SQL is never cut."""
    parts = [draw_tree(plan, width, dim)]
    parts += [
        list(section)
        for section in (
            _times(plan),
            _decisions(plan, width),
            _fragments(plan),
            _merge(plan),
        )
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _times(plan: Plan) -> Iterator[str]:
    times = (plan.get("actual") or {}).get("milliseconds") or {}
    stages = [f"{name} {time_text(value)}" for name, value in times.items() if name != "total"]
    if stages:
        yield f"stages: {', '.join(stages)}"


def _decisions(plan: Plan, width: int | None) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for decision in plan.get("decisions") or ():
        parts = [f"grant {decision.get('grant')}"]
        if decision.get("row_filter"):
            parts.append("row filter")
        if decision.get("masks"):
            masks = ", ".join(f"{name} ({mask})" for name, mask in decision["masks"].items())
            parts.append(f"masked: {masks}")
        groups.setdefault("; ".join(parts), []).append(str(decision.get("table")))
    if groups:
        yield "allowed"
    for said, tables in groups.items():
        yield from wrap(printable(f"  {', '.join(tables)}: {said}"), width, hanging=4)


def _fragments(plan: Plan) -> Iterator[str]:
    for group in _alike(plan.get("fragments") or ()):
        first, *others = group
        yield f"{first.get('fragment')} at {first.get('department')}"
        yield f"    {printable(str(first.get('sql', '')))}"
        if first.get("keyed_sql"):
            yield "  with the keys that it waits for"
            yield f"    {printable(str(first['keyed_sql']))}"
        if others:
            names = [f"{other.get('fragment')} at {other.get('department')}" for other in others]
            shown = names if len(names) <= 8 else [*names[:3], "…", names[-1]]
            yield f"  likewise {', '.join(shown)}"
        for each in group:
            native = (each.get("actual") or {}).get("native_sql")
            for text in native or ():
                yield f"  ran in the database of {each.get('department')}"
                yield f"    {printable(str(text))}"


def _alike(fragments: Sequence[Plan]) -> list[list[Plan]]:
    """Fragments together whose texts differ in names only: the department's, and those of its further tables."""
    groups: dict[str, list[Plan]] = {}
    for fragment in fragments:
        name = f'"{fragment.get("department")}"'
        text = f"{fragment.get('sql', '')}\n{fragment.get('keyed_sql') or ''}"
        text = same_aliases(text, text).replace(name, '"…"')
        groups.setdefault(text.replace(f"'{name[1:-1]}'", "'…'"), []).append(fragment)
    return list(groups.values())


def _merge(plan: Plan) -> Iterator[str]:
    merge: Mapping[str, Any] | None = plan.get("merge")
    if merge:
        yield f"merge {'after loading the fragments' if merge.get('mode') == 'load' else 'as the fragments stream'}"
        for name, fragments in (merge.get("gathered") or {}).items():
            yield f"  {name}: the rows of {fragments[0]} to {fragments[-1]}, one after the other"
        yield f"    {printable(str(merge.get('sql', '')))}"
