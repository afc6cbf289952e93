"""Embeddings on Vertex AI: one text in each instance, one vector in each prediction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.call import Call
from ...types.delta import Delta, ResultDelta, UsageDelta
from ...types.embedding import EmbeddingResponse
from ...types.usage import Usage
from ..base import EncodedRequest
from ..embedding import checked, read_embedding_input
from ..gemini.codec import read_error
from ..int_fields import read_int
from ..operation import OperationCodec
from ..operation_quirks import EmbeddingQuirks
from .naming import resource_path

PER_TEXT = ("task_type",)


def write(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
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


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    made = [prediction["embeddings"] for prediction in body["predictions"]]
    tokens = sum(read_int(one.get("statistics") or {}, "token_count") for one in made)
    yield UsageDelta(Usage(input_tokens=tokens, raw=dict(body.get("metadata") or {})))
    yield ResultDelta(EmbeddingResponse(vectors=checked([one["values"] for one in made])))


CODEC = OperationCodec("vertex.embeddings", write, read, read_error)
