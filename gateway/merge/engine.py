"""The contract of a merge engine."""

from __future__ import annotations

from typing import Protocol

from gateway.exchange import FragmentStreams
from gateway.stages import ResultStream


class MergeEngine(Protocol):
    """Finishes a plan over the results of its fragments.

    Memory is bounded, nothing is written to disk, and no result of one query is seen by another.
    """

    def merge(self, streams: FragmentStreams) -> ResultStream:
        """Starts the merge; batches of exactly the plan's schema are pulled from the result.

        Raises, there or here, what the fragments raised, `LimitError` (`LIMIT_MEMORY`), or `SqlError`
        (`QUERY_RUNTIME`). Closing the batches, or cancelling the streams, stops everything.
        """
        ...

    def close(self) -> None: ...
