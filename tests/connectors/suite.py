"""The contract that every connector passes against its real engine.

A subclass of `ConnectorContract` says how its engine spells things (`engine_terms.py`) and supplies the
fixture `source`: a real database of its own. See docs/connectors/README.md.
"""

from __future__ import annotations

from tests.connectors.scan_contract import ScanContract
from tests.connectors.statistics_contract import StatisticsContract
from tests.connectors.value_contract import ValueContract


class ConnectorContract(ValueContract, ScanContract, StatisticsContract):
    """What every connector must do."""
