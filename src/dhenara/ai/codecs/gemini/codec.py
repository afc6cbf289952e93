"""The Gemini codec: the body of requests, errors, token counts, and an adapter for operations with chat responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta
from ...types.chat.structured import OutputMode, StructuredOutput
from ...types.config.call import AIModelCallConfig, Call
from ...types.config.call_policies import PromptCache
from ...wire.sse import Frame, Frames, SseFrames
from ..base import EncodedRequest
from ..common.media import prepare_call
from ..common.plan import WarningCollector
from ..common.request import (
    budget_for,
    dialect_effort,
    quote_path,
    quote_segment,
    warn_unsupported_cache,
    warn_unsupported_context,
    with_reasoning_room,
    write_parameters,
)
from ..common.response_fields import Wire
from ..common.tools import native_schema
from ..error_mapping import parse_body
from ..operations.operation import OperationCodec, count_reader
from ..quirks import GeminiQuirks
from .messages import PROTOCOL, is_user_media, write_messages, write_tools
from .response import GeminiReader, read_error

PREFIXED = ("models/", "tunedModels/", "publishers/", "projects/", "endpoints/")
SINGLE = ("models", "tunedModels")
"""Collections whose names have one more segment; those of others may have several."""


def full_name(model: str) -> str:
    """Return the name with its collection; the default is `models`."""
    return model if model.startswith(PREFIXED) else f"models/{model}"


@lru_cache(256)
def model_path(model: str) -> str:
    """Return the full name, quoted segment by segment for a path."""
    name = full_name(model)
    collection, _, rest = name.partition("/")
    return f"{collection}/{quote_segment(rest, '@') if collection in SINGLE else quote_path(rest, '@')}"


def write_request(call: Call, quirks: GeminiQuirks) -> EncodedRequest:
    """Encode the request; unsupported settings are recorded as warnings."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    call, mode, _ = prepare_call(call, quirks, PROTOCOL, warnings, is_user_media)
    config = call.config
    system, contents = write_messages(call, quirks, warnings)
    body: Wire = {"contents": contents}
    if system:
        body["systemInstruction"] = {"parts": [{"text": system}]}
    limited = config if config.max_output_tokens is None else with_thinking_room(call, quirks, warnings)
    generation = write_settings(limited, quirks, warnings)
    if config.wants_reasoning is not None:
        generation |= THINKING[quirks.thinking](config, quirks, warnings)
    if config.structured_output is not None:
        generation |= write_format(config.structured_output, config, mode, quirks, warnings)
    if generation:
        body["generationConfig"] = generation
    if config.tools:
        body |= write_tools(call, quirks, warnings)
    if config.prompt_cache is not None:
        write_cache(config.prompt_cache, config, warnings, body)
    if config.context_policy is not None:
        warn_unsupported_context(config, warnings)
    body |= quirks.defaults
    body |= call.endpoint.ai_model.parameters
    if config.options:
        merge_options(body, config.options)
    whole_path = path(call, quirks)
    place = path(call, quirks, streaming=True) if config.streaming else whole_path
    return warnings.build_request(place, body, stream_fields={}, whole_path=whole_path)


def write_cache(cache: PromptCache, config: AIModelCallConfig, warnings: WarningCollector, body: Wire) -> None:
    """Encode the cache settings. Prompts are cached automatically; cached content contains instructions and tools."""
    warn_unsupported_cache(config, warnings, ("stored",))
    if cache.stored is None:
        return
    body["cachedContent"] = cache.stored
    for name in ("systemInstruction", "tools", "toolConfig"):
        if body.pop(name, None) is not None:
            warnings.unsupported(name, "it is part of the cached content and cannot be sent with it")


def path(call: Call, quirks: GeminiQuirks, *, streaming: bool = False) -> str:
    name = model_path(call.endpoint.ai_model.model_name)
    method = "streamGenerateContent?alt=sse" if streaming else "generateContent"
    return quirks.path.format(model=name, name=name, method=method)


def merge_options(body: Wire, options: Wire) -> None:
    """Merge generation options into the existing ones; set all others in the body."""
    for name, value in options.items():
        known = body.get(name)
        body[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value


def write_settings(config: AIModelCallConfig, quirks: GeminiQuirks, warnings: WarningCollector) -> Wire:
    written = write_parameters(config, quirks, warnings)
    if "logprobs" in written:
        written.setdefault("responseLogprobs", True)
    return written


def with_thinking_room(call: Call, quirks: GeminiQuirks, warnings: WarningCollector) -> AIModelCallConfig:
    """Return the config with an output limit that covers thinking too."""
    config = call.config
    match quirks.thinking:
        case "budget":
            budget = max(budget_for(config) or 0, quirks.smallest_budget)
            return with_reasoning_room(call, budget if budget_for(config) else None, warnings, is_sent=True)
        case "level":
            return with_reasoning_room(call, config.max_reasoning_tokens, warnings, is_sent=False)
    return config


def disable_thinking(config: AIModelCallConfig, quirks: GeminiQuirks, warnings: WarningCollector) -> Wire:
    if config.wants_reasoning:
        warnings.unsupported("reasoning", "this model does not support reasoning")
    return {}


def thinking_budget(config: AIModelCallConfig, quirks: GeminiQuirks, warnings: WarningCollector) -> Wire:
    """Encode a budget: 0 turns reasoning off, -1 lets the model decide."""
    least = quirks.smallest_budget
    if not config.wants_reasoning:
        if least:
            warnings.translated(
                "reasoning", f"this model cannot turn reasoning off; its minimum of {least} tokens is used"
            )
        return {"thinkingConfig": {"thinkingBudget": least}}
    tokens = budget_for(config)
    if tokens is not None and tokens < least:
        warnings.clamped("max_reasoning_tokens", f"the smallest budget is {least}")
        tokens = least
    return {"thinkingConfig": {"thinkingBudget": -1 if tokens is None else tokens, "includeThoughts": True}}


def thinking_level(config: AIModelCallConfig, quirks: GeminiQuirks, warnings: WarningCollector) -> Wire:
    if config.max_reasoning_tokens is not None:
        warnings.translated("max_reasoning_tokens", "this model supports a level instead of a budget")
    thinking: Wire = {"thinkingLevel": dialect_effort(config, quirks.levels, warnings)}
    if not config.wants_reasoning:
        warnings.translated("reasoning", "this model cannot turn reasoning off; the lowest level is used")
        return {"thinkingConfig": thinking}
    return {"thinkingConfig": {**thinking, "includeThoughts": True}}


THINKING: dict[str, Callable[[AIModelCallConfig, GeminiQuirks, WarningCollector], Wire]] = {
    "none": disable_thinking,
    "budget": thinking_budget,
    "level": thinking_level,
}


def write_format(
    shape: StructuredOutput,
    config: AIModelCallConfig,
    mode: OutputMode | None,
    quirks: GeminiQuirks,
    warnings: WarningCollector,
) -> Wire:
    """Encode the output format. JSON mode cannot be combined with tools, so only the prompt asks for JSON."""
    if mode == "tool" or (mode == "prompt" and config.tools):
        return {}
    if mode == "prompt":
        return {"responseMimeType": "application/json"}
    schema, _ = native_schema(shape, quirks, warnings)
    return {"responseMimeType": "application/json", "responseJsonSchema": schema}


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
