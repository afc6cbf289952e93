"""A model: its name and what is known about it."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from .lazy_type import later
from .model_base import FrozenModel

if TYPE_CHECKING:
    from .cost_data import AnyCostData
    from .model_settings import ChatModelSettings, ValidOptionValue
else:
    AnyCostData = later("cost_data", "AnyCostData")
    ChatModelSettings = later("model_settings", "ChatModelSettings")
    ValidOptionValue = later("model_settings", "ValidOptionValue")

FunctionalType = Literal[
    "text_generation",
    "image_generation",
    "video_generation",
    "text_to_speech",
    "speech_to_text",
    "embedding",
]


class AIModel(FrozenModel):
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
    cost_data: AnyCostData | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    valid_options: dict[str, ValidOptionValue] | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
