"""A locked DuckDB over one database file or one folder of files, and its errors in our words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import duckdb

from comity.errors import SourceError

SETTINGS = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "memory_limit": "2GB",
    "threads": "2",
}
TEXT_SAMPLE_BYTES = 262_144


def source_path(uri: str) -> Path:
    for scheme in ("duckdb:", "files:"):
        if uri.startswith(scheme):
            rest = uri.removeprefix(scheme)
            return Path(unquote(rest.removeprefix("//")))
    return Path(uri)


def data_files(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix in {".parquet", ".csv"} and not file.name.startswith(".")
    )


def source_state(path: Path) -> object:
    """What changes when the source is written anew: a writer puts a new file in the old one's place."""
    try:
        marks = [(f.name, (s := f.stat()).st_ino, s.st_mtime_ns, s.st_size) for f in _sources(path)]
    except OSError:
        raise SourceError("the source's file cannot be read", code="SOURCE_UNAVAILABLE") from None
    return tuple(marks)


def _sources(path: Path) -> list[Path]:
    return data_files(path) if path.is_dir() else [path]


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """`state` is what the source was when it was opened; `unreadable` are the names of files that are no tables."""

    state: object
    connection: duckdb.DuckDBPyConnection
    unreadable: frozenset[str]


def open_engine(path: Path, *, for_statistics: bool = False) -> Engine:
    """The database file or the folder `path`, locked.

    DuckDB 2.0.0 answers `stats(…)` in the very pass of its optimizer that loses rows and limits of questions
    (docs/adr/0024-statistics-propagation-is-off.md), so that an engine does one or the other.
    """
    state, unreadable = source_state(path), frozenset[str]()
    engine = duckdb.connect(":memory:", config=dict(SETTINGS))
    try:
        engine.execute("SET TimeZone = 'UTC'")
        if not for_statistics:
            engine.execute("SET disabled_optimizers = 'statistics_propagation'")
        if path.is_dir():
            unreadable = _make_views(engine, path)
        else:
            engine.execute(f"ATTACH {_literal(str(path))} AS source (READ_ONLY)")
        engine.execute("SET enable_external_access = false")
        engine.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        engine.close()
        failure = translate(error)
        raise SourceError(
            "the source's files cannot be opened" if path.is_dir() else "the database file cannot be opened",
            code="SOURCE_UNAVAILABLE",
            hint=failure.message,
        ) from None
    return Engine(state, engine, unreadable)


def _make_views(engine: duckdb.DuckDBPyConnection, folder: Path) -> frozenset[str]:
    files = data_files(folder)
    stems = [file.stem.lower() for file in files]
    if len(set(stems)) < len(stems):
        raise SourceError(
            "two files of the folder have the same name before the dot", code="SOURCE_UNAVAILABLE"
        )
    unreadable = set()
    for file in files:
        try:
            engine.execute(f"CREATE VIEW {quoted(file.stem)} AS FROM {_reader(engine, file)}")
        except duckdb.Error:
            unreadable.add(file.stem)  # the other files are tables all the same
    engine.execute(f"SET allowed_paths = [{', '.join(_literal(str(file)) for file in files)}]")
    return frozenset(unreadable)


def _reader(engine: duckdb.DuckDBPyConnection, file: Path) -> str:
    if file.suffix == ".parquet":
        return f"read_parquet({_literal(str(file))})"
    # Guessed types would turn the code 0123 into a number, so every column is text; the first line is the header.
    sniffed = engine.execute(
        'SELECT "Delimiter", "Quote", "Escape", "Columns" FROM sniff_csv(?, all_varchar = true, header = true)',
        [str(file)],
    ).fetchone()
    assert sniffed is not None
    delimiter, quote, escape, columns = sniffed
    names = ", ".join(f"{_literal(column['name'])}: 'VARCHAR'" for column in columns)
    quote, escape = ("" if mark == "(empty)" else mark for mark in (quote, escape))
    return (
        f"read_csv({_literal(str(file))}, header = true, auto_detect = false, allow_quoted_nulls = false,"
        f" delim = {_literal(delimiter)}, quote = {_literal(quote)}, escape = {_literal(escape)},"
        f" columns = {{{names}}})"
    )


def row_estimate(connection: duckdb.DuckDBPyConnection, file: Path) -> int:
    """Rows of one file: from Parquet's footer; of CSV by its size and the length of its first lines."""
    if file.suffix == ".parquet":
        found = connection.execute(
            "SELECT sum(num_rows) FROM parquet_file_metadata(?)", [str(file)]
        ).fetchone()
        return int(found[0] or 0) if found else 0
    with file.open("rb") as handle:
        sample = handle.read(TEXT_SAMPLE_BYTES)
    lines = sample.count(b"\n")
    return max(0, round(file.stat().st_size * lines / len(sample)) - 1) if lines else 0


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_TITLES = {
    "Catalog": "a table or function does not exist in the database",
    "Binder": "the database does not accept the statement",
    "Parser": "the database does not accept the statement",
    "Conversion": "the database could not compute a value",
    "Out of Range": "the database could not compute a value",
    "Permission": "the database refuses what the statement asks",
    "TransactionContext": "the database refuses to write: it is open read-only",
    "Out of Memory": "the query needs more memory than the database may use",
    "INTERRUPT": "the database stopped the query",
    "IO": "a file of the database cannot be read",
}

_VALUE_KINDS = {"Conversion", "Out of Range"}


def translate(error: Exception, *, running: bool = False) -> SourceError:
    """DuckDB's error in our words: its own text quotes values and paths. `running`: past the binding."""
    text = str(error)
    kind = text.partition(" Error")[0]
    if running and kind == "Invalid Input" and "CSV Error" not in text:
        kind = "Conversion"  # what functions such as strptime say of a value
    title = _TITLES.get(kind, "the database failed")
    code = "SOURCE_VALUE" if kind in _VALUE_KINDS else "SOURCE_FAILED"
    return SourceError(title, code=code, metadata={"kind": kind} if kind in _TITLES else {})
