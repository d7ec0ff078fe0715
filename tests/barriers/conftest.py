"""One department on each engine, whose hidden rows hold what fails; and the same without any hidden rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sql.engine import EnginePool
from tests.barriers.departments import Departments, open_departments
from tests.noninterference.world import open_servers


@pytest.fixture(scope="session")
def engines() -> Iterator[EnginePool]:
    pool = EnginePool(memory="512MB", threads=2, spares=1)
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def departments(engines: EnginePool) -> Iterator[Departments]:
    with open_servers() as servers, open_departments(servers.build(7, ("left", "bare")), engines) as found:
        yield found
