"""Structured output: through a tool call where only tools have schemas; validation and correction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...codecs.base import Decoder
from ...errors import InvalidOutputError
from ...types.chat.delta import Delta, FinishDelta, Part, TextDelta, ToolCallDelta
from ...types.chat.message import Message
from ...types.chat.output import read_output
from ...types.chat.response import ChatResponse
from ...wire.frame import Frame


class OutputToolDecoder:
    """Wraps a decoder and turns the arguments of the output tool into text."""

    __slots__ = ("_called", "_inner", "_name", "_parts")

    def __init__(self, inner: Decoder, name: str) -> None:
        self._inner = inner
        self._name = name
        self._parts: set[tuple[int, Part]] = set()
        self._called: set[int] = set()

    def whole(self, body: Any) -> Iterator[Delta]:
        return self._translate(self._inner.whole(body))

    def frame(self, frame: Frame) -> Iterator[Delta]:
        return self._translate(self._inner.frame(frame))

    def finish(self) -> Iterator[Delta]:
        return self._translate(self._inner.finish())

    def _translate(self, deltas: Iterable[Delta]) -> Iterator[Delta]:
        for delta in deltas:
            if isinstance(delta, ToolCallDelta):
                yield self._call(delta)
            elif (
                isinstance(delta, FinishDelta)
                and delta.reason == "tool_calls"
                and not self._has_other_calls(delta.choice)
            ):
                yield FinishDelta("stop", delta.raw, delta.stop_sequence, delta.message, delta.choice)
            else:
                yield delta

    def _call(self, delta: ToolCallDelta) -> Delta:
        place = (delta.choice, delta.part)
        if delta.name == self._name:
            self._parts.add(place)
        if place not in self._parts:
            self._called.add(delta.choice)
            return delta
        # Extras of the tool call would be mistaken for extras of a message if stored with the text.
        extras = {"called": delta.extras} if delta.extras else None
        return TextDelta(delta.part, delta.arguments, delta.choice, extras)

    def _has_other_calls(self, choice: int) -> bool:
        """Whether user tools were called too; then the turn is a tool call turn."""
        return choice in self._called


REPAIR = (
    "This is not the object that was asked for:\n{problem}\nAnswer again, with the corrected JSON and nothing else."
)


@dataclass(slots=True, eq=False)
class OutputProblem:
    """Invalid output that the model may still correct."""

    problem: str

    def to_message(self) -> Message:
        """Return the message that asks for a correction."""
        return Message.model_validate({"role": "user", "text": REPAIR.format(problem=self.problem)})


@dataclass(slots=True, eq=False)
class OutputValidator:
    """Validator of one run; `repairs` is the number of corrections left."""

    repairs: int

    def read(self, answer: ChatResponse) -> Any | OutputProblem:
        """Return the output or an `OutputProblem`; raise `InvalidOutputError` if no corrections are left."""
        try:
            return read_output(answer)
        except InvalidOutputError as error:
            if self.repairs == 0:
                raise
            self.repairs -= 1
            return OutputProblem(error.message)
