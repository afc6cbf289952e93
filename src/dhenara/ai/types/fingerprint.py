"""Fingerprint: a hash of each part of a request, in the order in which providers cache them."""

import hashlib
from functools import cached_property
from typing import Self

from pydantic import Field

from ..errors import ConfigurationError
from .model_base import FrozenModel

LENGTH = 16
RANKS = {"model": 0, "tools": 2, "instructions": 3, "turns": 4}
"""Order of the parts; other parts, such as reasoning settings, come between the model and the tools."""


class FingerprintPart(FrozenModel):
    """One part of a request: its name in the request body, and the hash of its bytes."""

    name: str
    digest: str

    @property
    def place(self) -> tuple[int, int]:
        """Sort key of the part."""
        name, _, number = self.name.partition("[")
        return RANKS.get(name, 1), int(number.rstrip("]") or 0) if number else 0


class Fingerprint(FrozenModel):
    """Hashes of the parts of a request. Two requests share a provider's prompt cache as far as their fingerprints are
    equal from the start.

    In a stored conversation each turn holds only the difference to the turn before, so that the size grows linearly:
    `since` is the digest of the fingerprint before, `parts` are new or changed, and `gone` names those that were
    removed.
    """

    parts: list[FingerprintPart] = Field(default_factory=list)
    since: str | None = None
    gone: list[str] = Field(default_factory=list)

    @cached_property
    def digest(self) -> str:
        """One hash of the whole fingerprint, chained to the one before."""
        data = [self.since or "", *(f"{part.name}={part.digest}" for part in self.parts), *self.gone]
        return hashlib.sha256("\n".join(data).encode()).hexdigest()[:LENGTH]

    def changed_since(self, earlier: Self) -> str | None:
        """Return the name of the first part of the earlier request that changed or was removed.

        Args:
            earlier: Fingerprint of the earlier request.

        Returns:
            Name of the part; None if the earlier request is completely contained in this one.

        Raises:
            ConfigurationError: One of the two holds only differences, as turns of conversations do.
        """
        if self.since is not None or earlier.since is not None:
            raise ConfigurationError(
                "cannot compare fingerprints of turns, as they hold only differences. Use conversation.explain_cache() "
                "for turns, or response.fingerprint, which is complete"
            )
        here = {part.name: part.digest for part in self.parts}
        changed = next((part.name for part in earlier.parts if here.get(part.name) != part.digest), None)
        if changed is not None:
            return changed
        before = {part.name for part in earlier.parts}
        lead = [part.name for part in self.parts if not part.name.startswith("turns")]
        return next((name for name in lead if name not in before), None)

    def without(self, earlier: Self, since: str) -> Self:
        """Return only the difference to an earlier fingerprint; `since` is its digest in the conversation."""
        before = {part.name: part.digest for part in earlier.parts}
        here = {part.name for part in self.parts}
        changed = [part for part in self.parts if before.get(part.name) != part.digest]
        return type(self)(parts=changed, since=since, gone=[name for name in before if name not in here])
