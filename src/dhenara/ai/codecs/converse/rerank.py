"""Reranking on Amazon Bedrock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import ConfigurationError
from ...types.chat.delta import Delta, ResultDelta
from ...types.config.call import Call
from ...types.operations.embedding import RankedDocument, RerankRequest, RerankResponse
from ..base import EncodedRequest
from ..failure import aws_error
from ..operations.operation import OperationCodec, RerankQuirks, request_of


def write(call: Call, quirks: RerankQuirks) -> EncodedRequest:
    request = request_of(call, RerankRequest)
    model: dict[str, Any] = {"modelArn": model_arn(call)}
    extra = {**quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    if extra:
        model["additionalModelRequestFields"] = extra
    question: dict[str, Any] = {"modelConfiguration": model}
    if request.top_n is not None:
        question["numberOfResults"] = request.top_n
    body = {
        "queries": [{"type": "TEXT", "textQuery": {"text": request.query}}],
        "sources": [{"type": "INLINE", "inlineDocumentSource": write_document(text)} for text in request.documents],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": question,
        },
    }
    return EncodedRequest(quirks.path, body)


def write_document(text: str) -> dict[str, Any]:
    return {"type": "TEXT", "textDocument": {"text": text}}


def model_arn(call: Call) -> str:
    """Return the ARN of the model, which contains the region."""
    name, region = call.endpoint.ai_model.model_name, call.endpoint.api.config.get("region")
    if name.startswith("arn:"):
        return name
    if not region:
        raise ConfigurationError(
            "amazon_bedrock: rerank needs a region for the model ARN. Pass config={'region': ...} to AIModelAPI, "
            "or the model's ARN as its name"
        )
    return f"arn:aws:bedrock:{region}::foundation-model/{name}"


def read(quirks: RerankQuirks, body: Any) -> Iterator[Delta]:
    results = [RankedDocument(index=one["index"], score=one["relevanceScore"]) for one in body["results"]]
    if not results:
        raise ValueError("the response contains no ranked documents")
    yield ResultDelta(RerankResponse(results=results))


CODEC = OperationCodec("converse.rerank", write, read, aws_error)
