"""Rerank as Cohere began it and most hosts speak it: a query and documents in, numbers and scores out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...types.call import Call
from ...types.delta import Began, Delta, Made
from ...types.rerank import RankedDocument, RerankRequest, RerankResponse
from ...types.usage import Usage
from ..base import Outgoing
from ..counts import Report, number, section, unreadable, used
from ..openai_chat.codec import read_error
from ..operation import OperationCodec, request_of
from ..operation_quirks import RerankQuirks
from ..reported import reported_cost
from ..told import named

RESULTS = ("results", "data")


def write(call: Call, quirks: RerankQuirks) -> Outgoing:
    request = request_of(call, RerankRequest)
    body: dict[str, Any] = {
        "model": call.endpoint.ai_model.model_name,
        "query": request.query,
        "documents": list(request.documents),
    }
    if request.top_n is not None:
        body[quirks.params.get("top_n") or "top_n"] = request.top_n
    return Outgoing(
        quirks.path, {**body, **quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    )


def read(quirks: RerankQuirks, body: Any) -> Iterator[Delta]:
    yield Began(named(body, "id"), named(body, "model"))
    if body.get("usage") or body.get("meta"):
        yield from used(read_usage(body))
    ranked = [
        RankedDocument(index=one["index"], score=score(one), document=words(one.get("document")))
        for one in body[next((name for name in (quirks.results, *RESULTS) if name in body), quirks.results)]
    ]
    if not ranked:
        raise ValueError("there are no ranked documents in it")
    yield Made(RerankResponse(results=sorted(ranked, key=lambda one: one.score, reverse=True)))


def score(one: Report) -> float:
    return float(one["relevance_score"] if "relevance_score" in one else one["score"])


def words(document: Any) -> str | None:
    text = document.get("text") if isinstance(document, dict) else document
    return text if isinstance(text, str) else None


def read_usage(body: Report) -> Usage:
    """Tokens, or searches where those are what is billed."""
    report, billed = section(body, "usage"), section(section(body, "meta"), "billed_units")
    searches = number(billed, "search_units") or number(report, "search_units")
    return Usage(
        input_tokens=number(report, "prompt_tokens") or number(report, "total_tokens"),
        units={"searches": float(searches)} if searches else {},
        reported_cost=reported_cost(report),
        unclear=unreadable(report or billed),
        raw=dict(report) or dict(billed),
    )


CODEC = OperationCodec("openai_rest.rerank", write, read, read_error)
