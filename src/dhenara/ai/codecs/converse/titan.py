"""Amazon Titan embeddings: one text in each request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.call import Call
from ...types.delta import Delta, ResultDelta, UsageDelta
from ...types.embedding import EmbeddingResponse
from ...types.usage import Usage
from ..base import EncodedRequest
from ..embedding import checked, read_embedding_input
from ..failure import aws_error
from ..int_fields import read_int
from ..operation import OperationCodec
from ..operation_quirks import EmbeddingQuirks
from ..paths import quote_segment


def write(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    own = {**quirks.defaults, **request.params, **call.endpoint.ai_model.parameters, **call.config.options}
    body: dict[str, Any] = {"inputText": request.texts[0], **own}
    return EncodedRequest(quirks.path.format(model=quote_segment(request.model)), body, {}, request.warnings.all())


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield UsageDelta(Usage(input_tokens=read_int(body, "inputTextTokenCount")))
    yield ResultDelta(EmbeddingResponse(vectors=checked([body["embedding"]])))


CODEC = OperationCodec("converse.titan", write, read, aws_error)
