"""The key of a department's tokens: what it must be, and the keys derived from it.

Departments that share one master key have one pseudonym for one person, inside one purpose: each purpose, and
each kind of identifier in it, has a key of its own, derived by HKDF (RFC 5869).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from comity.errors import ConfigurationError
from policies.yaml_document import Location, YamlDocument

DIGESTS: Final[Mapping[str, str]] = {"hmac-sha256": "sha256", "hmac-sm3": "sm3"}
"""The digest of each algorithm, as hashlib names it. Both give 32 bytes from blocks of 64."""

BLOCK_BYTES: Final = 64
KEY_BYTES: Final = 32
LEAST_DISTINCT: Final = 12
"""32 random bytes have fewer distinct ones once in 10^24 keys; a word or a pattern has them often."""

_LABEL = b"comity token 1"
_LOCATION: Location = ("tokens", "key")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A department's master key. `secret` is None where the files were read without their secrets."""

    algorithm: str
    secret: bytes | None = field(repr=False, compare=False)

    def derive(self, purpose: str, element: str) -> bytes:
        """The key for one kind of identifier under one purpose.

        Raises `ConfigurationError` (`CONFIG_MISSING`) where the files were read without their secrets.
        """
        if self.secret is None:
            raise ConfigurationError("the token key was not read", code="CONFIG_MISSING")
        # Each part with its length, so that no two pairs of parts read alike.
        parts = [part.encode() for part in (purpose, element)]
        info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hkdf(DIGESTS[self.algorithm], self.secret, _LABEL, info, KEY_BYTES)


def hkdf(digest: str, key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """`length` bytes derived from `key` (RFC 5869, extract and expand)."""
    extracted = hmac.digest(salt, key, digest)
    block, found = b"", b""
    for number in range(1, -(-length // hashlib.new(digest).digest_size) + 1):
        block = hmac.digest(extracted, block + info + bytes([number]), digest)
        found += block
    return found[:length]


def token_key(document: YamlDocument, text: str, algorithm: str) -> TokenKey:
    """The key that `text` writes in hex or base64; without a secret when `text` is empty.

    Raises `ConfigurationError`: `CONFIG_SECRET` for a key that is malformed or can be guessed, `CONFIG_INVALID`
    when this Python lacks the digest. Messages never hold the key or a part of it.
    """
    if not supports(algorithm):
        message = (
            f"`{algorithm}` needs a Python whose OpenSSL has {DIGESTS[algorithm]}: use another of either"
        )
        raise document.error(("tokens", "algorithm"), message)
    if not text:
        return TokenKey(algorithm, None)
    secret = decode_key(text.strip())
    if secret is None:
        message = "`key` must lead to a key in hex or base64, and to nothing else"
        raise document.error(_LOCATION, message, code="CONFIG_SECRET")
    if len(secret) < KEY_BYTES or len(set(secret)) < LEAST_DISTINCT:
        message = (
            f"`key` leads to a key that can be guessed: it must be {KEY_BYTES} random bytes or more, as "
            f"`openssl rand -hex {KEY_BYTES}` makes them"
        )
        raise document.error(_LOCATION, message, code="CONFIG_SECRET")
    return TokenKey(algorithm, secret)


def supports(algorithm: str) -> bool:
    """Whether this Python can compute the algorithm: SM3 comes with most builds of OpenSSL, not with all."""
    try:
        hashlib.new(DIGESTS[algorithm])
    except ValueError:
        return False
    return True


def decode_key(text: str) -> bytes | None:
    """The bytes of a key in hex, or in base64 with either alphabet; None when it is neither."""
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        padded = text.rstrip("=").translate(str.maketrans("-_", "+/"))
        return base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
