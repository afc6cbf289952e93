"""Pictures out of whatever answered: a model that draws, or one that also talks."""

from __future__ import annotations

from ..types.content import ImageContent
from ..types.image import GeneratedImage, ImageResponse
from ..types.response import ChatResponse
from ..types.result import Result


def to_image_response(answer: ChatResponse, made: Result | None) -> ImageResponse:
    """What was made; of a conversation, the pictures in it and the words beside them."""
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
    """Why there may be no picture: the provider's own word for the end, and what broke it off."""
    reason = answer.choices[0].raw_finish_reason if answer.choices else None
    data = {"finish_reason": reason, "error": answer.error}
    return {name: value for name, value in data.items() if value}
