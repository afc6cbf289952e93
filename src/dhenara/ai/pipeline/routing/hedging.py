"""Hedging: a second request to another deployment beside one that has not begun to answer.

Both requests run at the same time, each in a task or a thread, with a journal of its own. The first usable answer ends
the other request. What both requests did becomes the journal of the call again, with an attempt for each of them. A
second request is sent only to a deployment that is available now, within the attempts of the call and the retry budget
of the process, and only if it need not wait for a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from ...errors import CallError
from ...io.protocol import IO, new_lock
from ...types.chat.report import Attempt
from ...types.config.call import Call, CallJournal
from ...types.tools.provider_tools import RemoteMCP
from ..streaming.stream import Stream
from .decision import RouteCall
from .route_context import DeploymentPipeline

LIMIT_REACHED = "limit_reached"
"""Code of errors of a limit of this client: nothing was sent."""


@dataclass(slots=True, eq=False)
class HedgedRequest:
    """One of two requests of the same call.

    Attributes:
        io: The clock.
        index: The deployment.
        call: The call as the deployment gets it, with its own journal.
        pipeline: What sends it.
        began: When it was started.
        before: Number of attempts of the call before it.
        number: Its number at the deployment.
        stream: Its answer, once that has begun.
        error: Its error, once it has failed.
        is_recorded: Whether its failure counts against its deployment already.
        status: What became of it, once the other request is over as well.
    """

    io: IO
    index: int
    call: Call
    pipeline: DeploymentPipeline
    began: float
    before: int
    number: int = 0
    stream: Stream | None = None
    error: Exception | None = None
    is_recorded: bool = False
    status: Literal["running", "answered", "failed", "cancelled", "not sent"] = "running"
    _is_dropped: bool = False
    _lock: AbstractContextManager[bool] = field(default_factory=new_lock)

    @property
    def is_over(self) -> bool:
        """Whether it has its outcome."""
        return self.stream is not None or self.error is not None

    @property
    def is_decisive(self) -> bool:
        """Whether the call need not wait for the other request: an answer, or an error of the call itself."""
        if self.stream is not None:
            return True
        return self.error is not None and not (isinstance(self.error, CallError) and self.error.fallback_eligible)

    async def run(self) -> None:
        """Send the request and keep its outcome. An answer that nobody waits for any more is closed."""
        try:
            stream = await self.pipeline.send(self.call)
        except Exception as error:  # noqa: BLE001  # layers of users may raise anything; the waiting call decides
            self.error = error
            return
        with self._lock:
            is_dropped = self._is_dropped
            if not is_dropped:
                self.stream = stream
        if is_dropped:
            await close_stream(stream)

    def settle(self, winner: HedgedRequest | None) -> None:
        """Note what became of it; an answer that arrives later is closed."""
        with self._lock:
            self._is_dropped = True
        if self is winner:
            self.status = "answered"
        elif self.error is None:
            self.status = "cancelled"
        elif self.call.purpose == "hedge" and not was_sent(self.error):
            self.status = "not sent"
        else:
            self.status = "failed"

    def attempts(self) -> list[Attempt]:
        """Return the attempts that it made. The last one of a cancelled request was still running, or not needed."""
        made = self.call.journal.attempts[self.before :]
        if self.status == "not sent":
            return []
        if self.status != "cancelled":
            return made
        if self.stream is not None and made:
            return [*made[:-1], made[-1].model_copy(update={"outcome": "cancelled"})]
        endpoint = self.pipeline.endpoint
        running = Attempt(
            number=0,
            provider=str(endpoint.api.provider),
            model=endpoint.ai_model.model_name,
            outcome="cancelled",
            seconds=max(0.0, self.io.monotonic() - self.began - sum(one.seconds + one.waited for one in made)),
            deployment=self.call.deployment,
            reason=self.call.choice,
        )
        return [*made, running]


MakeHedge = Callable[[Sequence[HedgedRequest]], Coroutine[Any, Any, HedgedRequest | None]]
"""Makes one more request while the first of these is awaited; None if there is none to make. It does not raise."""


def concurrent_request(io: IO, index: int, call: Call, pipeline: DeploymentPipeline) -> HedgedRequest:
    """Return a request with a copy of the journal of the call."""
    journal = call.journal
    own = replace(
        journal,
        attempts=list(journal.attempts),
        before_send=list(journal.before_send),
        layer_data=dict(journal.layer_data),
        encoded=None,
        idempotency_key="",
    )
    return HedgedRequest(io, index, replace(call, journal=own), pipeline, io.monotonic(), len(journal.attempts))


async def run_hedged(requests: list[HedgedRequest], after: float, make_hedge: MakeHedge) -> HedgedRequest | None:
    """Run the first request, and another one beside it if it has not begun to answer after so many seconds.

    A second request that fails while the first one is still awaited is followed by one to another deployment.

    Args:
        requests: The first request; the others are added.
        after: Seconds until then.
        make_hedge: Makes the other requests.

    Returns:
        The one whose answer has begun; None if no answer has.
    """
    first = requests[0]
    async with first.io.branches() as running:
        try:
            running.start(first.run)
            is_late = not await running.wait(after)
            while not is_decided(requests):
                if is_late and needs_hedge(requests) and (hedge := await make_hedge(requests)) is not None:
                    requests.append(hedge)
                    running.start(hedge.run)
                await running.wait(None)
        except BaseException:
            settle(requests, None)
            for one in requests:
                if one.stream is not None:
                    one.stream.abandon()
            raise
        winner = next((one for one in requests if one.stream is not None), None)
        settle(requests, winner)
    for one in requests:
        if one is not winner and one.stream is not None:
            await close_stream(one.stream)
    return winner


def settle(requests: Sequence[HedgedRequest], winner: HedgedRequest | None) -> None:
    for one in requests:
        one.settle(winner)


def is_decided(requests: Sequence[HedgedRequest]) -> bool:
    """Return whether nothing is left to wait for: an answer, an error of the call itself, or all have failed."""
    first, *others = requests
    return first.is_decisive or any(one.stream is not None for one in others) or all(one.is_over for one in requests)


def needs_hedge(requests: Sequence[HedgedRequest]) -> bool:
    """Return whether the first request is alone: the others failed in a way that concerns their deployments."""
    first, *others = requests
    failed = (isinstance(one.error, CallError) and one.error.fallback_eligible for one in others)
    return not first.is_over and all(failed)


async def close_stream(stream: Stream) -> None:
    """Close an answer that nobody gets, also in a task that is being cancelled."""
    try:
        await stream.close()
    except BaseException:
        stream.abandon()
        raise


def was_sent(error: Exception) -> bool:
    """Return whether a request failed at its deployment, and not for a limit or a budget of this client."""
    return isinstance(error, CallError) and error.code != LIMIT_REACHED


def merge_journals(journal: CallJournal, requests: Sequence[HedgedRequest], winner: HedgedRequest | None) -> None:
    """Take over into the journal of the call what its requests did; the attempts of the answer are the last ones."""
    before = journal.attempts[: requests[0].before]
    ordered = sorted(requests, key=lambda one: one is winner)
    made = [attempt for one in ordered for attempt in one.attempts()]
    shown = (winner or requests[0]).call.journal
    for one in fields(journal):
        setattr(journal, one.name, getattr(shown, one.name))
    numbered = enumerate(made, len(before) + 1)
    journal.attempts = [*before, *(one.model_copy(update={"number": number}) for number, one in numbered)]


def may_repeat(call: Call) -> bool:
    """Return whether a second request does no harm: a provider that runs tools of MCP servers would run them twice."""
    return not any(isinstance(tool, RemoteMCP) for tool in call.config.tools)


def facts_for_hedge(facts: RouteCall, resting: Iterable[int], called: Iterable[int]) -> RouteCall:
    """Return the facts of a call for the choice of its second deployment: one that is available now."""
    passed_over = {**facts.failed, **dict.fromkeys(resting, "it rests"), **dict.fromkeys(called, "it was called")}
    return RouteCall(facts.request, facts.unfit, passed_over)
