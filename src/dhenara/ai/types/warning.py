"""Warnings: what a provider could not honour or had to be helped with, said on the response instead of silently."""

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
    """`code` is for programs, `message` for people, `parameter` names what was asked for."""

    code: WarningCode
    message: str
    parameter: str | None = None
