"""Embeddings of the Gemini API, and of Vertex AI over `:predict` and `:embedContent`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import UnsupportedError
from ...types.chat.delta import Delta, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.media import Media
from ...types.operations.embedding import EmbeddingResponse
from ...wire.media_types import image_type
from ..base import EncodedRequest
from ..common.media import to_base64
from ..common.request import quote_path, quote_segment
from ..common.response_fields import read_int, read_object
from ..operations.inputs import check_vectors, read_embedding_input
from ..operations.operation import OperationCodec
from ..operations.quirks import EmbeddingQuirks
from .codec import full_name, model_path
from .response import read_error


def write_embeddings(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    model = full_name(request.model)
    own = {**quirks.defaults, **request.params, **call.endpoint.ai_model.parameters, **call.config.options}
    requests = [{"model": model, "content": {"parts": [write_part(one)]}, **own} for one in request.inputs]
    return EncodedRequest(
        quirks.path.format(model=model_path(request.model)), {"requests": requests}, {}, request.warnings.all()
    )


USUAL = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4", "file": "application/pdf"}


def write_part(one: str | Media) -> dict[str, Any]:
    if isinstance(one, str):
        return {"text": one}
    if one.data is None:
        raise UnsupportedError(f"Gemini: embeddings of media need bytes. Pass {type(one).__name__}(data=...)")
    kind = one.mime_type or image_type(one.data) or USUAL[str(getattr(one, "type", "image"))]
    return {"inlineData": {"mimeType": kind, "data": to_base64(one)}}


def read_embeddings(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    usage = body.get("usageMetadata")
    if usage:
        yield UsageDelta(Usage(input_tokens=read_int(usage, "promptTokenCount"), raw=dict(usage)))
    entries = body.get("embeddings") or [body["embedding"]]
    yield ResultDelta(EmbeddingResponse(vectors=check_vectors([entry["values"] for entry in entries])))


EMBEDDINGS = OperationCodec("gemini.embeddings", write_embeddings, read_embeddings, read_error)


TASK_TYPES = {
    "query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
    "similarity": "SEMANTIC_SIMILARITY",
    "code_query": "CODE_RETRIEVAL_QUERY",
    "question": "QUESTION_ANSWERING",
    "fact": "FACT_VERIFICATION",
}


WHOLE = ("publishers/", "projects/", "endpoints/")
PREFIXES = ("models/", "google/")


def resource_path(model: str) -> str:
    """Return the path of a Google model, or of the resource that a name refers to.

    Args:
        model: A name such as `gemini-embedding-2`, `google/gemini-embedding-2` or
            `publishers/google/models/gemini-embedding-2`.

    Returns:
        The quoted path, without a slash at its beginning.
    """
    if model.startswith(WHOLE):
        return quote_path(model, "@")
    prefix = next((one for one in PREFIXES if model.startswith(one)), "")
    return f"publishers/google/models/{quote_segment(model.removeprefix(prefix), '@')}"


PER_TEXT = ("task_type",)


def write_prediction(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    own = {name: value for name, value in request.params.items() if name in PER_TEXT}
    parameters = {
        **quirks.defaults,
        **{name: value for name, value in request.params.items() if name not in PER_TEXT},
        **call.endpoint.ai_model.parameters,
        **call.config.options,
    }
    body: dict[str, Any] = {"instances": [{"content": text, **own} for text in request.texts]}
    if parameters:
        body["parameters"] = parameters
    return EncodedRequest(quirks.path.format(name=resource_path(request.model)), body, {}, request.warnings.all())


def read_prediction(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    made = [prediction["embeddings"] for prediction in body["predictions"]]
    tokens = sum(read_int(one.get("statistics") or {}, "token_count") for one in made)
    report = read_object(body, "metadata")
    characters = read_int(report, "billableCharacterCount")
    units = {"characters": float(characters)} if characters else {}
    yield UsageDelta(Usage(input_tokens=tokens, units=units, raw=dict(report)))
    yield ResultDelta(EmbeddingResponse(vectors=check_vectors([one["values"] for one in made])))


VERTEX_EMBEDDINGS = OperationCodec("vertex.embeddings", write_prediction, read_prediction, read_error)


def write_vertex_content(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    own = {**quirks.defaults, **request.params, **call.endpoint.ai_model.parameters, **call.config.options}
    body: dict[str, Any] = {"content": {"role": "user", "parts": [write_part(one) for one in request.inputs]}}
    if own:
        body["embedContentConfig"] = own
    return EncodedRequest(quirks.path.format(name=resource_path(request.model)), body, {}, request.warnings.all())


def read_vertex_content(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    usage = body.get("usageMetadata") or {}
    yield UsageDelta(Usage(input_tokens=read_int(usage, "promptTokenCount"), raw=dict(usage)))
    extras = {"truncated": True} if body.get("truncated") else {}
    yield ResultDelta(EmbeddingResponse(vectors=check_vectors([body["embedding"]["values"]]), extras=extras))


VERTEX_EMBED_CONTENT = OperationCodec("vertex.embed_content", write_vertex_content, read_vertex_content, read_error)
