"""Fragments set out: those that wait for nothing at once, the others when they know their keys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from comity.errors import ComityError, InternalError
from gateway.exchange import FragmentStream, FragmentStreams
from gateway.handover import Crowd
from gateway.key_exchange import PATIENCE, KeyExchanges, Launch
from gateway.stages import FederatedPlan, Lifetime
from policies.port import DepartmentPort, FragmentRequest, KeySet
from sql.catalog import Fragment

MARGIN_SECONDS = 0.05
"""What a department gets less than the question has left, so that its error arrives in time."""

Recording: TypeAlias = Callable[[Sequence[Launch]], None]
"""Puts on record, durably, what fragments are sent that waited for keys."""


def dispatch(
    plan: FederatedPlan, ports: Mapping[str, DepartmentPort], record: Recording | None = None
) -> FragmentStreams:
    """Starts the fragments of a plan at their departments, to be stopped with the question's lifetime.

    Those that wait for keys start by themselves when these are there, after `record`.
    """
    request = plan.authorized.request
    starting = _Starting(plan, record)
    keys = None
    if any(planned.exchanges for planned in plan.fragments):
        keys = KeyExchanges(plan.fragments, starting.start_waiting)
    crowds = {
        fragment: crowd
        for members in plan.gathered.values()
        for crowd in [Crowd(len(members))]
        for fragment in members
    }
    streams = {
        planned.fragment.id: FragmentStream(
            planned,
            ports[planned.fragment.department],
            may_miss=request.allow_partial,
            on_failure=starting.stop,
            keys=keys if keys is not None and planned.fragment.id in keys.gives else None,
            crowd=crowds.get(planned.fragment.id),
        )
        for planned in plan.fragments
    }
    running = FragmentStreams(plan, streams, request.lifetime, _patience(keys, request.lifetime))
    starting.running = running
    try:
        request.lifetime.on_cancel(running.cancel)
        request.lifetime.start_timer()
        if running.patience is not None:
            running.patience.start()
        for stream in streams.values():
            if not stream.planned.exchanges:
                stream.start(starting.request(stream.fragment))
    except BaseException:
        running.cancel()
        running.close()
        raise
    return running


def _patience(keys: KeyExchanges | None, lifetime: Lifetime) -> threading.Timer | None:
    """What ends the waiting for keys, so that a slow department takes no more than its share of the time."""
    if keys is None:
        return None
    timer = threading.Timer(max(lifetime.seconds_left * PATIENCE, 0), keys.give_up)
    timer.daemon = True
    return timer


class _Starting:
    """How the fragments of one question start."""

    def __init__(self, plan: FederatedPlan, record: Recording | None) -> None:
        self.plan = plan
        self.record = record
        self.running: FragmentStreams | None = None
        self._grants: dict[str, dict[str, str]] = {}
        for decision in plan.authorized.decisions:
            if decision.grant_id:
                self._grants.setdefault(decision.department, {})[decision.table] = decision.grant_id

    def stop(self) -> None:
        if self.running is not None:
            self.running.cancel()

    def request(self, fragment: Fragment, keys: tuple[KeySet, ...] = ()) -> FragmentRequest:
        authorized = self.plan.authorized
        question = authorized.request
        return FragmentRequest(
            question.query_id,
            question.principal,
            question.purpose,
            fragment,
            max(question.lifetime.seconds_left - MARGIN_SECONDS, 0.01),
            self._grants.get(fragment.department, {}),
            keys,
        )

    def start_waiting(self, launches: list[Launch]) -> None:
        """Starts fragments that waited. Never raises: what goes wrong is theirs."""
        assert self.running is not None
        streams = self.running.streams
        try:
            asked = [launch for launch in launches if not launch.skipped]
            if asked and self.record is not None:
                self.record(asked)
            for launch in launches:
                stream = streams[launch.planned.fragment.id]
                if launch.skipped:
                    stream.skip(launch)
                else:
                    stream.start(self.request(launch.fragment, launch.keys), launch)
        except Exception as raised:
            error = raised if isinstance(raised, ComityError) else InternalError("keys could not be sent")
            for launch in launches:
                streams[launch.planned.fragment.id].fail(error)
            self.stop()
