"""Gemini embeddings: a batch of requests with one text each."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from ...errors import UnsupportedError
from ...types.call import Call
from ...types.delta import Delta, ResultDelta, UsageDelta
from ...types.embedding import EmbeddingResponse
from ...types.media import Media
from ...types.usage import Usage
from ...wire.image_headers import image_type
from ..base import EncodedRequest
from ..embedding import checked, read_embedding_input
from ..int_fields import read_int
from ..operation import OperationCodec
from ..operation_quirks import EmbeddingQuirks
from .codec import read_error
from .model_names import full_name, model_path


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
