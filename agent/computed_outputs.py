"""Which outputs of a fragment are computed, whose failures are the question's own and not its data's."""

from __future__ import annotations

from sqlglot import exp

from sql.scopes import block_sources, is_cte_reference, source_alias


def is_computed(query: exp.Query, name: str) -> bool:
    """Whether an output of a resolved query is anything but a published column as it stands."""
    sources = {
        source_alias(source): source
        for block in query.find_all(exp.Select)
        for source, _ in block_sources(block)
    }
    defined = {cte.alias: cte for cte in query.find_all(exp.CTE)}

    def computed(body: exp.Expr, place: int) -> bool:
        while isinstance(body, exp.Subquery):
            body = body.this
        if isinstance(body, exp.SetOperation):
            return computed(body.this, place) or computed(body.expression, place)
        output = body.expressions[place].unalias() if isinstance(body, exp.Select) else body
        if not isinstance(output, exp.Column) or output.table not in sources:
            return True
        source = sources[output.table]
        if isinstance(source, exp.Table) and not is_cte_reference(source):
            return False
        inner = defined.get(source.name) if isinstance(source, exp.Table) else source
        if inner is None or not isinstance(inner.this, exp.Query):
            return True
        names = source.alias_column_names or inner.alias_column_names or inner.this.named_selects
        return output.name not in names or computed(inner.this, names.index(output.name))

    return name not in query.named_selects or computed(query, query.named_selects.index(name))
