"""Images: of Gemini models over chat, and of Imagen over Vertex AI."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ...errors import ContentFilteredError, UnsupportedError
from ...types.chat.delta import Delta, ErrorDelta, ResultDelta, UsageDelta
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.operations.image import GeneratedImage, ImageResponse
from ..base import EncodedRequest
from ..operations.inputs import read_image_prompt
from ..operations.operation import ImageQuirks, OperationCodec
from .codec import Gemini
from .embeddings import resource_path
from .quirks import GeminiQuirks
from .request import model_path
from .response import read_error

MODALITIES = ["TEXT", "IMAGE"]


class GeminiImages(Gemini):
    """Returns text in addition to the images."""

    name = "gemini.images"

    def encode(self, call: Call, quirks: GeminiQuirks) -> EncodedRequest:
        options = call.config.options
        generation: dict[str, Any] = {"responseModalities": MODALITIES, **(options.get("generationConfig") or {})}
        wanted = {"options": {**options, "generationConfig": generation}}
        return super().encode(replace(call, config=call.config.model_copy(update=wanted)), quirks)


IMAGES = GeminiImages()


def write_imagen(call: Call, quirks: ImageQuirks) -> EncodedRequest:
    drawing, config = read_image_prompt(call), call.config
    if drawing.pictures or drawing.request.mask is not None:
        raise UnsupportedError("Imagen accepts only text. Use a Gemini image model for image input")
    if config.streaming:
        drawing.warnings.unsupported("streaming", "images are not streamed")
    parameters: dict[str, Any] = {"sampleCount": config.n or 1, **quirks.defaults}
    if config.seed is not None:
        parameters["seed"] = config.seed
    if config.user is not None:
        drawing.warnings.unsupported("user")
    parameters.update(call.endpoint.ai_model.parameters)
    parameters.update(config.options)
    body = {"instances": [{"prompt": drawing.prompt}], "parameters": parameters}
    path = quirks.path.format(model=model_path(drawing.model), name=resource_path(drawing.model))
    return EncodedRequest(path, body, {}, drawing.warnings.all())


def read_imagen(quirks: ImageQuirks, body: Any) -> Iterator[Delta]:
    predictions = body.get("predictions") or []
    images = [
        GeneratedImage(
            data=base64.b64decode(one["bytesBase64Encoded"]),
            mime_type=one.get("mimeType"),
            revised_prompt=one.get("prompt"),
        )
        for one in predictions
        if one.get("bytesBase64Encoded")
    ]
    refused = [one["raiFilteredReason"] for one in predictions if one.get("raiFilteredReason")]
    if not images:
        yield ErrorDelta(ContentFilteredError("; ".join(refused) or "the response contains no image and no reason"))
        return
    yield UsageDelta(Usage(units={"images": float(len(images))}))
    yield ResultDelta(ImageResponse(images=images, extras={"filtered": refused} if refused else {}))


IMAGEN = OperationCodec("vertex.imagen", write_imagen, read_imagen, read_error)
