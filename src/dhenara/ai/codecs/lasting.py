"""Lasting answers: protocols whose answers are made in the background and can be asked for by their id."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from .base import Outgoing


@runtime_checkable
class Lasting(Protocol):
    """What such a protocol can say beside everything that a codec says."""

    def pending(self, body: Any) -> bool: ...

    def again(self, answer_id: str, quirks: Any, after: int | None = None) -> Outgoing: ...

    def stop(self, answer_id: str, quirks: Any) -> Outgoing: ...
