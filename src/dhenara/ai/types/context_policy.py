"""The context policy: what happens when a conversation grows too long for its model, or for its price."""

from typing import Literal

from pydantic import Field

from .model_base import FrozenModel


class ContextPolicy(FrozenModel):
    """Each is independent; what a provider does not offer is a warning.

    `max_input_tokens` is kept to here, by leaving out the oldest rounds; tokens are estimated at four bytes each.
    `compact_at` lets the provider sum up what is older when there are so many tokens, `clear_tool_results_at` lets it
    forget all but the latest `keep_tool_results` results, and `truncation` lets it drop what does not fit.
    """

    max_input_tokens: int | None = Field(default=None, gt=0)
    compact_at: int | None = Field(default=None, gt=0)
    clear_tool_results_at: int | None = Field(default=None, gt=0)
    keep_tool_results: int = Field(default=3, ge=0)
    truncation: Literal["auto", "disabled"] | None = None
