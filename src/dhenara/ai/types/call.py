"""A call: one request as a value. Layers see it and may replace it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .attempt import Attempt
from .call_config import AIModelCallConfig
from .endpoint import AIModelEndpoint
from .message import Message


@dataclass(slots=True)
class Journal:
    """What happened to one call on its way. Born with the call, read when its answer is handed over."""

    attempts: list[Attempt] = field(default_factory=list)
    request_id: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    started_at: float = 0.0
    first_delta_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """`messages` and `instructions` are what the user gave; `deadline` is set once and spans every attempt."""

    endpoint: AIModelEndpoint
    messages: tuple[Message, ...]
    config: AIModelCallConfig
    instructions: tuple[str, ...] = ()
    deadline: float | None = None
    journal: Journal = field(default_factory=Journal, compare=False, repr=False)
