"""Embeddings of texts and images in Voyage's format."""

from __future__ import annotations

from typing import Any

from ...types.config.call import Call
from ...types.content.media import Media
from ..base import EncodedRequest
from ..openai_chat.codec import read_error
from ..operations.embedding import read_embedding_input
from ..operations.image import image_url
from ..operations.operation import EmbeddingQuirks, OperationCodec
from .embeddings import read


def write(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    body: dict[str, Any] = {
        "model": request.model,
        "inputs": [{"content": [write_part(one)]} for one in request.inputs],
        **quirks.defaults,
        **request.params,
        **call.endpoint.ai_model.parameters,
        **call.config.options,
    }
    return EncodedRequest(quirks.path, body, {}, request.warnings.all())


def write_part(one: str | Media) -> dict[str, Any]:
    if isinstance(one, str):
        return {"type": "text", "text": one}
    kind = "image_url" if one.data is None else "image_base64"
    return {"type": kind, kind: image_url(one)}


CODEC = OperationCodec("openai_rest.multimodal_embeddings", write, read, read_error)
