"""Settings of the provider's prompt cache. Single parts are marked with their `cache=` field."""

from pydantic import Field

from .model_base import FrozenModel
from .part import CacheLifetime


class PromptCache(FrozenModel):
    """Settings of the provider's prompt cache. They affect cost and speed, never the answer.

    Attributes:
        automatic: Cache the conversation up to its end at every call. Default False.
        instructions: Cache the tools and the instructions. Default False.
        lifetime: `"short"` (minutes) or `"long"` (hours). Default `"short"`.
        key: Routes calls with the same beginning to the same cache, for providers with cache keys. At most 64
            characters.
        stored: Name of cached content that was created beforehand; it contains the instructions and tools.
    """

    automatic: bool = False
    instructions: bool = False
    lifetime: CacheLifetime = "short"
    key: str | None = Field(default=None, max_length=64)
    stored: str | None = None
