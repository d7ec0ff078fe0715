"""What a comparison does with the columns on its sides."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from sql.catalog import Origin
from sql.keys import KeyColumn
from sql.uses.notes import Notes
from sql.uses.values import Gathered, Part, Taint

_NAMES: dict[type[exp.Expr], str] = {
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Like: "LIKE",
    exp.ILike: "ILIKE",
    exp.Between: "BETWEEN",
    exp.Is: "IS",
}


def note_equality(notes: Notes, left: Gathered, right: Gathered) -> None:
    """An equality: `match` with constants, `join` with a column, `filter` or `read` where something is computed."""
    for one, other in ((left, right), (right, left)):
        for part in one.parts:
            if part.value.is_raw:
                _note_side(notes, one, part, other)
            if one.whole and part.value.keys:
                _note_keys(notes, part, other)


def _note_side(notes: Notes, own: Gathered, part: Part, other: Gathered) -> None:
    computed: list[Taint] = list(part.value.conditions)
    for taint in part.value.taints:
        if own.whole and taint.bare:
            _note_bare(notes, taint, part.node, other)
        else:
            computed.append(taint)
    if not computed:
        return
    if other.raw:
        notes.add(computed, "read", "compares something computed from it with another column", part.node)
    elif own.mixed:
        notes.add(computed, "read", "compares it together with another column", part.node)
    else:
        notes.add(computed, "filter", "compares something computed from it", part.node)


def _note_bare(notes: Notes, taint: Taint, node: exp.Expr, other: Gathered) -> None:
    """A column as it is against every alternative of the other side."""
    partners = _partners(other)
    for partner in partners:
        named = ".".join(partner) if partner else "something computed from other columns"
        notes.add([taint], "join", f"joins it with {named}", node, partner=partner)
    value = other.value()
    if value.constants:
        # Beside a partner, as after UNION ALL of constants and a column: both are tried.
        notes.add([taint], "match", "compares it by equality", node, values=value.constants)
    if value.opaque or not (partners or value.constants):
        notes.add([taint], "filter", "compares it with a result", node)


def _note_keys(notes: Notes, part: Part, other: Gathered) -> None:
    """Groups that are joined need no leave beyond that to group, but join rules hold for them too."""
    for partner in _partners(other):
        if partner is not None:
            keys = [Taint(key, None) for key in part.value.keys]
            how = f"joins its groups with {'.'.join(partner)}"
            notes.add(keys, "group", how, part.node, partner=partner)


def note_key_set(notes: Notes, own: Gathered, keys: KeyColumn, *, beside: bool) -> None:
    """A comparison with keys that came with the fragment: `join` with their source, `read` of anything computed.

    The join counts the keys; it is `bare` where the compared column leaves beside what it decides.
    """
    how = f"joins it with {'.'.join(keys.source)}, of which it names {keys.count} values"
    for part in own.parts:
        computed: list[Taint] = list(part.value.conditions)
        for taint in part.value.taints:
            if own.whole and taint.bare:
                notes.add(
                    [taint], "join", how, part.node, partner=keys.source, values=keys.count, bare=beside
                )
            else:
                computed.append(taint)
        notes.add(computed, "read", "compares something computed from it with another column", part.node)
        if own.whole:
            groups = [Taint(key, None) for key in part.value.keys]
            words = f"joins its groups with {'.'.join(keys.source)}"
            notes.add(groups, "group", words, part.node, partner=keys.source)


def _partners(other: Gathered) -> list[Origin | None]:
    """The columns that may stand on the other side, None for something computed from columns."""
    partners: list[Origin | None] = []
    for part in other.parts:
        if other.whole:
            partners += sorted({t.origin for t in part.value.taints if t.bare})
            if part.value.conditions or any(not t.bare for t in part.value.taints):
                partners.append(None)
            partners += part.value.keys
        elif part.value.is_raw:
            partners.append(None)
    return list(dict.fromkeys(partners))


def note_comparison(notes: Notes, node: exp.Expr, sides: Sequence[Gathered]) -> None:
    """Any other comparison, or test: `filter` for one column against what is known, `read` for several."""
    raw = [part for side in sides for part in side.raw]
    whole = Gathered(node, [part for side in sides for part in side.parts])
    sign = _NAMES.get(type(node))
    if whole.mixed:
        how = f"compares it with another column{f' by {sign}' if sign else ''}"
        for part in raw:
            notes.add((*part.value.taints, *part.value.conditions), "read", how, part.node)
        return
    how = "tests it" if sign is None else f"compares it by {sign}"
    for part in raw:
        notes.add((*part.value.taints, *part.value.conditions), "filter", how, part.node)
