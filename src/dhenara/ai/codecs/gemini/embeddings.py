"""Embeddings over Gemini's own API, and the names of their tasks."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from ...errors import UnsupportedError
from ...types.chat.delta import Delta, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.media import Media
from ...types.operations.embedding import EmbeddingResponse
from ...wire.media_headers import image_type
from ..base import EncodedRequest
from ..common.fields import read_int
from ..operations.embedding import checked, read_embedding_input
from ..operations.operation import EmbeddingQuirks, OperationCodec
from .codec import read_error
from .request import full_name, model_path


def write(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
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
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(one.data).decode()}}


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    usage = body.get("usageMetadata")
    if usage:
        yield UsageDelta(Usage(input_tokens=read_int(usage, "promptTokenCount"), raw=dict(usage)))
    entries = body.get("embeddings") or [body["embedding"]]
    yield ResultDelta(EmbeddingResponse(vectors=checked([entry["values"] for entry in entries])))


CODEC = OperationCodec("gemini.embeddings", write, read, read_error)


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
