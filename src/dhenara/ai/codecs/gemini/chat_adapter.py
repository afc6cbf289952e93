"""Answers that come as a chat's and mean something else: read by its reader, and understood by another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...types.delta import Delta
from ...wire.frame import Frame
from .response import GeminiReader


class ChatAdapterReader:
    """What the deltas of a chat come to is for `_read` to say."""

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
