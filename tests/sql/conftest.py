from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from sql.binder import Binder
from sql.catalog import Catalog
from tests.sql.lab import lab_catalog, open_database


@pytest.fixture(scope="session")
def lab() -> Catalog:
    """The catalog of the small tables that `lab.py` describes."""
    return lab_catalog()


@pytest.fixture(scope="session")
def lab_binder(lab: Catalog) -> Iterator[Binder]:
    binder = Binder(lab.tables)
    yield binder
    binder.close()


@pytest.fixture(scope="session")
def lab_database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_database()
    yield connection
    connection.close()
