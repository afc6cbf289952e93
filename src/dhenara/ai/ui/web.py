"""Responses and requests for Starlette and FastAPI."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ConfigurationError
from .ag_ui import read_run_input
from .ai_sdk import read_ui_messages
from .event_stream import UIEventStream
from .requests import UIRequest, UIRequestError
from .resumption import StoredStream

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from ..types.config.call_options import ToolLike

MISSING = (
    "responses for the web need Starlette. Install it: pip install 'dhenara[web]'; or send stream.sse() with "
    "stream.headers by the means of your web framework"
)


def ui_response(stream: UIEventStream | StoredStream | None) -> Response:
    """Return a response for Starlette or FastAPI that sends the events of a stream.

    If the browser disconnects, or stops the answer, the stream is closed: the request to the model ends, and async
    tools are cancelled. Sync streams are read in a thread and closed after the piece that is being read. A stream of
    `ResumableStreams` goes on instead.

    Args:
        stream: What `to_ui_message_stream`, `to_ag_ui_events` or a method of `ResumableStreams` returned. None: the
            response is 204 (nothing to resume).

    Returns:
        The response.

    Raises:
        ConfigurationError: If Starlette is not installed.
    """
    responses = response_classes()
    response: Response = responses["none"](status_code=204) if stream is None else responses["stream"](stream)
    return response


async def read_ui_request(
    http: Request,
    protocol: Literal["ai_sdk", "ag_ui"] = "ai_sdk",
    *,
    allow_system: bool = False,
    tools: Iterable[ToolLike] = (),
) -> UIRequest:
    """Read the request of a page. One that is not valid is answered with 400 and what is wrong with it.

    Args:
        http: The request of Starlette or FastAPI.
        protocol: `"ai_sdk"` (default) for `useChat`, `"ag_ui"` for AG-UI.
        allow_system: Whether system messages are taken from the browser. Default False: left out.
        tools: Tools of your server. A tool of the page (AG-UI) may not have the name of one. Default: none.

    Returns:
        The request.

    Raises:
        ConfigurationError: If Starlette is not installed, or the protocol is unknown.
        starlette.exceptions.HTTPException: If the request is not valid; Starlette and FastAPI answer it with 400.
    """
    if protocol not in ("ai_sdk", "ag_ui"):
        raise ConfigurationError(f'protocol must be "ai_sdk" or "ag_ui", not {protocol!r:.40}')
    refuse = response_classes()["refuse"]
    body = await http.body()
    try:
        if protocol == "ai_sdk":
            return read_ui_messages(body, allow_system=allow_system)
        return read_run_input(body, allow_system=allow_system, tools=tools)
    except UIRequestError as error:
        raise refuse(400, str(error)) from error


def bad_request(http: Request, error: Exception) -> Response:
    """Answer a `UIRequestError` with 400 and its text: `app.add_exception_handler(UIRequestError, bad_request)`.

    Args:
        http: The request.
        error: The error.

    Returns:
        The response, as of an `HTTPException`.
    """
    response: Response = response_classes()["json"]({"detail": str(error)}, status_code=400)
    return response


@cache
def response_classes() -> dict[str, Any]:
    """Return classes of Starlette, and the response that ends with the connection of the browser."""
    try:
        import anyio
        from starlette.concurrency import run_in_threadpool
        from starlette.exceptions import HTTPException
        from starlette.responses import JSONResponse, Response, StreamingResponse
    except ImportError as missing:
        raise ConfigurationError(MISSING) from missing

    class UIResponse(StreamingResponse):
        """Sends the events of a stream, and closes it at the end or when the browser disconnects."""

        def __init__(self, stream: UIEventStream | StoredStream) -> None:
            pieces: Any = stream.sse_async() if stream.is_async else stream.sse()  # pyright: ignore[reportAttributeAccessIssue]  # a stored stream is async
            super().__init__(pieces, headers=stream.headers)
            self._stream = stream

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
                    elif isinstance(self._stream, UIEventStream):
                        await run_in_threadpool(self._stream.close)

    return {"stream": UIResponse, "none": Response, "json": JSONResponse, "refuse": HTTPException}
