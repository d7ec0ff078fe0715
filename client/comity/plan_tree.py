"""A plan drawn as a tree: the merge on top, departments at the leaves, a cut line wherever data crosses to the merge.

What is drawn is the plan's data, as docs/reference/plan.md names it; what is not there is not drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from comity.shell.narration import byte_text
from comity.shell.tables import display_width, pad, printable, wrap

Plan = Mapping[str, Any]
Paint = Callable[[str], str]

NARROWEST = 40
MOST_MEMBERS = 8
"""Members of a federated table that are drawn one by one; of more only the whole, and what stands out."""

_INNER, _LAST, _CUT, _LAST_CUT, _DOWN = "├─ ", "└─ ", "├╌╌ ", "└╌╌ ", "│"
_FLOW = " ← "
_KEYS = "⇠ "
_ALIAS = re.compile(r"\bmember_[0-9]+\b")
"""What the planner calls the tables of members after the first."""
_FEW = 4


def draw_tree(plan: Plan, width: int | None = None, dim: Paint = str) -> list[str]:
    """The lines of the tree, each at most `width` columns where words allow; `dim` paints what is said beside it."""
    return _Drawing(plan, max(width or 10_000, NARROWEST), dim).lines()


def is_drawable(plan: Plan) -> bool:
    """Whether a plan says what there is to draw; those of older gateways only list fragments."""
    fragments = plan.get("fragments") or ()
    return bool(fragments) and all("fragment" in each and "operations" in each for each in fragments)


def rows_text(count: float) -> str:
    """A number of rows: `1 row`, `1,204 rows`."""
    whole = round(count)
    return f"{whole:,} {'row' if whole == 1 else 'rows'}"


def time_text(milliseconds: float) -> str:
    """A time, always in milliseconds: `0.4 ms`, `12 ms`.

    >>> time_text(0.44), time_text(12.3), time_text(1234.5)
    ('0.4 ms', '12 ms', '1234 ms')
    """
    return f"{milliseconds:.1f} ms" if milliseconds < 10 else f"{milliseconds:.0f} ms"


@dataclass(slots=True)
class _Drawing:
    plan: Plan
    width: int
    dim: Paint
    fragments: dict[str, Plan] = field(init=False)
    drawn: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.fragments = {f["fragment"]: f for f in self.plan.get("fragments") or () if "fragment" in f}

    def lines(self) -> list[str]:
        head = list(self._head())
        merge = self.plan.get("merge")
        root = merge.get("operations") if merge else None
        if root:
            return [*head, *self._operation(root, ""), *self._remarks()]
        names = list(self.fragments)
        leaves = (line for at, name in enumerate(names) for line in self._leaves([name], at, names))
        return [*head, *leaves, *self._remarks()]

    def _head(self) -> Iterator[str]:
        actual = self.plan.get("actual")
        fragments = list(self.fragments.values())
        departments = list(dict.fromkeys(str(f.get("department", "")) for f in fragments))
        where = ", ".join(departments) if len(departments) <= 3 else f"{len(departments)} departments"
        if not actual:
            number = len(fragments)
            parts = [f"{number} {'fragment' if number == 1 else 'fragments'} at {where}"]
        else:
            sent = [f["actual"] for f in fragments if f.get("actual")]
            parts = [rows_text(actual.get("rows") or 0)]
            if "total" in (times := actual.get("milliseconds") or {}):
                parts[0] += f" in {time_text(times['total'])}"
            counted = [each for each in sent if each.get("rows") is not None]
            if counted:
                size = byte_text(sum(each["bytes"] for each in counted))
                parts.append(f"{where} sent {rows_text(sum(each['rows'] for each in counted))} ({size})")
            if actual.get("error"):
                parts.insert(0, f"failed [{actual['error'].get('code', '')}]")
            missing = actual.get("missing") or ()
            if missing:
                parts.append(f"without {', '.join(missing)}")
        if not self.plan.get("merge"):
            parts.append("no merge: the fragment is the answer")
        yield from self._wrapped("; ".join(parts), "", "  ")

    def _remarks(self) -> Iterator[str]:
        """What the planner says that is not about one fragment; the rest stands under its fragment."""
        for remark in self.plan.get("remarks") or ():
            if remark.get("fragment") is None:
                place = f"{remark['place']}: " if remark.get("place") else ""
                yield from self._said(f"{remark.get('kind')}: {place}{remark.get('text')}", "")

    # --- operations ------------------------------------------------------------------------------

    def _operation(self, operation: Plan, indent: str) -> Iterator[str]:
        """An operation and what is below it: one input continues the line, several branch off."""
        yield from self._wrapped(str(operation.get("text", "")), indent, f"{indent}  ")
        inputs = self._flattened(operation.get("inputs") or ())
        why = operation.get("why")
        if why:
            yield from self._said(str(why), f"{indent}{_DOWN if inputs else ' '} ")
        if len(inputs) == 1 and not self._is_leaf(inputs[0]):
            yield from self._operation(inputs[0], indent)
            return
        groups = list(self._groups(inputs))
        for at, group in enumerate(groups):
            last = at == len(groups) - 1
            if self._is_leaf(group[0]):
                names = [str(each["fragment"]) for each in group]
                yield from self._leaves(names, at, groups, indent)
            else:
                self.width -= len(_INNER)
                below = list(self._operation(group[0], ""))
                self.width += len(_INNER)
                yield f"{indent}{_LAST if last else _INNER}{below[0]}"
                continuation = "   " if last else f"{_DOWN}  "
                yield from (f"{indent}{continuation}{line}" for line in below[1:])

    @staticmethod
    def _is_leaf(operation: Plan) -> bool:
        return operation.get("operation") == "fragment"

    def _flattened(self, inputs: Iterable[Plan]) -> list[Plan]:
        """Inputs with a federated table of few words replaced by its members, where nothing else is beside them."""
        found = list(inputs)
        if len(found) == 1 and found[0].get("operation") == "members":
            return list(found[0].get("inputs") or ())
        return found

    def _groups(self, inputs: Sequence[Plan]) -> Iterator[list[Plan]]:
        """Each input alone, but fragments that do the same beside each other together."""
        group: list[Plan] = []
        for each in inputs:
            if group and not (self._is_leaf(each) and self._does(group[0]) == self._does(each) is not None):
                yield group
                group = []
            group.append(each)
        if group:
            yield group

    def _does(self, operation: Plan) -> str | None:
        """What a fragment does, without its department's name."""
        fragment = self.fragments.get(operation.get("fragment") or "")
        if fragment is None:
            return None
        return _anywhere(work_text(fragment), fragment)

    # --- leaves ----------------------------------------------------------------------------------

    def _leaves(self, names: list[str], at: int, groups: Sequence[object], indent: str = "") -> Iterator[str]:
        """Fragments that do the same: a line for each with its numbers, then what they do."""
        last = at == len(groups) - 1
        several = [self.fragments.get(name, {"fragment": name}) for name in names]
        width = max(display_width(str(f.get("department", ""))) for f in several)
        name_width = max(len(str(f.get("fragment", ""))) for f in several)
        below = f"{indent}{'    ' if last else f'{_DOWN}   '}"
        if len(several) > MOST_MEMBERS:
            yield from self._facts(summary_of(several), indent + (_LAST_CUT if last else _CUT), f"{below}  ")
        else:
            for place, fragment in enumerate(several):
                ends = last and place == len(several) - 1
                lead = indent + (_LAST_CUT if ends else _CUT)
                yield from self._facts(self._leaf(fragment, width, name_width), lead, f"{below}  ")
        again = all(name in self.drawn for name in names)
        self.drawn.update(names)
        if again:
            yield from self._said("as above", below)
            return
        for line in self._work(several[0], self.width - display_width(below)):
            yield from self._said(_anywhere(line, several[0]) if len(several) > 1 else line, below)
        for note, about in self._notes(several).items():
            shown = about if len(about) <= _FEW else [*about[:_FEW], f"{len(about) - _FEW} more"]
            who = f"{', '.join(shown)}: " if len(about) < len(several) else ""
            yield from self._said(who + note, below)

    def _notes(self, several: Sequence[Plan]) -> dict[str, list[str]]:
        """What is said of fragments that do the same, each with the departments of which it is said."""
        found: dict[str, list[str]] = {}
        for fragment in several:
            department = str(fragment.get("department", ""))
            for note in notes_of(fragment, self.plan):
                words = note.split(" ") if len(several) > 1 else [note]
                alike = " ".join("it" if word == department else word for word in words)
                names = found.setdefault(alike, [])
                if department not in names:
                    names.append(department)
        return found

    @staticmethod
    def _leaf(fragment: Plan, width: int, name_width: int) -> list[str]:
        department = pad(printable(str(fragment.get("department", ""))), width)
        name = str(fragment.get("fragment", "")).ljust(name_width)
        return [department, name, *numbers_of(fragment)]

    def _work(self, fragment: Plan, room: int) -> Iterator[str]:
        """What a fragment does: on one line where it fits, otherwise one operation after the other."""
        operation = fragment.get("operations")
        while operation:
            inputs: Sequence[Plan] = operation.get("inputs") or ()
            if len(inputs) != 1 or display_width(_flow(operation)) <= room:
                yield _flow(operation)
                return
            yield str(operation.get("text", ""))
            operation = inputs[0]

    # --- lines -----------------------------------------------------------------------------------

    def _said(self, text: str, indent: str) -> Iterator[str]:
        room = max(self.width - display_width(indent), NARROWEST // 2)
        for place, line in enumerate(wrap(printable(text), room - 2)):
            yield f"{indent}{'  ' if place else ''}{self.dim(line.strip())}"

    def _facts(self, facts: Iterable[str], lead: str, indent: str) -> Iterator[str]:
        """Facts beside each other, none of them broken."""
        line, empty = lead, True
        for fact in facts:
            added = printable(fact) if empty else f"  {printable(fact)}"
            if not empty and display_width(line + added) > self.width:
                yield line
                line, added = indent, printable(fact)
            line, empty = line + added, False
        yield line.rstrip()

    def _wrapped(self, text: str, lead: str, indent: str) -> Iterator[str]:
        room = max(self.width - display_width(lead), NARROWEST // 2)
        first, *rest = wrap(printable(text), room)
        yield lead + first
        yield from (indent + line.strip() for line in rest)


def numbers_of(fragment: Plan) -> Iterator[str]:
    """How a fragment runs, and its rows, bytes and time: expected, or expected → actual."""
    estimate, actual = fragment.get("estimate"), fragment.get("actual")
    if not actual:
        if estimate:
            yield f"about {rows_text(estimate['rows'])}"
            yield f"about {byte_text(round(estimate['bytes']))}"
        return
    error = actual.get("error")
    way = str(error["code"]) if error else way_text(actual)
    if way:
        yield way
    if actual.get("rows") is not None:
        expected = f"{round(estimate['rows']):,} → " if estimate else ""
        yield f"{expected}{rows_text(actual['rows'])}"
        yield byte_text(actual["bytes"])
    if actual.get("milliseconds") is not None:
        yield time_text(actual["milliseconds"])


def way_text(actual: Plan) -> str:
    """Where a fragment ran; nothing where that is not told."""
    if actual.get("asked") is False:
        return "not asked"
    way = str(actual.get("ran") or "")
    return "beside" if way == "local" else way


def notes_of(fragment: Plan, plan: Plan) -> Iterator[str]:
    """What is said beside a fragment: keys, why it ran beside its database, what was decided while it ran."""
    actual = fragment.get("actual") or {}
    happened = actual.get("adapted") or ()
    yield from (f"{_KEYS}{text}" for text in happened)
    if actual.get("why_local"):
        yield f"beside the database: {actual['why_local']}"
    error = actual.get("error")
    if error:
        yield f"failed [{error.get('code')}]: {error.get('message')}"
    for remark in plan.get("remarks") or ():
        if remark.get("fragment") != fragment.get("fragment"):
            continue
        expected = remark.get("kind") == "exchange" and fragment.get("exchanges")
        if not (expected and happened):
            yield f"{_KEYS if expected else ''}{remark.get('text', '')}"


def summary_of(fragments: Sequence[Plan]) -> list[str]:
    """Many fragments that do the same, together, and the one that took longest."""
    names = [str(f.get("department", "")) for f in fragments]
    parts = [f"{len(fragments)} departments, {names[0]} … {names[-1]}"]
    estimates = [f["estimate"] for f in fragments if f.get("estimate")]
    actual = [f["actual"] for f in fragments if f.get("actual")]
    expected = f"{round(sum(e['rows'] for e in estimates)):,} → " if len(estimates) == len(fragments) else ""
    if not actual:
        if expected:
            parts.append(f"about {rows_text(sum(e['rows'] for e in estimates))}")
        return parts
    ways: dict[str, int] = {}
    for each in actual:
        ran = way_text(each)
        if ran:
            ways[ran] = ways.get(ran, 0) + 1
    if ways:
        parts.append(", ".join(f"{count} {way}" if len(ways) > 1 else way for way, count in ways.items()))
    counted = [each for each in actual if each.get("rows") is not None]
    if counted:
        parts.append(f"{expected}{rows_text(sum(each['rows'] for each in counted))}")
        parts.append(byte_text(sum(each["bytes"] for each in counted)))
    slowest = max(fragments, key=lambda f: (f.get("actual") or {}).get("milliseconds") or 0)
    parts.append(
        f"slowest {slowest.get('department')} {time_text(slowest['actual'].get('milliseconds') or 0)}"
    )
    return parts


def work_text(fragment: Plan) -> str:
    """What a fragment does, from its answer down to its tables."""
    operations = fragment.get("operations")
    return _flow(operations) if operations else ""


def _anywhere(work: str, fragment: Plan) -> str:
    """What one member of a federated table does, as it reads for each of them.

    >>> _anywhere("WHERE 'town_a' > 'b' ← town_a.resident", {"department": "town_a"})
    "WHERE '…' > 'b' ← resident"
    """
    department = fragment.get("department")
    alike = work.replace(f"'{department}'", "'…'").replace(f"{department}.", "")
    return same_aliases(alike, work_text(fragment))


def same_aliases(text: str, whole: str) -> str:
    """A text in which a member's further tables have the names that those of every member have; `whole` has all of them.

    >>> same_aliases("member_7.id = id", "JOIN ON member_7.id = id ← resident, resident AS member_7")
    'member_2.id = id'
    """
    names = {alias: f"member_{place}" for place, alias in enumerate(dict.fromkeys(_ALIAS.findall(whole)), 2)}
    return _ALIAS.sub(lambda found: names.get(found[0], found[0]), text)


def _flow(operation: Plan) -> str:
    inputs = [_flow(each) for each in operation.get("inputs") or ()]
    text = str(operation.get("text", ""))
    if not inputs:
        return text
    if len(inputs) == 1:
        return f"{text}{_FLOW}{inputs[0]}"
    shown = [f"({each})" if _FLOW in each else each for each in inputs]
    return f"{text}{_FLOW}{', '.join(shown)}"
