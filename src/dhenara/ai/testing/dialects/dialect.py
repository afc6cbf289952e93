"""What a dialect must be able to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..answer import Answer


class Dialect(Protocol):
    """Bodies, streams and errors as the vendor would write them."""

    stream_type: str

    def wants_stream(self, request: Any) -> bool: ...

    def body(self, answer: Answer, request: Any) -> Any: ...

    def stream(self, answer: Answer, request: Any) -> Sequence[bytes]: ...

    def error(self, status: int, message: str, kind: str | None, code: str | None) -> Any: ...
