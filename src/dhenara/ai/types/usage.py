"""Usage: token counts that do not overlap."""

from typing import Any

from pydantic import Field

from .model_base import FrozenModel


class Usage(FrozenModel):
    """Token counts of a response. Every token is in exactly one field, so the fields can be added; `raw` is the
    provider's report.
    """

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    input_image_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    output_audio_tokens: int = 0
    output_image_tokens: int = 0
    units: dict[str, float] = Field(default_factory=dict)
    """Counts of other units than tokens: images, pages, seconds, characters, searches."""

    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the call that determine the price of such units, such as size and quality."""

    server_tool_requests: dict[str, int] = Field(default_factory=dict)
    reported_cost: float | None = None
    unclear: tuple[str, ...] = ()
    """Counts that are invalid or contradict others. They are in no other field; if a price may depend on them, the
    cost is unknown.
    """

    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def prompt_tokens(self) -> int:
        """All input tokens, cached or not."""
        return (
            self.input_tokens
            + self.cache_read_tokens
            + self.cache_write_tokens
            + self.cache_write_1h_tokens
            + self.input_audio_tokens
            + self.input_image_tokens
        )

    @property
    def completion_tokens(self) -> int:
        """All output tokens, including reasoning."""
        return self.output_tokens + self.reasoning_tokens + self.output_audio_tokens + self.output_image_tokens

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens
