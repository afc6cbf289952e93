"""Embeddings of texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.chat.delta import Delta, ResponseStart, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.embedding import EmbeddingResponse
from ..base import EncodedRequest
from ..common.fields import read_int, read_name
from ..operations.inputs import check_vectors, read_embedding_input
from ..operations.operation import OperationCodec
from ..operations.quirks import EmbeddingQuirks
from .response import read_error

TIMES = ("total_duration", "load_duration")


def write_embeddings(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    body: dict[str, Any] = {"model": request.model, "input": request.texts, **quirks.defaults, **request.params}
    body.update(call.endpoint.ai_model.parameters)
    body.update(call.config.options)
    return EncodedRequest(quirks.path, body, {}, request.warnings.all())


def read_embeddings(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield ResponseStart(None, read_name(body, "model"), {name: body[name] for name in TIMES if name in body} or None)
    yield UsageDelta(Usage(input_tokens=read_int(body, "prompt_eval_count")))
    yield ResultDelta(EmbeddingResponse(vectors=check_vectors(body["embeddings"])))


EMBEDDINGS = OperationCodec("ollama.embeddings", write_embeddings, read_embeddings, read_error)
