"""A fingerprint: a request as one hash a part, in the order in which providers cache them."""

import hashlib
from functools import cached_property
from typing import Self

from pydantic import Field

from ..errors import ConfigurationError
from .model_base import FrozenModel

LENGTH = 16
RANKS = {"model": 0, "tools": 2, "instructions": 3, "turns": 4}
"""The order of the parts; what is not here, such as settings of thinking, stands between the model and the tools."""


class FingerprintPart(FrozenModel):
    """One part of a request: what it is called on the wire, and the hash of its bytes."""

    name: str
    digest: str

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands among the parts."""
        name, _, number = self.name.partition("[")
        return RANKS.get(name, 1), int(number.rstrip("]") or 0) if number else 0


class Fingerprint(FrozenModel):
    """Two requests share a provider's cache as far as their fingerprints begin alike.

    A turn of a conversation holds only what its request has that the one before had not, so that a conversation grows
    by one request a turn and not by all of them: `since` is then the digest of the fingerprint before, `parts` are
    those that are new or changed, and `gone` names those that are there no more.
    """

    parts: list[FingerprintPart] = Field(default_factory=list)
    since: str | None = None
    gone: list[str] = Field(default_factory=list)

    @cached_property
    def digest(self) -> str:
        """One hash of the whole, chained to the one before."""
        data = [self.since or "", *(f"{part.name}={part.digest}" for part in self.parts), *self.gone]
        return hashlib.sha256("\n".join(data).encode()).hexdigest()[:LENGTH]

    def changed_since(self, earlier: Self) -> str | None:
        """The first part of the earlier request that is another one here or gone; None when all of it is here.

        Raises:
            ConfigurationError: One of the two holds only differences, as turns of conversations do.
        """
        if self.since is not None or earlier.since is not None:
            raise ConfigurationError(
                "fingerprints of turns hold only what changed since the turn before: conversation.explain_cache() "
                "compares turns, and response.fingerprint holds the whole"
            )
        here = {part.name: part.digest for part in self.parts}
        changed = next((part.name for part in earlier.parts if here.get(part.name) != part.digest), None)
        if changed is not None:
            return changed
        before = {part.name for part in earlier.parts}
        lead = [part.name for part in self.parts if not part.name.startswith("turns")]
        return next((name for name in lead if name not in before), None)

    def without(self, earlier: Self, since: str) -> Self:
        """Only what differs from an earlier one, whose digest in the conversation is `since`."""
        before = {part.name: part.digest for part in earlier.parts}
        here = {part.name for part in self.parts}
        changed = [part for part in self.parts if before.get(part.name) != part.digest]
        return type(self)(parts=changed, since=since, gone=[name for name in before if name not in here])
