"""The Chat Completions codec and its errors; images and token counts over the same endpoint."""

from __future__ import annotations

from dataclasses import replace

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.config.call import Call
from ...wire.sse import Frames, SseFrames
from ..base import EncodedRequest
from ..error_mapping import parse_body
from ..operations.operation import OperationCodec, count_reader
from .quirks import ChatQuirks
from .request import write_request
from .response import ChatReader, read_error


class OpenAIChat:
    """Stateless codec; one instance is enough."""

    name = "openai_chat"

    def encode(self, call: Call, quirks: ChatQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: ChatQuirks) -> ChatReader:
        return ChatReader(quirks)

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


CODEC = OpenAIChat()


def write_count(call: Call, quirks: ChatQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    return replace(request, path=f"{request.path}/input_tokens")


COUNT_TOKENS = OperationCodec("openai_chat.count_tokens", write_count, count_reader("input_tokens"), read_error)


MODALITIES = ["image", "text"]


class ChatImages(OpenAIChat):
    """Returns text in addition to the images."""

    name = "openai_chat.images"

    def encode(self, call: Call, quirks: ChatQuirks) -> EncodedRequest:
        options = {"modalities": MODALITIES, **call.config.options}
        return super().encode(replace(call, config=call.config.model_copy(update={"options": options})), quirks)


IMAGES = ChatImages()
