"""Embeddings over `:predict`, and how the addresses of Vertex AI name a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.chat.delta import Delta, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.embedding import EmbeddingResponse
from ..base import EncodedRequest
from ..common.fields import read_int
from ..common.paths import quote_path, quote_segment
from ..gemini.codec import read_error
from ..operations.embedding import checked, read_embedding_input
from ..operations.operation import EmbeddingQuirks, OperationCodec

WHOLE = ("publishers/", "projects/", "endpoints/")
PREFIXES = ("models/", "google/")


def resource_path(model: str) -> str:
    """The path of a model of Google's, or of the resource that its name says.

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
