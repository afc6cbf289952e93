"""Custom prices of a model; they replace the prices of the catalog."""

from decimal import Decimal
from typing import Any, Self

from pydantic import Field, model_validator

from .model_base import FrozenModel


class ChatModelCostData(FrozenModel):
    """Prices of a chat model in US dollars per million tokens."""

    input_token_cost_per_million: Decimal = Field(ge=0)
    output_token_cost_per_million: Decimal = Field(ge=0)
    cache_read_cost_per_million: Decimal | None = Field(default=None, ge=0)
    cache_write_cost_per_million: Decimal | None = Field(default=None, ge=0)


class ImageModelCostData(FrozenModel):
    """Price of an image model: one price for every image, or one for each combination of options."""

    flat_cost_per_image: Decimal | None = Field(default=None, ge=0)
    image_options_cost_data: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.flat_cost_per_image is None) == (not self.image_options_cost_data):
            raise ValueError("set either flat_cost_per_image or image_options_cost_data")
        return self


class AudioModelCostData(FrozenModel):
    """Price of an audio model in US dollars: per minute of audio, or per million characters of spoken text."""

    cost_per_minute: Decimal | None = Field(default=None, ge=0)
    cost_per_million_characters: Decimal | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.cost_per_minute is None and self.cost_per_million_characters is None:
            raise ValueError("set cost_per_minute or cost_per_million_characters")
        return self


AnyCostData = ChatModelCostData | ImageModelCostData | AudioModelCostData
