"""The databases that every random federation asks, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.properties.ground import Ground, open_ground


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    with open_ground() as ground:
        yield ground
