"""What `generate` returns: an answer, or a stream that ends with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic import Field, PrivateAttr

from .attempt import Attempt
from .lazy_type import later
from .model_base import FrozenModel
from .response import ChatResponse

if TYPE_CHECKING:
    from ..streams.chat import AsyncStream, SyncStream
    from .fingerprint import Fingerprint
    from .image import ImageResponse
    from .plan import Plan

    class EitherStream(SyncStream, AsyncStream):
        """What `stream_generator` may be: `for` after `generate`, `async for` after `generate_async`."""

else:
    Fingerprint = later("fingerprint", "Fingerprint")
    ImageResponse = later("image", "ImageResponse")
    Plan = later("plan", "Plan")


class AIModelCallResponse(FrozenModel):
    """`chat_response` or `image_response` when the answer is here; a generator of `(chunk, final)` when it streams.

    Which of them there is follows from the call: a chat model gives no image response, a plain call no stream. What
    is not there is None; the types say what is there when it was asked for, so that nobody has to ask again.
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
    """What became of each part of the conversation, unless all of it went verbatim."""

    fingerprint: Fingerprint | None = None
    """What was sent, as one hash a part, where the config asked for it."""

    _stream: Any = PrivateAttr(default=None)
    _async_stream: Any = PrivateAttr(default=None)

    @classmethod
    def streaming(
        cls,
        *,
        stream: SyncStream | None = None,
        async_stream: AsyncStream | None = None,
    ) -> AIModelCallResponse:
        """A response whose answer is still on its way."""
        response = cls.construct_unchecked()
        response._stream, response._async_stream = stream, async_stream
        return response

    @property
    def sync_stream_generator(self) -> SyncStream:
        return self._stream  # type: ignore[no-any-return]  # a private attribute has no type of its own

    @property
    def async_stream_generator(self) -> AsyncStream:
        return self._async_stream  # type: ignore[no-any-return]  # as above

    @property
    def stream_generator(self) -> EitherStream:
        """Whichever of the two streams there is; None when the answer did not stream."""
        return self._async_stream if self._async_stream is not None else self._stream  # type: ignore[no-any-return]

    @property
    def full_response(self) -> ChatResponse | ImageResponse | None:
        match: tuple[ChatResponse | ImageResponse | None, ...] = (self.chat_response, self.image_response)
        return next((response for response in match if response is not None), None)
