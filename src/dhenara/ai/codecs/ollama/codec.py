"""The Ollama codecs of chat and embeddings, and the body of their requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta, ResponseStart, ResultDelta, UsageDelta
from ...types.chat.structured import OutputMode, StructuredOutput
from ...types.chat.usage import Usage
from ...types.config.call import AIModelCallConfig, Call
from ...types.operations.text_operations import EmbeddingResponse
from ...wire.sse import Frames, NdjsonFrames
from ..base import EncodedRequest
from ..common.caller_tools import load_tools
from ..common.media import prepare_media
from ..common.plan import WarningCollector
from ..common.request import (
    dialect_effort,
    warn_unsupported_cache,
    warn_unsupported_context,
    with_reasoning_room,
    write_parameters,
)
from ..common.response_fields import Wire, read_int, read_name
from ..common.tools import apply_output_mode, native_schema, output_mode
from ..error_mapping import parse_body
from ..operations.media import check_vectors, read_embedding_input
from ..operations.operation import OperationCodec
from ..operations.quirks import EmbeddingQuirks
from ..quirks import OllamaQuirks
from .messages import FEWEST_BYTES_PER_TOKEN, PROTOCOL, is_user_media, iter_texts, write_messages, write_tools
from .response import OllamaReader, read_error

TOKENS_PER_IMAGE = 1_500
ANSWER_TOKENS = 2_048


def context_for(body: Wire, call: Call, quirks: OllamaQuirks) -> int:
    """Return the context size for the prompt and its answer, within the model's limit.

    The size grows by doubling, because the server reloads the model for every other size.
    """
    settings = call.endpoint.ai_model.settings
    limit = (settings and settings.max_context_window_tokens) or quirks.largest_context
    prompt = sum(len(text.encode("utf-8", "replace")) for text in iter_texts(body)) // FEWEST_BYTES_PER_TOKEN
    needed = prompt + count_images(body) * TOKENS_PER_IMAGE + (call.config.max_output_tokens or ANSWER_TOKENS)
    size = quirks.smallest_context
    while size < needed:
        size *= 2
    return min(size, limit)


def count_images(body: Wire) -> int:
    return sum(len(message.get("images") or ()) for message in body["messages"])


# Top-level fields; all other options are model options.
TOP_LEVEL_FIELDS = frozenset(
    {"format", "options", "keep_alive", "think", "truncate", "shift", "logprobs", "top_logprobs", "template", "system"}
    | {"model", "messages", "stream", "tools", "raw"}
)


def write_request(call: Call, quirks: OllamaQuirks) -> EncodedRequest:
    """Encode the request, always with a context size; unsupported settings are recorded as warnings."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    call = load_tools(call, PROTOCOL, warnings)
    mode, call = output_mode(call, quirks), apply_output_mode(call, quirks, warnings)
    call = prepare_media(call, quirks, PROTOCOL, warnings, is_user_media)
    config = call.config
    body: Wire = {
        "model": call.endpoint.ai_model.model_name,
        "messages": write_messages(call, warnings),
        "stream": config.streaming,
    }
    body.update(write_tools(call, quirks, warnings))
    if config.structured_output is not None and mode != "tool":
        body["format"] = write_format(config.structured_output, mode, quirks, warnings)
    body.update(write_thinking(config, quirks, warnings))
    if config.strict:
        # A prompt that does not fit is then an error instead of being truncated.
        body["truncate"] = False
    options: Wire = {"num_ctx": context_for(body, call, quirks)}
    limited = with_reasoning_room(call, config.max_reasoning_tokens, warnings, is_sent=False)
    settings = write_parameters(limited, quirks, warnings)
    if settings.get("top_logprobs") is not None:
        settings.setdefault("logprobs", True)
    for text in (quirks.defaults, settings, call.endpoint.ai_model.parameters, config.options):
        place_settings(text, body, options)
    body["options"] = options
    warn_unsupported_cache(config, warnings, ())
    warn_unsupported_context(config, warnings)
    return warnings.build_request(quirks.path, body, stream_fields={"stream": config.streaming})


def place_settings(fields: Mapping[str, Any], body: Wire, options: Wire) -> None:
    """Put each setting at the top level or among the model options."""
    for name, value in fields.items():
        if name == "options" and isinstance(value, Mapping):
            options.update(value)
        elif name in TOP_LEVEL_FIELDS:
            body[name] = value
        else:
            options[name] = value


def write_thinking(config: AIModelCallConfig, quirks: OllamaQuirks, warnings: WarningCollector) -> Wire:
    if config.wants_reasoning is None:
        return {}
    if quirks.thinking == "levels":
        if not config.wants_reasoning:
            warnings.translated("reasoning", "this model cannot turn reasoning off; the lowest level is used")
        elif config.max_reasoning_tokens is not None:
            warnings.translated("max_reasoning_tokens", "the budget is converted to a level")
        return {"think": dialect_effort(config, quirks.levels, warnings)}
    if config.max_reasoning_tokens is not None:
        warnings.unsupported("max_reasoning_tokens", "reasoning can only be turned on or off")
    if config.wants_reasoning and config.reasoning_effort is not None:
        warnings.translated("reasoning_effort", "reasoning can only be turned on or off")
    return {"think": config.wants_reasoning}


def write_format(
    shape: StructuredOutput, mode: OutputMode | None, quirks: OllamaQuirks, warnings: WarningCollector
) -> Any:
    return "json" if mode == "prompt" else native_schema(shape, quirks, warnings)[0]


class Ollama:
    """Stateless codec; one instance is enough."""

    name = "ollama"

    def encode(self, call: Call, quirks: OllamaQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return NdjsonFrames()

    def decoder(self, quirks: OllamaQuirks) -> OllamaReader:
        return OllamaReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


CODEC = Ollama()


TIMES = ("total_duration", "load_duration")


def write_embeddings(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    body: dict[str, Any] = {"model": request.model, "input": request.texts, **quirks.defaults, **request.params}
    body.update(call.endpoint.ai_model.parameters)
    body.update(call.config.options)
    return EncodedRequest(quirks.path, body, {}, request.warnings.all())


def read_embeddings(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield ResponseStart(None, read_name(body, "model"), {name: body[name] for name in TIMES if name in body} or None)
    yield UsageDelta(Usage(input_tokens=read_int(body, "prompt_eval_count")))
    yield ResultDelta(EmbeddingResponse(vectors=check_vectors(body["embeddings"])))


EMBEDDINGS = OperationCodec("ollama.embeddings", write_embeddings, read_embeddings, read_error)
