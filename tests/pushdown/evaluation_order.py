"""Whether a question computes something that fails on a row of one of its tables, whichever rows its other parts leave.

SQL leaves open what is computed first. DuckDB computes a condition on one table before it joins, as we do; it does not where
the other side of the join turns out to have no rows, which neither the planner nor a department can know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
from sqlglot import exp

from sql.render import render
from sql.scopes import block_sources, free_aliases, source_alias, split_conjuncts

ON_A_VALUE = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)


def fails_alone(expected: Callable[[str], object], tree: exp.Query) -> bool:
    """Whether the one DuckDB, asked by `expected`, fails when it computes a part of the resolved question over the one table
    that it is about.
    """
    for query in _parts(tree):
        try:
            expected(render(query))
        except ON_A_VALUE:
            return True
        except duckdb.Error:
            continue  # it names what is defined elsewhere in the question, or takes too long
    return False


def _parts(tree: exp.Query) -> Iterator[exp.Select]:
    for block in tree.find_all(exp.Select):
        sources = {source_alias(source): source for source, _ in block_sources(block)}
        where = block.args.get("where")
        computed = split_conjuncts(where.this if where is not None else None)
        for _, join in block_sources(block):
            computed += split_conjuncts(join.args.get("on")) if join is not None else []
        computed += [output.unalias() for output in block.expressions]
        for part in computed:
            names = free_aliases(part)
            if len(names) == 1 and names <= sources.keys() and not part.find(exp.AggFunc, exp.Window):
                (name,) = names
                yield exp.Select(expressions=[exp.alias_(part.copy(), "computed", quoted=True)]).from_(
                    sources[name].copy()
                )
