"""Reports events of a call to an observer; never contents or secrets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ..errors import DhenaraError
from ..io.protocol import IO
from ..types.chat.report import Attempt
from ..types.chat.usage import Usage
from ..types.config.call import Call
from .middleware import Send
from .streaming.stream import Stream


@dataclass(frozen=True, slots=True)
class CallStarted:
    provider: str
    model: str
    streaming: bool
    operation: str = "chat"


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The first content has arrived."""

    provider: str
    model: str
    seconds: float
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The response ended: complete, interrupted, or closed by the caller."""

    provider: str
    model: str
    seconds: float
    outcome: Literal["complete", "interrupted"]
    finish_reason: str | None
    usage: Usage
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CallFailed:
    """The call failed without a response."""

    provider: str
    model: str
    seconds: float
    error: str
    attempts: tuple[Attempt, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class DeploymentChosen:
    """A route sends the call to this deployment, and why. The other events of the deployment follow."""

    provider: str
    model: str
    route: str
    deployment: str
    reason: str


CallEvent = CallStarted | CallAnswered | CallEnded | CallFailed | DeploymentChosen
Observer = Callable[[CallEvent], None]


@dataclass(slots=True, eq=False)
class Trace:
    """Outermost middleware, so that it sees all attempts and every end."""

    io: IO
    observer: Observer

    async def trace_call(self, call: Call, send: Send) -> Stream:
        """Report the start and the end of the call."""
        who = str(call.endpoint.api.provider), call.endpoint.ai_model.model_name
        started = self.io.monotonic()
        self.observer(CallStarted(*who, call.config.streaming, call.operation))
        try:
            stream = await send(call)
        except DhenaraError as error:
            self.observer(CallFailed(*who, self.io.monotonic() - started, type(error).__name__, error.attempts))
            raise
        self.observer(CallAnswered(*who, self.io.monotonic() - started, tuple(call.journal.attempts)))

        async def ended(stream: Stream) -> None:
            answer = stream.partial()
            self.observer(
                CallEnded(
                    *who,
                    self.io.monotonic() - started,
                    "interrupted" if answer.interrupted else "complete",
                    answer.finish_reason,
                    answer.usage,
                    answer.error,
                )
            )

        stream.on_end(ended)
        return stream
