"""One call on its way through the deployments of a route.

Each deployment uses its own layers. One deadline applies to all of them, and after the first chunk nothing moves.
Requests of one call are limited: in each group by one for each deployment and `retries` repetitions, by `attempts` of
the route in all, and by the retry budget of the process. Within a group a retry goes to another deployment at once if
one is available; only the last one is asked again after a pause. With every deployment resting, the call waits for the
first of them, if there is time.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from ...error_text import stored_error_text
from ...errors import CallError, CallTimeoutError, NoDeploymentError, NotFoundError, RateLimitError
from ...types.chat.report import CallWarning, WarningCode
from ...types.config.api import AIModelEndpoint
from ...types.config.call import Call
from ...types.config.routes import RouteExplanation
from ...wire.rate_limits import read_limit_headers
from ..call_log import log_deployment, log_fallback
from ..retry import MAX_RETRY_AFTER, requested_delay
from ..streaming.stream import Stream
from ..tracing import DeploymentChosen
from .board import Standing
from .decision import Decision, decide, explain
from .fit import stored_at
from .health import Failure, failure_kind
from .route_context import RouteContext, conversation_key, read_call


class RoutedCall:
    """One call on its way through the deployments."""

    def __init__(self, context: RouteContext, call: Call) -> None:
        self.context = context
        self.call = call
        self.io = context.io
        self.board = context.board
        self.facts = read_call(context, call)
        self.errors: list[CallError] = []
        self.used = 0
        self.used_by_group = [0] * len(self.board.route.groups)
        self.granted = 0
        self.last_index = 0
        self.warned: set[int] = set()

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
            budget.end(self.granted)

    def grant(self) -> bool:
        """Return whether the process may make one more retry."""
        granted = self.context.retries.grant()
        self.granted += granted
        return granted

    async def decide(self) -> Decision:
        """Return where the call goes now; a probe is claimed."""
        board, io = self.board, self.io
        while True:
            await board.refresh(io)
            decision = decide(board.route, board.standings, self.facts, io.monotonic(), io.random())
            if decision.index is None or not decision.is_probe or await board.claim_probe(io, decision.index):
                return decision

    async def wait(self, decision: Decision) -> None:
        """Wait until the first resting deployment is tried again.

        Raises:
            CallError: If no deployment comes back, or not in time: the last error, or `NoDeploymentError`.
        """
        now = self.io.monotonic()
        longest = MAX_RETRY_AFTER if self.call.deadline is None else self.call.deadline - now
        if decision.wait is None or decision.wait >= longest or not self.attempts_left(None):
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
        return error

    def attempts_left(self, group: int | None) -> int:
        """Return how many requests the call may still make, in one group or in all."""
        groups, limit = self.board.route.groups, self.board.route.attempts
        most = [self.call.config.retries + len(one.deployments) for one in groups]
        left = (sum(most) if limit is None else limit) - self.used
        return left if group is None else min(left, most[group] - self.used_by_group[group])

    def count_attempt(self, group: int) -> None:
        self.used += 1
        self.used_by_group[group] += 1

    async def try_deployment(self, index: int, decision: Decision) -> Stream | None:
        """Send the call to this deployment; None if it failed and another one may be tried.

        Raises:
            CallError: If the call failed for good.
        """
        board, one, io = self.board, self.board.standings[index], self.io
        self.count_attempt(one.group)
        turn = self.turn_for(index, decision)
        began, sent = io.monotonic(), len(self.call.journal.attempts)
        board.begin(index)
        try:
            stream = await self.context.pipelines[index].send(turn)
        except CallError as error:
            board.end(index)
            await self.record_failure(index, error, began)
            self.leave(index, error)
            return None
        except BaseException:
            board.end(index)
            board.release_probe(index)
            raise
        await self.record_answer(index, began, sent)
        stream.on_end(self.ended(index, began))
        return stream

    def turn_for(self, index: int, decision: Decision) -> Call:
        """Return the call as this deployment gets it, with warnings if it is not where the call would usually go."""
        one = self.board.standings[index]
        endpoint = self.context.pipelines[index].endpoint
        self.warn_passed_over(one.group)
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
            retry_gate=DeploymentGate(self, index, moves=moves),
        )

    def has_others(self, index: int, *, in_group: bool = False) -> bool:
        """Return whether another deployment may take the call, now or after a rest; in the same group or in any."""
        group = self.board.standings[index].group
        return any(
            number not in self.facts.failed and number not in self.facts.unfit
            for number, one in enumerate(self.board.standings)
            if number != index and (one.group == group or not in_group)
        )

    def leave(self, index: int, error: CallError) -> None:
        """Go on to another deployment after a failure.

        Raises:
            CallError: If there is none, no time or no attempt left, or the request itself is wrong.
        """
        self.errors.append(error)
        one, failed = self.board.standings[index], self.facts.failed
        if not error.fallback_eligible or not self.has_time():
            raise self.final_error()
        if one.health.kind != "rate_limit" or not one.health.resting_until:
            failed[index] = f"it failed in this call: {stored_error_text(error, self.call)}"
        if self.attempts_left(one.group) <= 0:
            members = [number for number, other in enumerate(self.board.standings) if other.group == one.group]
            failed |= {number: "the attempts of its group are used up" for number in members if number not in failed}
        if self.attempts_left(None) <= 0 or len(failed.keys() | self.facts.unfit.keys()) == len(self.board.standings):
            raise self.final_error()
        warn_fallback(self.call, self.context.pipelines[index].endpoint, error)
        self.warned.add(index)

    def has_time(self) -> bool:
        return self.call.deadline is None or self.io.monotonic() < self.call.deadline

    def warn_passed_over(self, group: int) -> None:
        """Add a warning for each deployment of an earlier group that is passed over."""
        now, unfit = self.io.monotonic(), self.facts.unfit
        for index, one in enumerate(self.board.standings):
            if one.group >= group:
                return
            if index not in self.warned and warn_passed_over(self.call, one, unfit.get(index), now):
                self.warned.add(index)

    async def record_failure(self, index: int, error: CallError, began: float) -> None:
        """Let the deployment rest if the failure concerns it."""
        kind = failure_kind(error)
        if isinstance(error, NotFoundError) and stored_at(self.call) is not None:
            kind = None  # what does not exist may be the file or the stored response
        if kind is None or error.code == "limit_reached":
            # A limit of this client is reached: the limit layer counts it, and the deployment is well.
            self.board.release_probe(index)
            return
        retry_after = requested_delay(self.call, error, self.io.time())
        self.record_headroom(index)
        is_alone = not self.has_others(index, in_group=True)
        failure = Failure(kind, stored_error_text(error, self.call), retry_after, is_alone)
        await self.board.record_failure(self.io, index, failure, began)

    async def record_answer(self, index: int, began: float, sent: int) -> None:
        """Take over what an answer says about the deployment; an answer from a cache says nothing."""
        attempts = self.call.journal.attempts
        if len(attempts) == sent:
            self.board.release_probe(index)
            return
        self.record_headroom(index)
        await self.board.record_answer(self.io, index, began, attempts[-1].seconds)
        if self.board.route.affinity:
            key = conversation_key(self.call.instructions, self.call.messages)
            self.board.remember_conversation(key, index, self.io.monotonic())

    def record_headroom(self, index: int) -> None:
        head = self.call.journal.head
        if head is None:
            return
        limits = [
            (limit.remaining / limit.limit, limit.reset) for limit in read_limit_headers(head.headers, self.io.time())
        ]
        if limits:
            share, reset = min(limits)
            self.board.record_headroom(index, share, self.io.monotonic() + reset)

    def ended(self, index: int, began: float) -> Callable[[Stream], Coroutine[Any, Any, None]]:
        """Return what runs at the end of the answer: a stream that broke counts as a failure."""

        async def end(stream: Stream) -> None:
            self.board.end(index)
            error = stream.error
            if isinstance(error, CallError) and not (isinstance(error, CallTimeoutError) and error.limit == "total"):
                await self.record_failure(index, error, began)

        return end


class DeploymentGate:
    """Whether a request may be repeated at the same deployment: only where no other one of its group is available.

    After a rate limit the deployment rests first, so that other calls leave it alone as well.
    """

    def __init__(self, routed: RoutedCall, index: int, *, moves: bool) -> None:
        self._routed = routed
        self._standing = routed.board.standings[index]
        self._moves = moves

    def allow(self, error: CallError) -> bool:
        """Return whether the request may be repeated after this error; it then counts."""
        routed, group = self._routed, self._standing.group
        if self._moves or isinstance(error, RateLimitError) or routed.attempts_left(group) <= 0 or not self.is_open():
            return False
        if not routed.grant():
            return False
        routed.count_attempt(group)
        return True

    def is_open(self) -> bool:
        """Return whether the deployment does not rest."""
        return self._standing.health.state(self._routed.io.monotonic()) != "resting"


def no_deployment_error(explanation: RouteExplanation) -> NoDeploymentError:
    """Return the error that names each deployment and why it was passed over."""
    reasons = "; ".join(f"{one.name}: {one.reason}" for one in explanation.deployments)
    error = NoDeploymentError(
        f"no deployment can take the call now. {reasons}",
        provider=f"route {explanation.route}",
        retry_after=explanation.wait,
    )
    error.deployments = tuple(explanation.deployments)
    return error


def warn_passed_over(call: Call, one: Standing, unfit: str | None, now: float) -> bool:
    """Add a warning about a deployment of an earlier group that rests or cannot do what the call needs.

    Returns:
        Whether there is something to say.
    """
    name, health = one.deployment.name, one.health
    if unfit is not None:
        text = f"{name} was passed over: {unfit}"
    elif health.resting_until:
        text = f"{name} rests for {max(0.0, health.resting_until - now):.3g} s after: {health.reason}"
    else:
        return False
    append_note(call, "fallback_used", f"a fallback endpoint answered because {text}")
    return True


def warn_fallback(call: Call, endpoint: AIModelEndpoint, error: CallError) -> None:
    """Add a warning to the response that says why a fallback answered."""
    who = f"{endpoint.api.provider} ({endpoint.ai_model.model_name})"
    append_note(call, "fallback_used", f"a fallback endpoint answered because {who} failed: {error.message}")


def adapt_call(call: Call, endpoint: AIModelEndpoint) -> Call:
    """Return the call for this endpoint without `options`, which are specific to the first provider."""
    first = call.endpoint.api.provider
    if not call.config.options or endpoint.api.provider == first:
        return call
    append_note(call, "unsupported_parameter", f"options for {first} were not sent to another provider", "options")
    return replace(call, config=call.config.model_copy(update={"options": {}}))


def append_note(call: Call, code: WarningCode, message: str, parameter: str | None = None) -> None:
    call.journal.notes += (CallWarning(code=code, message=message, parameter=parameter),)
