"""Embeddings of Ollama's own protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.call import Call
from ...types.delta import Began, Delta, Made, Used
from ...types.embedding import EmbeddingResponse
from ...types.usage import Usage
from ..base import Outgoing
from ..counts import number
from ..embedding import checked, read_asked
from ..operation import OperationCodec
from ..operation_quirks import EmbeddingQuirks
from ..told import named
from .response import read_error

TIMES = ("total_duration", "load_duration")


def write(call: Call, quirks: EmbeddingQuirks) -> Outgoing:
    asked = read_asked(call, quirks)
    body: dict[str, Any] = {"model": asked.model, "input": asked.texts, **quirks.defaults, **asked.params}
    body.update(call.endpoint.ai_model.parameters)
    body.update(call.config.options)
    return Outgoing(quirks.path, body, {}, asked.warnings.all())


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield Began(None, named(body, "model"), {name: body[name] for name in TIMES if name in body} or None)
    yield Used(Usage(input_tokens=number(body, "prompt_eval_count")))
    yield Made(EmbeddingResponse(vectors=checked(body["embeddings"])))


CODEC = OperationCodec("ollama.embeddings", write, read, read_error)
