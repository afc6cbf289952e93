"""The Gemini codec, its errors, token counts, and an adapter for operations whose answer is a chat response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta
from ...types.config.call import Call
from ...wire.sse import Frame, Frames, SseFrames
from ..base import EncodedRequest
from ..error_mapping import parse_body
from ..operations.operation import OperationCodec, count_reader
from .quirks import GeminiQuirks
from .request import full_name, model_path, write_request
from .response import GeminiReader, read_error


class Gemini:
    """Stateless codec; one instance is enough."""

    name = "gemini"

    def encode(self, call: Call, quirks: GeminiQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: GeminiQuirks) -> GeminiReader:
        return GeminiReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


CODEC = Gemini()


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


def write_count(call: Call, quirks: GeminiQuirks) -> EncodedRequest:
    request, name = write_request(call, quirks), call.endpoint.ai_model.model_name
    path = quirks.path.format(model=model_path(name), name=model_path(name), method="countTokens")
    if not quirks.counts_whole_request:
        return replace(request, path=path)
    return replace(request, path=path, body={"generateContentRequest": {"model": full_name(name), **request.body}})


COUNT_TOKENS = OperationCodec("gemini.count_tokens", write_count, count_reader("totalTokens"), read_error)
