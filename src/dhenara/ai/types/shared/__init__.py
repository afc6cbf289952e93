"""What applications share with their front ends: server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._lazy import lazy

if TYPE_CHECKING:
    from ..sse import (
        SSEErrorCode as SSEErrorCode,
    )
    from ..sse import (
        SSEErrorData as SSEErrorData,
    )
    from ..sse import (
        SSEErrorResponse as SSEErrorResponse,
    )
    from ..sse import (
        SSEEventType as SSEEventType,
    )
    from ..sse import (
        SSEResponse as SSEResponse,
    )
    from ..sse import (
        StreamEvent as StreamEvent,
    )
    from ..sse import (
        StreamingChatResponse as StreamingChatResponse,
    )

_HOMES = {
    "SSEErrorCode": "..sse",
    "SSEErrorData": "..sse",
    "SSEErrorResponse": "..sse",
    "SSEEventType": "..sse",
    "SSEResponse": "..sse",
    "StreamEvent": "..sse",
    "StreamingChatResponse": "..sse",
}

__getattr__, __dir__ = lazy(__name__, _HOMES)
