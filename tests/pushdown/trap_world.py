"""Random federations over rows that each engine treats its own way, asked with the planner's passes and the
databases' own execution on and off.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlglot import exp

from agent.execute import Execution
from agent.known_fragments import KnownFragments
from comity.errors import ComityError, LimitError, PolicyError, SqlError
from connectors.servers import LocalServer, start_mariadb, start_postgresql
from gateway.plan_question import QuestionPlanner
from gateway.planner import make_plan
from gateway.planner.choosing import Choosing, NoFacts, Preference
from gateway.planner.make_plan import PASSES, apply_passes
from gateway.planner.place_key_exchanges import PlacedKeys
from gateway.planner.planning import Planning
from gateway.stages import AuthorizedQuery
from policies.decision import Decision
from policies.statistics import ColumnFacts, TableFacts
from sql.dialects import Attempt, NotNative
from sql.render import render
from tests.properties.places import ALL_TABLES, PLACES, raw_database, sources
from tests.properties.watching import Asking
from tests.properties.world import World
from tests.pushdown.evaluation_order import fails_alone
from tests.sql.ask_in_parts import difference
from tests.sql.random_questions import random_question

ENGINES = {"c": ("postgresql", "duckdb")}
"""The place whose doubles have NaN and -0.0, which other engines cannot hold."""
TEXTS = (
    "a", "A", "a ", " a", "", " ", "á", "a\u0301", "ａ", "Ａ", "1", "１", "ss", "ß", "あ", "ア", "😀", "😁",
    "张三", "張三", "张三 ", "中\u3000", "x'y", "\\", "a\\b", "%", "a%", "_", "a_b", "\ta", "z", "Z", "Ⅳ", "ﬁ", "a\u200b",
)  # fmt: skip
CODES = ("1", "2", "3", "4", "5", "1 ", "01", "１", "")
NUMBERS = (0, -1, 1, 2, 3, 7, 2**31 - 1, -(2**31), 1000)
DAYS = ("0001-01-01", "1582-10-10", "1900-02-28", "1999-12-31", "2024-02-29", "2026-01-01", "9999-12-31")
COSTS = ("0.00", "0.01", "-0.01", "0.10", "2.50", "-2.50", "99999999.99", "-99999999.99", "1.00")
AREAS = ("0", "-0", "NaN", "1", "2.5", "-1e-300", "1e15", "3", "0.1")
NECESSARY = "expand_federated_tables"
"""Departments know no federated tables, so that this pass is no choice."""


@dataclass(frozen=True, slots=True)
class Mode:
    """How a question is run: without which passes or which other work of the planner, whether databases may compute, and
    what the planner is told of the tables: that they have very many rows, of so many different values in each column.
    """

    name: str
    skip: tuple[str, ...] = ()
    native: bool = True
    without: str = ""
    distinct: float = 0.0
    prefer: Preference = "exposure"

    @property
    def reads_the_unread(self) -> bool:
        """Whether what nobody reads is asked for all the same, and may fail."""
        return "prune_columns" in self.skip


VERY_MANY = 1e9
WITHOUT: Mapping[str, Callable[..., object]] = {
    "distinct_lookups": lambda split, planning: None,
    "place_key_exchanges": lambda fragments, *others: PlacedKeys(fragments, ()),
    "share_blocks": lambda tree, *others: None,
    # Not left out but always taken, whatever it costs.
    "moves_less": lambda *plans: True,
}
"""What the planner does beside its passes, and what stands for it where it is left out."""
OPTIONAL = tuple(name for name in PASSES if name != NECESSARY)
MODES = (
    Mode("everything on"),
    *(Mode(f"without {name}", (name,)) for name in OPTIONAL),
    Mode("no pass", OPTIONAL),
    Mode("beside", native=False),
    Mode("no pass, beside", OPTIONAL, native=False),
    *(Mode(f"without {name}", without=name) for name in WITHOUT),
    Mode("very many rows of few values", distinct=3.0),
    Mode("very many rows of few values, in the least time", distinct=3.0, prefer="time"),
    Mode("very many rows, all different", distinct=VERY_MANY),
)


def spoil(database: duckdb.DuckDBPyConnection) -> None:
    """Puts traps into two thirds of the values, and every fifth row twice; always the same ones."""
    rng = random.Random(20)
    choices = {"VARCHAR": TEXTS, "INTEGER": NUMBERS, "DATE": DAYS, "DECIMAL(10,2)": COSTS, "DOUBLE": AREAS}
    for (place, table), columns in ALL_TABLES.items():
        rows = [list(row) for row in database.execute(f"SELECT * FROM {place}.{table}").fetchall()]
        for row in rows:
            for index, (column, kind) in enumerate(columns.items()):
                likely = 0.25 if column in {"id", "person_id", "firm_id", "owner"} else 0.6
                if row[index] is not None and rng.random() < likely:
                    row[index] = rng.choice(CODES if column in {"town", "code"} else choices[kind])
        rows += [row for row in rows if rng.random() < 0.2]
        database.execute(f"DELETE FROM {place}.{table}")
        marks = ", ".join("?" * len(columns))
        database.executemany(f"INSERT INTO {place}.{table} VALUES ({marks})", rows)


@dataclass(frozen=True)
class TrapGround:
    """The databases that hold the traps."""

    home: Path
    raw: duckdb.DuckDBPyConnection
    sources: dict[tuple[str, str], str]

    @contextmanager
    def world(self, seed: int) -> Iterator[World]:
        directory = self.home / f"trap-world-{seed}"
        world = World(seed, directory, self.raw, self.sources, engines=ENGINES, keys=0.7)
        try:
            yield world
        finally:
            world.close()
            shutil.rmtree(directory)


def trap_ground(home: Path, postgresql: LocalServer, mariadb: LocalServer) -> TrapGround:
    raw = raw_database(rows=14, spoil=spoil)
    return TrapGround(home, raw, sources(raw, home, postgresql, mariadb, ENGINES))


@contextmanager
def open_trap_ground() -> Iterator[TrapGround]:
    """Starts PostgreSQL and MariaDB, and fills all engines."""
    # Not under pytest's own directory: PostgreSQL, run as root, has an account of its own.
    home = Path(tempfile.mkdtemp(prefix="comity-traps-"))
    postgresql, mariadb = start_postgresql(home / "postgresql"), start_mariadb(home / "mariadb")
    try:
        yield trap_ground(home, postgresql, mariadb)
    finally:
        postgresql.stop()
        mariadb.stop()
        shutil.rmtree(home, ignore_errors=True)


def question(world: World, number: int) -> str:
    """Every third question is about one place, so that its engine can be asked the whole of it."""
    tables, place = world.tables, PLACES[number // 3 % len(PLACES)]
    if number % 3 == 2:
        tables = {key: columns for key, columns in tables.items() if key[0] == place}
    return random_question(world.seed * 1000 + number, tables)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` as in `tests.properties.asking`, and `order` where something failed on a row that the one DuckDB happened
    not to look at; `runs` is how many different plans were run.
    """

    status: str
    runs: int = 0
    native: int = 0


