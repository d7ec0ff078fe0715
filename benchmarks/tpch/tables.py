"""The eight tables of TPC-H, and which department owns which."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

QUERIES = Path(__file__).parent / "queries"


@dataclass(frozen=True, slots=True)
class TpchTable:
    """One table. `columns` maps a name to its canonical type; `indexes` are besides the primary key."""

    name: str
    title: str
    columns: dict[str, str]
    primary_key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class TpchDepartment:
    """A department of the split. `connector` names its engine's connector."""

    name: str
    title: str
    connector: str
    uri: str
    tables: tuple[TpchTable, ...]


REGION = TpchTable(
    "region",
    "Regions",
    {"r_regionkey": "BIGINT", "r_name": "VARCHAR", "r_comment": "VARCHAR"},
    ("r_regionkey",),
)
NATION = TpchTable(
    "nation",
    "Nations",
    {"n_nationkey": "BIGINT", "n_name": "VARCHAR", "n_regionkey": "BIGINT", "n_comment": "VARCHAR"},
    ("n_nationkey",),
    (("n_regionkey",),),
)
CUSTOMER = TpchTable(
    "customer",
    "Customers",
    {
        "c_custkey": "BIGINT",
        "c_name": "VARCHAR",
        "c_address": "VARCHAR",
        "c_nationkey": "BIGINT",
        "c_phone": "VARCHAR",
        "c_acctbal": "DECIMAL(15,2)",
        "c_mktsegment": "VARCHAR",
        "c_comment": "VARCHAR",
    },
    ("c_custkey",),
    (("c_nationkey",),),
)
SUPPLIER = TpchTable(
    "supplier",
    "Suppliers",
    {
        "s_suppkey": "BIGINT",
        "s_name": "VARCHAR",
        "s_address": "VARCHAR",
        "s_nationkey": "BIGINT",
        "s_phone": "VARCHAR",
        "s_acctbal": "DECIMAL(15,2)",
        "s_comment": "VARCHAR",
    },
    ("s_suppkey",),
    (("s_nationkey",),),
)
PART = TpchTable(
    "part",
    "Parts",
    {
        "p_partkey": "BIGINT",
        "p_name": "VARCHAR",
        "p_mfgr": "VARCHAR",
        "p_brand": "VARCHAR",
        "p_type": "VARCHAR",
        "p_size": "INTEGER",
        "p_container": "VARCHAR",
        "p_retailprice": "DECIMAL(15,2)",
        "p_comment": "VARCHAR",
    },
    ("p_partkey",),
)
PARTSUPP = TpchTable(
    "partsupp",
    "Parts as suppliers offer them",
    {
        "ps_partkey": "BIGINT",
        "ps_suppkey": "BIGINT",
        "ps_availqty": "INTEGER",
        "ps_supplycost": "DECIMAL(15,2)",
        "ps_comment": "VARCHAR",
    },
    ("ps_partkey", "ps_suppkey"),
    (("ps_suppkey",),),
)
ORDERS = TpchTable(
    "orders",
    "Orders",
    {
        "o_orderkey": "BIGINT",
        "o_custkey": "BIGINT",
        "o_orderstatus": "VARCHAR",
        "o_totalprice": "DECIMAL(15,2)",
        "o_orderdate": "DATE",
        "o_orderpriority": "VARCHAR",
        "o_clerk": "VARCHAR",
        "o_shippriority": "INTEGER",
        "o_comment": "VARCHAR",
    },
    ("o_orderkey",),
    (("o_custkey",), ("o_orderdate",)),
)
LINEITEM = TpchTable(
    "lineitem",
    "Order items",
    {
        "l_orderkey": "BIGINT",
        "l_partkey": "BIGINT",
        "l_suppkey": "BIGINT",
        "l_linenumber": "INTEGER",
        "l_quantity": "DECIMAL(15,2)",
        "l_extendedprice": "DECIMAL(15,2)",
        "l_discount": "DECIMAL(15,2)",
        "l_tax": "DECIMAL(15,2)",
        "l_returnflag": "VARCHAR",
        "l_linestatus": "VARCHAR",
        "l_shipdate": "DATE",
        "l_commitdate": "DATE",
        "l_receiptdate": "DATE",
        "l_shipinstruct": "VARCHAR",
        "l_shipmode": "VARCHAR",
        "l_comment": "VARCHAR",
    },
    ("l_orderkey", "l_linenumber"),
    (("l_partkey", "l_suppkey"), ("l_shipdate",)),
)

DEPARTMENTS = (
    TpchDepartment(
        "sales", "Sales", "postgresql", "embedded:../../data/postgresql?database=sales", (ORDERS, LINEITEM)
    ),
    TpchDepartment(
        "crm", "Customers", "mysql", "embedded:../../data/mariadb?database=crm", (CUSTOMER, NATION, REGION)
    ),
    TpchDepartment("supply", "Supply", "sqlite", "../../data/supply.sqlite", (PART, PARTSUPP, SUPPLIER)),
)


def query_texts() -> dict[str, str]:
    """The 22 queries by name, `q01` to `q22`."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(QUERIES.glob("q*.sql"))}
