"""A plan as a gateway sends it: two departments with Chinese names, keys that cross, and a federated table of twelve."""

from __future__ import annotations

from typing import Any

TOWNS = tuple(f"town_{number:02}" for number in range(1, 13))
Data = dict[str, Any]


def operation(kind: str, text: str, *inputs: Data, **more: Any) -> Data:
    departments = list(dict.fromkeys(name for each in inputs for name in each["departments"]))
    return {"operation": kind, "text": text, "departments": departments, "inputs": list(inputs)} | more


def fragment(name: str, department: str, does: Data, actual: Data | None, **more: Any) -> Data:
    plain: Data = {
        "fragment": name,
        "department": department,
        "sql": f'SELECT * FROM "{department}"."t" AS "t"',
        "ordered": False,
        "tables": [f"{department}.t"],
        "columns": [{"name": "id", "type": "int32"}],
        "operations": does,
        "estimated_rows": None,
        "estimate": None,
        "exchanges": [],
        "keyed_sql": None,
    }
    return plain | ({"actual": actual} if actual is not None else {}) | more


def actual(rows: int | None, milliseconds: float, **more: Any) -> Data:
    plain: Data = {
        "state": "done",
        "asked": True,
        "ran": "native",
        "why_local": None,
        "rows": rows,
        "bytes": rows * 40 if rows is not None else None,
        "milliseconds": milliseconds,
        "source_rows": rows,
        "keys": [],
        "adapted": [],
        "native_sql": None,
        "error": None,
    }
    return plain | more


def leaf(name: str, department: str) -> Data:
    return operation("fragment", name, fragment=name, departments=[department])


def sample_plan(*, analyzed: bool = True, failed: bool = False, missing: bool = False) -> Data:
    """The plan; `failed` and `missing` say what became of the department 民政."""
    error = {
        "code": "SOURCE_UNAVAILABLE",
        "message": "民政: the database cannot be reached",
        "department": "民政",
    }
    broken = failed or missing
    people = actual(
        120, 31.5, why_local="CAST from VARCHAR to DATE is not proven equal in SQLite", ran="local"
    )
    paid = actual(
        0 if broken else 1204,
        1234.5,
        keys=[{"origin": "卫生.死亡.person_id", "form": "list", "count": 118, "bytes": 2124}],
        adapted=["sent 118 keys of 卫生.死亡.person_id"],
        native_sql=None if broken else ["SELECT sfzh, je FROM t_dy WHERE sfzh IN (…)"],
        error=error if broken else None,
        ran=None if broken else "native",
        state="failed" if broken else "done",
    )
    towns = [leaf(f"fragment_{at}", town) for at, town in enumerate(TOWNS, 3)]
    merge = operation(
        "sort",
        "ORDER BY 金额 DESC LIMIT 10",
        operation(
            "aggregate",
            "GROUP BY d.person_id · sum(p.amount)",
            operation(
                "join",
                "LEFT JOIN ON r.person_id = d.person_id",
                operation(
                    "join",
                    "JOIN ON p.person_id = d.person_id AND p.pay_month > CAST(d.died_at AS DATE)",
                    leaf("fragment_1", "卫生"),
                    leaf("fragment_2", "民政"),
                    why="one side lies with 卫生, the other with 民政",
                ),
                operation("members", "city.resident", *towns),
                why="one side lies with 卫生 and 民政, the other with the 12 members of city.resident",
            ),
            why="over rows of 卫生, 民政 and the 12 members of city.resident, which meet here",
        ),
        why="over groups that are made here",
    )
    exchange = {
        "target": "民政.待遇.person_id",
        "type": "VARCHAR",
        "ranges": False,
        "from": [
            {
                "name": "keys_1",
                "fragment": "fragment_1",
                "column": "person_id",
                "origin": "卫生.死亡.person_id",
            }
        ],
    }
    fragments = [
        fragment(
            "fragment_1",
            "卫生",
            operation("scan", "卫生.死亡"),
            people,
            estimate={"rows": 100, "bytes": 4000},
        ),
        fragment(
            "fragment_2",
            "民政",
            operation(
                "filter", "WHERE kind = '高龄津贴' AND amount > 0", operation("scan", "民政.待遇 AS p")
            ),
            paid,
            exchanges=[exchange],
            keyed_sql='SELECT * FROM "民政"."待遇" WHERE "person_id" IN (SELECT "key" FROM "_keys"."keys_1")',
        ),
        *(
            fragment(
                f"fragment_{at}", town, operation("scan", f"{town}.resident"), actual(100 + at, 10.0 + at)
            )
            for at, town in enumerate(TOWNS, 3)
        ),
    ]
    remarks = [
        ("exchange", "waits for the keys 卫生.死亡.person_id of fragment_1", "fragment_2"),
        ("exchange", "policy of 民政.待遇 does not let town_01 receive keys of person_id", "fragment_3"),
        ("choice", "about 54 kB leave; with prefer: time it would be 2 MB and half the time", None),
    ]
    plan: Data = {
        "decisions": [
            {"table": "卫生.死亡", "grant": "death-audit", "reasons": [], "row_filter": False, "masks": {}},
            {
                "table": "民政.待遇",
                "grant": "death-audit",
                "reasons": [],
                "row_filter": True,
                "masks": {"name": "person_name"},
            },
        ],
        "fragments": fragments,
        "merge": {
            "sql": 'SELECT * FROM "fragment_1"',
            "mode": "load",
            "gathered": {"members_1": [each["fragment"] for each in towns]},
            "operations": merge,
            "stayed": [],
        },
        "remarks": [
            {"kind": kind, "text": text, "fragment": about, "place": None} for kind, text, about in remarks
        ],
        "columns": [{"name": "person_id", "type": "string", "grade": "core"}],
    }
    if not analyzed:
        for each in fragments:
            del each["actual"]
        return plan
    plan["actual"] = {
        "rows": 0 if failed else 10,
        "bytes": 0 if failed else 640,
        "milliseconds": {"parse": 2.0, "plan": 30.0, "merge": 1250.0, "total": 1290.0},
        "missing": ["民政"] if missing else [],
        "error": error if failed else None,
    }
    return plan
