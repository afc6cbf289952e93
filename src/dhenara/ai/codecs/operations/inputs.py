"""Inputs of embeddings and image generation: texts and media, with parameters of the dialect."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import UnsupportedError
from ...types.config.call import Call
from ...types.config.parameters import PARAMETERS
from ...types.content.media import Media
from ...types.content.parts import Content, ImageContent, TextContent
from ...types.operations.embedding import EmbeddingRequest
from ...types.operations.image import GeneratedImage, ImageRequest
from ...wire.media_types import image_type
from ..common.media_support import with_media_type
from ..common.plan import WarningCollector
from ..common.request import set_parameters
from ..common.response_fields import require
from .operation import request_of
from .quirks import EmbeddingQuirks

NUMBERS = {int, float}
PLURALS = {"image": "pictures", "audio": "sound", "video": "videos", "file": "documents"}


@dataclass(slots=True, eq=False)
class EmbeddingInput:
    """An embedding request, ready to be encoded. With images among the inputs, `texts` is incomplete."""

    model: str
    inputs: tuple[str | Media, ...]
    params: Mapping[str, Any]
    warnings: WarningCollector

    @property
    def texts(self) -> list[str]:
        """The inputs, if all of them are texts."""
        return [one for one in self.inputs if isinstance(one, str)]

    @property
    def has_images(self) -> bool:
        """Whether the inputs contain images."""
        return any(not isinstance(one, str) for one in self.inputs)


def read_embedding_input(call: Call, quirks: EmbeddingQuirks) -> EmbeddingInput:
    """Read the request, with parameters renamed to those of the dialect."""
    request, warnings = request_of(call, EmbeddingRequest), WarningCollector(str(call.endpoint.api.provider))
    wanted = {
        "dimensions": request.dimensions,
        "input_type": request.input_type,
        "truncate": request.truncate,
        "user": call.config.user,
    }
    check_images(call, request, quirks)
    params: dict[str, Any] = {}
    for name, value in wanted.items():
        if value is None:
            continue
        wire, normalized = quirks.params.get(name), write_value(name, value, quirks)
        if wire is None or normalized is None:
            warnings.unsupported(name if wire is None else f"{name}={value!r}")
        else:
            params[wire] = normalized
    inputs = tuple(one if isinstance(one, str) else with_media_type(one) for one in request.texts)
    return EmbeddingInput(call.endpoint.ai_model.model_name, inputs, params, warnings)


def check_vectors(vectors: Any) -> list[list[float]]:
    """Check the vectors of a response; raises ValueError if they are missing or invalid."""
    if not isinstance(vectors, list) or not vectors:
        raise ValueError("the response contains no vectors")
    if not all(isinstance(vector, list) and vector and set(map(type, vector)) <= NUMBERS for vector in vectors):
        raise ValueError("the vectors in the response are not lists of numbers")
    return vectors


def check_images(call: Call, request: EmbeddingRequest, quirks: EmbeddingQuirks) -> None:
    """Raise if the model does not support media."""
    taken = {*(("image",) if quirks.pictures else ()), *quirks.media}
    for one in request.texts:
        if not isinstance(one, str) and one.type not in taken:
            provider, model = call.endpoint.api.provider, call.endpoint.ai_model.model_name
            what = PLURALS[one.type]
            raise UnsupportedError(f"{provider} ({model}): embeddings of {what} are not supported. Use another model")


def write_value(name: str, value: Any, quirks: EmbeddingQuirks) -> Any:
    return quirks.input_types.get(value) if name == "input_type" else value


IGNORED_PARAMETERS = (
    *(name for name, parameter in PARAMETERS.items() if not parameter.for_images),
    *("tools", "tool_choice", "structured_output"),
)
"""Fields of a call's config that image models do not have."""


@dataclass(slots=True, eq=False)
class ImagePrompt:
    """Input of image generation: text, images and a mask."""

    model: str
    prompt: str
    pictures: tuple[ImageContent, ...]
    request: ImageRequest
    warnings: WarningCollector


def read_image_prompt(call: Call) -> ImagePrompt:
    """Join the conversation to one prompt, as image models expect."""
    warnings = WarningCollector(str(call.endpoint.api.provider))
    for name, _ in set_parameters(call.config, IGNORED_PARAMETERS):
        warnings.unsupported(name)
    parts = [part for message in call.messages for part in message.contents]
    for part in parts:
        if not isinstance(part, TextContent | ImageContent):
            warnings.dropped(part_kind(part), "image generation accepts only text and images")
    words = [*call.instructions, *(part.text for part in parts if isinstance(part, TextContent))]
    request = call.request if isinstance(call.request, ImageRequest) else ImageRequest()
    pictures = tuple(part for part in parts if isinstance(part, ImageContent))
    return ImagePrompt(call.endpoint.ai_model.model_name, "\n\n".join(filter(None, words)), pictures, request, warnings)


def part_kind(part: Content) -> str:
    return str(getattr(part, "type", "a part"))


def image_bytes(picture: ImageContent, provider: str) -> bytes:
    """Return the bytes of the image; raises for a URL, because the provider accepts only files."""
    if picture.data is None:
        raise UnsupportedError(f"{provider} accepts images to edit only as files. Pass ImageContent(data=...)")
    return picture.data


def image_url(picture: Media) -> str:
    if picture.data is None:
        return picture.url or ""
    mime = picture.mime_type or image_type(picture.data) or "image/png"
    return f"data:{mime};base64,{base64.b64encode(picture.data).decode()}"


def read_images(entries: Sequence[dict[str, Any]], mime_type: str | None) -> Iterator[GeneratedImage]:
    """Read images in the format that most providers use: base64 or a URL, and the revised prompt."""
    for entry in entries:
        require(entry, "a picture", "b64_json", "image_base64", "url")
        encoded = entry.get("b64_json") or entry.get("image_base64")
        data = base64.b64decode(encoded) if encoded else None
        yield GeneratedImage(
            data=data,
            url=None if data else entry.get("url"),
            mime_type=entry.get("mime_type") or (image_type(data) if data else None) or mime_type,
            revised_prompt=entry.get("revised_prompt") or None,
        )
