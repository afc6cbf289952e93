"""The Ollama chat codec, and embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import CallError
from ...http.protocol.message import Head
from ...types.chat.delta import Delta, ResponseStart, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.embedding import EmbeddingResponse
from ...wire.frame import Frames, NdjsonFrames
from ..base import EncodedRequest
from ..common.fields import read_int, read_name
from ..error_mapping import parse_body
from ..operations.inputs import check_vectors, read_embedding_input
from ..operations.operation import EmbeddingQuirks, OperationCodec
from .quirks import OllamaQuirks
from .request import write_request
from .response import OllamaReader, read_error


class Ollama:
    """Stateless codec; one instance is enough."""

    name = "ollama"

    def encode(self, call: Call, quirks: OllamaQuirks) -> EncodedRequest:
        return write_request(call, quirks)

    def frames(self) -> Frames:
        return NdjsonFrames()

    def decoder(self, quirks: OllamaQuirks) -> OllamaReader:
        return OllamaReader()

    def error(self, head: Head, body: bytes) -> CallError:
        return read_error(head, parse_body(body))


CODEC = Ollama()


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
