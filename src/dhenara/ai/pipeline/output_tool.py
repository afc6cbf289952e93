"""The answer's tool: where a model can only be held to a schema by calling one, its arguments are the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..codecs.base import Decoder
from ..types.delta import Delta, FinishDelta, Part, TextDelta, ToolCallDelta
from ..wire.frame import Frame


class OutputToolDecoder:
    """Another decoder, with the arguments of this one tool told as the text that they stand for."""

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
        # What belongs to a call would be taken for a message's if it stood with the text itself.
        extras = {"called": delta.extras} if delta.extras else None
        return TextDelta(delta.part, delta.arguments, delta.choice, extras)

    def _has_other_calls(self, choice: int) -> bool:
        """Whether tools of the user were called too: then the turn is theirs."""
        return choice in self._called
