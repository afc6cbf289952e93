"""Telemetry: OpenTelemetry spans and metrics, and log lines without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from dhenara.ai.telemetry import (
        TelemetryLayer as TelemetryLayer,
        instrument as instrument,
        stop_instrumenting as stop_instrumenting,
        traced as traced,
    )

    from ..config_secrets import RedactingFilter as RedactingFilter, redact as redact
    from .layer import LogLayer as LogLayer

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "LogLayer": ".layer",
        "RedactingFilter": "..config_secrets",
        "TelemetryLayer": "dhenara.ai.telemetry",
        "instrument": "dhenara.ai.telemetry",
        "redact": "..config_secrets",
        "stop_instrumenting": "dhenara.ai.telemetry",
        "traced": "dhenara.ai.telemetry",
    },
)
