"""Tries other endpoints in order when one fails before the first chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ...errors import CallError
from ...io.protocol import IO
from ...types.chat.report import CallWarning, WarningCode
from ...types.config.api import AIModelEndpoint
from ...types.config.call import Call
from ..call_log import log_fallback
from ..middleware import Send
from ..streaming.stream import Stream
from ..timeouts import with_deadline


class FallbackPipeline(Protocol):
    """What sends calls to another endpoint."""

    @property
    def endpoint(self) -> AIModelEndpoint:
        """The endpoint, with the provider's name for the model."""
        ...

    async def send(self, call: Call) -> Stream:
        """Send the call to this endpoint only."""
        ...


@dataclass(slots=True, eq=False)
class Fallback:
    """Outermost middleware: each endpoint uses its own layers, and one deadline applies to all."""

    io: IO
    others: Sequence[FallbackPipeline]

    async def try_in_turn(self, call: Call, send: Send) -> Stream:
        """Send the call, and to the other endpoints in order when one fails."""
        call = with_deadline(call, self.io)
        turn, endpoint, left = call, call.endpoint, list(self.others)
        errors: list[CallError] = []
        while True:
            try:
                return await send(replace(turn, has_fallback=bool(left)))
            except CallError as error:
                for before in errors:
                    error.add_note(f"Earlier failure: {before}")
                if not left or not self.is_fallback_eligible(call, error):
                    raise
                errors.append(error)
                warn_fallback(call, endpoint, error)
                other = left.pop(0)
                log_fallback(call, endpoint, other.endpoint, error)
                turn, endpoint, send = adapt_call(call, other.endpoint), other.endpoint, other.send

    def is_fallback_eligible(self, call: Call, error: CallError) -> bool:
        """Return whether another endpoint may succeed and there is time left."""
        return error.fallback_eligible and (call.deadline is None or self.io.monotonic() < call.deadline)


def warn_fallback(call: Call, endpoint: AIModelEndpoint, error: CallError) -> None:
    """Add a warning to the response that says why a fallback answered."""
    who = f"{endpoint.api.provider} ({endpoint.ai_model.model_name})"
    append_note(call, "relieved", f"a fallback endpoint answered because {who} failed: {error.message}")


def adapt_call(call: Call, endpoint: AIModelEndpoint) -> Call:
    """Return the call for this endpoint without `options`, which are specific to the first provider."""
    first = call.endpoint.api.provider
    if not call.config.options or endpoint.api.provider == first:
        return call
    append_note(call, "unsupported_parameter", f"options for {first} were not sent to another provider", "options")
    return replace(call, config=call.config.model_copy(update={"options": {}}))


def append_note(call: Call, code: WarningCode, message: str, parameter: str | None = None) -> None:
    call.journal.notes += (CallWarning(code=code, message=message, parameter=parameter),)
