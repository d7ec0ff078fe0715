"""Native execution: whether a whole fragment may run in the department's own database, and as what text.

`render_native` answers with SQL in the source's dialect, or raises `NotNative` with a short reason; the agent
then reads the raw columns (`render_scan`) and runs the fragment in its own DuckDB instead.
"""

from __future__ import annotations

from sql.dialects.native import Attempt, render_attempt, render_native, render_scan
from sql.dialects.source import NotNative, SourceColumn, SourceTables

__all__ = [
    "Attempt",
    "NotNative",
    "SourceColumn",
    "SourceTables",
    "render_attempt",
    "render_native",
    "render_scan",
]
