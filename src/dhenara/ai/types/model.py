"""A model: its name and what is known about it."""

from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from .base import Value

FunctionalType = Literal[
    "text_generation",
    "image_generation",
    "video_generation",
    "text_to_speech",
    "speech_to_text",
    "embedding",
]


class ChatModelSettings(Value):
    """Limits in tokens, and how the model reasons. None means unknown, and an unknown limit limits nothing."""

    max_context_window_tokens: int | None = Field(default=None, gt=0)
    max_input_tokens: int | None = Field(default=None, gt=0)
    max_output_tokens: int | None = Field(default=None, gt=0)
    supports_reasoning: bool | None = None
    max_reasoning_tokens: int | None = Field(default=None, gt=0)
    reasoning_efforts: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ()
    """What the model takes in: `text`, `image`, `audio`, `video`; empty where that is not known."""


class ChatModelCostData(Value):
    """Prices per million tokens in US dollars."""

    input_token_cost_per_million: Decimal = Field(ge=0)
    output_token_cost_per_million: Decimal = Field(ge=0)
    cache_read_cost_per_million: Decimal | None = Field(default=None, ge=0)
    cache_write_cost_per_million: Decimal | None = Field(default=None, ge=0)


class ImageModelCostData(Value):
    """One price for every image, or a price for each combination of options."""

    flat_cost_per_image: Decimal | None = Field(default=None, ge=0)
    image_options_cost_data: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.flat_cost_per_image is None) == (not self.image_options_cost_data):
            raise ValueError("give either flat_cost_per_image or image_options_cost_data")
        return self


class AudioModelCostData(Value):
    """Prices in US dollars of a minute that is heard, or of a million letters that are spoken."""

    cost_per_minute: Decimal | None = Field(default=None, ge=0)
    cost_per_million_characters: Decimal | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.cost_per_minute is None and self.cost_per_million_characters is None:
            raise ValueError("give cost_per_minute or cost_per_million_characters")
        return self


class ValidOptionValue(Value):
    """The values that one model option may take."""

    allowed_values: tuple[Any, ...]
    default_value: Any = None
    description: str | None = None


class AIModel(Value):
    """`model_name` is what the provider calls it; everything else is optional.

    `base_model` names the model behind a deployment or an alias. `parameters` go into every request as they
    are. `valid_options`, when given, are the only options a call may set.
    """

    model_name: str = Field(min_length=1)
    provider: str | None = None
    display_name: str | None = None
    functional_type: FunctionalType = "text_generation"
    base_model: str | None = None
    settings: ChatModelSettings | None = None
    cost_data: ChatModelCostData | ImageModelCostData | AudioModelCostData | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    valid_options: dict[str, ValidOptionValue] | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
