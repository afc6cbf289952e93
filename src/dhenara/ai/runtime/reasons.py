"""Why a connection failed, in the system's words."""

from __future__ import annotations


def reason(error: BaseException) -> str:
    """Words without numbers; the cause's where the error itself has none."""
    cause = error.__cause__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or (reason(cause) if cause else type(error).__name__)
