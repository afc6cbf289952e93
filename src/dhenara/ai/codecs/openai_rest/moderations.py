"""Moderation: texts, and with them pictures where the host looks at those."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import UnsupportedError
from ...types.call import Call
from ...types.content import ImageContent
from ...types.delta import Began, Delta, Made
from ...types.moderation import Moderation, ModerationRequest, ModerationResponse
from ..base import Outgoing
from ..counts import used
from ..image import as_url
from ..openai_chat.codec import read_error
from ..operation import OperationCodec, request_of
from ..operation_quirks import ModerationQuirks
from ..told import named, require, section
from .embeddings import read_usage


def write(call: Call, quirks: ModerationQuirks) -> Outgoing:
    inputs = request_of(call, ModerationRequest).inputs
    pictured = any(isinstance(one, ImageContent) for one in inputs)
    if pictured and not quirks.pictures:
        raise UnsupportedError(f"{call.endpoint.api.provider} judges texts only")
    said: list[Any] = [written(one) for one in inputs] if pictured else list(inputs)
    body: dict[str, Any] = {"model": call.endpoint.ai_model.model_name, "input": said}
    return Outgoing(
        quirks.path, {**body, **quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    )


def written(one: str | ImageContent) -> dict[str, Any]:
    if isinstance(one, str):
        return {"type": "text", "text": one}
    return {"type": "image_url", "image_url": {"url": as_url(one)}}


def read(quirks: ModerationQuirks, body: Any) -> Iterator[Delta]:
    yield Began(named(body, "id"), named(body, "model"))
    if usage := section(body, "usage"):
        yield from used(read_usage(usage))
    if not body["results"]:
        raise ValueError("there are no judgements in it")
    yield Made(ModerationResponse(results=[judged(one) for one in body["results"]]))


def judged(one: dict[str, Any]) -> Moderation:
    """Some hosts tell only the categories."""
    require(one, "a judgement", "flagged", "categories")
    categories = {name: bool(hit) for name, hit in section(one, "categories").items()}
    return Moderation(
        flagged=bool(one.get("flagged", any(categories.values()))),
        categories=categories,
        scores={name: score for name, score in section(one, "category_scores").items() if score is not None},
        applied_to=one.get("category_applied_input_types") or {},
    )


CODEC = OperationCodec("openai_rest.moderations", write, read, read_error)
