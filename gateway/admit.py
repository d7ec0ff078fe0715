"""The first stage: a valid purpose, a place among the running queries, and text that parses."""

from __future__ import annotations

import threading

from comity.errors import LimitError, PolicyError
from gateway.catalogs import Catalogs
from gateway.configuration import Federation, LimitsFile
from gateway.record import QueryRecord
from gateway.stages import AdmittedQuery, QueryRequest
from sql.limits import TextLimits
from sql.parameters import bind_parameters
from sql.parse import parse_query


class Slot:
    """One query's place among the running ones."""

    def __init__(self, places: threading.Semaphore) -> None:
        self._places = places
        self._lock = threading.Lock()
        self._held = True

    def release(self) -> None:
        with self._lock:
            if self._held:
                self._held = False
                self._places.release()


class Admission:
    """The federation's limits and purposes."""

    def __init__(self, federation: Federation) -> None:
        self.limits: LimitsFile = federation.settings.limits
        self.purposes = {name: purpose.title for name, purpose in federation.settings.purposes.items()}
        self.text_limits = TextLimits(bytes=self.limits.sql_bytes)
        self._places = threading.Semaphore(self.limits.concurrent_queries)

    def take(self) -> Slot:
        """A place, or `LimitError` (`LIMIT_CONCURRENCY`) at once when all are taken."""
        if not self._places.acquire(blocking=False):
            raise LimitError(
                f"{self.limits.concurrent_queries} queries are running already",
                code="LIMIT_CONCURRENCY",
                hint="Try again when one has ended.",
            )
        return Slot(self._places)

    def check_purpose(self, purpose: str) -> None:
        listed = ", ".join(f"{name} ({title})" for name, title in sorted(self.purposes.items()))
        if not purpose:
            raise PolicyError("a question needs a purpose", code="PURPOSE_MISSING", hint=f"One of: {listed}")
        if purpose not in self.purposes:
            raise PolicyError(
                f"there is no purpose named {purpose}", code="PURPOSE_UNKNOWN", hint=f"One of: {listed}"
            )


def admit(
    request: QueryRequest, catalogs: Catalogs, admission: Admission, record: QueryRecord
) -> AdmittedQuery:
    """Checks the purpose, parses the text, binds its parameters, and finds what the caller may see."""
    admission.check_purpose(request.purpose)
    parsed = parse_query(request.sql, admission.text_limits)
    record.parsed(parsed)
    bound = bind_parameters(parsed, request.positional, request.named)
    return AdmittedQuery(request, bound, catalogs.view(request.principal, request.purpose).catalog)
