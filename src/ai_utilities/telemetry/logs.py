"""A log line for every call: who was asked, what became of it, how long it took. Never contents, never secrets."""

from __future__ import annotations

import logging

from dhenara.ai import Layer, Send, Stream, Target
from dhenara.ai.types import Call

from ..storage.store_calls import StoreIO
from ..usage.stored_errors import stored_text

log = logging.getLogger("ai_utilities.calls")


class LogLayer:
    """Put it first into `layers`. Answers are logged at INFO, what failed or broke off at WARNING."""

    def __init__(self, logger: logging.Logger = log) -> None:
        self.logger = logger

    def bind(self, io: StoreIO, target: Target) -> Layer:
        who = f"{target.origin.provider} ({target.origin.model})"
        logger = self.logger

        async def layer(call: Call, send: Send) -> Stream:
            started = io.monotonic()
            try:
                stream = await send(call)
            except BaseException as error:
                text = stored_text(error, call)
                logger.warning("%s failed after %.3f s: %s", who, io.monotonic() - started, text)
                raise

            async def ended(stream: Stream) -> None:
                answer, seconds = stream.partial(), io.monotonic() - started
                if not stream.complete:
                    why = stored_text(stream.error, call) if stream.error else "the caller left"
                    logger.warning("%s broke off after %.3f s: %s", who, seconds, why)
                    return
                tokens = answer.usage.total_tokens if answer.usage else None
                cost = answer.cost.amount if answer.cost else None
                facts = {"provider": target.origin.provider, "model": target.origin.model, "cached": answer.cached}
                logger.info(
                    "%s %s in %.3f s: %s tokens, %s",
                    who,
                    "was cached" if answer.cached else "answered",
                    seconds,
                    "unknown" if tokens is None else tokens,
                    "cost unknown" if cost is None else f"${cost:f}",
                    extra={**facts, "tokens": tokens, "seconds": seconds, "attempts": len(call.journal.attempts)},
                )

            stream.on_end(ended)
            return stream

        return layer
