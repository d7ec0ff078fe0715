"""A grant as it may be told to somebody whom it names."""

from __future__ import annotations

import re
from dataclasses import fields

from policies.decision import GrantView
from policies.expressions import columns_in, parse_scalar
from policies.model import Grant
from policies.principal import AttributeValue, Principal
from policies.who import describe_joins

_ATTRIBUTE = re.compile(r"\bprincipal\.(\w+)", re.IGNORECASE)


def view_grant(grant: Grant, principal: Principal) -> GrantView:
    """What the caller may know of the grant: all of it, but for a row filter over columns that it does not list."""
    withheld = grant.row_filter is not None and not _may_tell(grant, grant.row_filter)
    rows = "" if grant.row_filter is None or withheld else row_words(grant.row_filter, principal)
    limits = {item.name: getattr(grant.limits, item.name) for item in fields(grant.limits)}
    return GrantView(
        id=grant.id,
        reason=grant.reason,
        request=grant.request,
        purposes=grant.purposes,
        valid_until=grant.valid_until,
        columns=grant.decided,
        rows=rows,
        rows_withheld=withheld,
        floor=grant.floor,
        crossing=grant.crossing,
        limits={name: most for name, most in limits.items() if most is not None},
        joins=tuple(describe_joins(grant.joins)),
    )


def row_words(row_filter: str, principal: Principal) -> str:
    """A row filter for its reader: the caller's own attributes by name and value.

    >>> row_words("town = principal.town", Principal("li", "tax", attributes={"town": "440605"}))
    'town = your town (440605)'
    >>> row_words("town = principal.town", Principal("li", "tax"))
    'town = your town (not set, so no rows)'
    """

    def named(match: re.Match[str]) -> str:
        name = match[1]
        given: AttributeValue | None = principal.attributes.get(name)
        if name in {"subject", "department", "roles"}:
            given = tuple(sorted(principal.roles)) if name == "roles" else getattr(principal, name)
        if given is None or given in {"", ()}:
            return f"your {name} (not set, so no rows)"
        return f"your {name} ({', '.join(given) if isinstance(given, tuple) else given})"

    return _ATTRIBUTE.sub(named, row_filter)


def _may_tell(grant: Grant, row_filter: str) -> bool:
    listed = {name.lower() for name in grant.columns}
    return all(column.name.lower() in listed for column in columns_in(parse_scalar(row_filter)))
