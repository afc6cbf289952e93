"""Builds the image response from an image model's result or from a chat response with images."""

from __future__ import annotations

from ..types.content import ImageContent
from ..types.image import GeneratedImage, ImageResponse
from ..types.response import ChatResponse
from ..types.result import Result


def to_image_response(answer: ChatResponse, made: Result | None) -> ImageResponse:
    """Return the images; for a chat response, its image parts and its text."""
    if isinstance(made, ImageResponse):
        return made
    parts = [part for choice in answer.choices for part in choice.contents]
    made = ImageResponse(
        id=answer.id,
        model=answer.model,
        provider=answer.provider,
        images=[to_generated_image(part) for part in parts if isinstance(part, ImageContent)],
        text=answer.text(),
        usage=answer.usage,
        warnings=answer.warnings,
        extras={**answer.extras, **finish_facts(answer)},
    )
    return made.with_pricing(lambda _: answer.cost)


def to_generated_image(part: ImageContent) -> GeneratedImage:
    return GeneratedImage.model_construct(**dict(part)) if not isinstance(part, GeneratedImage) else part


def finish_facts(answer: ChatResponse) -> dict[str, str]:
    """Return finish reason and error, which explain why there may be no image."""
    reason = answer.choices[0].raw_finish_reason if answer.choices else None
    details = {"finish_reason": reason, "error": answer.error}
    return {name: value for name, value in details.items() if value}
