"""Runs an enforced fragment: in the database when it would answer exactly so, otherwise next to it.

*native*: the whole fragment is one query in the source's dialect. *local*: the database delivers each
table's rows, filtered and projected as far as it can do that exactly, and a locked in-memory DuckDB beside
the agent finishes the fragment. Either way what leaves the department is the fragment's answer.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import chain

import pyarrow as pa
from sqlglot import exp

from agent.barriers import ROW, Boundary, allowed_rows, boundary_of, check_barriers
from agent.computed_outputs import is_computed
from agent.enforce import EnforcedFragment, wrap_tables
from agent.floors import stand_in
from agent.known_fragments import NativeTexts
from agent.ledger import Account
from agent.own_forms import OWN_FORMS, stand_in_the_way
from agent.publication import Publisher, Source
from agent.received_keys import key_arrays, key_rows, without_keys
from agent.runnable_parts import (
    count_rows,
    is_scan,
    looks_up_rows,
    reads_once,
    split_runnable,
)
from agent.sooner_beside import SLOW_GROUPS, SLOW_LOOK_UPS, groups_slowly, repeats_slowly
from comity.errors import CancelledError, ComityError, SourceError, SqlError
from connectors.spi import OUTPUT, TABLES_CHANGED, Scan
from policies.port import KeysReceived, Receipt
from policies.tokens import TOKEN_FUNCTION, tokens_for
from policies.wrap import PHYSICAL, published_columns
from sql.binder import Binder
from sql.dialects import Attempt, NotNative, render_attempt, render_native, render_scan
from sql.engine import Engine, EnginePool
from sql.from_items import named_table
from sql.keys import is_key_table
from sql.render import render
from sql.scopes import used_names
from sql.second_attempt import query_twice
from sql.split import Piece, Split
from sql.types import arrow_schema, canonical_type

GROUPS = pa.schema([pa.field("groups", pa.int64())])
MOST_HELD_BYTES = 4 * 1024 * 1024
"""Of an answer on which the source may give up at its end, for which nothing of it leaves before."""
_KEYS_TRIED = 1000
"""Join keys of a set with which it is tried what a database can run."""
GAVE_UP = "the source gave up on a value or a sum that it does not hold exactly"
TOO_MUCH = "sums that the source may give up on, of more groups than are waited for"


class Execution:
    """One running fragment. Iterate once; `cancel` may come from any thread; then ask for the receipt."""

    def __init__(
        self,
        enforced: EnforcedFragment,
        publisher: Publisher,
        engines: EnginePool,
        binder: Binder,
        capabilities: frozenset[str],
        account: Account,
        texts: NativeTexts | None = None,
    ) -> None:
        self.enforced = enforced
        self.publisher = publisher
        self.binder = binder
        self.engines = engines
        self.capabilities = capabilities
        self.account = account
        self.texts = texts or NativeTexts()
        self.keys = key_arrays(enforced.request.keys)
        self.schema = enforced.request.fragment.schema
        self.mode, self.mode_reason = "native", ""
        self.rows = self.bytes = self.source_rows = 0
        self.suppressed_groups = 0
        self.seconds = 0.0
        self._started = time.monotonic()
        self._cancelled = False
        self._scans: list[Scan] = []
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._loaded: set[str] = set()
        self._stack = ExitStack()
        self._digest = hashlib.sha256()
        self._ran: list[str] = []
        self._mode_withheld = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._answer():
                exact = _cast(batch, self.schema)
                size = exact.nbytes
                self.account.release(exact.num_rows, size)
                self.rows += exact.num_rows
                self.bytes += size
                yield exact
            for counting in self.enforced.floored.counts:
                self._release()
                self.suppressed_groups += self._count(counting)
        finally:
            self.close()

    def cancel(self) -> None:
        """Stops whatever runs, and what would be started after. Waits as long as the databases take for it."""
        self._cancelled = True
        with self._lock:
            if self._engine is not None:
                self._engine.interrupt()
        for scan in tuple(self._scans):
            scan.cancel()

    def close(self) -> None:
        if not self.seconds:
            self.seconds = time.monotonic() - self._started
        try:
            self._release()
        finally:
            self.account.close()

    def _release(self) -> None:
        with self._lock:
            # The engine will be another query's, whom a late cancel must not meet.
            self._engine = None
        self._loaded.clear()
        self._stack.close()

    def receipt(self) -> Receipt:
        fragment = self.enforced.request.fragment
        return Receipt(
            department=fragment.department,
            fragment_id=fragment.id,
            published_sql=fragment.sql,
            source_sql_digest=self._digest.hexdigest(),
            mode=self.mode,
            mode_reason=self.mode_reason,
            rows=self.rows,
            bytes=self.bytes,
            seconds=self.seconds or time.monotonic() - self._started,
            # Of how many rows or groups a floor's answer was made is not to be told.
            source_rows=self.rows if self.enforced.has_floor else self.source_rows,
            policy_digests=self.enforced.policy_digests,
            suppressed_groups=self.suppressed_groups,
            keys=tuple(KeysReceived(key.name, key.source, key.count) for key in self.enforced.keys),
            native_sql=self._native_texts(),
            mode_withheld=self._mode_withheld,
        )

    def _native_texts(self) -> tuple[str, ...]:
        """What the database was given, as far as the caller may see it: join keys in it are other owners' values."""
        shown = self._shows_forms() and not self.enforced.request.keys
        return tuple(dict.fromkeys(self._ran)) if shown else ()

    def _shows_forms(self) -> bool:
        """Whether the caller may see physical names, row filters and masks."""
        rule = self.publisher.department.show_native_sql
        return rule is not None and rule.matches(self.enforced.request.principal)

    def _told(self, reason: str, tree: exp.Query) -> str:
        """The reason why the database did not run `tree`, as far as the caller may know it."""
        if self._shows_forms() or not self.texts.own_forms(tree, partial(self._stands_in_the_way, tree)):
            return reason
        return OWN_FORMS

    def _stands_in_the_way(self, tree: exp.Query) -> bool:
        """Whether the source cannot run what the department put around the tables of `tree`."""
        _, tables = wrap_tables(tree, self.enforced, self.publisher)
        sources = {physical: source.columns for physical, source in self._sources().items()}
        return stand_in_the_way(tables, self.publisher.connector.dialect, self.capabilities, sources)

    # --- native ---------------------------------------------------------------------------------

    def _answer(self) -> Iterator[pa.RecordBatch]:
        """The fragment's batches; begun anew, once, where the tables are no longer as they were described."""
        try:
            yield from self._batches(self.enforced.floored.tree)
        except SourceError as error:
            if self.rows or error.metadata != TABLES_CHANGED:
                raise
            self._release()
            self.publisher.forget()
            self.texts.forget()
            yield from self._batches(self.enforced.floored.tree)

    def _batches(self, tree: exp.Query) -> Iterator[pa.RecordBatch]:
        """The fragment's rows, from the source where it can, from beside it where it cannot or gives up."""
        try:
            attempt = self.texts.text(tree, self._native)
            slow = self.texts.slow(tree, partial(self._slow, tree, attempt))
            if slow:
                raise NotNative(slow)
            return self._ask(attempt, self.schema, tree, ordered=self.enforced.request.fragment.ordered)
        except NotNative as reason:
            self.mode, self.mode_reason = "local", self._told(reason.reason, tree)
            return self._local(tree)

    def _slow(self, tree: exp.Query, attempt: Attempt) -> str:
        """Why the source had better not run the fragment, as it says itself; empty where it may.

        Which of the two runs can be seen from outside, so that it may not depend on rows that the caller cannot see.
        """
        if self._hides() or self.keys:
            return ""
        self._check()
        connector = self.publisher.connector
        if groups_slowly(connector, tree, attempt.sql):
            return SLOW_GROUPS
        estimates = (source.table.row_estimate for source in self._sources().values())
        return SLOW_LOOK_UPS if repeats_slowly(connector, tree, attempt.sql, estimates) else ""

    def _hides(self) -> bool:
        """Whether the fragment's tables have rows that the caller cannot see."""
        decisions = self.enforced.decisions.values()
        return self.enforced.has_floor or any(d.row_filter is not None for d in decisions)

    def _count(self, tree: exp.Query) -> int:
        """The groups that a floor left out, as far as they may be told; 0 when they cannot be counted now."""
        try:
            try:
                batches = self._ask(self.texts.text(tree, self._native), GROUPS, tree)
            except NotNative:
                batches = self._local(tree)
            return sum(int(_cast(batch, GROUPS).column(0)[0].as_py()) for batch in batches)
        except ComityError:
            return 0

    def _ask(
        self, attempt: Attempt, schema: pa.Schema, tree: exp.Query, *, ordered: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """What the source answers to `tree` in its own text. Raises `NotNative` where it gives up before any of it is used.

        An attempt is read first, to its end or until it is too much to hold; of a text that fails on values which
        the source does not hold as it should, the first rows are.
        """
        if attempt.may_give_up and self.enforced.has_floor:
            # It may give up on a group that the floor leaves out.
            self._mode_withheld = True
        if attempt.may_give_up and self.texts.gave_up:
            raise NotNative(GAVE_UP)
        scan = self._scan(attempt.sql, schema, ordered=ordered)
        if not attempt.may_give_up and not attempt.checks_values:
            return self._counted(scan, tree)
        held: list[pa.RecordBatch] = []
        size = 0
        try:
            for batch in scan:
                held.append(batch)
                size += batch.nbytes
                if not attempt.may_give_up or size > MOST_HELD_BYTES:
                    break
        except SourceError as error:
            if error.code != "SOURCE_VALUE":
                raise _judged(error, tree) from None
            scan.close()
            self.texts.gave_up = self.texts.gave_up or attempt.may_give_up
            raise NotNative(GAVE_UP) from None
        if attempt.may_give_up and size > MOST_HELD_BYTES:
            scan.close()
            self.texts.gave_up = True
            raise NotNative(TOO_MUCH)
        self.source_rows += sum(batch.num_rows for batch in held)
        return chain(held, self._counted(scan, tree))

    def _native(self, tree: exp.Query, keys: Mapping[str, pa.Array] | None = None) -> Attempt:
        """The source's own text for a tree over published tables. Raises `NotNative`."""
        keys = self.keys if keys is None else keys
        if self.enforced.floored.fails and self.publisher.connector.dialect != "duckdb":
            raise NotNative("something may fail on a group that a floor leaves out")
        wrapped, _ = wrap_tables(tree, self.enforced, self.publisher)
        tables = {physical: source.columns for physical, source in self._sources().items()}
        check = partial(check_barriers, filtered=self._filtered())
        check(wrapped, keys=keys)
        dialect = self.publisher.connector.dialect
        return render_attempt(wrapped, dialect, self.capabilities, tables, check, keys)

    def _filtered(self) -> dict[tuple[str, ...], frozenset[bool]]:
        """For each physical table of the fragment, whether the published tables over it have row filters."""
        found: dict[tuple[str, ...], frozenset[bool]] = {}
        for use in self.enforced.resolved.tables:
            physical = self.publisher.department.tables[use.name].physical
            has = self.enforced.decisions[use.name].row_filter is not None
            found[physical] = found.get(physical, frozenset()) | {has}
        return found

    def _sources(self) -> dict[tuple[str, ...], Source]:
        """The physical tables behind the fragment, by the names that the wrap uses."""
        published = self.publisher.department.tables
        names = [use.name for use in self.enforced.resolved.tables]
        return {published[name].physical: self.publisher.source(name) for name in names}

    def _scan(self, sql: str, schema: pa.Schema, *, ordered: bool = False) -> Scan:
        self._check()
        self._digest.update(sql.encode())
        self._ran.append(sql)
        left = self.enforced.request.timeout_seconds - (time.monotonic() - self._started)
        scan = self.publisher.connector.scan(sql, schema, deadline=max(left, 0.01), ordered=ordered)
        self._scans.append(scan)
        self._stack.callback(scan.close)
        self._check()
        return scan

    def _check(self) -> None:
        if self._cancelled:
            raise CancelledError("the query was cancelled")

    def _counted(self, scan: Scan, tree: exp.Query | None = None) -> Iterator[pa.RecordBatch]:
        """The batches of a scan that computes `tree`; without it, of columns as they are stored."""
        try:
            for batch in scan:
                self.source_rows += batch.num_rows
                yield batch
        except SourceError as error:
            raise _judged(error, tree) from None

    # --- local ----------------------------------------------------------------------------------

    def _local(self, tree: exp.Query) -> Iterator[pa.RecordBatch]:
        engine = self._stack.enter_context(self.engines.lease())
        self._watch(engine)
        decisions = self.enforced.decisions.values()
        tokens = tokens_for(self.publisher.department.tokens, decisions, self.enforced.request.purpose)
        if tokens is not None:
            engine.add_function(TOKEN_FUNCTION, 2, tokens)
        divide: Callable[[exp.Query], Split] = partial(split_runnable, runs=self._runs)
        slow = self.texts.slow(tree, lambda: "")
        if slow == SLOW_GROUPS:
            divide = self._split_rows
        elif slow == SLOW_LOOK_UPS:
            divide = partial(
                split_runnable, runs=lambda query: not looks_up_rows(query) and self._runs(query)
            )
        split = self.texts.split(tree, divide)
        assert split.residual is not None
        # The rows of a part that is read once need not all be there at once.
        alone = len(split.pieces) == 1
        if alone and is_scan(split.pieces[0].query):
            piece = Piece(split.pieces[0].name, split.pieces[0].context, tree, whole=True)
            return iter(engine.query(self._residual_sql(engine, self._read_beside(engine, piece))))
        for piece in split.pieces:
            self._bring(engine, piece, streams=alone and reads_once(split.residual, piece.name))
        text = self._residual_sql(engine, split.residual)
        names = {piece.name for piece in split.pieces} | self._loaded
        try:
            return query_twice(engine, self.engines, text, names, self._stack, self._watch)
        except ComityError:
            self._check()
            raise

    def _watch(self, engine: Engine) -> None:
        """From now on, a cancellation interrupts this engine. Raises `CancelledError` where there was one."""
        with self._lock:
            self._engine = engine
        self._check()

    def _runs(self, query: exp.Query) -> bool:
        """Whether the database can run a query, as far as that can be told without asking it."""
        # So many keys say as much of what the database takes as all of them, and are written out sooner.
        few = {name: values[:_KEYS_TRIED] for name, values in self.keys.items()}
        try:
            return not (self._native(query, few).may_give_up and self.texts.gave_up)
        except NotNative:
            return False

    def _split_rows(self, tree: exp.Query) -> Split:
        """The parts of a fragment whose groups are made beside its source, of one table's rows."""
        (use,) = self.enforced.resolved.tables
        found = self.publisher.source(use.name)
        columns = published_columns(self.publisher.department.tables[use.name], found.types)
        decided = self.enforced.decisions[use.name].columns

        def is_key(name: str) -> bool:
            column = columns[name]
            plain = (
                column.expr is None
                and column.codes is None
                and column.type in {None, found.types.get(column.source or "")}
            )
            # Other columns that say NOT NULL may have been made so for new rows only.
            return plain and column.source in found.table.primary_key and decided[name].mask is None

        counted = count_rows(tree, is_key)
        return split_runnable(counted, lambda query: query.find(exp.Group) is None and self._runs(query))

    def _residual_sql(self, engine: Engine, tree: exp.Query) -> str:
        self._check()
        return render(self._with_keys(engine, tree))

    def _with_keys(self, engine: Engine, tree: exp.Query) -> exp.Query:
        """The tree with the key sets that it names as tables of the engine."""
        named = [table for table in tree.find_all(exp.Table) if is_key_table(table)]
        if not named:
            return tree
        copy, taken = tree.copy(), used_names(tree)
        for table in [table for table in copy.find_all(exp.Table) if is_key_table(table)]:
            place = f"{table.name}_received"
            while place in taken:
                place = f"_{place}"
            if place not in self._loaded:
                self._loaded.add(place)
                engine.load(place, *key_rows(self.keys[table.name]))
            table.set("db", None)
            table.set("this", exp.to_identifier(place, quoted=True))
        return copy

    def _bring(self, engine: Engine, piece: Piece, *, streams: bool) -> None:
        """Makes the rows of a part a table of the engine, or a stream."""
        columns = self.binder.columns_of(stand_in(without_keys(piece.query), self.enforced.decisions))
        schema, types = arrow_schema(columns), [column.type for column in columns]
        try:
            batches = self._ask(self.texts.text(piece.query, self._native), schema, piece.query)
        except NotNative:
            # The engine answers this itself, and then the next.
            streams = False
            tree = self._with_keys(engine, self._read_beside(engine, piece))
            batches = (_cast(batch, schema) for batch in engine.query(render(tree)))
        if streams and types == [canonical_type(kind) for kind in schema.types]:
            engine.register(piece.name, pa.RecordBatchReader.from_batches(schema, batches))
        else:
            engine.load(piece.name, schema, batches, types)

    def _read_beside(self, engine: Engine, piece: Piece) -> exp.Query:
        """Streams the piece's physical columns into the engine; returns the wrapped piece over them."""
        wrapped, tables = wrap_tables(piece.query, self.enforced, self.publisher)
        check_barriers(wrapped, self._filtered(), self.keys)
        by_physical = self._sources()
        # A stream can be read once, and what stands in a WITH may be read more often.
        once = wrapped.find(exp.With) is None
        beside: dict[tuple[str, ...], frozenset[bool]] = {}
        used = used_names(piece.query)
        for number, table in enumerate(tables):
            source = by_physical[tuple(part.name for part in table.parts)]
            boundary = boundary_of(table)
            # A WITH name of the question must not stand for it.
            raw = f"{piece.name}_raw_{number}"
            while raw in used:
                raw = f"_{raw}"
            self._deliver(engine, raw, boundary, source, once=once)
            table.replace(named_table(raw, table.alias_or_name))
            beside[(raw,)] = frozenset({boundary.row_filter is not None})
        check_barriers(wrapped, beside, self.keys)
        return wrapped

    def _deliver(self, engine: Engine, name: str, boundary: Boundary, source: Source, *, once: bool) -> None:
        """Brings what the boundary reads beside, as the table `name`: the rows that its row filter lets through.

        DuckDB moves conditions below derived tables, so that the question's never stand over hidden rows. The
        database leaves those out where it can, and otherwise they are dropped as they arrive.
        """
        wanted = boundary.columns()
        # A table of which only the rows count delivers nothing but them.
        schema = pa.schema([pa.field(c, source.schema[c]) for c in wanted] or [pa.field(ROW, pa.int64())])
        types = [source.types[c] for c in wanted] or ["BIGINT"]
        dialect, keep = self.publisher.connector.dialect, ""
        text = render_scan(source.table.name, wanted, dialect)
        if boundary.row_filter is not None:
            rows = allowed_rows(boundary, wanted)
            try:
                text = render_native(rows, dialect, self.capabilities, {source.table.name: source.columns})
            except NotNative:
                keep = render(rows.args["where"].this)
        batches = self._counted(self._scan(text, schema))
        if keep or not once:
            engine.load(name, schema, batches, types, keep=keep, relation=PHYSICAL)
        else:
            engine.register(name, pa.RecordBatchReader.from_batches(schema, batches))


def _judged(error: SourceError, tree: exp.Query | None) -> ComityError:
    """The error, or what it is where the question's own computing failed, wherever that was done."""
    if error.code == "SOURCE_VALUE":
        return SqlError("a value could not be computed", code="QUERY_RUNTIME")
    output = error.metadata.get(OUTPUT)
    if output is not None and tree is not None and is_computed(tree, output):
        return SqlError("a computed value does not fit its type", code="QUERY_RUNTIME")
    return error


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with exactly `schema`; differences of representation are converted without loss."""
    if batch.schema.equals(schema):
        return batch
    columns = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
