"""A query over loaded rows on which DuckDB fails is asked once more of an engine without DuckDB's optimizer: ADR 23."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from itertools import chain

import pyarrow as pa

from comity.errors import ComityError, InternalError, SqlError
from sql.engine import Engine, EnginePool

logger = logging.getLogger("comity.engine")

SECOND_SECONDS = 1.0
"""What a second attempt may take beyond what the first one took."""

_MAY_BE_THE_OPTIMIZERS = {"QUERY_RUNTIME", "INTERNAL"}


def query_twice(
    engine: Engine,
    pool: EnginePool,
    sql: str,
    names: Collection[str],
    lifetime: ExitStack,
    watch: Callable[[Engine], None],
) -> Iterator[pa.RecordBatch]:
    """The batches of the answer to `sql`, which reads the tables `names`; the first of them is there already.

    DuckDB looks at values in the order of joins that its optimizer chose for these rows, and so may fail on one in a
    row that another condition leaves out, where one DuckDB over all tables would not; and the optimizer itself may
    break down. Then it is asked again as it is written, of the same rows where they are at hand. Another failure, or
    one that took long, is the first one.

    What an answer needs lasts as long as `lifetime`. `watch` is given the second engine, whose work a cancellation is
    to interrupt, and raises where there was one. Raises what `Engine.query` raises.
    """
    began = time.monotonic()
    try:
        return _begun(engine, sql)
    except (SqlError, InternalError) as error:
        if error.code not in _MAY_BE_THE_OPTIMIZERS:
            raise
        failure: ComityError = error
    seconds = time.monotonic() - began
    plain = lifetime.enter_context(pool.unoptimized())
    if not engine.share(plain, names):
        raise failure
    watch(plain)
    timer = threading.Timer(SECOND_SECONDS + seconds, plain.interrupt)
    timer.daemon = True
    timer.start()
    try:
        batches = _begun(plain, sql)
    except ComityError:
        raise failure from None
    finally:
        timer.cancel()
        timer.join()
    if plain.spent:  # its time was over in the moment in which it had an answer
        raise failure
    logger.warning("a query that failed (%s) was repeated without DuckDB's optimizer", failure.code)
    return batches


def _begun(engine: Engine, sql: str) -> Iterator[pa.RecordBatch]:
    """The batches of the answer, the first of which is there."""
    batches = iter(engine.query(sql))
    return chain([first for first in [next(batches, None)] if first is not None], batches)
