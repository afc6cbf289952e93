"""Test mode: a sample answer in place of a request, for applications without keys or network."""

from __future__ import annotations

from ..errors import ConfigurationError
from ..response.builder import ResponseBuilder
from ..types.chat.delta import Delta, FinishDelta, MediaDelta, ResponseStart, StreamEnd, TextDelta, UsageDelta
from ..types.chat.usage import Usage
from ..types.config.call import Call
from ..types.content.parts import Origin
from .streaming.completed_stream import ReplaySource
from .streaming.stream import Stream

ANSWER = "This is a test mode output. This test message is from model {model} of {provider}."
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG image of one pixel."""


async def answer_in_test_mode(call: Call) -> Stream:
    """Return a stream over a sample answer; nothing is sent.

    Raises:
        ConfigurationError: The operation is neither chat nor image generation.
    """
    endpoint = call.endpoint
    origin = Origin(provider=str(endpoint.api.provider), model=endpoint.ai_model.model_name, protocol="test_mode")
    if call.operation not in ("chat", "image"):
        raise unsupported_error(call)
    return Stream(ReplaySource(lambda: sample_deltas(call, origin)), ResponseBuilder(origin))


def unsupported_error(call: Call) -> ConfigurationError:
    """Return the error for an operation that test mode does not answer."""
    return ConfigurationError(
        f"{call.endpoint.api.provider} ({call.endpoint.ai_model.model_name}): test_mode answers chat and image calls, "
        f"not {call.operation!r}. Use dhenara.ai.testing.FakeServer for other operations."
    )


def sample_deltas(call: Call, origin: Origin) -> list[Delta]:
    """Return the sample answer: an image of one pixel, or a text that is streamed word by word."""
    start = ResponseStart(id="test_mode", model=origin.model)
    end: list[Delta] = [FinishDelta("stop"), StreamEnd()]
    if call.operation == "image":
        return [start, MediaDelta(0, "image", base64=PIXEL, mime_type="image/png"), *end]
    words = ANSWER.format(model=origin.model, provider=origin.provider).split(" ")
    texts = [TextDelta(0, word if at == 0 else f" {word}") for at, word in enumerate(words)]
    read = sum(len(message.text.split()) for message in call.messages)
    return [start, *texts, UsageDelta(Usage(input_tokens=read, output_tokens=len(words))), *end]
