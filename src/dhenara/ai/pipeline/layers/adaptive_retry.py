"""Retries a rejected request without the rejected parameter and remembers that for later requests."""

from __future__ import annotations

from ...catalog.default_parameters import concerns_default
from ...catalog.learned_constraints import LearnedConstraint
from ...catalog.parameter_refusals import read_lessons
from ...errors import BadRequestError
from ...io.protocol import IO
from ...providers.target import ResolvedTarget
from ...types.config.call import Call
from ..call_log import log_learned
from ..middleware import Send
from ..request_builder import RequestBuilder
from ..streaming.stream import Stream
from .learned_store import LearnedConstraints, target_key
from .retry import record_attempt

MOST_LESSONS_A_CALL = 4


class AdaptiveRetry:
    """Middleware inside `Retry` that learns from `BadRequestError`.

    With `strict=True` the error is raised instead, unless it is only about parameters that nobody set for the call.
    """

    def __init__(self, io: IO, target: ResolvedTarget, builder: RequestBuilder, lessons: LearnedConstraints) -> None:
        self._io = io
        self._key = target_key(target)
        self._quirks = target.quirks
        self._builder = builder
        self._lessons = lessons

    async def retry_without_refused(self, call: Call, send: Send) -> Stream:
        """Send the call, and again without what the provider refused."""
        if self._lessons.waits_for_file:
            await self._io.call(self._lessons.load)
        for _ in range(MOST_LESSONS_A_CALL):
            started, known = self._io.monotonic(), self._builder.lessons()
            try:
                return await send(call)
            except BadRequestError as error:
                if not self._learn(call, error, known):
                    raise
                record_attempt(self._io, call, started, 0.0, error)
            if self._lessons.file is not None:
                await self._io.call(self._lessons.save)
        return await send(call)

    def _learn(self, call: Call, error: BadRequestError, known: tuple[LearnedConstraint, ...]) -> bool:
        """Return whether the request changed; another thread may already have learned the same constraint."""
        defaults = call.config.if_supported
        if call.config.strict and not defaults:
            return False
        constraints = call.journal.sent_constraints
        sent = self._builder.write(call, known if constraints is None else constraints)
        learned = read_lessons(error, sent.body, self._io.time())
        if call.config.strict and not all(concerns_default(one.field, defaults, self._quirks) for one in learned):
            return False
        log_learned(call, learned)
        self._lessons.learn(self._key, learned)
        return self._builder.write(call).body != sent.body
