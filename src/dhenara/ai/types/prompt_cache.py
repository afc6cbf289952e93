"""The provider's prompt cache: what a call may say of it. Marks in the conversation are `cache=` on its parts."""

from pydantic import Field

from .model_base import FrozenModel
from .part import CacheLifetime


class PromptCache(FrozenModel):
    """Everything is a wish about cost and speed; no answer depends on it.

    `automatic` lets the end of the conversation be cached at every call, `instructions` the tools and the
    instructions. `key` brings calls that begin alike to the same cache where keys are known; `stored` names content
    that was put into a cache of its own beforehand, which then holds the instructions and tools as well.
    """

    automatic: bool = False
    instructions: bool = False
    lifetime: CacheLifetime = "short"
    key: str | None = Field(default=None, max_length=64)
    stored: str | None = None
