"""Worlds on real servers, which start once; a gateway in front of each side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.noninterference.world import Servers, open_servers


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with open_servers() as found:
        yield found
