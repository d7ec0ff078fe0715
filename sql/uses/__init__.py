"""How each column of a question influences its answer."""

from sql.uses.infer import Influence, infer_uses

__all__ = ["Influence", "infer_uses"]
