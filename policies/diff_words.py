"""Grants and rules as parts of a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from policies.model import ColumnRule, Grant, PrincipalRule
from policies.who import describe_rule


def name_who(rule: PrincipalRule) -> str:
    """Whom a grant names, as the subject of a sentence.

    >>> name_who(PrincipalRule(frozenset({"civil_affairs"}), frozenset({"analyst"})))
    'analyst of civil_affairs'
    >>> name_who(PrincipalRule(roles=frozenset({"auditor"}))), name_who(PrincipalRule(frozenset({"tax"})))
    ('every auditor', 'everyone of tax')
    >>> name_who(PrincipalRule(subjects=frozenset()))
    'nobody'
    """
    parts = (rule.departments, rule.roles, rule.subjects, rule.attributes)
    if any(part is not None and not part for part in parts) or all(part is None for part in parts):
        return "nobody"
    if rule.subjects is not None:
        text = _either(rule.subjects)
    elif rule.roles is not None:
        text = _either(rule.roles) if rule.departments is not None else f"every {_either(rule.roles)}"
    else:
        text = "everyone"
    if rule.departments is not None:
        text += f" of {_either(rule.departments)}"
    if rule.subjects is not None and rule.roles is not None:
        text += f" with the role {_either(rule.roles)}"
    if rule.attributes is not None:
        held = (f"{name} = {_either(map(str, values))}" for name, values in rule.attributes.items())
        text += f" with {' and '.join(held)}"
    return text


def name_purposes(purposes: Iterable[str]) -> str:
    return ", ".join(purposes) or "no purpose"


def columns_phrase(rule: ColumnRule | None, names: Sequence[str]) -> str:
    """What may be done with columns: `may read name as person_name`; without names `read as person_name`.

    >>> columns_phrase(ColumnRule(frozenset({"group", "filter"})), ["sex", "born"])
    'may use sex, born for filter, group'
    >>> columns_phrase(None, ()), columns_phrase(None, ["sex"])
    ('nothing', 'may not use sex')
    """
    listed = ", ".join(names)
    if rule is None:
        return f"may not use {listed}" if names else "nothing"
    if not rule.uses:
        return f"may only know that {listed} exists" if names else "known to exist"
    text = describe_rule(rule)
    if not names:
        return text
    if "read" in rule.uses:
        return f"may read {listed}{text.removeprefix('read')}"
    return f"may use {listed} for {text}"


def rows_phrase(row_filter: str | None) -> str:
    return "all rows" if row_filter is None else f"only rows where {row_filter}"


def validity_phrase(grant: Grant) -> str:
    """When a grant applies, as the end of a sentence; empty where it always does."""
    first = f"; from {grant.valid_from}" if grant.valid_from else ""
    return first + (f"; until {grant.valid_until}" if grant.valid_until else "")


def before(text: object) -> str:
    return f" (before: {'none' if text is None or text == '' else text})"


def _either(names: Iterable[str]) -> str:
    return " or ".join(sorted(names))
