"""The Cohere chat codec, and the body of its requests."""

from __future__ import annotations

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.structured import OutputMode, StructuredOutput
from ...types.config.call import AIModelCallConfig, Call
from ...wire.sse import Frames, SseFrames
from ..base import EncodedRequest
from ..common.fields import Wire
from ..common.media import prepare_media
from ..common.plan import WarningCollector
from ..common.request import (
    budget_for,
    warn_unsupported_cache,
    warn_unsupported_context,
    warn_unsupported_marks,
    with_reasoning_room,
    write_parameters,
)
from ..common.tools import apply_output_mode, native_schema, output_mode
from ..error_mapping import parse_body
from .messages import PROTOCOL, is_user_media, write_documents, write_messages
from .quirks import CohereQuirks
from .response import CohereReader, read_error
from .tools import write_tools


def write_request(call: Call, quirks: CohereQuirks) -> EncodedRequest:
    """Encode the request; unsupported settings are recorded as warnings."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    mode, call = output_mode(call, quirks), apply_output_mode(call, quirks, warnings)
    call = prepare_media(call, quirks, PROTOCOL, warnings, is_user_media)
    config = call.config
    body: Wire = {
        "model": call.endpoint.ai_model.model_name,
        "messages": write_messages(call, warnings),
        "stream": config.streaming,
    }
    documents = write_documents(call)
    body.update(documents)
    warn_unsupported_cache(config, warnings, ())
    warn_unsupported_marks((part for message in call.messages for part in message.contents), warnings)
    warn_unsupported_context(config, warnings)
    body.update(quirks.defaults)
    limited = with_reasoning_room(call, budget_for(config), warnings, is_sent=True)
    body.update(write_parameters(limited, quirks, warnings))
    body.update(write_thinking(config))
    body.update(write_tools(config, quirks, warnings))
    # JSON mode cannot be combined with tools, so only the prompt asks for JSON.
    if config.structured_output is not None and mode != "tool" and not config.tools:
        body["response_format"] = write_format(config.structured_output, mode, quirks, warnings)
    body.update(call.endpoint.ai_model.parameters)
    body.update(config.options)
    if documents and isinstance(given := config.options.get("documents"), list | tuple):
        body["documents"] = [*documents["documents"], *given]
    return warnings.build_request(quirks.path, body, stream_fields={"stream": config.streaming})


def write_thinking(config: AIModelCallConfig) -> Wire:
    if config.wants_reasoning is None:
        return {}
    if not config.wants_reasoning:
        return {"thinking": {"type": "disabled"}}
    budget = budget_for(config)
    return {"thinking": {"type": "enabled", **({"token_budget": budget} if budget else {})}}


def write_format(
    shape: StructuredOutput, mode: OutputMode | None, quirks: CohereQuirks, warnings: WarningCollector
) -> Wire:
    if mode == "prompt":
        return {"type": "json_object"}
    return {"type": "json_object", "json_schema": native_schema(shape, quirks, warnings)[0]}


class Cohere:
    """Stateless codec; one instance is enough."""

    name = "cohere"

    def encode(self, call: Call, quirks: CohereQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return SseFrames()

    def decoder(self, quirks: CohereQuirks) -> CohereReader:
        return CohereReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


CODEC = Cohere()
