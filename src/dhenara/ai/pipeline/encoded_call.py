"""One encoding of a call, shared by layers, the cache key and the request that is sent."""

from __future__ import annotations

from ..catalog.learned_constraints import LearnedConstraint
from ..codecs.base import EncodedRequest
from ..errors import ConfigurationError
from ..http.protocol.message import HttpRequest
from ..providers.target import ResolvedTarget
from ..types.config.call import Call


class EncodedCall:
    """One encoding of a call, with values derived from it."""

    __slots__ = ("constraints", "encoded", "original", "request", "sent", "target")

    def __init__(
        self,
        original: Call,
        sent: Call,
        encoded: EncodedRequest,
        target: ResolvedTarget,
        constraints: tuple[LearnedConstraint, ...],
    ) -> None:
        self.original = original
        self.sent = sent
        """The call with fetched media."""
        self.encoded = encoded
        self.target = target
        self.constraints = constraints
        self.request: HttpRequest | None = None

    def holds_for(self, call: Call, target: ResolvedTarget, constraints: tuple[LearnedConstraint, ...]) -> bool:
        """Return whether this call would be encoded to the same request."""
        known = self.original
        return (
            target is self.target
            and call.messages is known.messages
            and call.config is known.config
            and call.endpoint is known.endpoint
            and call.instructions is known.instructions
            and call.operation == known.operation
            and call.request is known.request
            and constraints == self.constraints
        )

    def unsigned(self) -> HttpRequest:
        """Return the complete HTTP request without signature, serialized once."""
        if self.request is None:
            self.request = self.target.unsigned(self.encoded, self.sent)
        return self.request


def unserializable(target: ResolvedTarget, error: Exception) -> ConfigurationError:
    """Return the error for text that JSON cannot hold; lone surrogates are the usual cause."""
    return ConfigurationError(
        f"nothing was sent to {target.origin.provider}: the request cannot be written as JSON: {error}. Repair text "
        f"with "
        "lone surrogates (from truncated text or file names) with "
        'text.encode("utf-8", "replace").decode()'
    )
