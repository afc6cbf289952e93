"""Embeddings in OpenAI's format: `{"input": [...]}` in, a list of numbered vectors out."""

from __future__ import annotations

import base64
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

from ...types.chat.delta import Delta, ResponseStart, ResultDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.embedding import EmbeddingResponse
from ..base import EncodedRequest
from ..common.fields import Report, read_int, read_name, read_object, unreadable, used
from ..common.usage import reported_cost
from ..openai_chat.codec import read_error
from ..operations.embedding import checked, read_embedding_input
from ..operations.operation import EmbeddingQuirks, OperationCodec, Transport


def write(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    body: dict[str, Any] = {"model": request.model, "input": request.texts, **quirks.defaults, **request.params}
    if quirks.encoding != "float":
        body["encoding_format"] = quirks.encoding
    body.update(call.endpoint.ai_model.parameters)
    body.update(call.config.options)
    return EncodedRequest(quirks.path, body, {}, request.warnings.all())


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield ResponseStart(read_name(body, "id"), read_name(body, "model"))
    if usage := read_object(body, "usage"):
        yield from used(read_usage(usage))
    entries = sorted(body["data"], key=lambda entry: read_int(entry, "index"))
    if not entries:
        raise ValueError("the response contains no vectors")
    yield ResultDelta(read_vectors([entry["embedding"] for entry in entries], quirks.encoding))


def read_vectors(sent: list[Any], encoding: Transport) -> EmbeddingResponse:
    """Read packed or plain vectors: servers without support for packed ones send numbers."""
    if not all(isinstance(vector, str) for vector in sent):
        return EmbeddingResponse(vectors=checked(sent))
    packed = tuple(base64.b64decode(vector) for vector in sent)
    if encoding == "base64_int8":
        return EmbeddingResponse(vectors=[to_floats(array("b", one)) for one in packed])
    return EmbeddingResponse.unpacked(packed)


def to_floats(numbers: Iterable[int]) -> list[float]:
    return list(map(float, numbers))


def read_usage(report: Report) -> Usage:
    tokens = read_int(report, "prompt_tokens") or read_int(report, "total_tokens")
    return Usage(input_tokens=tokens, reported_cost=reported_cost(report), unclear=unreadable(report), raw=dict(report))


CODEC = OperationCodec("openai_rest.embeddings", write, read, read_error)
