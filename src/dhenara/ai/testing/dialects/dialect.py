"""The interface of a fake protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..answer import Answer


class Dialect(Protocol):
    """Writes bodies, streams and errors as the vendor does."""

    stream_type: str

    def wants_stream(self, request: Any) -> bool: ...

    def body(self, answer: Answer, request: Any) -> Any: ...

    def stream(self, answer: Answer, request: Any) -> Sequence[bytes]: ...

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any: ...
