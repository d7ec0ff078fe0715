"""The merge on one machine: a locked, pooled, in-memory DuckDB."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Protocol

import pyarrow as pa

from comity.errors import ComityError
from gateway.exchange import FragmentStream, FragmentStreams
from gateway.stages import ResultStream
from sql.engine import Engine, EnginePool
from sql.second_attempt import query_twice

PATIENCE_SECONDS = 0.1
"""How long the members of a federated table are waited for before the first of them is read."""

TOGETHER_ROWS = 8192
"""Rows of members that are handed to DuckDB as one batch."""


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

            def watch(engine: Engine) -> None:
                lifetime.on_cancel(engine.interrupt)
                stack.callback(lifetime.forget, engine.interrupt)

            engine = stack.enter_context(self.engines.lease())
            watch(engine)
            try:
                relations = self._brought(engine, streams)
                answer = query_twice(engine, self.engines, streams.plan.residual_sql, relations, stack, watch)
                for batch in answer:
                    yield _exact(batch, streams.plan.schema)
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

    def _brought(self, engine: Engine, streams: FragmentStreams) -> Collection[str]:
        """Makes the fragments' rows tables or streams of the engine, and says by which names."""
        relations = _relations(streams)
        if streams.plan.materialise:
            _load_all(engine, streams, relations)
        else:
            for name, parts in relations.items():
                engine.register(name, pa.RecordBatchReader.from_batches(parts[0].schema, _batches(parts)))
        streams.lifetime.check()
        return relations.keys()


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
