"""Embeddings on Vertex AI by embedContent, for the second generation of Gemini's embedding models: one a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.call import Call
from ...types.delta import Delta, Made, Used
from ...types.embedding import EmbeddingResponse
from ...types.usage import Usage
from ..base import Outgoing
from ..counts import number
from ..embedding import checked, read_asked
from ..gemini.codec import read_error
from ..gemini.embeddings import write_part
from ..operation import OperationCodec
from ..operation_quirks import EmbeddingQuirks
from ..paths import quote_segment


def write(call: Call, quirks: EmbeddingQuirks) -> Outgoing:
    asked = read_asked(call, quirks)
    own = {**quirks.defaults, **asked.params, **call.endpoint.ai_model.parameters, **call.config.options}
    body: dict[str, Any] = {"content": {"role": "user", "parts": [write_part(one) for one in asked.inputs]}}
    if own:
        body["embedContentConfig"] = own
    return Outgoing(quirks.path.format(name=quote_segment(asked.model, "@")), body, {}, asked.warnings.all())


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    usage = body.get("usageMetadata") or {}
    yield Used(Usage(input_tokens=number(usage, "promptTokenCount"), raw=dict(usage)))
    extras = {"truncated": True} if body.get("truncated") else {}
    yield Made(EmbeddingResponse(vectors=checked([body["embedding"]["values"]]), extras=extras))


CODEC = OperationCodec("vertex.embed_content", write, read, read_error)
