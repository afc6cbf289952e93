"""Telemetry: OpenTelemetry spans and metrics, and log lines without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from .layer import LogLayer as LogLayer, TelemetryLayer as TelemetryLayer
    from .redaction import RedactingFilter as RedactingFilter, redact as redact

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "LogLayer": ".layer",
        "RedactingFilter": ".redaction",
        "TelemetryLayer": ".layer",
        "redact": ".redaction",
    },
)
