"""Requests to Bedrock: the Converse API, and embeddings of Titan and Cohere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...errors import CallError, ConfigurationError, UnsupportedError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta, ResultDelta, UsageDelta
from ...types.chat.structured import StructuredOutput
from ...types.chat.usage import Usage
from ...types.config.call import AIModelCallConfig, Call
from ...types.content.parts import Media, VideoContent
from ...types.operations.text_operations import EmbeddingResponse, RankedDocument, RerankRequest, RerankResponse
from ...wire import json
from ...wire.eventstream import EventStreamFrames
from ...wire.media_types import image_type
from ...wire.sse import Frames
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.caller_tools import load_tools
from ..common.media import prepare_media, to_base64
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
from ..common.response_fields import Wire, read_int
from ..common.tools import apply_output_mode, native_schema, output_mode
from ..error_mapping import aws_error, parse_body
from ..operations.media import check_vectors, read_embedding_input
from ..operations.operation import DocumentReader, OperationCodec, count_reader, request_of
from ..operations.quirks import EmbeddingQuirks, RerankQuirks
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


def write_titan_embeddings(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    own = {**quirks.defaults, **request.params, **call.endpoint.ai_model.parameters, **call.config.options}
    body: dict[str, Any] = {"inputText": request.texts[0], **own}
    return EncodedRequest(quirks.path.format(model=quote_segment(request.model)), body, {}, request.warnings.all())


def read_titan_embeddings(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield UsageDelta(Usage(input_tokens=read_int(body, "inputTextTokenCount")))
    yield ResultDelta(EmbeddingResponse(vectors=check_vectors([body["embedding"]])))


TITAN = OperationCodec("converse.titan", write_titan_embeddings, read_titan_embeddings, aws_error)


USUAL = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4"}
FORMATS = {"jpg": "jpeg", "mpeg": "mpeg", "quicktime": "mov", "matroska": "mkv", "3gpp": "3gp", "vnd.wave": "wav"}
SOUNDS = {"mpeg": "mp3", "vorbis": "ogg"}
COUNTED_MEDIA = "x-amzn-bedrock-input-token-count"


def write_nova_embeddings(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    """Encode the request; the default purpose is that of texts to be searched."""
    request = read_embedding_input(call, quirks)
    params = {name: value for name, value in request.params.items() if name != "truncationMode"}
    truncation = "END" if request.params.get("truncationMode") else "NONE"
    body: Wire = {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {
            "embeddingPurpose": "GENERIC_INDEX",
            **quirks.defaults,
            **params,
            **write_input(request.inputs[0], truncation),
            **call.endpoint.ai_model.parameters,
            **call.config.options,
        },
    }
    path = quirks.path.format(model=quote_segment(request.model))
    response_format = ResponseFormat(DocumentReader(read_counted), body="blob")  # a header has the token count
    return EncodedRequest(path, body, {}, request.warnings.all(), response_format=response_format)


def write_input(one: str | Media, truncation: str) -> Wire:
    if isinstance(one, str):
        return {"text": {"value": one, "truncationMode": truncation}}
    kind = str(getattr(one, "type", "file"))
    combined = {"embeddingMode": "AUDIO_VIDEO_COMBINED"} if isinstance(one, VideoContent) else {}
    return {kind: {"format": format_of(one, kind), "source": write_source(one), **combined}}


def format_of(one: Media, kind: str) -> str:
    sniffed = image_type(one.data) if one.data is not None and kind == "image" else None
    word = (one.mime_type or sniffed or USUAL[kind]).split("/")[-1].removeprefix("x-")
    return SOUNDS.get(word, word) if kind == "audio" else FORMATS.get(word, word)


def write_source(one: Media) -> Wire:
    if one.data is None and one.url and one.url.startswith("s3://"):
        return {"s3Location": {"uri": one.url}}
    if one.data is not None:
        return {"bytes": to_base64(one)}
    raise UnsupportedError("amazon_bedrock: embeddings of media need bytes or S3. Pass data=..., or url='s3://...'")


def read_counted(body: Any) -> Iterator[Delta]:
    if not isinstance(body, BinaryBody):
        raise ValueError("expected vectors, got another content type")
    counted = body.head.headers.get(COUNTED_MEDIA, "")
    yield from read_vectors(json.loads(body.data))
    if counted.isascii() and counted.isdigit():
        yield UsageDelta(Usage(input_tokens=int(counted[:18])))


def read_vectors(body: Wire) -> Iterator[Delta]:
    made = body["embeddings"]
    cut = [one["truncatedCharLength"] for one in made if one.get("truncatedCharLength")]
    extras = {"truncated_lengths": cut} if cut else {}
    yield ResultDelta(EmbeddingResponse(vectors=check_vectors([one["embedding"] for one in made]), extras=extras))


def read_nova_embeddings(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    return read_vectors(body)


NOVA_EMBEDDINGS = OperationCodec("converse.nova_embeddings", write_nova_embeddings, read_nova_embeddings, aws_error)


def write_rerank(call: Call, quirks: RerankQuirks) -> EncodedRequest:
    request = request_of(call, RerankRequest)
    model: dict[str, Any] = {"modelArn": model_arn(call)}
    extra = {**quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    if extra:
        model["additionalModelRequestFields"] = extra
    question: dict[str, Any] = {"modelConfiguration": model}
    if request.top_n is not None:
        question["numberOfResults"] = request.top_n
    body = {
        "queries": [{"type": "TEXT", "textQuery": {"text": request.query}}],
        "sources": [{"type": "INLINE", "inlineDocumentSource": write_document(text)} for text in request.documents],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": question,
        },
    }
    return EncodedRequest(quirks.path, body)


def write_document(text: str) -> dict[str, Any]:
    return {"type": "TEXT", "textDocument": {"text": text}}


def model_arn(call: Call) -> str:
    """Return the ARN of the model, which contains the region."""
    name, region = call.endpoint.ai_model.model_name, call.endpoint.api.config.get("region")
    if name.startswith("arn:"):
        return name
    if not region:
        raise ConfigurationError(
            "amazon_bedrock: rerank needs a region for the model ARN. Pass config={'region': ...} to AIModelAPI, "
            "or the model's ARN as its name"
        )
    return f"arn:aws:bedrock:{region}::foundation-model/{name}"


def read_rerank(quirks: RerankQuirks, body: Any) -> Iterator[Delta]:
    results = [RankedDocument(index=one["index"], score=one["relevanceScore"]) for one in body["results"]]
    if not results:
        raise ValueError("the response contains no ranked documents")
    yield ResultDelta(RerankResponse(results=results))


RERANK = OperationCodec("converse.rerank", write_rerank, read_rerank, aws_error)
