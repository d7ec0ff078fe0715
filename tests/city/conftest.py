"""The example city's tables at a tenth of its size, made once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from examples.city.generate import build

Rows = dict[tuple[str, str], pa.Table]


@pytest.fixture(scope="session")
def city_rows() -> Rows:
    return build(0.1)
