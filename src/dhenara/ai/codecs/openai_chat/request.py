"""Requests: a call written as a Chat Completions body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...types.call import Call
from ...types.call_config import AIModelCallConfig
from ..base import Outgoing
from ..begun import asked_to_go_on, is_begun
from ..context import unoffered
from ..marks import BREAKPOINT, unknown_to_cache
from ..packing import packed, shows_media
from ..parameters import write_parameters
from ..shaping import native_schema, output_mode, with_shape
from ..warnings import Warnings
from .messages import write_messages
from .quirks import PROTOCOL, ChatQuirks

if TYPE_CHECKING:
    from ...types.structured import OutputMode

STREAM_OPTIONS = {"include_usage": True}
STREAM_FIELDS = {"stream": True, "stream_options": STREAM_OPTIONS}


def write_request(call: Call, quirks: ChatQuirks) -> Outgoing:
    """The whole request; what the dialect cannot say is in the warnings."""
    warnings = Warnings(str(call.endpoint.api.provider))
    mode, call = output_mode(call, quirks), with_shape(call, quirks, warnings)
    if shows_media(call):
        from .parts import shown_by_user

        call = packed(call, quirks, PROTOCOL, warnings, shown_by_user(quirks))
    config = call.config
    if quirks.begun == "words" and is_begun(call):
        call = asked_to_go_on(call, warnings)
    body: dict[str, Any] = {
        "model": call.endpoint.ai_model.model_name,
        "messages": write_messages(call, quirks, warnings),
    }
    body.update(quirks.defaults)
    body.update(write_settings(config, quirks, warnings))
    if config.wants_reasoning is not None:
        from .reasoning import write_reasoning

        body.update(write_reasoning(config, quirks, warnings))
    if config.tools:
        from .tools import write_tools

        body.update(write_tools(config, quirks, warnings))
    body.update(write_format(config, mode, quirks, warnings))
    body.update(write_cache(config, quirks, warnings))
    unoffered(config, warnings)
    if config.streaming:
        body["stream"] = True
        if quirks.stream_usage == "option":
            body["stream_options"] = STREAM_OPTIONS
    body.update(call.endpoint.ai_model.parameters)
    body.update(config.options)
    return warnings.outgoing(quirks.path, body, stream_fields=STREAM_FIELDS)


def write_settings(config: AIModelCallConfig, quirks: ChatQuirks, warnings: Warnings) -> dict[str, Any]:
    written = write_parameters(config, quirks, warnings)
    if "top_logprobs" in written:
        written.setdefault("logprobs", True)
    if not config.tools and "tools" not in config.options:
        # Refused where there is nothing to call.
        written.pop("parallel_tool_calls", None)
    return written


def write_cache(config: AIModelCallConfig, quirks: ChatQuirks, warnings: Warnings) -> dict[str, Any]:
    unknown_to_cache(config, warnings, ("key",) if quirks.cache_key else ())
    cache = config.prompt_cache
    if cache is None or not quirks.cache_key:
        return {}
    written: dict[str, Any] = {} if cache.key is None else {"prompt_cache_key": cache.key}
    if cache.lifetime == "long":
        newer = quirks.cache_mark == BREAKPOINT
        written |= {"prompt_cache_options": {"ttl": "12h"}} if newer else {"prompt_cache_retention": "24h"}
    return written


def write_format(
    config: AIModelCallConfig, mode: OutputMode | None, quirks: ChatQuirks, warnings: Warnings
) -> dict[str, Any]:
    shape = config.structured_output
    if shape is None or mode == "tool" or (mode == "prompt" and not quirks.json_object):
        return {}
    if mode == "prompt":
        return {"response_format": {"type": "json_object"}}
    schema, strict = native_schema(shape, quirks, warnings)
    described: dict[str, Any] = {"name": shape.name, "schema": schema, "strict": strict}
    if shape.description is not None:
        described["description"] = shape.description
    return {"response_format": {"type": "json_schema", "json_schema": described}}
