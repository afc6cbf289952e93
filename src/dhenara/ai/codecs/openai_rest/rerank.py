"""Reranking in the format of Cohere and others: query and documents in, indexes and scores out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.chat.delta import Delta, ResponseStart, ResultDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.embedding import RankedDocument, RerankRequest, RerankResponse
from ..base import EncodedRequest
from ..common.fields import Report, read_int, read_name, read_object, unreadable, used
from ..common.usage import reported_cost
from ..openai_chat.codec import read_error
from ..operations.operation import OperationCodec, RerankQuirks, request_of

RESULTS = ("results", "data")


def write(call: Call, quirks: RerankQuirks) -> EncodedRequest:
    request = request_of(call, RerankRequest)
    body: dict[str, Any] = {
        "model": call.endpoint.ai_model.model_name,
        "query": request.query,
        "documents": list(request.documents),
    }
    if request.top_n is not None:
        body[quirks.params.get("top_n") or "top_n"] = request.top_n
    return EncodedRequest(
        quirks.path, {**body, **quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    )


def read(quirks: RerankQuirks, body: Any) -> Iterator[Delta]:
    yield ResponseStart(read_name(body, "id"), read_name(body, "model"))
    if body.get("usage") or body.get("meta"):
        yield from used(read_usage(body))
    ranked = [
        RankedDocument(index=one["index"], score=read_score(one), document=document_text(one.get("document")))
        for one in body[next((name for name in (quirks.results, *RESULTS) if name in body), quirks.results)]
    ]
    if not ranked:
        raise ValueError("the response contains no ranked documents")
    yield ResultDelta(RerankResponse(results=sorted(ranked, key=lambda one: one.score, reverse=True)))


def read_score(one: Report) -> float:
    return float(one["relevance_score"] if "relevance_score" in one else one["score"])


def document_text(document: Any) -> str | None:
    text = document.get("text") if isinstance(document, dict) else document
    return text if isinstance(text, str) else None


def read_usage(body: Report) -> Usage:
    """Convert the report: tokens, or searches if these are billed."""
    report, billed = read_object(body, "usage"), read_object(read_object(body, "meta"), "billed_units")
    searches = read_int(billed, "search_units") or read_int(report, "search_units")
    return Usage(
        input_tokens=read_int(report, "prompt_tokens") or read_int(report, "total_tokens"),
        units={"searches": float(searches)} if searches else {},
        reported_cost=reported_cost(report),
        unclear=unreadable(report or billed),
        raw=dict(report) or dict(billed),
    )


CODEC = OperationCodec("openai_rest.rerank", write, read, read_error)
