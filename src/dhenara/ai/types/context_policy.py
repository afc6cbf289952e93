"""Context policy: what to do when a conversation gets too long for the model, or too expensive."""

from typing import Literal

from pydantic import Field

from .model_base import FrozenModel


class ContextPolicy(FrozenModel):
    """Limits on the length of the context. Each works independently; unsupported ones give a warning.

    Attributes:
        max_input_tokens: Remove the oldest rounds before sending so that the input stays below this number of tokens,
            estimated at four bytes each.
        compact_at: Let the provider summarise older content above this number of tokens.
        clear_tool_results_at: Let the provider remove older tool results above this number of tokens.
        keep_tool_results: Number of latest tool results that are kept. Default 3.
        truncation: `"auto"` lets the provider drop what does not fit.
    """

    max_input_tokens: int | None = Field(default=None, gt=0)
    compact_at: int | None = Field(default=None, gt=0)
    clear_tool_results_at: int | None = Field(default=None, gt=0)
    keep_tool_results: int = Field(default=3, ge=0)
    truncation: Literal["auto", "disabled"] | None = None
