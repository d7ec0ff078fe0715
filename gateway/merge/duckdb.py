"""The merge on one machine: a locked, pooled, in-memory DuckDB."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import Protocol

import pyarrow as pa

from comity.errors import ComityError, InternalError, SqlError
from gateway.exchange import FragmentStream, FragmentStreams
from gateway.stages import ResultStream
from sql.engine import Engine, EnginePool

logger = logging.getLogger("comity.gateway")

PATIENCE_SECONDS = 0.1
"""How long the members of a federated table are waited for before the first of them is read."""

TOGETHER_ROWS = 8192
"""Rows of members that are handed to DuckDB as one batch."""

SECOND_SECONDS = 1.0
"""What a second attempt may take beyond what the first one took."""

_MAY_BE_THE_OPTIMIZERS = {"QUERY_RUNTIME", "INTERNAL"}


class DuckdbMerge:
    """Implements `gateway.merge.engine.MergeEngine`.

    A plan of one whole fragment passes through. Otherwise fragments are loaded side by side, or streamed
    when the plan says so, and DuckDB runs the residual.
    """

    def __init__(self, engines: EnginePool) -> None:
        self.engines = engines

    def merge(self, streams: FragmentStreams) -> ResultStream:
        plan = streams.plan
        if plan.residual is None:
            (only,) = streams.streams.values()
            return ResultStream(plan.schema, iter(only))
        return ResultStream(plan.schema, self._run(streams))

    def close(self) -> None:
        self.engines.close()

    def _run(self, streams: FragmentStreams) -> Iterator[pa.RecordBatch]:
        lifetime = streams.lifetime
        with ExitStack() as stack:
            engine = stack.enter_context(self.engines.lease())
            lifetime.on_cancel(engine.interrupt)
            stack.callback(lifetime.forget, engine.interrupt)
            try:
                yield from self._merged(engine, streams)
            except ComityError as error:
                streams.cancel()
                lifetime.check()
                raise streams.first_error() or error from None
            except BaseException:
                streams.cancel()
                raise
            finally:
                # The engine may still read a stream whose rows nobody needs; it is not to wait for them.
                streams.release()

    def _merged(self, engine: Engine, streams: FragmentStreams) -> Iterator[pa.RecordBatch]:
        plan = streams.plan
        relations = _relations(streams)
        if plan.materialise:
            _load_all(engine, streams, relations)
        else:
            for name, parts in relations.items():
                engine.register(name, pa.RecordBatchReader.from_batches(parts[0].schema, _batches(parts)))
        streams.lifetime.check()
        began = time.monotonic()
        try:
            batches = _begun(engine, plan.residual_sql)
        except (SqlError, InternalError) as error:
            if error.code not in _MAY_BE_THE_OPTIMIZERS:
                raise
            batches = self._second_attempt(engine, streams, error, time.monotonic() - began)
        for batch in batches:
            yield _exact(batch, plan.schema)

    def _second_attempt(
        self, engine: Engine, streams: FragmentStreams, failure: ComityError, seconds: float
    ) -> Iterator[pa.RecordBatch]:
        """The answer as the residual is written, where the fragments are at hand; otherwise raises `failure`.

        DuckDB looks at values in the order of joins that its optimizer chose for the fragments, and so may fail on
        one in a row that another condition leaves out, where one DuckDB over all tables would not; and the optimizer
        itself may break down. Nothing has left yet. Another failure, or one that took long, is the first one.
        """
        with ExitStack() as stack:
            plain = stack.enter_context(self.engines.unoptimized())
            if not engine.share(plain):
                raise failure
            streams.lifetime.on_cancel(plain.interrupt)
            stack.callback(streams.lifetime.forget, plain.interrupt)
            timer = threading.Timer(SECOND_SECONDS + seconds, plain.interrupt)
            timer.daemon = True
            timer.start()
            try:
                batches = _begun(plain, streams.plan.residual_sql)
            except ComityError:
                streams.lifetime.check()
                raise failure from None
            finally:
                timer.cancel()
                timer.join()
            if plain.spent:  # its time was over in the moment in which it had an answer
                raise failure
            logger.warning("a merge that failed (%s) was repeated without DuckDB's optimizer", failure.code)
            yield from batches


def _begun(engine: Engine, sql: str) -> Iterator[pa.RecordBatch]:
    """The batches of the answer, the first of which is there."""
    batches = iter(engine.query(sql))
    return chain([first for first in [next(batches, None)] if first is not None], batches)


def _relations(streams: FragmentStreams) -> dict[str, tuple[FragmentStream, ...]]:
    """What the residual reads under each name: a fragment, or the fragments of a federated table's members."""
    gathered = streams.plan.gathered
    within = {fragment for fragments in gathered.values() for fragment in fragments}
    alone = {name: (stream,) for name, stream in streams.streams.items() if name not in within}
    return alone | {
        name: tuple(streams.streams[f] for f in fragments) for name, fragments in gathered.items()
    }


def _batches(parts: Sequence[FragmentStream]) -> Iterator[pa.RecordBatch]:
    """The batches of a relation. Those of members are few rows each, and are put together."""
    if len(parts) == 1:
        return iter(parts[0])
    crowd = parts[0].crowd
    if crowd is not None:
        crowd.wait(PATIENCE_SECONDS)
    return _together(parts)


class _Part(Protocol):
    @property
    def is_ready(self) -> bool: ...

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...


def _together(parts: Sequence[_Part]) -> Iterator[pa.RecordBatch]:
    """Few rows wait for more of them, as long as more are there."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for part in parts:
        batches = iter(part)
        while True:
            if held and (rows >= TOGETHER_ROWS or not part.is_ready):
                yield pa.concat_batches(held)
                held, rows = [], 0
            batch = next(batches, None)
            if batch is None:
                break
            if batch.num_rows >= TOGETHER_ROWS and not held:
                yield batch
            else:
                held.append(batch)
                rows += batch.num_rows
    if held:
        yield pa.concat_batches(held)


def _load_all(
    engine: Engine, streams: FragmentStreams, relations: Mapping[str, tuple[FragmentStream, ...]]
) -> None:
    """Loads every relation, each in its own thread; the first failure stops the others and is raised."""
    failures: list[Exception] = []

    def load(name: str, parts: tuple[FragmentStream, ...]) -> None:
        try:
            types = [column.type for column in parts[0].planned.columns]
            engine.load(name, parts[0].schema, _batches(parts), types)
        except Exception as error:
            failures.append(error)
            streams.cancel()

    threads: list[threading.Thread] = []
    try:
        for name, parts in relations.items():
            thread = threading.Thread(target=load, args=(name, parts), name=f"load-{name}", daemon=True)
            thread.start()
            threads.append(thread)
    except BaseException:
        streams.cancel()
        raise
    finally:
        for thread in threads:
            thread.join()
    if failures:
        # Those that were stopped because of the first fail after it.
        raise failures[0]


def _exact(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    if batch.schema.equals(schema):
        return batch
    columns = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
