"""The Merkle tree against published roots and the definition in RFC 6962, section 2.1."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import MerkleTree, leaf_hash, node_hash

VECTORS = json.loads((Path(__file__).parent / "data" / "rfc6962_roots.json").read_text())


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition, word for word: split at the largest power of two below the size."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


def test_roots_equal_the_published_ones() -> None:
    leaves = [bytes.fromhex(leaf) for leaf in VECTORS["leaves"]]
    tree = MerkleTree()
    found = [tree.root().hex()]
    for leaf in leaves:
        tree.append(leaf_hash(leaf))
        found.append(tree.root().hex())
    assert found == VECTORS["roots"]


@given(st.lists(st.binary(max_size=20), max_size=70))
def test_incremental_roots_equal_the_recursive_definition(leaves: list[bytes]) -> None:
    tree = MerkleTree(map(leaf_hash, leaves))
    assert tree.size == len(leaves)
    assert tree.root() == recursive_root(leaves)
