"""Converts errors to the SSE error event of a stream."""

from __future__ import annotations

from ...errors import CallError
from ...types.chat.stream import SSEErrorCode, SSEErrorData, SSEErrorResponse


def to_error_event(error: CallError) -> SSEErrorResponse:
    """Return the error event; the final tuple follows it."""
    details = {
        "type": type(error).__name__,
        "code": error.code,
        "status": error.status,
        "request_id": error.request_id,
        "provider_code": error.provider_code,
    }
    return SSEErrorResponse(
        data=SSEErrorData(
            error_code=SSEErrorCode.EXTERNAL_API_ERROR,
            message=str(error),
            details={name: value for name, value in details.items() if value is not None},
        )
    )
