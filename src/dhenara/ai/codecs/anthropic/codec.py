"""The Messages codec, also for events inside the event stream of AWS: the body of requests, and token counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.structured import StructuredOutput
from ...types.config.call import AIModelCallConfig, Call
from ...wire.sse import Frames, SseFrames
from ..base import EncodedRequest
from ..common.media import prepare_call
from ..common.plan import PromptPrefix, WarningCollector
from ..common.request import (
    anthropic_cache_control,
    both_limited,
    budget_for,
    cap_budget,
    dialect_effort,
    quote_segment,
    strip_trailing_space,
    warn_unsupported_cache,
    warn_unsupported_context,
    with_reasoning_room,
    write_parameters,
)
from ..common.response_fields import Wire
from ..common.tools import native_schema
from ..error_mapping import parse_body
from ..operations.operation import OperationCodec, count_reader
from ..quirks import MessagesQuirks
from .messages import MARK, PROTOCOL, is_user_media, write_messages, write_system
from .response import MessagesReader, read_error
from .tools import reuse_container, write_tools


def write_thinking(call: Call, quirks: MessagesQuirks, warnings: WarningCollector) -> Wire:
    """Encode `max_tokens`, always, and the reasoning settings if any were set."""
    config, limit = call.config, output_limit(call, quirks)
    wants_reasoning = config.wants_reasoning
    if wants_reasoning is None or quirks.thinking == "none":
        if wants_reasoning:
            warnings.unsupported("reasoning", "this model does not support reasoning")
        return {"max_tokens": limit}
    if not wants_reasoning:
        return {"max_tokens": limit, **disable_thinking(quirks, warnings)}
    if quirks.thinking == "adaptive":
        limited = with_reasoning_room(call, config.max_reasoning_tokens, warnings, is_sent=False)
        return {"max_tokens": limited.max_output_tokens or limit, **adaptive_thinking(config, quirks, warnings)}
    return budgeted_thinking(call, quirks, warnings, limit)


def output_limit(call: Call, quirks: MessagesQuirks) -> int:
    known = (settings := call.endpoint.ai_model.settings) and settings.max_output_tokens
    return call.config.max_output_tokens or known or quirks.default_max_tokens


def disable_thinking(quirks: MessagesQuirks, warnings: WarningCollector) -> Wire:
    """Turn reasoning off; models with budgets need no field for this."""
    if quirks.thinking == "budget":
        return {}
    if quirks.can_stop_thinking:
        return {"thinking": {"type": "disabled"}}
    warnings.translated("reasoning", "this model cannot turn reasoning off; it reasons only between tool calls")
    return {"thinking": {"type": "between_tools"}}


def adaptive_thinking(config: AIModelCallConfig, quirks: MessagesQuirks, warnings: WarningCollector) -> Wire:
    if config.max_reasoning_tokens is not None:
        warnings.translated("max_reasoning_tokens", "this model supports an effort instead of a budget")
    written: Wire = {"thinking": {"type": "adaptive"}}
    if config.reasoning_effort is not None or config.max_reasoning_tokens is not None:
        written["output_config"] = {"effort": dialect_effort(config, quirks.efforts, warnings)}
    return written


def budgeted_thinking(call: Call, quirks: MessagesQuirks, warnings: WarningCollector, limit: int) -> Wire:
    """Encode a budget. The API's limit includes reasoning and ours does not, so they are added."""
    request = budget_for(call.config) or max(quirks.smallest_budget, limit // 2)
    budget = cap_budget(call, max(request, quirks.smallest_budget), warnings)
    if request < quirks.smallest_budget:
        warnings.clamped("max_reasoning_tokens", f"the smallest budget is {quirks.smallest_budget}")
    settings = call.endpoint.ai_model.settings
    most = settings.max_output_tokens if settings else None
    total = limit + budget
    if most is not None and total > most:
        total = most
        if call.config.max_output_tokens is not None:
            warnings.clamped("max_output_tokens", both_limited(most))
        if budget >= total:
            budget = max(quirks.smallest_budget, total // 2)
            warnings.clamped("max_reasoning_tokens", f"the model generates at most {most} tokens, so {budget} are left")
    return {"max_tokens": total, "thinking": {"type": "enabled", "budget_tokens": budget}}


FILES = "files-api-2025-04-14"
STREAM_FIELDS = {"stream": True}
OMITTED_WHILE_THINKING: dict[str, str] = dict.fromkeys(
    ("temperature", "top_k"), "it cannot be set when the model reasons"
)


def write_request(call: Call, quirks: MessagesQuirks) -> EncodedRequest:
    """Encode the request; unsupported settings are recorded as warnings."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    call, mode, is_text = prepare_call(call, quirks, PROTOCOL, warnings, is_user_media)
    config = call.config
    model = call.endpoint.ai_model.model_name
    thinking = write_thinking(call, quirks, warnings)
    kind = thinking["thinking"].get("type") if "thinking" in thinking else None
    system = write_system(call)
    tools = write_tools(call, quirks, warnings, thinks=kind == "enabled") if config.tools else {}
    prefix = PromptPrefix(system, tools.get("tools")) if quirks.binds_thinking else None
    messages = write_messages(strip_trailing_space(call), warnings, prefix)
    body: Wire = {} if quirks.version_in_body else {"model": model}
    if quirks.version_in_body:
        body["anthropic_version"] = quirks.version_in_body
    body["max_tokens"] = thinking.pop("max_tokens")
    if system:
        body["system"] = system
    body["messages"] = messages
    body |= quirks.defaults
    body |= write_parameters(
        config, quirks, warnings, OMITTED_WHILE_THINKING if kind in ("enabled", "adaptive") else None
    )
    if config.user or config.metadata:
        body |= write_user(config, warnings)
    body |= thinking
    body |= tools
    if "tools" in body:
        reuse_container(call, body)
    if config.structured_output is not None and mode == "native":
        body["output_config"] = write_format(config.structured_output, quirks, warnings, body.get("output_config", {}))
    if config.streaming and quirks.stream_in_body:
        body["stream"] = True
    if not is_text or config.prompt_cache is not None:
        write_cache(config, quirks, warnings, body)
    if config.context_policy is not None:
        write_context(config, warnings, body)
    body |= call.endpoint.ai_model.parameters
    body |= config.options
    if not is_text and any(media_source(block) == "file" for turn in messages for block in turn["content"]):
        body["betas"] = [*body.get("betas", ()), FILES]
    whole_path = path(call, quirks)
    place = path(call, quirks, streaming=True) if config.streaming else whole_path
    encoded = warnings.build_request(place, body, beta_headers(body, quirks), STREAM_FIELDS, whole_path)
    return encoded if prefix is None else replace(encoded, prefix=prefix.extend(messages))


def path(call: Call, quirks: MessagesQuirks, *, streaming: bool = False) -> str:
    """Return the path; the model name is quoted as one segment."""
    model = quote_segment(call.endpoint.ai_model.model_name, "@")
    return quirks.path.format(model=model, method=quirks.methods[streaming])


def media_source(block: Wire) -> str | None:
    """Return the source of an image or document block; None for other blocks."""
    source = block.get("source")
    return source.get("type") if isinstance(source, dict) else None


def beta_headers(body: Wire, quirks: MessagesQuirks) -> dict[str, str]:
    """Return the beta header. Betas may be set in the options and are sent as one list, in a header or the body."""
    betas: list[str] = []
    if quirks.betas or "betas" in body:
        betas = list(dict.fromkeys([*quirks.betas, *body.pop("betas", ())]))
    written = {} if quirks.version_in_body else {"anthropic-version": quirks.version}
    if betas and quirks.betas_in_body:
        body["anthropic_beta"] = betas
        return written
    return {**written, "anthropic-beta": ",".join(betas)} if betas else written


def write_user(config: AIModelCallConfig, warnings: WarningCollector) -> Wire:
    """Encode the user id, the only metadata that the API supports."""
    unsupported = config.metadata.keys() - {"user_id", "user"}
    if unsupported:
        warnings.unsupported("metadata", f"only user_id is supported; {', '.join(sorted(unsupported))} were left out")
    user = config.user or config.metadata.get("user_id") or config.metadata.get("user")
    return {} if user is None else {"metadata": {"user_id": str(user)}}


def write_format(shape: StructuredOutput, quirks: MessagesQuirks, warnings: WarningCollector, config: Wire) -> Wire:
    """Encode the schema in `output_config`, next to the effort."""
    schema, _ = native_schema(shape, quirks, warnings)
    return {**config, "format": {"type": "json_schema", "schema": schema}}


MOST_MARKS = 4
COMPACTION = "compact-2026-01-12"
MANAGEMENT = "context-management-2025-06-27"


def write_cache(config: AIModelCallConfig, quirks: MessagesQuirks, warnings: WarningCollector, body: Wire) -> None:
    """Set the requested cache markers. The API accepts four; later ones cover more, so the earliest are dropped."""
    cache = config.prompt_cache
    warn_unsupported_cache(config, warnings, ())
    if cache is not None and cache.instructions:
        mark_instructions(body, anthropic_cache_control(cache.lifetime))
    if cache is not None and cache.automatic:
        if quirks.automatic_cache:
            body[MARK] = anthropic_cache_control(cache.lifetime)
        elif body["messages"]:
            body["messages"][-1]["content"][-1].setdefault(MARK, anthropic_cache_control(cache.lifetime))
    holders = list(marked_blocks(body))
    for holder in holders[: max(0, len(holders) + (MARK in body) - MOST_MARKS)]:
        del holder[MARK]
        warnings.clamped("cache", f"at most {MOST_MARKS} cache markers are supported, so the earliest were left out")


def mark_instructions(body: Wire, mark: Wire) -> None:
    """Mark the instructions; this covers the tools as well, which come before them."""
    system = body.get("system")
    if isinstance(system, list):
        body["system"] = [*system[:-1], {MARK: mark, **system[-1]}]
    elif system:
        body["system"] = [{"type": "text", "text": system, MARK: mark}]
    elif body.get("tools"):
        body["tools"] = [*body["tools"][:-1], {**body["tools"][-1], MARK: mark}]


def marked_blocks(body: Wire) -> Iterator[Wire]:
    """Return everything with a marker, in cache order."""
    system = body.get("system")
    yield from (tool for tool in body.get("tools", ()) if MARK in tool)
    yield from (block for block in (system if isinstance(system, list) else ()) if MARK in block)
    for turn in body["messages"]:
        for block in turn["content"]:
            inner = block.get("content") if block.get("type") == "tool_result" else None
            yield from (one for one in (inner if isinstance(inner, list) else ()) if MARK in one)
            if MARK in block:
                yield block


def write_context(config: AIModelCallConfig, warnings: WarningCollector, body: Wire) -> None:
    """Encode compaction and clearing of tool results; each needs a beta header."""
    policy = config.context_policy
    if policy is None:
        return
    warn_unsupported_context(config, warnings, "compact_at", "clear_tool_results_at")
    edits: list[Wire] = []
    betas: list[str] = []
    if policy.clear_tool_results_at is not None:
        stored = {"type": "tool_uses", "value": policy.keep_tool_results}
        edits.append(
            {"type": "clear_tool_uses_20250919", "trigger": token_trigger(policy.clear_tool_results_at), "keep": stored}
        )
        betas.append(MANAGEMENT)
    if policy.compact_at is not None:
        edits.append({"type": "compact_20260112", "trigger": token_trigger(policy.compact_at)})
        betas.append(COMPACTION)
    if edits:
        body["context_management"] = {"edits": edits}
        body["betas"] = [*body.get("betas", ()), *betas]


def token_trigger(tokens: int) -> Wire:
    return {"type": "input_tokens", "value": tokens}


class Anthropic:
    """Stateless codec; one instance is enough."""

    name = "anthropic"

    def encode(self, call: Call, quirks: MessagesQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: MessagesQuirks) -> MessagesReader:
        return MessagesReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


CODEC = Anthropic()


COUNTED = frozenset(
    {
        *("model", "messages", "system", "tools", "tool_choice", "thinking", "cache_control"),
        *("output_config", "output_format", "mcp_servers", "context_management", "speed"),
    }
)


def write_count(call: Call, quirks: MessagesQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    body = {name: value for name, value in request.body.items() if name in COUNTED}
    return replace(request, path=f"{request.path}/count_tokens", body=body)


COUNT_TOKENS = OperationCodec("anthropic.count_tokens", write_count, count_reader("input_tokens"), read_error)
