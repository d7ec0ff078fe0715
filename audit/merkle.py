"""The Merkle tree hash of RFC 6962, section 2.1, computed as leaves arrive."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

HASH_BYTES = 32


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf: SHA-256 over 0x00 and its bytes."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 over 0x01 and its children's hashes."""
    return sha256(b"\x01" + left + right).digest()


class MerkleTree:
    """A tree that only grows. It keeps one hash per complete subtree, so it is as small as log2(size)."""

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []
        for value in leaf_hashes:
            self.append(value)

    def append(self, leaf: bytes) -> None:
        """Adds a leaf by its hash."""
        trailing = self.size
        while trailing & 1:
            leaf = node_hash(self._subtrees.pop(), leaf)
            trailing >>= 1
        self._subtrees.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The hash over all leaves; that of the empty string for none."""
        if not self._subtrees:
            return sha256(b"").digest()
        root = self._subtrees[-1]
        for subtree in reversed(self._subtrees[:-1]):
            root = node_hash(subtree, root)
        return root
