"""A model: its name and what is known about it."""

from typing import Any, Literal

from pydantic import Field

from .cost_data import AnyCostData
from .model_base import FrozenModel
from .model_settings import ChatModelSettings, ValidOptionValue

FunctionalType = Literal[
    "text_generation",
    "image_generation",
    "video_generation",
    "text_to_speech",
    "speech_to_text",
    "embedding",
]


class AIModel(FrozenModel):
    """A model. Only `model_name` is required.

    Attributes:
        model_name: The provider's name of the model.
        provider: Provider that the model belongs to.
        display_name: Name for display.
        functional_type: What the model generates. Default `"text_generation"`.
        base_model: Name of the model behind a deployment or an alias.
        settings: Limits and capabilities.
        cost_data: Prices that replace those of the catalog.
        parameters: Parameters that are copied into every request unchanged.
        valid_options: If set, the only options that a call may set, with their values.
        metadata: Data for your own use.
    """

    model_name: str = Field(min_length=1)
    provider: str | None = None
    display_name: str | None = None
    functional_type: FunctionalType = "text_generation"
    base_model: str | None = None
    settings: ChatModelSettings | None = None
    cost_data: AnyCostData | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    valid_options: dict[str, ValidOptionValue] | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
