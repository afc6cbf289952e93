"""Return type of `generate`: a complete response, or a stream that ends with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic import Field, PrivateAttr

from ..model_base import FrozenModel
from ..operations.image import ImageResponse
from .report import Attempt, Fingerprint, Plan
from .response import ChatResponse

if TYPE_CHECKING:
    from ...streams.chat import AsyncStream, SyncStream

    class EitherStream(SyncStream, AsyncStream):
        """Type of `stream_generator`: iterate with `for` after `generate`, with `async for` after `generate_async`."""


class AIModelCallResponse(FrozenModel):
    """The response to a call: `chat_response` or `image_response`, or a stream of `(chunk, final)` tuples.

    Which one is set depends on the call: a chat model returns no image response, and a call without streaming returns
    no stream. The others are None at run time; they are typed as not None so that no check is needed.

    Attributes:
        attempts: One record for each request that was sent.
        request_id: The provider's id of the last request. None if there is none.
        response_headers: HTTP headers of the last response.
        duration_seconds: Time from the call to the end of the response, in seconds. None for streams.
        first_token_seconds: Time until the first content, in seconds. None if nothing was measured.
        chat_response: Response of a chat model.
        image_response: Response of an image model.
    """

    if TYPE_CHECKING:
        chat_response: ChatResponse = cast("ChatResponse", None)
        image_response: ImageResponse = cast("ImageResponse", None)
    else:
        chat_response: ChatResponse | None = None
        image_response: ImageResponse | None = None
    attempts: list[Attempt] = Field(default_factory=list)
    request_id: str | None = None
    response_headers: dict[str, str] = Field(default_factory=dict)
    duration_seconds: float | None = None
    first_token_seconds: float | None = None
    plan: Plan | None = None
    """How each part of the conversation was converted; None if every part was sent unchanged."""

    fingerprint: Fingerprint | None = None
    """Hash of each part of the request, if the config has `fingerprint=True`."""

    _stream: Any = PrivateAttr(default=None)
    _async_stream: Any = PrivateAttr(default=None)

    @classmethod
    def streaming(
        cls,
        *,
        stream: SyncStream | None = None,
        async_stream: AsyncStream | None = None,
    ) -> AIModelCallResponse:
        """Create the response of a streamed call."""
        response = cls()
        response._stream, response._async_stream = stream, async_stream
        return response

    @property
    def sync_stream_generator(self) -> SyncStream:
        """The stream of a call of `generate` with streaming."""
        return self._stream  # type: ignore[no-any-return]  # private attributes are untyped

    @property
    def async_stream_generator(self) -> AsyncStream:
        """The stream of a call of `generate_async` with streaming."""
        return self._async_stream  # type: ignore[no-any-return]  # private attributes are untyped

    @property
    def stream_generator(self) -> EitherStream:
        """The sync or async stream; None if the call was not streamed."""
        return self._async_stream if self._async_stream is not None else self._stream  # type: ignore[no-any-return]

    @property
    def full_response(self) -> ChatResponse | ImageResponse | None:
        """The chat or image response; None for a stream."""
        match: tuple[ChatResponse | ImageResponse | None, ...] = (self.chat_response, self.image_response)
        return next((response for response in match if response is not None), None)
