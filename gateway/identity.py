"""Who is asking: from call metadata to one principal."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from comity.errors import IdentityError
from policies.principal import Principal


class TokenIdentity:
    """Development tokens. Tokens are kept and compared as digests, in constant time."""

    def __init__(self, principals: Mapping[str, Principal]) -> None:
        self._principals = [(_digest(token), principal) for token, principal in principals.items()]

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
