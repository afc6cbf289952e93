"""What all parts of prompts and answers have in common."""

from typing import Any, Literal

from pydantic import Field

from .model_base import FrozenModel


class Origin(FrozenModel):
    """Who said it: the provider, the model that was asked, and the protocol it was said in.

    `prefix` is the hash of everything that was said before, where the thinking of the answer is bound to it.
    """

    provider: str
    model: str
    protocol: str
    prefix: str | None = None


CacheLifetime = Literal["short", "long"]
"""Minutes, or hours: how long a provider should remember the beginning of a prompt."""


class Content(FrozenModel):
    """One part. `extras` holds what only its origin understands: signatures, encrypted state, ids.

    `cache` marks its end: everything up to there may be kept in the provider's prompt cache.
    """

    origin: Origin | None = None
    cache: CacheLifetime | None = None
    extras: dict[str, Any] = Field(default_factory=dict)

    def get_text(self) -> str:
        """The part as plain words; empty where it has none."""
        return ""
