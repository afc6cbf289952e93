"""Adapter for operations whose answer is a chat response, such as speech and transcription."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...types.delta import Delta
from ...wire.frame import Frame
from .response import GeminiReader


class ChatAdapterReader:
    """Decodes a chat response and converts it with `_read`."""

    __slots__ = ("_reader",)

    def __init__(self) -> None:
        self._reader = GeminiReader()

    def whole(self, body: Any) -> Iterator[Delta]:
        yield from self._read(self._reader.whole(body))

    def frame(self, frame: Frame) -> Iterable[Delta]:
        return list(self._read(self._reader.frame(frame)))

    def finish(self) -> Iterable[Delta]:
        return list(self._read(self._reader.finish()))

    def _read(self, deltas: Iterable[Delta]) -> Iterator[Delta]:
        raise NotImplementedError
