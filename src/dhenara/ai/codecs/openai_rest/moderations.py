"""Moderation of texts, and of images if the provider supports them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import UnsupportedError
from ...types.chat.delta import Delta, ResponseStart, ResultDelta
from ...types.config.call import Call
from ...types.content.parts import ImageContent
from ...types.operations.embedding import Moderation, ModerationRequest, ModerationResponse
from ..base import EncodedRequest
from ..common.fields import read_name, read_object, require, used
from ..openai_chat.codec import read_error
from ..operations.image import image_url
from ..operations.operation import ModerationQuirks, OperationCodec, request_of
from .embeddings import read_usage


def write(call: Call, quirks: ModerationQuirks) -> EncodedRequest:
    inputs = request_of(call, ModerationRequest).inputs
    pictured = any(isinstance(one, ImageContent) for one in inputs)
    if pictured and not quirks.pictures:
        raise UnsupportedError(f"{call.endpoint.api.provider}: moderation supports only text")
    text: list[Any] = [write_input(one) for one in inputs] if pictured else list(inputs)
    body: dict[str, Any] = {"model": call.endpoint.ai_model.model_name, "input": text}
    return EncodedRequest(
        quirks.path, {**body, **quirks.defaults, **call.endpoint.ai_model.parameters, **call.config.options}
    )


def write_input(one: str | ImageContent) -> dict[str, Any]:
    if isinstance(one, str):
        return {"type": "text", "text": one}
    return {"type": "image_url", "image_url": {"url": image_url(one)}}


def read(quirks: ModerationQuirks, body: Any) -> Iterator[Delta]:
    yield ResponseStart(read_name(body, "id"), read_name(body, "model"))
    if usage := read_object(body, "usage"):
        yield from used(read_usage(usage))
    if not body["results"]:
        raise ValueError("the response contains no results")
    yield ResultDelta(ModerationResponse(results=[read_judgement(one) for one in body["results"]]))


def read_judgement(one: dict[str, Any]) -> Moderation:
    """Read a result; some providers send only the categories."""
    require(one, "a judgement", "flagged", "categories")
    categories = {name: bool(hit) for name, hit in read_object(one, "categories").items()}
    return Moderation(
        flagged=bool(one.get("flagged", any(categories.values()))),
        categories=categories,
        scores={name: score for name, score in read_object(one, "category_scores").items() if score is not None},
        applied_to=one.get("category_applied_input_types") or {},
    )


CODEC = OperationCodec("openai_rest.moderations", write, read, read_error)
