"""Tokens once more, from the text of RFC 2104, RFC 5869 and the page on tokens, sharing nothing with policies/."""

from __future__ import annotations

import hashlib


def mac(digest: str, key: bytes, message: bytes) -> bytes:
    """HMAC (RFC 2104) for digests with blocks of 64 bytes."""
    if len(key) > 64:
        key = hashlib.new(digest, key).digest()
    key += bytes(64 - len(key))
    inner = hashlib.new(digest, bytes(b ^ 0x36 for b in key) + message).digest()
    return hashlib.new(digest, bytes(b ^ 0x5C for b in key) + inner).digest()


def reference_token(digest: str, secret: bytes, purpose: str, element: str, normalised: str) -> str:
    """The token of a value that is in its normal form already."""
    info = b""
    for part in (purpose.encode(), element.encode()):
        info += len(part).to_bytes(4, "big") + part
    extracted = mac(digest, b"comity token 1", secret)
    key = mac(digest, extracted, info + b"\x01")
    value = mac(digest, key, normalised.encode())
    return "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte % 32] for byte in value[:26])
