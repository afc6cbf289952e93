"""One call on its way through the deployments of a route.

Each deployment uses its own layers. One deadline applies to all of them, and after the first chunk nothing moves.
Requests of one call are limited: in each group by one for each deployment and `retries` repetitions, by `attempts` of
the route in all, and by the retry budget of the process. Within a group a retry goes to another deployment at once if
one is available; only the last one is asked again after a pause. With every deployment resting, the call waits for the
first of them, if there is time. With `hedge_after`, a second deployment may be called beside a slow one (`hedging`).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from ...errors import CallError, CallTimeoutError, DhenaraError, NotFoundError
from ...io.protocol import new_lock
from ...types.config.call import Call, CallJournal
from ..call_log import log_deployment, log_fallback, stored_error_text
from ..retry import MAX_RETRY_AFTER, requested_delay
from ..streaming.stream import Stream
from ..tracing import DeploymentChosen
from .decision import Decision, decide, explain
from .fit import kind_of_answer, stored_at, stored_ids
from .health import Failure, failure_kind
from .hedging import (
    HedgedRequest,
    concurrent_request,
    facts_for_hedge,
    may_repeat,
    merge_journals,
    run_hedged,
    was_sent,
)
from .route_context import (
    CallAttempts,
    DeploymentGate,
    FallbackWarnings,
    RouteContext,
    adapt_call,
    add_reasons,
    append_note,
    conversation_key,
    no_deployment_error,
    read_call,
)


class RoutedCall:
    """One call on its way through the deployments."""

    def __init__(self, context: RouteContext, call: Call) -> None:
        self.context = context
        self.call = call
        self.io = context.io
        self.board = context.board
        self.facts = read_call(context, call)
        self.kind = kind_of_answer(call)
        self.errors: list[CallError] = []
        self.attempts = CallAttempts(self.board.route, call.config.retries)
        self.granted = 0
        self.is_over = False
        self.lock = new_lock()
        self.last_index = 0
        self.warnings = FallbackWarnings(call, self.board.standings)

    async def send(self) -> Stream:
        """Send the call until it is answered, or nothing is left to try."""
        budget = self.context.retries
        budget.begin()
        try:
            while True:
                decision = await self.decide()
                if decision.index is None:
                    await self.wait(decision)
                    continue
                if self.errors and self.board.standings[decision.index].health.is_failing and not self.grant():
                    raise self.final_error()
                stream = await self.try_deployment(decision.index, decision)
                if stream is not None:
                    return stream
        finally:
            with self.lock:
                self.is_over = True
            budget.end(self.granted)

    def gate(self, at: int, **about: bool) -> DeploymentGate:
        return DeploymentGate(self.io, self.board.standings[at], self.attempts, self.grant, **about)

    def grant(self) -> bool:
        """Return whether the process may make one more retry; a request that is left behind may not."""
        with self.lock:
            granted = not self.is_over and self.context.retries.grant()
            self.granted += granted
        return granted

    async def decide(self) -> Decision:
        """Return where the call goes now; a probe is claimed."""
        board, io = self.board, self.io
        while True:
            await board.refresh(io)
            decision = decide(board.route, board.standings, self.facts, io.monotonic(), board.draw(io))
            if decision.index is None or not decision.is_probe or await board.claim_probe(io, decision.index):
                return decision

    async def wait(self, decision: Decision) -> None:
        """Wait until the first resting deployment is tried again.

        Raises:
            CallError: If no deployment comes back, or not in time: the last error, or `NoDeploymentError`.
        """
        now = self.io.monotonic()
        longest = MAX_RETRY_AFTER if self.call.deadline is None else self.call.deadline - now
        if decision.wait is None or decision.wait >= longest or not self.attempts.left(None):
            raise self.final_error(decision)
        log_deployment("none", f"every one rests; the call waits {decision.wait:.3f} s")
        await self.io.sleep(decision.wait)

    def final_error(self, decision: Decision | None = None) -> CallError:
        """Return the error of the call: that of the last deployment, with notes about the earlier ones."""
        now = self.io.monotonic()
        if not self.errors:
            explanation = explain(self.board.route, self.board.standings, self.facts, decision or Decision(), now)
            return no_deployment_error(explanation)
        error = self.errors[-1]
        for before in self.errors[:-1]:
            error.add_note(f"Earlier failure: {before}")
        add_reasons(error, self.board.standings, self.facts.unfit)
        error.attempts = tuple(self.call.journal.attempts)
        return error

    async def try_deployment(self, index: int, decision: Decision) -> Stream | None:
        """Send the call to this deployment; None if it failed and another one may be tried.

        Raises:
            CallError: If the call failed for good.
        """
        board, io = self.board, self.io
        self.attempts.count(board.standings[index].group)
        turn = self.turn_for(index, decision)
        if board.route.hedge_after is not None and self.has_others(index) and may_repeat(turn):
            return await self.try_hedged(index, turn, board.route.hedge_after)
        began, sent = io.monotonic(), len(self.call.journal.attempts)
        number = board.begin(index, self.kind, began)
        try:
            stream = await self.context.pipelines[index].send(turn)
        except CallError as error:
            board.end(index, number, io.monotonic())
            await self.record_failure(index, turn, error, began)
            self.leave(index, error)
            return None
        except BaseException:
            board.end(index, number, io.monotonic())
            board.release_probe(index)
            raise
        board.stop_awaiting(index, number, io.monotonic())
        await self.record_answer(index, turn.journal, began, sent)
        stream.on_end(self.ended(index, number, turn, began))
        return stream

    async def try_hedged(self, index: int, turn: Call, after: float) -> Stream | None:
        """Send the call to this deployment, and to a second one if it has not begun to answer after so many seconds.

        Returns and raises the same as `try_deployment`.
        """
        board = self.board
        requests = [self.begin_request(index, turn)]
        try:
            winner = await run_hedged(requests, after, self.make_hedge)
        finally:
            for one in requests:
                board.end(one.index, one.number, self.io.monotonic())
                if one.status not in ("answered", "failed") or not isinstance(one.error, CallError | None):
                    board.release_probe(one.index)
        merge_journals(self.call.journal, requests, winner)
        for one in requests:
            await self.record_hedged(one)
        if winner is not None and winner.stream is not None:
            number = board.begin(winner.index, None, self.io.monotonic())
            await self.record_answer(winner.index, winner.call.journal, winner.began, winner.before)
            winner.stream.on_end(self.ended(winner.index, number, winner.call, winner.began))
            return winner.stream
        failed = [(one.index, one.error) for one in requests if one.error is not None and one.status == "failed"]
        failed.sort(key=lambda one: not isinstance(one[1], CallError) or not one[1].fallback_eligible)
        for number, error in failed[:-1]:
            if isinstance(error, CallError):
                self.pass_over(number, error)
        self.leave(*failed[-1])
        return None

    async def make_hedge(self, requests: Sequence[HedgedRequest]) -> HedgedRequest | None:
        """Return one more request while a slow one is awaited, if a deployment and an attempt are left.

        Earlier second requests have failed, and are recorded.
        """
        first, *others = requests
        for one in others:
            await self.record_refusal(one)
        standings, random = self.board.standings, self.io.random()
        resting = [number for number, one in enumerate(standings) if one.health.resting_until]
        facts = facts_for_hedge(self.facts, resting, [one.index for one in requests])
        try:
            decision = decide(self.board.route, standings, facts, self.io.monotonic(), random)
        except DhenaraError as error:
            log_deployment("none", f"no second request: {error}")
            return None
        if decision.index is None or not self.has_time() or self.attempts.left(standings[decision.index].group) <= 0:
            return None
        if not self.grant():
            return None
        self.attempts.count(standings[decision.index].group)
        name, seconds = standings[first.index].deployment.name, self.io.monotonic() - first.began
        journal = self.call.journal
        notes = journal.notes
        reason = f"a second request, because {name} had not begun to answer after {seconds:.3g} s"
        turn = replace(self.turn_for(decision.index, replace(decision, reason=reason)), purpose="hedge")
        called = standings[decision.index].deployment.name
        append_note(journal, "fallback_used", f"{called} was called as well: {reason}")
        turn = replace(turn, retry_gate=self.gate(decision.index, moves=True, is_probe=False))
        hedge = self.begin_request(decision.index, turn)
        journal.notes = notes
        return hedge

    def begin_request(self, index: int, turn: Call) -> HedgedRequest:
        """Return one of two requests; the deployment has it from now on."""
        request = concurrent_request(self.io, index, turn, self.context.pipelines[index])
        request.number = self.board.begin(index, self.kind, request.began)
        return request

    async def record_refusal(self, one: HedgedRequest) -> None:
        """Let the deployment of a failed request rest, once."""
        if not one.is_recorded and isinstance(one.error, CallError) and was_sent(one.error):
            one.is_recorded = True
            await self.record_failure(one.index, one.call, one.error, one.began)

    async def record_hedged(self, one: HedgedRequest) -> None:
        """Take over what a request beside another one says about its deployment."""
        if one.status == "not sent":
            self.attempts.count(self.board.standings[one.index].group, -1)
        elif one.status == "failed":
            await self.record_refusal(one)
        elif one.status == "cancelled":
            now = self.io.monotonic()
            self.board.record_slowness(one.index, now - one.began, self.kind, now)

    def turn_for(self, index: int, decision: Decision) -> Call:
        """Return the call as this deployment gets it, with warnings if it is not where the call would usually go."""
        one = self.board.standings[index]
        endpoint = self.context.pipelines[index].endpoint
        self.warnings.write(index, self.facts.unfit, self.io.monotonic())
        if self.errors:
            log_fallback(self.call, self.context.pipelines[self.last_index].endpoint, endpoint, self.errors[-1])
        self.last_index = index
        log_deployment(one.deployment.name, f"chosen: {decision.reason}")
        if self.context.observer is not None:
            name, route = one.deployment.name, self.board.route.name
            self.context.observer(
                DeploymentChosen(one.deployment.provider, one.deployment.model, route, name, decision.reason)
            )
        moves = bool(decision.others) or (decision.is_probe and self.has_others(index))
        return replace(
            adapt_call(self.call, endpoint),
            has_fallback=bool(decision.others) or self.has_others(index),
            deployment=one.deployment.name,
            route=self.board.route.name,
            choice=decision.reason,
            retry_gate=self.gate(index, moves=moves, is_probe=decision.is_probe),
        )

    def has_others(self, index: int, *, in_group: bool = False) -> bool:
        """Return whether another deployment may take the call, now or after a rest; in the same group or in any."""
        group = self.board.standings[index].group
        return any(
            number not in self.facts.failed and number not in self.facts.unfit
            for number, one in enumerate(self.board.standings)
            if number != index and (one.group == group or not in_group)
        )

    def leave(self, index: int, error: Exception) -> None:
        """Go on to another deployment after a failure.

        Raises:
            CallError: If there is none, no time or no attempt left, or the request itself is wrong.
        """
        if not isinstance(error, CallError):
            raise error
        self.pass_over(index, error)
        failed, unfit = self.facts.failed, self.facts.unfit
        if not error.fallback_eligible or not self.has_time():
            raise self.final_error()
        if self.attempts.left(None) <= 0 or len(failed.keys() | unfit.keys()) == len(self.board.standings):
            raise self.final_error()

    def pass_over(self, index: int, error: CallError) -> None:
        """Note an error of the call; the deployment is not called again by it, unless it asked for a pause."""
        self.errors.append(error)
        self.warnings.add_failure(index, self.context.pipelines[index].endpoint, error)
        one, failed = self.board.standings[index], self.facts.failed
        if one.health.kind != "rate_limit" or not one.health.resting_until:
            failed[index] = f"it failed in this call: {stored_error_text(error, self.call)}"
        if self.attempts.left(one.group) <= 0:
            members = [number for number, other in enumerate(self.board.standings) if other.group == one.group]
            failed |= {number: "the attempts of its group are used up" for number in members if number not in failed}

    def has_time(self) -> bool:
        return self.call.deadline is None or self.io.monotonic() < self.call.deadline

    async def record_failure(self, index: int, turn: Call, error: CallError, began: float) -> None:
        """Let the deployment rest if the failure concerns it."""
        kind = failure_kind(error)
        if isinstance(error, NotFoundError) and stored_at(self.call) is not None:
            kind = None  # what does not exist may be the file or the stored response
        if isinstance(error, CallTimeoutError) and error.limit == "total":
            times, seconds = self.board.standings[index].times, self.io.monotonic() - began
            kind = kind if times.is_long(self.kind, seconds, self.call.config.timeouts.total) else None
        if kind is None or error.code == "limit_reached":
            # A limit of this client is reached: the limit layer counts it, and the deployment is well.
            self.board.release_probe(index)
            return
        retry_after = requested_delay(turn, error, self.io.time())
        self.board.record_headroom(self.io, index, turn.journal.head)
        is_alone = not self.has_others(index, in_group=True)
        failure = Failure(kind, stored_error_text(error, self.call), retry_after, is_alone)
        await self.board.record_failure(self.io, index, failure, began)

    async def record_answer(self, index: int, journal: CallJournal, began: float, sent: int) -> None:
        """Take over what an answer says about the deployment; an answer from a cache says nothing."""
        attempts = journal.attempts
        if len(attempts) == sent:
            self.board.release_probe(index)
            return
        self.board.record_headroom(self.io, index, journal.head)
        await self.board.record_answer(self.io, index, began, attempts[-1].seconds, self.kind)
        if self.board.route.affinity:
            key = conversation_key(self.call.instructions, self.call.messages)
            self.board.remember_conversation(key, index, self.io.monotonic())

    def ended(self, index: int, number: int, turn: Call, began: float) -> Callable[[Stream], Coroutine[Any, Any, None]]:
        """Return what runs at the end of the answer: a stream that broke counts as a failure."""

        async def end(stream: Stream) -> None:
            self.board.end(index, number, self.io.monotonic())
            if ids := stored_ids(turn, stream):
                self.board.remember_holder(ids, index)
            error = stream.error
            if isinstance(error, CallError) and not (isinstance(error, CallTimeoutError) and error.limit == "total"):
                await self.record_failure(index, turn, error, began)

        return end
