"""Background responses: protocols whose responses are generated in the background and can be fetched by id."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from .base import EncodedRequest


@runtime_checkable
class SupportsBackground(Protocol):
    """A codec that supports background responses."""

    def is_pending(self, body: Any) -> bool: ...

    def retrieve_request(self, answer_id: str, quirks: Any, after: int | None = None) -> EncodedRequest: ...

    def stop(self, answer_id: str, quirks: Any) -> EncodedRequest: ...
