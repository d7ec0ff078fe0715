"""Who is asking: from call metadata to one principal."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace

from comity.errors import IdentityError
from policies.grades import HIGHEST, lower
from policies.principal import Principal


class TokenIdentity:
    """Development tokens. Tokens are kept and compared as digests, in constant time.

    `ceiling` is the highest grade of data that this way in lets out; a principal's own may be lower.
    """

    def __init__(self, principals: Mapping[str, Principal], ceiling: str = HIGHEST) -> None:
        self._principals = [
            (_digest(token), replace(principal, ceiling=lower(principal.ceiling, ceiling)))
            for token, principal in principals.items()
        ]

    def principal(self, metadata: Mapping[str, str]) -> Principal:
        """The principal of `authorization: Bearer <token>`. Raises `IdentityError`."""
        header = metadata.get("authorization", "")
        scheme, _, token = header.partition(" ")
        if not header:
            raise IdentityError(
                "the call carries no token",
                code="TOKEN_MISSING",
                hint="Send `authorization: Bearer <token>`; the comity command reads COMITY_TOKEN.",
            )
        found = None
        if scheme.lower() == "bearer":
            digest = _digest(token.strip())
            for known, principal in self._principals:
                if hmac.compare_digest(known, digest):
                    found = principal
        if found is None:
            raise IdentityError("the token is not one this gateway knows", hint="Ask its operator for one.")
        return found


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
