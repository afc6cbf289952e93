"""Embeddings of Titan and Nova, and reranking, at Bedrock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import ConfigurationError, UnsupportedError
from ...types.chat.delta import Delta, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.parts import Media, VideoContent
from ...types.operations.embedding import EmbeddingResponse, RankedDocument, RerankRequest, RerankResponse
from ...wire import json
from ...wire.media_types import image_type
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.media import to_base64
from ..common.request import quote_segment
from ..common.response_fields import Wire, read_int
from ..error_mapping import aws_error
from ..operations.inputs import check_vectors, read_embedding_input
from ..operations.operation import DocumentReader, OperationCodec, request_of
from ..operations.quirks import EmbeddingQuirks, RerankQuirks


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
    params = dict(request.params)
    truncation = "END" if params.pop("truncationMode", None) else "NONE"
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
    # The token count is in a response header, not in the body.
    response_format = ResponseFormat(DocumentReader(read_counted), body="blob")
    return EncodedRequest(path, body, {}, request.warnings.all(), response_format=response_format)


def write_input(one: str | Media, truncation: str) -> Wire:
    if isinstance(one, str):
        return {"text": {"value": one, "truncationMode": truncation}}
    kind = str(getattr(one, "type", "file"))
    combined = {"embeddingMode": "AUDIO_VIDEO_COMBINED"} if isinstance(one, VideoContent) else {}
    return {kind: {"format": format_of(one, kind), "source": write_source(one), **combined}}


def format_of(one: Media, kind: str) -> str:
    """Return the short format name."""
    sniffed = image_type(one.data) if one.data is not None and kind == "image" else None
    word = (one.mime_type or sniffed or USUAL[kind]).split("/")[-1].removeprefix("x-")
    return SOUNDS.get(word, word) if kind == "audio" else FORMATS.get(word, word)


def write_source(one: Media) -> Wire:
    if one.data is not None:
        return {"bytes": to_base64(one)}
    if one.url and one.url.startswith("s3://"):
        return {"s3Location": {"uri": one.url}}
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
    truncated = [one["truncatedCharLength"] for one in made if one.get("truncatedCharLength")]
    extras = {"truncated_lengths": truncated} if truncated else {}
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
