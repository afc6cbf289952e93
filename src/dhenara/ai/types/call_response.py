"""What `generate` returns: an answer, or a stream that ends with one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field, PrivateAttr

from .attempt import Attempt
from .base import Value
from .response import ChatResponse, ImageResponse

if TYPE_CHECKING:
    from .sse import StreamEvent


class AIModelCallResponse(Value):
    """`chat_response` or `image_response` when the answer is here; a generator of `(chunk, final)` when it streams."""

    chat_response: ChatResponse | None = None
    image_response: ImageResponse | None = None
    attempts: list[Attempt] = Field(default_factory=list)
    request_id: str | None = None
    response_headers: dict[str, str] = Field(default_factory=dict)
    duration_seconds: float | None = None
    first_token_seconds: float | None = None

    _stream: Any = PrivateAttr(default=None)
    _async_stream: Any = PrivateAttr(default=None)

    @classmethod
    def streaming(
        cls,
        *,
        stream: Iterator[StreamEvent] | None = None,
        async_stream: AsyncIterator[StreamEvent] | None = None,
    ) -> AIModelCallResponse:
        """A response whose answer is still on its way."""
        response = cls()
        response._stream, response._async_stream = stream, async_stream
        return response

    @property
    def sync_stream_generator(self) -> Iterator[StreamEvent] | None:
        return self._stream  # type: ignore[no-any-return]  # a private attribute has no type of its own

    @property
    def async_stream_generator(self) -> AsyncIterator[StreamEvent] | None:
        return self._async_stream  # type: ignore[no-any-return]  # as above

    @property
    def stream_generator(self) -> Any:
        """Whichever of the two streams there is; None when the answer did not stream."""
        return self._async_stream if self._async_stream is not None else self._stream

    @property
    def full_response(self) -> ChatResponse | ImageResponse | None:
        return self.chat_response or self.image_response
