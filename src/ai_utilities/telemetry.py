"""Telemetry: log lines without secrets, and OpenTelemetry of the engine (`dhenara.ai.telemetry`)."""

from __future__ import annotations

import logging

from dhenara.ai import Layer, Send, Stream, Target, integration
from dhenara.ai.telemetry import (
    TelemetryLayer as TelemetryLayer,
    instrument as instrument,
    stop_instrumenting as stop_instrumenting,
    traced as traced,
)
from dhenara.ai.types import Call

from .config.secrets import RedactingFilter as RedactingFilter, redact as redact
from .storage import store_io
from .usage import attempt_rows

log = logging.getLogger("ai_utilities.calls")


class LogLayer:
    """Logs answers at INFO, and failed or interrupted calls at WARNING. Put it first into `layers`.

    Args:
        logger: Where it logs. Default: `ai_utilities.calls`.
    """

    def __init__(self, logger: logging.Logger = log) -> None:
        self.logger = logger

    def bind(self, io: store_io.StoreIO, target: Target) -> Layer:
        """Returns the layer for one endpoint; called once for each, in sync or async code.

        Args:
            io: Clock, sleep and threads of the client.
            target: The endpoint.
        """
        endpoint = f"{target.origin.provider} ({target.origin.model})"
        logger = self.logger

        async def log_call(call: Call, send: Send) -> Stream:
            started = io.monotonic()
            try:
                stream = await send(call)
                if stream is None:
                    raise integration.missing_stream(send, stream)
            except BaseException as error:
                text = attempt_rows.stored_text(error, call)
                logger.warning("%s failed after %.3f s: %s", endpoint, io.monotonic() - started, text)
                raise

            async def ended(stream: Stream) -> None:
                answer, seconds = stream.partial(), io.monotonic() - started
                if not stream.complete:
                    why = attempt_rows.stored_text(stream.error, call) if stream.error else "cancelled by the caller"
                    logger.warning("%s interrupted after %.3f s: %s", endpoint, seconds, why)
                    return
                tokens = answer.usage.total_tokens if answer.usage else None
                cost = answer.cost.amount
                facts = {"provider": target.origin.provider, "model": target.origin.model, "cached": answer.cached}
                logger.info(
                    "%s %s in %.3f s: %s tokens, %s",
                    endpoint,
                    "was cached" if answer.cached else "answered",
                    seconds,
                    "unknown" if tokens is None else tokens,
                    "cost unknown" if cost is None else f"${cost:f}",
                    extra={**facts, "tokens": tokens, "seconds": seconds, "attempts": len(call.journal.attempts)},
                )

            stream.on_end(ended)
            return stream

        return log_call
