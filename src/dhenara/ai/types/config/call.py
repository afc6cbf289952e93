"""A call: one request as a value. Layers receive it and may replace it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from ...http.protocol.message import Head
from ..chat.message import Message
from ..chat.report import Attempt, CallWarning, Fingerprint, Plan
from ..model_base import FrozenModel
from ..operations.files import UploadedFile
from .api import AIModelEndpoint
from .call_config import AIModelCallConfig


@dataclass(slots=True)
class CallJournal:
    """Mutable record of what happened while one call was processed."""

    attempts: list[Attempt] = field(default_factory=list)
    head: Head | None = None
    started_at: float = 0.0
    began_at: float | None = None
    warnings: tuple[CallWarning, ...] = ()
    """Warnings about parameters and content that were changed to encode the request."""

    notes: tuple[CallWarning, ...] = ()
    """Further warnings for the caller where nothing was lost; `strict` does not raise for these."""

    plan: Plan | None = None
    """How each part was converted; None if every part was sent unchanged."""

    fingerprint: Fingerprint | None = None
    encoded: object = None
    """The encoded request that layers inspected (`EncodedCall`), sent as it is; None once it is being sent."""

    sent_constraints: tuple[Any, ...] | None = None
    """The learned constraints that were applied to the request that was sent last; None before the first one."""

    fetched: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """Files that were downloaded for the provider: address to bytes and media type."""

    uploaded: dict[str, UploadedFile] = field(default_factory=dict)
    """Files that were uploaded for this call, by content and account."""

    before_send: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)
    """Callbacks of layers that are awaited before each request is sent."""

    idempotency_key: str = ""
    """Idempotency key, sent with every attempt if the provider has a header for it."""

    layer_data: dict[str, Any] = field(default_factory=dict)
    """Data that layers store with a batch until its results arrive. JSON values only."""

    def set_head(self, head: Head) -> None:
        """Store the head of the latest response."""
        self.head = head

    def mark_started(self, now: float) -> None:
        """Record the time of the first chunk."""
        self.began_at = now


@dataclass(frozen=True, slots=True)
class Call:
    """One request before it is encoded.

    Attributes:
        endpoint: Endpoint that the request is sent to.
        messages: Messages of the user.
        config: Parameters of the call.
        instructions: System instructions of the user.
        deadline: Time of the clock at which all attempts together must be over, in seconds. Default None: no
            limit.
        operation: Kind of request. Default `"chat"`.
        request: Parameters of an operation other than chat; None for chat.
        journal: Record of what happened during the call.
    """

    endpoint: AIModelEndpoint
    messages: tuple[Message, ...]
    config: AIModelCallConfig
    instructions: tuple[str, ...] = ()
    deadline: float | None = None
    operation: str = "chat"
    request: FrozenModel | None = None
    has_fallback: bool = False
    """Whether another endpoint can answer; waits before a retry are then kept short."""

    journal: CallJournal = field(default_factory=CallJournal, compare=False, repr=False)
