"""Shared parts of the image codecs."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import UnsupportedError
from ...types.config.call import Call
from ...types.config.parameters import PARAMETERS
from ...types.content.media import Media
from ...types.content.parts import Content, ImageContent, TextContent
from ...types.operations.image import GeneratedImage, ImageRequest
from ...wire.media_headers import image_type
from ..common.fields import require
from ..common.request import set_parameters
from ..common.warnings import WarningCollector

IGNORED_PARAMETERS = (
    *(name for name, parameter in PARAMETERS.items() if not parameter.for_images),
    *("tools", "tool_choice", "structured_output"),
)
"""Fields of a call's config that image models do not have."""


@dataclass(frozen=True, slots=True)
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
