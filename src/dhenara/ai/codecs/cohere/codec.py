"""The Cohere codecs of chat and embeddings, and the body of their requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta, ResponseStart, ResultDelta, UsageDelta
from ...types.chat.structured import OutputMode, StructuredOutput
from ...types.chat.usage import Usage
from ...types.config.call import AIModelCallConfig, Call
from ...types.content.media import Media
from ...types.operations.text_operations import EmbeddingResponse
from ...wire import json
from ...wire.sse import Frames, SseFrames
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.caller_tools import load_tools
from ..common.media import prepare_media
from ..common.plan import WarningCollector
from ..common.request import (
    budget_for,
    quote_segment,
    warn_unsupported_cache,
    warn_unsupported_context,
    warn_unsupported_marks,
    with_reasoning_room,
    write_parameters,
)
from ..common.response_fields import Report, Wire, read_int, read_name, read_object
from ..common.tools import apply_output_mode, native_schema, output_mode
from ..error_mapping import parse_body
from ..operations.media import check_vectors, image_url, read_embedding_input
from ..operations.operation import DocumentReader, OperationCodec
from ..operations.quirks import EmbeddingQuirks
from ..quirks import CohereQuirks
from .messages import PROTOCOL, is_user_media, write_documents, write_messages, write_tools
from .response import CohereReader, read_error


def write_request(call: Call, quirks: CohereQuirks) -> EncodedRequest:
    """Encode the request; unsupported settings are recorded as warnings."""
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
    documents = write_documents(call)
    body.update(documents)
    warn_unsupported_cache(config, warnings, ())
    warn_unsupported_marks((part for message in call.messages for part in message.contents), warnings)
    warn_unsupported_context(config, warnings)
    body.update(quirks.defaults)
    limited = with_reasoning_room(call, budget_for(config), warnings, is_sent=True)
    body.update(write_parameters(limited, quirks, warnings))
    body.update(write_thinking(config))
    body.update(write_tools(call, quirks, warnings))
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


def read_billed_units(meta: Report) -> Usage:
    billed = read_object(meta, "billed_units")
    units = {"searches": read_int(billed, "search_units"), "input_images": read_int(billed, "images")}
    return Usage(
        input_tokens=read_int(billed, "input_tokens"),
        input_image_tokens=read_int(billed, "image_tokens"),
        units={name: float(used) for name, used in units.items() if used},
        raw=dict(billed),
    )


TRUNCATE = {True: "END", False: "NONE"}


def write_embeddings(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    params = {name: TRUNCATE[value] if name == "truncate" else value for name, value in request.params.items()}
    body: dict[str, Any] = {
        **({"model": request.model} if quirks.names_model else {}),
        **({"inputs": list(map(write_input, request.inputs))} if request.has_images else {"texts": request.texts}),
        # Required by newer models; most texts are embedded to be searched.
        "input_type": "search_document",
        "embedding_types": ["float"],
        **quirks.defaults,
        **params,
        **call.endpoint.ai_model.parameters,
        **call.config.options,
    }
    path = quirks.path.format(model=quote_segment(request.model))
    # On cloud platforms the token count is in a response header, not in the body.
    response_format = None if quirks.names_model else ResponseFormat(DocumentReader(read_counts), body="blob")
    return EncodedRequest(path, body, {}, request.warnings.all(), response_format=response_format)


def write_input(one: str | Media) -> dict[str, Any]:
    if isinstance(one, str):
        return {"content": [{"type": "text", "text": one}]}
    return {"content": [{"type": "image_url", "image_url": {"url": image_url(one)}}]}


def read_counts(body: Any) -> Iterator[Delta]:
    if not isinstance(body, BinaryBody):
        raise ValueError("expected vectors, got another content type")
    counted = body.head.headers.get("x-amzn-bedrock-input-token-count", "")
    yield from read_vectors(json.loads(body.data))
    if counted.isdigit():
        yield UsageDelta(Usage(input_tokens=int(counted)))


def vectors_of(data: dict[str, Any]) -> list[list[float]]:
    """Return the vectors, by type or in the format of older models."""
    made: Any = data["embeddings"]
    return check_vectors(made["float"] if isinstance(made, dict) else made)


def read_embeddings(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    return read_vectors(body)


def read_vectors(body: dict[str, Any]) -> Iterator[Delta]:
    yield ResponseStart(read_name(body, "id"))
    if body.get("meta"):
        yield UsageDelta(read_billed_units(body["meta"]))
    yield ResultDelta(EmbeddingResponse(vectors=vectors_of(body)))


EMBEDDINGS = OperationCodec("cohere.embeddings", write_embeddings, read_embeddings, read_error)
