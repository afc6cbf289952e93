"""The Chat Completions codec: the body of requests, errors; images and token counts over the same endpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.structured import OutputMode, StructuredOutput
from ...types.chat.usage import Usage
from ...types.config.call import AIModelCallConfig, Call
from ...types.config.call_policies import PromptCache
from ...wire.sse import Frames, SseFrames
from ..base import EncodedRequest
from ..common.media import prepare_call
from ..common.plan import WarningCollector
from ..common.request import (
    BREAKPOINT,
    as_continue_request,
    is_prefilled,
    warn_unsupported_cache,
    warn_unsupported_context,
    write_parameters,
)
from ..common.tools import native_schema
from ..error_mapping import parse_body
from ..operations.operation import OperationCodec, count_reader
from ..quirks import PROTOCOL, ChatQuirks
from .messages import user_media_rule, write_messages
from .reasoning import limit_reasoning, write_reasoning
from .response import ChatReader, read_error
from .tools import write_tools

STREAM_OPTIONS = {"include_usage": True}
STREAM_FIELDS = {"stream": True, "stream_options": STREAM_OPTIONS}


def write_request(call: Call, quirks: ChatQuirks) -> EncodedRequest:
    """Encode the request; unsupported settings are recorded as warnings."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    call, mode, _ = prepare_call(call, quirks, PROTOCOL, warnings, user_media_rule(quirks))
    config = call.config
    if quirks.prefill == "words" and is_prefilled(call):
        call = as_continue_request(call, warnings)
    body: dict[str, Any] = {
        "model": call.endpoint.ai_model.model_name,
        "messages": write_messages(call, quirks, warnings),
    }
    body |= quirks.defaults
    limited = config if config.max_reasoning_tokens is None else limit_reasoning(call, quirks, warnings)
    body |= write_settings(limited, quirks, warnings)
    if config.wants_reasoning is not None:
        body |= write_reasoning(config, quirks, warnings)
    if config.tools:
        body |= write_tools(call, quirks, warnings)
    if config.structured_output is not None:
        body |= write_format(config.structured_output, mode, quirks, warnings)
    if config.prompt_cache is not None:
        body |= write_cache(config.prompt_cache, config, quirks, warnings)
    if config.context_policy is not None:
        warn_unsupported_context(config, warnings)
    if config.streaming:
        body["stream"] = True
        if quirks.stream_usage == "option":
            body["stream_options"] = STREAM_OPTIONS
    body |= call.endpoint.ai_model.parameters
    body |= config.options
    encoded = warnings.build_request(quirks.path, body, stream_fields=STREAM_FIELDS)
    return encoded if quirks.web_search != "options" else replace(encoded, expected_usage=search_usage(body))


def search_usage(body: dict[str, Any]) -> Usage:
    """Return the usage of search models: one search for each request, which their answers do not report."""
    options = body.get("web_search_options")
    size = options.get("search_context_size") if isinstance(options, dict) else None
    return Usage(
        units={"web_searches": 1.0}, counted=("web_searches",), options={"search_context_size": size or "medium"}
    )


def write_settings(config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector) -> dict[str, Any]:
    written = write_parameters(config, quirks, warnings)
    if "top_logprobs" in written:
        written.setdefault("logprobs", True)
    if "parallel_tool_calls" in written and not config.tools and "tools" not in config.options:
        del written["parallel_tool_calls"]  # rejected without tools
    return written


def write_cache(
    cache: PromptCache, config: AIModelCallConfig, quirks: ChatQuirks, warnings: WarningCollector
) -> dict[str, Any]:
    warn_unsupported_cache(config, warnings, ("key",) if quirks.cache_key else ())
    if not quirks.cache_key:
        return {}
    written: dict[str, Any] = {} if cache.key is None else {"prompt_cache_key": cache.key}
    if cache.lifetime == "long":
        newer = quirks.cache_mark == BREAKPOINT
        written |= {"prompt_cache_options": {"ttl": "12h"}} if newer else {"prompt_cache_retention": "24h"}
    return written


def write_format(
    shape: StructuredOutput, mode: OutputMode | None, quirks: ChatQuirks, warnings: WarningCollector
) -> dict[str, Any]:
    if mode == "tool" or (mode == "prompt" and not quirks.json_object):
        return {}
    if mode == "prompt":
        return {"response_format": {"type": "json_object"}}
    schema, strict = native_schema(shape, quirks, warnings)
    described: dict[str, Any] = {"name": shape.name, "schema": schema, "strict": strict}
    if shape.description is not None:
        described["description"] = shape.description
    return {"response_format": {"type": "json_schema", "json_schema": described}}


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