def ask_every_way(
    world: World, text: str, modes: Sequence[Mode] = MODES, asking: Asking = lambda _: None
) -> Outcome:
    """Asks in every mode that makes another plan, and compares each answer with that of the one DuckDB.

    Fails when one differs, or is an error where DuckDB answers. `asking` hears which side is asked next.
    """
    asking("oracle")
    try:
        expected = world.expected(text)
    except duckdb.Error:
        return Outcome("invalid")
    planned = Planned()
    runs = native = 0
    for mode in modes:
        if not planned.is_new(mode):
            continue
        where = f"world {world.seed}, {world.engines}, {mode.name}\n{text}"
        asking("gateway")
        try:
            with running(world, mode, planned):
                found, natively = answered(world, text)
        except PolicyError:
            return Outcome("denied", runs)
        except (SqlError, LimitError) as error:
            asking("oracle")
            if error.code == "QUERY_RUNTIME":
                if _may_fail(world, text) or (
                    mode.reads_the_unread and _shows_what_cannot_be(world, planned.tree)
                ):
                    return Outcome("invalid", runs)
                if planned.tree is not None and fails_alone(
                    partial(world.expected, optimized=False), planned.tree
                ):
                    return Outcome("order", runs)
                raise AssertionError(f"{error.message}\n{where}") from error
            return Outcome("refused", runs)
        except ComityError as error:
            asking("oracle")
            if error.code == "SOURCE_TYPE" and _shows_what_cannot_be(world, planned.tree):
                return Outcome("invalid", runs)
            if error.code == "INTERNAL" and world.breaks_down(text):
                return Outcome("engine", runs)
            raise AssertionError(f"{error.code}: {error.message}\n{where}") from error
        runs, native = runs + 1, native + natively
        asking("oracle")
        assert found.schema.types == expected.schema.types, f"{found.schema}\n{expected.schema}\n{where}"
        wrong = difference(expected, found, ordered=False)
        if (
            wrong
            and not _may_fail(world, text)
            and not difference(world.expected(text, optimized=False), found, ordered=False)
        ):
            return Outcome("engine", runs, native)
        assert not wrong, f"{wrong}\n{where}"
    return Outcome("same", runs, native)


