"""A call: one request as a value. Layers see it and may replace it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import field
from typing import TYPE_CHECKING, Any

from ..dataclass import dataclass
from ..wire.http import Head
from .attempt import Attempt
from .call_config import AIModelCallConfig
from .endpoint import AIModelEndpoint
from .message import Message
from .model_base import FrozenModel

if TYPE_CHECKING:
    from ..pipeline.exchange import EncodedCall
    from .fingerprint import Fingerprint
    from .plan import Plan
    from .uploaded_file import UploadedFile
    from .warning import CallWarning


@dataclass(slots=True)
class CallJournal:
    """What happened to one call on its way. Born with the call, read when its answer is handed over."""

    attempts: list[Attempt] = field(default_factory=list)
    head: Head | None = None
    started_at: float = 0.0
    began_at: float | None = None
    warnings: tuple[CallWarning, ...] = ()
    """What had to be changed before the call could be written."""

    notes: tuple[CallWarning, ...] = ()
    """What else whoever reads the answer should know; nothing was lost, so strict calls do not mind."""

    plan: Plan | None = None
    """What became of its parts, unless all went verbatim."""

    fingerprint: Fingerprint | None = None
    encoded: EncodedCall | None = None
    """The request that layers have seen, to be sent as it is; empty when it is on its way."""

    fetched: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """What was fetched for the provider: addresses to bytes and what they are."""

    uploaded: dict[str, UploadedFile] = field(default_factory=dict)
    """What had to be uploaded for it, by content and account."""

    before_send: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)
    """Steps of layers that are awaited before each request leaves, such as writing down that it does."""

    idempotency_key: str = ""
    """Sent with every attempt of the call, where the provider has a header for it."""

    layer_data: dict[str, Any] = field(default_factory=dict)
    """What layers want to be kept with a batch until its answers come: plain values, for they may wait as JSON."""

    def set_head(self, head: Head) -> None:
        """The head of the latest answer."""
        self.head = head

    def mark_started(self, now: float) -> None:
        """The first words are here."""
        self.began_at = now


@dataclass(frozen=True, slots=True)
class Call:
    """`messages` and `instructions` are what the user gave; `deadline` is set once and spans every attempt.

    `operation` is what is asked for, and `request` what it needs beside messages: chat needs nothing more.
    """

    endpoint: AIModelEndpoint
    messages: tuple[Message, ...]
    config: AIModelCallConfig
    instructions: tuple[str, ...] = ()
    deadline: float | None = None
    operation: str = "chat"
    request: FrozenModel | None = None
    has_fallback: bool = False
    """Whether somebody else can answer, so that nobody waits long."""

    journal: CallJournal = field(default_factory=CallJournal, compare=False, repr=False)
