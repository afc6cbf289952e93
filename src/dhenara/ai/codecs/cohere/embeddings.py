"""Embeddings of Cohere: texts in, vectors by type out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.call import Call
from ...types.delta import Began, Delta, Made, Used
from ...types.embedding import EmbeddingResponse
from ...types.media import Media
from ...types.usage import Usage
from ...wire import json
from ..base import Blob, Outgoing, Reading
from ..embedding import checked, read_asked
from ..image import as_url
from ..operation import Document, OperationCodec
from ..operation_quirks import EmbeddingQuirks
from ..paths import quote_segment
from ..told import named
from .billed import read_billed
from .codec import read_error

TRUNCATE = {True: "END", False: "NONE"}


def write(call: Call, quirks: EmbeddingQuirks) -> Outgoing:
    asked = read_asked(call, quirks)
    params = {name: TRUNCATE[value] if name == "truncate" else value for name, value in asked.params.items()}
    body: dict[str, Any] = {
        **({"model": asked.model} if quirks.names_model else {}),
        **({"inputs": list(map(write_input, asked.inputs))} if asked.seen else {"texts": asked.texts}),
        # The newer models want to know what the texts are for; most are there to be found.
        "input_type": "search_document",
        "embedding_types": ["float"],
        **quirks.defaults,
        **params,
        **call.endpoint.ai_model.parameters,
        **call.config.options,
    }
    path = quirks.path.format(model=quote_segment(asked.model))
    # On a platform, the head of the answer counts the tokens, and its body does not.
    reading = None if quirks.names_model else Reading(Document(read_counted), body="blob")
    return Outgoing(path, body, {}, asked.warnings.all(), reading=reading)


def write_input(one: str | Media) -> dict[str, Any]:
    if isinstance(one, str):
        return {"content": [{"type": "text", "text": one}]}
    return {"content": [{"type": "image_url", "image_url": {"url": as_url(one)}}]}


def read_counted(body: Any) -> Iterator[Delta]:
    if not isinstance(body, Blob):
        raise ValueError("vectors were asked for, and something else came")
    counted = body.head.headers.get("x-amzn-bedrock-input-token-count", "")
    yield from read_vectors(json.loads(body.data))
    if counted.isdigit():
        yield Used(Usage(input_tokens=int(counted)))


def vectors_of(told: dict[str, Any]) -> list[list[float]]:
    """By type, or as the older models have them."""
    made: Any = told["embeddings"]
    return checked(made["float"] if isinstance(made, dict) else made)


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    return read_vectors(body)


def read_vectors(body: dict[str, Any]) -> Iterator[Delta]:
    yield Began(named(body, "id"))
    if body.get("meta"):
        yield Used(read_billed(body["meta"]))
    yield Made(EmbeddingResponse(vectors=vectors_of(body)))


CODEC = OperationCodec("cohere.embeddings", write, read, read_error)
