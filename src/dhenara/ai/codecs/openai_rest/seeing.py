"""Embeddings of texts and pictures alike, as Voyage speaks them."""

from __future__ import annotations

from typing import Any

from ...types.call import Call
from ...types.media import Media
from ..base import Outgoing
from ..embedding import read_asked
from ..image import as_url
from ..openai_chat.codec import read_error
from ..operation import OperationCodec
from ..operation_quirks import EmbeddingQuirks
from .embeddings import read


def write(call: Call, quirks: EmbeddingQuirks) -> Outgoing:
    asked = read_asked(call, quirks)
    body: dict[str, Any] = {
        "model": asked.model,
        "inputs": [{"content": [write_part(one)]} for one in asked.inputs],
        **quirks.defaults,
        **asked.params,
        **call.endpoint.ai_model.parameters,
        **call.config.options,
    }
    return Outgoing(quirks.path, body, {}, asked.warnings.all())


def write_part(one: str | Media) -> dict[str, Any]:
    if isinstance(one, str):
        return {"type": "text", "text": one}
    kind = "image_url" if one.data is None else "image_base64"
    return {"type": kind, kind: as_url(one)}


CODEC = OperationCodec("openai_rest.seeing", write, read, read_error)
