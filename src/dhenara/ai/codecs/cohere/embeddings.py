"""Embeddings of Cohere: texts in, vectors by type out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.call import Call
from ...types.delta import Began, Delta, Made, Used
from ...types.embedding import EmbeddingResponse
from ..base import Outgoing
from ..embedding import read_asked
from ..operation import OperationCodec
from ..operation_quirks import EmbeddingQuirks
from .billed import read_billed
from .codec import read_error

TRUNCATE = {True: "END", False: "NONE"}


def write(call: Call, quirks: EmbeddingQuirks) -> Outgoing:
    asked = read_asked(call, quirks)
    params = {name: TRUNCATE[value] if name == "truncate" else value for name, value in asked.params.items()}
    body: dict[str, Any] = {
        "model": asked.model,
        "texts": asked.texts,
        # The newer models want to know what the texts are for; most are there to be found.
        "input_type": "search_document",
        "embedding_types": ["float"],
        **quirks.defaults,
        **params,
        **call.endpoint.ai_model.parameters,
        **call.config.options,
    }
    return Outgoing(quirks.path, body, {}, asked.warnings.all())


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield Began(body.get("id"))
    if body.get("meta"):
        yield Used(read_billed(body["meta"]))
    yield Made(EmbeddingResponse(vectors=body["embeddings"]["float"]))


CODEC = OperationCodec("cohere.embeddings", write, read, read_error)
