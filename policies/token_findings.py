"""What undoes pseudonyms: hashes without a key among published columns, and raw numbers beside their tokens."""

from __future__ import annotations

from collections.abc import Iterator

from policies.department import Department
from policies.expressions import parse_scalar
from policies.masks import hash_in
from policies.model import Grant, PrincipalRule
from policies.tokens import TOKEN


def published_hashes(department: Department, table: str) -> Iterator[str]:
    """The columns of a table that publish a hash without a key."""
    for column in department.tables[table].columns or ():
        if column.expr is not None and hash_in(parse_scalar(column.expr)):
            yield (
                f"{column.name} is a hash without a key, and whoever knows the function can hash every possible "
                "value: publish the column itself, and mask it by token"
            )


def undone_tokens(department: Department, table: str, grant: Grant) -> Iterator[str]:
    """The tokens of a grant whose values another grant on the table shows as they are, to somebody for its purpose.

    What the department shows its own people does not count: they have the table.
    """
    tokens = [
        name for name, rule in grant.columns.items() if rule.mask is not None and rule.mask.name == TOKEN
    ]
    for other in department.policies[table].grants:
        own = other.principals.departments == frozenset({department.name})
        purposes = [purpose for purpose in grant.purposes if purpose in other.purposes]
        if own or not purposes or not _may_share(grant.principals, other.principals):
            continue
        for name in tokens:
            rule = other.columns.get(name)
            if rule is not None and rule.readable and rule.mask is None:
                yield (
                    f"{name} is a token, and the grant {other.id} shows it as it is for the same purpose "
                    f"({purposes[0]}): who has both can name everybody"
                )


def _may_share(one: PrincipalRule, other: PrincipalRule) -> bool:
    """Whether both rules may name the same caller; one caller can have several roles."""
    pairs: list[tuple[frozenset[str] | None, frozenset[str] | None]] = [
        (one.departments, other.departments),
        (one.subjects, other.subjects),
    ]
    return not any(a is not None and b is not None and a.isdisjoint(b) for a, b in pairs)
