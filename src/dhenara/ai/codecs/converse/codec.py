"""The Converse codec, the body of its requests, and token counts."""

from __future__ import annotations

from dataclasses import replace

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.structured import StructuredOutput
from ...types.config.call import AIModelCallConfig, Call
from ...wire import json
from ...wire.eventstream import EventStreamFrames
from ...wire.sse import Frames
from ..base import EncodedRequest
from ..common.caller_tools import load_tools
from ..common.media import prepare_media
from ..common.plan import PromptPrefix, WarningCollector
from ..common.request import (
    budget_for,
    cache_point,
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
from ..common.tools import apply_output_mode, native_schema, output_mode
from ..error_mapping import aws_error, parse_body
from ..operations.operation import OperationCodec, count_reader
from ..quirks import ConverseQuirks
from .messages import PROTOCOL, is_user_media, write_messages, write_system, write_tools
from .response import ConverseReader

# Options that Converse itself supports; all others are for the model.
OWN = frozenset(
    {"guardrailConfig", "promptVariables", "additionalModelResponseFieldPaths", "requestMetadata", "performanceConfig"}
    | {"serviceTier", "outputConfig", "additionalModelRequestFields", "inferenceConfig", "toolConfig", "system"}
)


def write_request(call: Call, quirks: ConverseQuirks) -> EncodedRequest:
    """Encode the request; unsupported settings are recorded as warnings."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    call = load_tools(call, PROTOCOL, warnings)
    mode, call = output_mode(call, quirks), apply_output_mode(call, quirks, warnings)
    call = prepare_media(call, quirks, PROTOCOL, warnings, is_user_media)
    config = call.config
    system, tools = write_system(call, warnings), write_tools(call, quirks, warnings)
    prefix = PromptPrefix(system, tools.get("toolConfig", {}).get("tools")) if quirks.binds_thinking else None
    messages = write_messages(strip_trailing_space(call), warnings, prefix)
    data = None if prefix is None else prefix.extend(messages)
    body: Wire = {"messages": messages}
    if system:
        body["system"] = system
    more = write_reasoning(call, quirks, warnings)
    budget = more.get("thinking", {}).get("budget_tokens")
    inference = write_parameters(limit_reasoning(call, quirks, budget, warnings), quirks, warnings)
    if budget is not None:
        inference.setdefault("maxTokens", DEFAULT_LIMIT + budget)
    if "thinking" in more and more["thinking"]["type"] != "disabled":
        drop_temperature(inference, warnings)
    if inference:
        body["inferenceConfig"] = inference
    write_cache(config, warnings, body)
    warn_unsupported_context(config, warnings)
    body.update(tools)
    if config.service_tier is not None:
        body["serviceTier"] = {"type": config.service_tier}
    if config.metadata:
        body["requestMetadata"] = {name: str(value) for name, value in config.metadata.items()}
    if config.structured_output is not None and mode == "native":
        body["outputConfig"] = write_format(config.structured_output, quirks, warnings)
    body.update(quirks.defaults)
    for options in (call.endpoint.ai_model.parameters, config.options):
        body.update({name: value for name, value in options.items() if name in OWN})
        more.update({name: value for name, value in options.items() if name not in OWN})
    if more:
        body["additionalModelRequestFields"] = {**body.get("additionalModelRequestFields", {}), **more}
    # An ARN contains slashes and colons, but is one segment of the path.
    model = quote_segment(call.endpoint.ai_model.model_name)
    whole = f"/model/{model}/converse"
    path = f"{whole}-stream" if config.streaming else whole
    return replace(warnings.build_request(path, body, stream_fields={}, whole_path=whole), prefix=data)


def write_cache(config: AIModelCallConfig, warnings: WarningCollector, body: Wire) -> None:
    warn_unsupported_cache(config, warnings, ())
    cache = config.prompt_cache
    if cache is None:
        return
    point = {"cachePoint": cache_point(cache.lifetime)}
    if cache.instructions and body.get("system"):
        body["system"] = [*body["system"], point]
    if cache.automatic and body["messages"]:
        body["messages"][-1]["content"].append(point)


DEFAULT_LIMIT = 4_096
"""Output tokens of a call with a budget that sets no limit."""


def limit_reasoning(
    call: Call, quirks: ConverseQuirks, budget: int | None, warnings: WarningCollector
) -> AIModelCallConfig:
    """Return the config with an output limit that covers reasoning too."""
    if quirks.reasoning == "none":
        return call.config
    return with_reasoning_room(
        call, budget or call.config.max_reasoning_tokens, warnings, is_sent=quirks.reasoning == "budget"
    )


def write_reasoning(call: Call, quirks: ConverseQuirks, warnings: WarningCollector) -> Wire:
    """Encode reasoning in the fields of the model family."""
    config = call.config
    if config.wants_reasoning is None:
        return {}
    if not config.wants_reasoning:
        return disable_reasoning(quirks, warnings)
    if config.max_reasoning_tokens is not None and quirks.reasoning in ("adaptive", "config", "effort"):
        warnings.translated("max_reasoning_tokens", "the budget is converted to an effort level")
    match quirks.reasoning:
        case "budget":
            budget = cap_budget(call, max(1_024, budget_for(config) or 4_096), warnings)
            return {"thinking": {"type": "enabled", "budget_tokens": budget}}
        case "adaptive":
            return {
                "thinking": {"type": "adaptive"},
                "output_config": {"effort": dialect_effort(config, quirks.efforts, warnings)},
            }
        case "config":
            effort = dialect_effort(config, quirks.efforts, warnings)
            return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
        case "effort":
            return {"reasoning_effort": dialect_effort(config, quirks.efforts, warnings)}
    warnings.unsupported("reasoning", "reasoning settings of this model are unknown")
    return {}


def disable_reasoning(quirks: ConverseQuirks, warnings: WarningCollector) -> Wire:
    """Turn reasoning off; models with a budget and models without reasoning need no field for this."""
    match quirks.reasoning:
        case "adaptive":
            return {"thinking": {"type": "disabled"}}
        case "config":
            return {"reasoningConfig": {"type": "disabled"}}
        case "effort":
            warnings.translated("reasoning", "these models cannot turn reasoning off; the lowest level is used")
            return {"reasoning_effort": "low"}
    return {}


def drop_temperature(inference: Wire, warnings: WarningCollector) -> None:
    if inference.pop("temperature", None) is not None:
        warnings.unsupported("temperature", "it cannot be set when the model reasons")


def write_format(shape: StructuredOutput, quirks: ConverseQuirks, warnings: WarningCollector) -> Wire:
    """Encode the schema, as a JSON string."""
    schema, _ = native_schema(shape, quirks, warnings)
    described: Wire = {"schema": json.dumps(schema).decode(), "name": shape.name}
    if shape.description is not None:
        described["description"] = shape.description
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": described}}}


class Converse:
    """Stateless codec; one instance is enough."""

    name = "converse"

    def encode(self, call: Call, quirks: ConverseQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return EventStreamFrames()

    def decoder(self, quirks: ConverseQuirks) -> ConverseReader:
        return ConverseReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return aws_error(head, parse_body(body))


CODEC = Converse()


COUNTED = frozenset({"messages", "system", "toolConfig", "additionalModelRequestFields"})


def write_count(call: Call, quirks: ConverseQuirks) -> EncodedRequest:
    request = write_request(call, quirks)
    counted = {name: value for name, value in request.body.items() if name in COUNTED}
    model = quote_segment(call.endpoint.ai_model.model_name)
    return replace(request, path=f"/model/{model}/count-tokens", body={"input": {"converse": counted}})


COUNT_TOKENS = OperationCodec("converse.count_tokens", write_count, count_reader("inputTokens"), aws_error)