def _shows_what_cannot_be(world: World, tree: exp.Query | None) -> bool:
    """Whether a mask of a table that the question names makes a value that its type cannot hold: the one DuckDB fails
    too, where it looks at it.
    """
    tables = (
        {(table.db, table.name) for table in tree.find_all(exp.Table) if table.db}
        if tree is not None
        else set()
    )
    for place, name in sorted(tables):
        try:
            world.expected(f'SELECT * FROM "{place}"."{name}"')
        except duckdb.InterruptException:
            continue
        except duckdb.Error:
            return True
    return False


def _may_fail(world: World, text: str) -> bool:
    """Whether the one DuckDB too fails on a value, when its optimizer does not save it from looking at it."""
    try:
        world.expected(text, optimized=False)
    except duckdb.InterruptException:
        return False
    except duckdb.Error:
        return True
    return False


def answered(world: World, text: str) -> tuple[pa.Table, int]:
    """The answer, and how many of its fragments ran in their databases."""
    answer = world.gateway.pipeline.answer(world.request(text))
    found = pa.Table.from_batches(list(answer.read()), answer.schema)
    receipts = [stream.receipt for stream in answer.streams.streams.values()]
    return found, sum(receipt is not None and receipt.mode == "native" for receipt in receipts)


class Told(NoFacts):
    """Very many rows in each table that shows all of them, and so many different values in each column that shows them."""

    def __init__(self, decisions: Iterable[Decision], distinct: float) -> None:
        facts = ColumnFacts(distinct=distinct, null_fraction=0.0, width=8.0)
        self._tables = {
            (decision.department, decision.table): TableFacts(
                VERY_MANY,
                {
                    name: facts
                    for name, rule in decision.columns.items()
                    if rule.mask is None and "read" in rule.uses
                },
            )
            for decision in decisions
            if decision.row_filter is None and decision.floor is None and not decision.joins_required
        }

    def table(self, department: str, name: str) -> TableFacts | None:
        return self._tables.get((department, name))


class Planned:
    """The trees that one question became: a mode that changes nothing is not run again."""

    def __init__(self) -> None:
        self._seen: set[tuple[bool, str]] = set()
        self._asked: tuple[exp.Query, Planning] | None = None

    @property
    def tree(self) -> exp.Query | None:
        """The question, resolved; None before it was planned."""
        return self._asked[0] if self._asked is not None else None

    def is_new(self, mode: Mode) -> bool:
        if self._asked is None or mode.without or mode.distinct:
            return True
        text = render(apply_passes(*self._asked, skip=mode.skip))
        return (mode.native, text) not in self._seen

    def passes(self, mode: Mode, tree: exp.Query, planning: Planning) -> exp.Query:
        """What stands for the planner's own `apply_passes`."""
        # The planner may plan another form of it after that.
        self._asked = self._asked or (tree, planning)
        result = apply_passes(tree, planning, mode.skip)
        self._seen.add((mode.native, render(result)))
        return result


@contextmanager
def running(world: World, mode: Mode, planned: Planned) -> Iterator[None]:
    """The planner and the agents as the mode has them; nothing is remembered from other modes."""
    world.gateway.pipeline.planner.forget_plans()
    for agent in world.gateway.agents.values():
        agent.known = KnownFragments()
    renders = Execution._native

    def refused(*_: object) -> Attempt:
        raise NotNative("switched off")

    choosing, works = QuestionPlanner.choosing, {name: getattr(make_plan, name) for name in WITHOUT}

    def told(planner: QuestionPlanner, query: AuthorizedQuery) -> Choosing:
        known = choosing(planner, query)
        return (
            replace(known, facts=Told(query.decisions, mode.distinct), prefer=mode.prefer)
            if mode.distinct
            else known
        )

    QuestionPlanner.choosing = told  # type: ignore[method-assign]  # while the context lasts
    if mode.without:
        setattr(make_plan, mode.without, WITHOUT[mode.without])
    make_plan.apply_passes = partial(planned.passes, mode)
    if not mode.native:
        Execution._native = refused  # type: ignore[method-assign]
    try:
        yield
    finally:
        make_plan.apply_passes = apply_passes
        QuestionPlanner.choosing = choosing  # type: ignore[method-assign]  # its own again
        for name, work in works.items():
            setattr(make_plan, name, work)
        Execution._native = renders  # type: ignore[method-assign]
