"""Questions to the small federation (tests/oracle) whose plans are kept in golden/: name → who asks, and what."""

from __future__ import annotations

QUESTIONS: dict[str, tuple[str, str]] = {
    "whole-fragment": (
        "nurse",
        "SELECT sex, count(*) AS n FROM clinic.patient GROUP BY sex ORDER BY n DESC LIMIT 3",
    ),
    "members": ("clerk", "SELECT r.name AS name FROM district.resident r WHERE r.kind = '户籍'"),
    "partial-aggregate": (
        "clerk",
        "SELECT kind, count(*) AS n, avg(id) AS a FROM district.resident GROUP BY kind HAVING count(*) > 0 ORDER BY kind",
    ),
    "looked-up-in-members": (
        "clerk",
        "SELECT count(*) AS n FROM district.resident r WHERE NOT EXISTS "
        + "(SELECT 1 FROM district.resident s WHERE s.town = r.town AND s.name = r.name AND s.id <> r.id)",
    ),
    "top-n": ("clerk", "SELECT name FROM district.resident ORDER BY id DESC LIMIT 2"),
    "whole-groups": (
        "clerk",
        "SELECT town, string_agg(name, ',' ORDER BY name) AS names FROM district.resident GROUP BY town ORDER BY town",
    ),
    "rows-of-a-group": ("clerk", "SELECT kind, mode(id) AS m FROM district.resident GROUP BY kind"),
    "join": (
        "clerk",
        "SELECT b.id AS id, r.name AS name FROM bureau.benefit b JOIN district.resident r ON r.name = b.name "
        + "WHERE b.amount > 1 AND (r.kind = '流动' OR b.id < 2) ORDER BY b.id",
    ),
    "outer-join": (
        "clerk",
        "SELECT p.sex AS sex, count(*) AS n FROM bureau.benefit b LEFT JOIN clinic.patient p ON p.name = b.name "
        + "WHERE p.sex IS NULL GROUP BY p.sex",
    ),
    "window": (
        "clerk",
        "SELECT id, row_number() OVER (PARTITION BY kind ORDER BY id) AS place, upper(name) AS name FROM district.resident",
    ),
    "distinct": ("clerk", "SELECT DISTINCT kind FROM district.resident"),
    "subqueries": (
        "clerk",
        "SELECT b.id AS id, (SELECT count(*) FROM district.resident) AS all_of_them FROM bureau.benefit b "
        + "WHERE NOT EXISTS (SELECT 1 FROM clinic.patient p WHERE p.name = b.name)",
    ),
    "set-operation": (
        "clerk",
        "SELECT name FROM bureau.benefit UNION SELECT name FROM clinic.patient ORDER BY name LIMIT 5",
    ),
    "with-twice": (
        "clerk",
        "WITH t AS (SELECT name, amount FROM bureau.benefit) SELECT a.name AS name FROM t a JOIN t b ON b.amount < a.amount "
        + "JOIN town_east.resident r ON r.name = a.name ORDER BY a.name",
    ),
    "with-made-here-twice": (
        "clerk",
        "WITH t AS (SELECT b.id AS id, b.name AS name FROM bureau.benefit b JOIN clinic.patient p ON p.name = b.name "
        + "WHERE b.amount > 1 ORDER BY b.id LIMIT 3) SELECT a.name AS name FROM t a JOIN t b ON b.id < a.id ORDER BY a.name",
    ),
}
