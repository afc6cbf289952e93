"""HTTP responses for Starlette and FastAPI. A browser that leaves ends the request to the model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .event_stream import UIEventStream

try:
    import anyio
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import StreamingResponse
except ImportError as missing:
    raise ConfigurationError(
        "responses for the web need Starlette. Install it: pip install 'dhenara[web]'; or send stream.sse() with "
        "stream.headers by the means of your web framework"
    ) from missing

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


def ui_response(stream: UIEventStream) -> UIResponse:
    """Return a response for Starlette or FastAPI that sends the events of a stream.

    If the browser disconnects, or stops the answer, the stream is closed: the request to the model ends, and async
    tools are cancelled. Sync streams are read in a thread and closed after the piece that is being read.

    Args:
        stream: What `to_ui_message_stream` or `to_ag_ui_events` returned.

    Returns:
        The response.
    """
    return UIResponse(stream)


class UIResponse(StreamingResponse):
    """Sends the events of a stream, and closes it at the end or when the browser disconnects.

    Args:
        stream: The stream.
    """

    def __init__(self, stream: UIEventStream) -> None:
        pieces: AsyncIterator[str] | Iterator[str] = stream.sse_async() if stream.is_async else stream.sse()
        super().__init__(pieces, headers=stream.headers)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response.

        Args:
            scope: The connection.
            receive: Receives messages of the server.
            send: Sends messages to the server.
        """
        try:
            async with anyio.create_task_group() as group:

                async def watch() -> None:
                    await self.listen_for_disconnect(receive)
                    group.cancel_scope.cancel()

                group.start_soon(watch)
                try:
                    await self.stream_response(send)
                except OSError:
                    pass  # the browser disconnected
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                if self._stream.is_async:
                    await self._stream.aclose()
                else:
                    await run_in_threadpool(self._stream.close)
