"""Which of two rules allows more. What cannot be compared allows neither more nor less."""

from __future__ import annotations

from policies.grades import GRADES
from policies.model import ColumnRule, Mask, PrincipalRule


def allows_no_more(first: ColumnRule, second: ColumnRule) -> bool:
    """Whether everything that `first` allows of a column, `second` allows too.

    >>> year, month = Mask("year"), Mask("month")
    >>> every = frozenset({"read", "filter", "match", "join", "group", "order", "aggregate"})
    >>> allows_no_more(ColumnRule(every, year), ColumnRule(every, month))
    True
    >>> allows_no_more(ColumnRule(frozenset({"match"})), ColumnRule(frozenset({"filter"})))
    True
    >>> allows_no_more(ColumnRule(frozenset({"group"})), ColumnRule(every, year))
    False
    """
    if not first.uses:
        return True
    if second.mask is None and "read" in second.uses:
        return True
    if not _uses(first) <= _uses(second) or not _shows_no_more(first.mask, second.mask):
        return False
    if "aggregate" in first.uses and second.functions:
        return bool(first.functions) and first.functions <= second.functions
    return True


def _uses(rule: ColumnRule) -> frozenset[str]:
    return rule.uses | {"match"} if "filter" in rule.uses else rule.uses


def _shows_no_more(first: Mask | None, second: Mask | None) -> bool:
    """Whether the values that `first` leaves can be made from those that `second` leaves."""
    if first == second or second is None:
        return True
    if first is None:
        return False
    if first.name in {"null", "constant"}:
        return True
    if (first.name, second.name) == ("year", "month"):
        return True
    if first.name == second.name and first.name in {"keep_first", "keep_last"}:
        return float(first.argument or 0) <= float(second.argument or 0)
    if first.name == second.name == "bucket":
        return float(first.argument or 0) % float(second.argument or 1) == 0
    return False


def covers(wide: PrincipalRule, narrow: PrincipalRule) -> bool:
    """Whether every caller whom `narrow` names, `wide` names too.

    >>> covers(PrincipalRule(roles=frozenset({"a", "b"})), PrincipalRule(frozenset({"tax"}), frozenset({"a"})))
    True
    """
    for part in ("departments", "roles", "subjects"):
        asked, given = getattr(wide, part), getattr(narrow, part)
        if asked is not None and (given is None or not given <= asked):
            return False
    for name, values in (wide.attributes or {}).items():
        held = (narrow.attributes or {}).get(name)
        if held is None or not set(map(_typed, held)) <= set(map(_typed, values)):
            return False
    return wide.attributes is None or bool(wide.attributes)


def may_meet(first: PrincipalRule, second: PrincipalRule) -> bool:
    """Whether some caller could be named by both. A caller has one department and one subject, and many roles."""
    for part in ("departments", "subjects"):
        one, other = getattr(first, part), getattr(second, part)
        if one is not None and other is not None and one.isdisjoint(other):
            return False
    return True


def covers_grade(first: str, second: str) -> bool:
    """Whether `first` is the higher grade."""
    return GRADES.index(first) > GRADES.index(second)


def _typed(value: object) -> tuple[str, object]:
    # In Python True == 1.
    return type(value).__name__, value
