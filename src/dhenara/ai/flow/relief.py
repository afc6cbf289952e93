"""Relief: another endpoint answers where one cannot, as long as nobody has heard a word of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import CallError
from ..types.call import Call
from ..types.warning import CallWarning, WarningCode
from ..wire.io import IO
from .deadline import Deadline
from .layer import Send, wrapped
from .stream import Stream

if TYPE_CHECKING:
    from .journey import Journey


@dataclass(frozen=True, slots=True)
class Relief:
    """Outermost, so that every endpoint goes its own way with all its layers; one deadline holds for all of them."""

    io: IO
    others: Sequence[Journey]

    async def __call__(self, call: Call, send: Send) -> Stream:
        return await Deadline(self.io)(call, wrapped(self._in_turn, send))

    async def _in_turn(self, call: Call, send: Send) -> Stream:
        left = list(self.others)
        errors: list[CallError] = []
        while True:
            try:
                return await send(replace(call, relieved=bool(left)))
            except CallError as error:
                for before in errors:
                    error.add_note(f"Before that: {before}")
                if not left or not self.helps(call, error):
                    raise
                errors.append(error)
                other = left.pop(0)
                call, send = handed_on(call, error, other), other.send

    def helps(self, call: Call, error: CallError) -> bool:
        """Whether somebody else might answer, and has the time to."""
        return error.elsewhere and (call.deadline is None or self.io.now() < call.deadline)


def handed_on(call: Call, error: CallError, other: Journey) -> Call:
    """The call for the other endpoint, which says on its answer why it is the one that answers."""
    note(call, "relieved", f"another endpoint answers, since {error.provider} ({error.model}) failed: {error.message}")
    if not call.config.options or other.target.provider.name == error.provider:
        return call
    note(call, "unsupported_parameter", f"the options of {error.provider} did not go to another provider", "options")
    return replace(call, config=call.config.model_copy(update={"options": {}}))


def note(call: Call, code: WarningCode, message: str, parameter: str | None = None) -> None:
    call.journal.notes += (CallWarning(code=code, message=message, parameter=parameter),)
