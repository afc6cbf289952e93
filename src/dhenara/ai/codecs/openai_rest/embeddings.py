"""Embeddings, also of images, reranking and moderation."""

from __future__ import annotations

import base64
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import UnsupportedError
from ...types.chat.delta import Delta, ResponseStart, ResultDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.media import Media
from ...types.content.parts import ImageContent
from ...types.operations.text_operations import (
    EmbeddingResponse,
    Moderation,
    ModerationRequest,
    ModerationResponse,
    RankedDocument,
    RerankRequest,
    RerankResponse,
)
from ..base import EncodedRequest
from ..common.response_fields import (
    Report,
    invalid_counts,
    read_int,
    read_name,
    read_object,
    reported_cost,
    require,
    usage_deltas,
)
from ..openai_chat.response import read_error
from ..operations.media import check_vectors, image_url, read_embedding_input
from ..operations.operation import OperationCodec, request_of
from ..operations.quirks import EmbeddingQuirks, Encoding, ModerationQuirks, RerankQuirks


def write_embeddings(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    body: dict[str, Any] = {"model": request.model, "input": request.texts, **quirks.defaults, **request.params}
    if quirks.encoding != "float":
        body["encoding_format"] = quirks.encoding
    body.update(call.endpoint.ai_model.parameters)
    body.update(call.config.options)
    return EncodedRequest(quirks.path, body, {}, request.warnings.all())


def read_embeddings(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield ResponseStart(read_name(body, "id"), read_name(body, "model"))
    if usage := read_object(body, "usage"):
        yield from usage_deltas(read_usage(usage))
    entries = sorted(body["data"], key=lambda entry: read_int(entry, "index"))
    if not entries:
        raise ValueError("the response contains no vectors")
    yield ResultDelta(read_vectors([entry["embedding"] for entry in entries], quirks.encoding))


def read_vectors(sent: list[Any], encoding: Encoding) -> EmbeddingResponse:
    """Read packed or plain vectors: servers without support for packed ones send numbers."""
    if not all(isinstance(vector, str) for vector in sent):
        return EmbeddingResponse(vectors=check_vectors(sent))
    packed = tuple(base64.b64decode(vector) for vector in sent)
    if encoding == "base64_int8":
        return EmbeddingResponse(vectors=[to_floats(array("b", one)) for one in packed])
    return EmbeddingResponse.unpacked(packed)


def to_floats(numbers: Iterable[int]) -> list[float]:
    return list(map(float, numbers))


def read_usage(report: Report) -> Usage:
    pixels = read_int(report, "image_pixels") + read_int(report, "video_pixels")
    tokens = read_int(report, "prompt_tokens") or read_int(report, "total_tokens")
    if pixels:
        # The total includes the pixels, which have a price of their own.
        tokens = read_int(report, "text_tokens")
    return Usage(
        input_tokens=tokens,
        units={"pixels": float(pixels)} if pixels else {},
        reported_cost=reported_cost(report),
        unclear=invalid_counts(report),
        raw=dict(report),
    )


EMBEDDINGS = OperationCodec("openai_rest.embeddings", write_embeddings, read_embeddings, read_error)


def write_multimodal(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    body: dict[str, Any] = {
        "model": request.model,
        "inputs": [{"content": [write_part(one)]} for one in request.inputs],
        **quirks.defaults,
        **request.params,
        **call.endpoint.ai_model.parameters,
        **call.config.options,
    }
    return EncodedRequest(quirks.path, body, {}, request.warnings.all())


def write_part(one: str | Media) -> dict[str, Any]:
    if isinstance(one, str):
        return {"type": "text", "text": one}
    kind = "image_url" if one.data is None else "image_base64"
    return {"type": kind, kind: image_url(one)}


MULTIMODAL_EMBEDDINGS = OperationCodec(
    "openai_rest.multimodal_embeddings", write_multimodal, read_embeddings, read_error
)


RESULTS = ("results", "data")


def write_rerank(call: Call, quirks: RerankQuirks) -> EncodedRequest:
    request = request_of(call, RerankRequest)
    body: dict[str, Any] = {
        "model": call.endpoint.ai_model.model_name,
        "query": request.query,
        "documents": list(request.documents),
    }
    if request.top_n is not None:
        body[quirks.params.get("top_n") or "top_n"] = request.top_n
    return EncodedRequest(
        quirks.path, {**body, **quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    )


def read_rerank(quirks: RerankQuirks, body: Any) -> Iterator[Delta]:
    yield ResponseStart(read_name(body, "id"), read_name(body, "model"))
    if body.get("usage") or body.get("meta"):
        yield from usage_deltas(read_rerank_usage(body))
    ranked = [
        RankedDocument(index=one["index"], score=read_score(one), document=document_text(one.get("document")))
        for one in body[next((name for name in (quirks.results, *RESULTS) if name in body), quirks.results)]
    ]
    if not ranked:
        raise ValueError("the response contains no ranked documents")
    yield ResultDelta(RerankResponse(results=sorted(ranked, key=lambda one: one.score, reverse=True)))


def read_score(one: Report) -> float:
    return float(one["relevance_score"] if "relevance_score" in one else one["score"])


def document_text(document: Any) -> str | None:
    text = document.get("text") if isinstance(document, dict) else document
    return text if isinstance(text, str) else None


def read_rerank_usage(body: Report) -> Usage:
    """Convert the report: tokens, or searches if these are billed."""
    report, billed = read_object(body, "usage"), read_object(read_object(body, "meta"), "billed_units")
    searches = read_int(billed, "search_units") or read_int(report, "search_units")
    return Usage(
        input_tokens=read_int(report, "prompt_tokens") or read_int(report, "total_tokens"),
        units={"searches": float(searches)} if searches else {},
        reported_cost=reported_cost(report),
        unclear=invalid_counts(report or billed),
        raw=dict(report) or dict(billed),
    )


RERANK = OperationCodec("openai_rest.rerank", write_rerank, read_rerank, read_error)


def write_moderations(call: Call, quirks: ModerationQuirks) -> EncodedRequest:
    inputs = request_of(call, ModerationRequest).inputs
    pictured = any(isinstance(one, ImageContent) for one in inputs)
    if pictured and not quirks.pictures:
        raise UnsupportedError(f"{call.endpoint.api.provider}: moderation supports only text")
    text: list[Any] = [write_input(one) for one in inputs] if pictured else list(inputs)
    body: dict[str, Any] = {"model": call.endpoint.ai_model.model_name, "input": text}
    return EncodedRequest(
        quirks.path, {**body, **quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    )


def write_input(one: str | ImageContent) -> dict[str, Any]:
    if isinstance(one, str):
        return {"type": "text", "text": one}
    return {"type": "image_url", "image_url": {"url": image_url(one)}}


def read_moderations(quirks: ModerationQuirks, body: Any) -> Iterator[Delta]:
    yield ResponseStart(read_name(body, "id"), read_name(body, "model"))
    if usage := read_object(body, "usage"):
        yield from usage_deltas(read_usage(usage))
    if not body["results"]:
        raise ValueError("the response contains no results")
    yield ResultDelta(ModerationResponse(results=[read_judgement(one) for one in body["results"]]))


def read_judgement(one: dict[str, Any]) -> Moderation:
    """Read a result; some providers send only the categories."""
    require(one, "a judgement", "flagged", "categories")
    categories = {name: bool(hit) for name, hit in read_object(one, "categories").items()}
    return Moderation(
        flagged=bool(one.get("flagged", any(categories.values()))),
        categories=categories,
        scores={name: score for name, score in read_object(one, "category_scores").items() if score is not None},
        applied_to=one.get("category_applied_input_types") or {},
    )


MODERATIONS = OperationCodec("openai_rest.moderations", write_moderations, read_moderations, read_error)
