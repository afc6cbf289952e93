"""Embeddings of texts and images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.chat.delta import Delta, ResponseStart, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.media import Media
from ...types.operations.embedding import EmbeddingResponse
from ...wire import json
from ..base import BinaryBody, EncodedRequest, ResponseFormat
from ..common.fields import Report, read_int, read_name, read_object
from ..common.request import quote_segment
from ..operations.inputs import check_vectors, image_url, read_embedding_input
from ..operations.operation import DocumentReader, OperationCodec
from ..operations.quirks import EmbeddingQuirks
from .response import read_error


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
