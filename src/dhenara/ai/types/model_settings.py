"""Model settings: limits, and the values that options may take."""

from typing import Any

from pydantic import Field

from .model_base import FrozenModel


class ChatModelSettings(FrozenModel):
    """Limits of a chat model in tokens, and its reasoning support. None means unknown: no limit is enforced."""

    max_context_window_tokens: int | None = Field(default=None, gt=0)
    max_input_tokens: int | None = Field(default=None, gt=0)
    max_output_tokens: int | None = Field(default=None, gt=0)
    supports_reasoning: bool | None = None
    max_reasoning_tokens: int | None = Field(default=None, gt=0)
    reasoning_efforts: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ()
    """Input modalities: `text`, `image`, `audio`, `video`; empty if unknown."""


class ValidOptionValue(FrozenModel):
    """The values that one model option may take."""

    allowed_values: tuple[Any, ...]
    default_value: Any = None
    description: str | None = None
