"""Past questions of the log, in the form that `comity policy diff --questions` asks again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from audit.reader import AuditReader
from audit.search import QuerySummary
from policies.principal import Principal


def question_lines(
    queries: Iterable[QuerySummary], reader: AuditReader, callers: Iterable[Principal], *, literals: bool
) -> Iterator[str]:
    """One JSON object per question. Questions that did not parse are left out.

    The log holds who asked, and not the attributes of that day: they, and the ceiling, are those that `callers` have
    now. Without `literals` the SQL has `?` in their place.
    """
    known = {(caller.subject, caller.department): caller for caller in callers}
    for query in queries:
        payload = reader.payload(query.commitment, query.leaf_index) if literals else None
        sql = payload.sql if payload is not None else query.sql
        if not sql or not query.subject:
            continue
        value: dict[str, object] = {
            "query_id": query.query_id,
            "time": query.time,
            "subject": query.subject,
            "department": query.caller_department,
            "roles": list(query.roles),
            "purpose": query.purpose,
            "sql": sql,
        }
        caller = known.get((query.subject, query.caller_department))
        if caller is not None:
            value["attributes"] = dict(caller.attributes)
            value["ceiling"] = caller.ceiling
        yield json.dumps(value, ensure_ascii=False)
