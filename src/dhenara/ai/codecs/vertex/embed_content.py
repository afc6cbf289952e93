"""Embeddings on Vertex AI with embedContent, for second generation Gemini models: one in each request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.chat.delta import Delta, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.embedding import EmbeddingResponse
from ..base import EncodedRequest
from ..common.fields import read_int
from ..gemini.codec import read_error
from ..gemini.embeddings import write_part
from ..operations.embedding import checked, read_embedding_input
from ..operations.operation import EmbeddingQuirks, OperationCodec
from .embeddings import resource_path


def write(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    own = {**quirks.defaults, **request.params, **call.endpoint.ai_model.parameters, **call.config.options}
    body: dict[str, Any] = {"content": {"role": "user", "parts": [write_part(one) for one in request.inputs]}}
    if own:
        body["embedContentConfig"] = own
    return EncodedRequest(quirks.path.format(name=resource_path(request.model)), body, {}, request.warnings.all())


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    usage = body.get("usageMetadata") or {}
    yield UsageDelta(Usage(input_tokens=read_int(usage, "promptTokenCount"), raw=dict(usage)))
    extras = {"truncated": True} if body.get("truncated") else {}
    yield ResultDelta(EmbeddingResponse(vectors=checked([body["embedding"]["values"]]), extras=extras))


CODEC = OperationCodec("vertex.embed_content", write, read, read_error)
