"""Embeddings of Amazon's Titan models: one text a request."""

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
from ..failure import plain_failure
from ..operation import OperationCodec
from ..operation_quirks import EmbeddingQuirks
from ..paths import quote_segment


def write(call: Call, quirks: EmbeddingQuirks) -> Outgoing:
    asked = read_asked(call, quirks)
    own = {**quirks.defaults, **asked.params, **call.endpoint.ai_model.parameters, **call.config.options}
    body: dict[str, Any] = {"inputText": asked.texts[0], **own}
    return Outgoing(quirks.path.format(model=quote_segment(asked.model)), body, {}, asked.warnings.all())


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield Used(Usage(input_tokens=number(body, "inputTextTokenCount")))
    yield Made(EmbeddingResponse(vectors=checked([body["embedding"]])))


CODEC = OperationCodec("converse.titan", write, read, plain_failure)
