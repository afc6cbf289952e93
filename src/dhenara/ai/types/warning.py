"""Warnings: what a provider could not honour, said on the response instead of silently dropped."""

from __future__ import annotations

from typing import Literal

from .base import Value

WarningCode = Literal[
    "unsupported_parameter",
    "translated_parameter",
    "clamped_parameter",
    "dropped_content",
    "translated_content",
    "learned",
    "relieved",
    "provider_warning",
]


class CallWarning(Value):
    """`code` is for programs, `message` for people, `parameter` names what was asked for."""

    code: WarningCode
    message: str
    parameter: str | None = None
