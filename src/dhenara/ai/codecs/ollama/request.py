"""Requests of the chat API: encode a call as a body, and the size of the context that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...types.chat.structured import OutputMode, StructuredOutput
from ...types.config.call import AIModelCallConfig, Call
from ..base import EncodedRequest
from ..common.fields import Wire
from ..common.media import prepare_media
from ..common.output_limit import with_reasoning_room
from ..common.plan import WarningCollector
from ..common.request import dialect_effort, warn_unsupported_cache, warn_unsupported_context, write_parameters
from ..common.tools import apply_output_mode, native_schema, output_mode
from .messages import PROTOCOL, is_user_media, write_messages
from .quirks import OllamaQuirks
from .tools import write_tools

# Hardly any text has fewer bytes per token, so the estimate is rather too high.
FEWEST_BYTES_PER_TOKEN = 3
# Hardly any text has this many characters per token.
MOST_CHARACTERS_PER_TOKEN = 6
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


def iter_texts(body: Wire) -> Iterator[str]:
    """Return all text of the request."""
    for message in body["messages"]:
        yield message.get("content") or ""
        yield message.get("thinking") or ""
        yield str(message.get("tool_calls") or "")
    yield str(body.get("tools") or "")


def count_images(body: Wire) -> int:
    return sum(len(message.get("images") or ()) for message in body["messages"])


def is_prompt_truncated(body: Wire, prompt_tokens: int) -> bool:
    """Whether the prompt that was read is much shorter than the one that was sent.

    The server drops the oldest messages first, then the beginning of the last one, without any notice.
    """
    size = body.get("options", {}).get("num_ctx")
    if not isinstance(size, int) or not prompt_tokens:
        return False
    if prompt_tokens > size:
        # Ollama's cloud ignores the requested context size and uses that of the model.
        return False
    if prompt_tokens == size:
        return True
    sent = sum(map(len, iter_texts(body)))
    return sent > size * FEWEST_BYTES_PER_TOKEN and sent > prompt_tokens * MOST_CHARACTERS_PER_TOKEN


# Top-level fields; all other options are model options.
TOP_LEVEL_FIELDS = frozenset(
    {"format", "options", "keep_alive", "think", "truncate", "shift", "logprobs", "top_logprobs", "template", "system"}
    | {"model", "messages", "stream", "tools", "raw"}
)


def write_request(call: Call, quirks: OllamaQuirks) -> EncodedRequest:
    """Encode the request, always with a context size; unsupported settings are recorded as warnings."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    mode, call = output_mode(call, quirks), apply_output_mode(call, quirks, warnings)
    call = prepare_media(call, quirks, PROTOCOL, warnings, is_user_media)
    config = call.config
    body: Wire = {
        "model": call.endpoint.ai_model.model_name,
        "messages": write_messages(call, warnings),
        "stream": config.streaming,
    }
    body.update(write_tools(config, quirks, warnings))
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
