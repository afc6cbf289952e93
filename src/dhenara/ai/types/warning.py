"""Warnings about parameters and content that a provider does not support; part of the response."""

from typing import Literal

from .model_base import FrozenModel

WarningCode = Literal[
    "unsupported_parameter",
    "translated_parameter",
    "clamped_parameter",
    "dropped_content",
    "translated_content",
    "uploaded_content",
    "learned",
    "relieved",
    "cache_unavailable",
    "provider_warning",
]


class CallWarning(FrozenModel):
    """One warning. `code` is for programs, `message` for people, `parameter` is the parameter it is about."""

    code: WarningCode
    message: str
    parameter: str | None = None
