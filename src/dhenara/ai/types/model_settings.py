"""What is known about a model: its limits, and the values that its options may take."""

from typing import Any

from pydantic import Field

from .model_base import FrozenModel


class ChatModelSettings(FrozenModel):
    """Limits in tokens, and how the model reasons. None means unknown, and an unknown limit limits nothing."""

    max_context_window_tokens: int | None = Field(default=None, gt=0)
    max_input_tokens: int | None = Field(default=None, gt=0)
    max_output_tokens: int | None = Field(default=None, gt=0)
    supports_reasoning: bool | None = None
    max_reasoning_tokens: int | None = Field(default=None, gt=0)
    reasoning_efforts: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ()
    """What the model takes in: `text`, `image`, `audio`, `video`; empty where that is not known."""


class ValidOptionValue(FrozenModel):
    """The values that one model option may take."""

    allowed_values: tuple[Any, ...]
    default_value: Any = None
    description: str | None = None
