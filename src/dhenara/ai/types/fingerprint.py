"""A fingerprint: a request as one hash a part, in the order in which providers cache them."""

from typing import Self

from pydantic import Field

from .base import Value


class FingerprintPart(Value):
    """One part of a request: what it is called on the wire, and the hash of its bytes."""

    name: str
    digest: str


class Fingerprint(Value):
    """Two requests share a provider's cache as far as their fingerprints begin alike."""

    parts: list[FingerprintPart] = Field(default_factory=list)

    def changed_since(self, earlier: Self) -> str | None:
        """The first part of the earlier request that is another one here or gone; None when all of it is here."""
        here = {part.name: part.digest for part in self.parts}
        changed = next((part.name for part in earlier.parts if here.get(part.name) != part.digest), None)
        if changed is not None:
            return changed
        before = {part.name for part in earlier.parts}
        lead = [part.name for part in self.parts if not part.name.startswith("turns")]
        return next((name for name in lead if name not in before), None)
