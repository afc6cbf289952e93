"""Streams and runs in user interfaces: the AI SDK (`useChat`) and AG-UI, and their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .ag_ui import read_run_input as read_run_input, to_ag_ui_events as to_ag_ui_events
    from .ai_sdk import read_ui_messages as read_ui_messages, to_ui_message_stream as to_ui_message_stream
    from .event_stream import UIEventStream as UIEventStream
    from .requests import (
        UIRequest as UIRequest,
        UIRequestError as UIRequestError,
        public_error_text as public_error_text,
    )
    from .resumption import (
        MemoryUIStreams as MemoryUIStreams,
        ResumableStreams as ResumableStreams,
        StoredStream as StoredStream,
        UIStreamStore as UIStreamStore,
    )
    from .web import bad_request as bad_request, read_ui_request as read_ui_request, ui_response as ui_response

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "MemoryUIStreams": ".resumption",
        "ResumableStreams": ".resumption",
        "StoredStream": ".resumption",
        "UIEventStream": ".event_stream",
        "UIRequest": ".requests",
        "UIRequestError": ".requests",
        "UIStreamStore": ".resumption",
        "bad_request": ".web",
        "public_error_text": ".requests",
        "read_run_input": ".ag_ui",
        "read_ui_messages": ".ai_sdk",
        "read_ui_request": ".web",
        "to_ag_ui_events": ".ag_ui",
        "to_ui_message_stream": ".ai_sdk",
        "ui_response": ".web",
    },
)
