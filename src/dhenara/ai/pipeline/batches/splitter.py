"""Splits a sequence of calls into batches within the provider's limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...codecs.base import EncodedRequest
from ...codecs.common.media_support import describe_media
from ...codecs.operations.batch import BatchCodec
from ...codecs.operations.quirks import BatchQuirks
from ...errors import ConfigurationError, UnsupportedError
from ...http.protocol.message import LineSource, StreamedLines
from ...types.chat.report import CallWarning
from ...types.config.call import Call
from ...wire import json
from ..media.fetch import fetch_media
from ..pipeline import Pipeline

A_LINE = 256
"""Upper bound of the bytes around a call in its line."""
AT_ONCE, BYTES_AT_ONCE = 500, 16_000_000
"""Most calls and bytes added to a batch in one request, for providers that fill batches step by step."""
BREATH = 64
"""Number of calls written before control returns to the event loop."""


@dataclass(slots=True, eq=False)
class BatchPortion:
    """Encoded calls that fit into one batch, with the path and headers they share."""

    spool: LineSource
    call: Call | None = None
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    warnings: dict[CallWarning, None] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.spool.size + self.spool.count * A_LINE

    def fits(self, body: bytes, quirks: BatchQuirks) -> bool:
        return self.spool.count < quirks.most_requests and self.size + len(body) + A_LINE <= quirks.most_bytes

    def add(self, call: Call, encoded: EncodedRequest, body: bytes) -> None:
        self.call = self.call or call
        self.path = self.path or encoded.path
        for name, value in encoded.headers.items():
            values = [*self.headers.get(name, "").split(","), *value.split(",")]
            self.headers[name] = ",".join(dict.fromkeys(filter(None, values)))
        self.warnings.update(dict.fromkeys(encoded.warnings))
        self.spool.add(body)


class BatchSplitter:
    """Reads calls until the next one does not fit; that one starts the next portion."""

    def __init__(
        self,
        calls: Iterator[Call],
        chat: Pipeline,
        codec: BatchCodec,
        quirks: BatchQuirks,
        spool: Callable[[], LineSource],
    ) -> None:
        self._calls = calls
        self._chat = chat
        self._codec = codec
        self._quirks = quirks
        self._spool = spool
        self._rest: tuple[Call, EncodedRequest, bytes] | None = None
        self._read = 0

    async def next_portion(self) -> BatchPortion | None:
        """Return the next portion; None after the last."""
        portion = BatchPortion(self._spool())
        try:
            while (written := self._rest or await self._write_next()) is not None:
                self._rest = None
                if not portion.fits(written[2], self._quirks):
                    self._rest = written
                    break
                portion.add(*written)
        except BaseException:
            portion.spool.close()
            raise
        if portion.spool.count:
            return portion
        portion.spool.close()
        return None

    @property
    def has_more(self) -> bool:
        """Whether a call did not fit into the last portion."""
        return self._rest is not None

    async def _write_next(self) -> tuple[Call, EncodedRequest, bytes] | None:
        call = next(self._calls, None)
        if call is None:
            return None
        self._read += 1
        if self._read % BREATH == 0:
            await self._chat.io.sleep(0)
        encoded = self._chat.write_request(call)
        if encoded.unfetched:
            call = await fetch_media(self._chat.io, call, encoded.unfetched)
            encoded = self._chat.write_request(call)
        if encoded.oversized:
            raise UnsupportedError(
                f"{describe_media(encoded.oversized[0])} is too large for a batch. Upload it and pass its file id."
            )
        warnings = (*call.journal.warnings, *encoded.warnings)
        if warnings and call.config.strict:
            raise UnsupportedError("; ".join(warning.message for warning in warnings))
        body = json.dumps(self._codec.body(encoded, self._chat.target.origin.model))
        if len(body) + A_LINE > self._quirks.most_bytes:
            raise ConfigurationError(
                f"call {self._read} has {len(body):,} bytes; a batch may have {self._quirks.most_bytes:,}"
            )
        return call, encoded, body


def upload_parts(codec: BatchCodec, portion: BatchPortion, name: str | None) -> Iterator[StreamedLines]:
    """Yield the calls of a portion in parts of limited size."""
    part: list[bytes] = []
    first, size = 0, 0
    for body in portion.spool:
        if part and (len(part) == AT_ONCE or size + len(body) > BYTES_AT_ONCE):
            yield codec.lines(part, portion.path, name, in_file=False, first=first)
            first, size, part = first + len(part), 0, []
        part.append(body)
        size += len(body)
    yield codec.lines(part, portion.path, name, in_file=False, first=first)
