"""Lasting answers: protocols whose answers are made in the background and can be asked for by their id."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from .base import EncodedRequest


@runtime_checkable
class SupportsBackground(Protocol):
    """What such a protocol can say beside everything that a codec says."""

    def is_pending(self, body: Any) -> bool: ...

    def retrieve_request(self, answer_id: str, quirks: Any, after: int | None = None) -> EncodedRequest: ...

    def stop(self, answer_id: str, quirks: Any) -> EncodedRequest: ...
