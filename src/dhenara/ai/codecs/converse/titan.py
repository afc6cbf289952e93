"""Amazon Titan embeddings: one text in each request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.chat.delta import Delta, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.embedding import EmbeddingResponse
from ..base import EncodedRequest
from ..common.fields import read_int
from ..common.paths import quote_segment
from ..failure import aws_error
from ..operations.embedding import checked, read_embedding_input
from ..operations.operation import EmbeddingQuirks, OperationCodec


def write(call: Call, quirks: EmbeddingQuirks) -> EncodedRequest:
    request = read_embedding_input(call, quirks)
    own = {**quirks.defaults, **request.params, **call.endpoint.ai_model.parameters, **call.config.options}
    body: dict[str, Any] = {"inputText": request.texts[0], **own}
    return EncodedRequest(quirks.path.format(model=quote_segment(request.model)), body, {}, request.warnings.all())


def read(quirks: EmbeddingQuirks, body: Any) -> Iterator[Delta]:
    yield UsageDelta(Usage(input_tokens=read_int(body, "inputTextTokenCount")))
    yield ResultDelta(EmbeddingResponse(vectors=checked([body["embedding"]])))


CODEC = OperationCodec("converse.titan", write, read, aws_error)
