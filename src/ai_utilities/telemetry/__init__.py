"""Telemetry: OpenTelemetry spans and metrics, and log lines without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from ..config_secrets import RedactingFilter as RedactingFilter, redact as redact
    from .layer import LogLayer as LogLayer, TelemetryLayer as TelemetryLayer

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "LogLayer": ".layer",
        "RedactingFilter": "..config_secrets",
        "TelemetryLayer": ".layer",
        "redact": "..config_secrets",
    },
)
