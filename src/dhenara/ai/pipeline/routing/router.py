"""The outermost layer of a client with a route: sends each call to the deployment that the decision names.

Shadow traffic: when the answer of a call is complete, a share of the calls is sent to a candidate as well, in a thread
or a task of its own. Whatever happens there, the caller has the answer already.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

from ...io.protocol import IO, BackgroundStep, new_lock
from ...types.chat.report import Result
from ...types.chat.response import ChatResponse
from ...types.config.call import Call, CallJournal
from ...types.config.route_reports import RouteExplanation, ShadowReport, ShadowResult
from ...types.config.routes import ModelRoute, ShadowTraffic
from ..call_log import stored_error_text
from ..streaming.stream import Stream
from ..timeouts import with_deadline
from ..tracing import Observer
from .board import HealthBoard, HealthStore
from .decision import decide, explain
from .fit import stored_at
from .hedging import may_repeat
from .route_context import (
    PROCESS_RETRIES,
    DeploymentPipeline,
    RetryBudget,
    RouteContext,
    adapt_call,
    read_call,
)
from .routed_call import RoutedCall

log = logging.getLogger("dhenara")
NOTHING: Mapping[int, str] = {}
ENDED = 0.5
"""Longest time in seconds to wait for the end of a cancelled call of shadow traffic."""


def make_board(route: ModelRoute, store: HealthStore | None = None) -> ClientBoard:
    """Return the board of a client, which all its routers share.

    Args:
        route: The route.
        store: Where other processes see the health; None for this client alone.
    """
    return ClientBoard(route, store)


class ShadowTracker:
    """What became of the shadow traffic of a client, and the calls that run.

    Args:
        traffic: Share, limits and observer.
    """

    def __init__(self, traffic: ShadowTraffic) -> None:
        self.traffic = traffic
        self._running: set[ShadowCall] = set()
        self._counts: Counter[str] = Counter()
        self._lock = new_lock()

    def begin(self) -> bool:
        """Return whether one more call may run at the candidate; otherwise it is dropped."""
        counts = self._counts
        with self._lock:
            is_free = counts["in_flight"] < self.traffic.concurrency
            counts["in_flight" if is_free else "dropped"] += 1
        return is_free

    def keep(self, shadow: ShadowCall) -> None:
        """Keep a call that was started, unless it is over already."""
        with self._lock:
            if not shadow.outcome:
                self._running.add(shadow)

    def end(self, shadow: ShadowCall, outcome: str) -> None:
        """A call is over: answered, failed or cancelled."""
        with self._lock:
            shadow.outcome = outcome
            self._counts["in_flight"] -= 1
            self._counts[outcome] += 1
            self._running.discard(shadow)

    def report(self) -> ShadowReport:
        """Return what became of the shadow traffic so far."""
        with self._lock:
            return ShadowReport(candidate=self.traffic.deployment.name, **self._counts)

    async def end_all(self, *, is_async: bool) -> None:
        """End the calls that run, after `wait_on_close` seconds.

        Args:
            is_async: Whether calls of the running event loop can be awaited.
        """
        steps = [one.step for one in [*self._running] if one.step is not None]
        awaited = [step for step in steps if step.blocking or is_async]
        if self.traffic.wait_on_close:
            for step in awaited:
                await step.join(self.traffic.wait_on_close)
        for step in steps:
            step.cancel()
        for step in awaited:
            await step.join(ENDED)


class ClientBoard(HealthBoard):
    """The health of the deployments as a client knows it, and its shadow traffic.

    Args:
        route: The route.
        store: Where other processes see the health; None for this client alone.
    """

    def __init__(self, route: ModelRoute, store: HealthStore | None = None) -> None:
        super().__init__(route, store)
        self.shadows = None if route.shadow is None else ShadowTracker(route.shadow)


class Router:
    """Sends the calls of one client along its route.

    Args:
        io: Clock, sleep, random numbers and threads.
        board: Health of the deployments.
        pipelines: What sends to each deployment, by its number in the route.
        observer: Called with each decision.
        retries: The retry budget.
        candidate: Makes what sends to the candidate of shadow traffic.
        not_offered: Deployments that do not offer the operation, and why.
    """

    def __init__(
        self,
        io: IO,
        board: HealthBoard,
        pipelines: Mapping[int, DeploymentPipeline],
        observer: Observer | None = None,
        retries: RetryBudget = PROCESS_RETRIES,
        candidate: Callable[[], DeploymentPipeline] | None = None,
        not_offered: Mapping[int, str] = NOTHING,
    ) -> None:
        self._context = RouteContext(io, board, pipelines, observer, retries, not_offered)
        self._candidate = candidate
        self._shadows = board.shadows if isinstance(board, ClientBoard) else None

    async def route_call(self, call: Call) -> Stream:
        """Send the call to the first deployment that can take it, and to others when that one fails."""
        io = self._context.io
        shadows = self._shadows
        stream = await RoutedCall(self._context, with_deadline(call, io)).send()
        if shadows is None or self._candidate is None or io.random() >= shadows.traffic.share:
            return stream
        if may_shadow(call):
            stream.on_end(self._shadow_of(call, shadows, self._candidate))
        return stream

    async def explain_call(self, call: Call) -> RouteExplanation:
        """Return where the next call would go, without sending it."""
        io, board = self._context.io, self._context.board
        await board.refresh(io)
        facts, now = read_call(self._context, call), io.monotonic()
        decision = decide(board.route, board.standings, facts, now, board.draw(io, keep=True))
        explanation = explain(board.route, board.standings, facts, decision, now)
        shadow = None if self._shadows is None else self._shadows.report()
        return explanation.model_copy(update={"shadow": shadow})

    def _shadow_of(
        self, call: Call, shadows: ShadowTracker, candidate: Callable[[], DeploymentPipeline]
    ) -> Callable[[Stream], Coroutine[Any, Any, None]]:
        """Return what runs at the end of the answer: it starts the call of the candidate."""
        io, route = self._context.io, self._context.board.route.name

        async def start(stream: Stream) -> None:
            answer = stream.partial()
            if not stream.complete or answer.cached:
                return
            run = ShadowCall(io, route, shadows, candidate, call, stream.result() or answer)
            if not shadows.begin():
                return
            try:
                run.step = io.spawn(run.send, run.never_begun)
            except RuntimeError:  # the interpreter or the event loop ends
                run.never_begun()
            else:
                shadows.keep(run)

        return start


def may_shadow(call: Call) -> bool:
    """Return whether the candidate can get the call: not if it needs what a deployment of the route holds."""
    return stored_at(call) is None and may_repeat(call)


class ShadowCall:
    """One call to the candidate of shadow traffic."""

    step: BackgroundStep | None = None
    outcome = ""

    def __init__(
        self,
        io: IO,
        route: str,
        shadows: ShadowTracker,
        candidate: Callable[[], DeploymentPipeline],
        call: Call,
        main: ChatResponse | Result,
    ) -> None:
        self._io = io
        self._route = route
        self._shadows = shadows
        self._traffic = shadows.traffic
        self._candidate = candidate
        self._call = call
        self._main = main
        self._main_seconds = io.monotonic() - call.journal.started_at

    def never_begun(self) -> None:
        """Count it as cancelled."""
        self._shadows.end(self, "cancelled")

    async def send(self) -> None:
        """Send the call, read its answer, and pass both answers on."""
        began, journal, answer, error = self._io.monotonic(), CallJournal(), None, None
        outcome = "cancelled"
        try:
            try:
                answer = await self._ask(journal)
                outcome = "answered"
            except Exception as failed:  # noqa: BLE001  # layers of users may raise anything, and nobody waits for it
                error, outcome = failed, "failed"
                log.debug("shadow %s: %s", self._traffic.deployment.name, stored_error_text(failed, self._call))
            await self._report(began, journal, answer, error)
        finally:
            self._shadows.end(self, outcome)

    async def _ask(self, journal: CallJournal) -> ChatResponse | Result:
        pipeline, name = self._candidate(), self._traffic.deployment.name
        journal.started_at = self._io.monotonic()
        call = adapt_call(replace(self._call, journal=journal), pipeline.endpoint)
        shadow = replace(
            call,
            config=call.config.model_copy(update={"retries": 0}),
            deadline=None,
            deployment=name,
            route=self._route,
            choice="shadow traffic",
            purpose="shadow",
        )
        stream = await pipeline.send(shadow)
        response = await stream.response()
        return stream.result() or response

    async def _report(
        self, began: float, journal: CallJournal, answer: ChatResponse | Result | None, error: Exception | None
    ) -> None:
        observer, call, main = self._traffic.observer, self._call, self._call.journal
        if observer is None:
            return
        result = ShadowResult(
            key=content_key(call),
            route=self._route,
            operation=call.operation,
            deployment=main.attempts[-1].deployment if main.attempts else None,
            candidate=self._traffic.deployment.name,
            main=self._main,
            answer=answer,
            error=error,
            main_seconds=self._main_seconds,
            main_first_token_seconds=None if main.began_at is None else main.began_at - main.started_at,
            seconds=self._io.monotonic() - began,
            first_token_seconds=None if journal.began_at is None else journal.began_at - began,
        )
        try:
            await self._io.call(observer, result)
        except Exception as failed:  # noqa: BLE001  # it is the user's code, and may raise anything
            log.warning("the observer of shadow traffic failed: %s: %s", type(failed).__name__, failed)


def content_key(call: Call) -> str:
    """Return a hash of what is requested; the same for each deployment."""
    config = call.config.model_dump(mode="json", exclude_unset=True, exclude={"headers"})
    content = [call.operation, call.instructions, call.messages, call.request, config]
    return sha256(to_json(content, fallback=repr, serialize_unknown=True)).hexdigest()
