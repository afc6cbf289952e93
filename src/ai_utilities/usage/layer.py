"""The usage layer: a ledger row for every attempt, whatever its outcome, and for every item of a batch."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import NoneType
from typing import ParamSpec, Protocol, TypeVar

from dhenara.ai import Layer, Send, Stream, Target
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.integration import key_fingerprint, missing_stream, number_of, require_type
from dhenara.ai.types import Call

from ..config.secrets import redact
from ..storage.store_io import AFTERWARDS, StoreIO, within
from .attempt_rows import IN_FLIGHT, AttemptRows
from .data import AnswerCounter, Facts, PartialWriteError, UsageData, checked_tag
from .estimates import MANAGEMENT_OPERATIONS, READING_ACTIONS

log = logging.getLogger("ai_utilities.usage")
P = ParamSpec("P")
T = TypeVar("T")
LONGEST_BACKLOG = 10_000
"""Maximum rows kept in memory while the ledger fails; beyond that the oldest are dropped with an error log."""
IMPATIENT = 0.2
"""Seconds to wait for a ledger that failed the last time."""

STALLED = 0.3
"""Seconds to wait for a locked ledger that is not required, if nobody writes into it meanwhile."""

RETRY_AFTER = 1.0
"""Seconds for which rows wait without a new attempt after a ledger that is not required was not free in time."""

ITEM = "batch_item"
"""The operation of one item of a batch."""

WAITING: set[UsageLayer] = set()
"""Layers with rows that could not be written yet."""


class UsageSink(Protocol):
    """A ledger or a tracker."""

    def add(self, rows: Sequence[UsageData]) -> None: ...


class UsageLayer:
    """Records usage. Put it into `layers` before the cache, so that cached answers are counted too.

    The row of each request is opened in the ledger before the request is sent, and settled when its answer ends.

    Args:
        ledger: A ledger, a tracker, or any object with `add(rows)`.
        tags: Added to every row, besides those of `tagged(...)`.
        listener: Called with every settled row.
        key_label: A name for the API key in rows, such as `production`; without one, rows have its fingerprint.
        required: Whether a failing ledger fails the call before its request is sent. If False, the call goes on, and
            its rows wait in memory until the ledger works again.
    """

    def __init__(
        self,
        ledger: UsageSink,
        *,
        tags: Mapping[str, str] | None = None,
        listener: Callable[[UsageData], None] | None = None,
        key_label: str | None = None,
        required: bool = False,
    ) -> None:
        self.ledger = ledger
        self.key_label = checked_label(key_label)
        self.required = required
        self.tags = checked_tags(tags)
        self._listener = listener
        self.items: dict[str, set[str]] = {}
        """Items of batches that have rows, by batch, for ledgers that cannot be read."""

        self._backlog: list[UsageData] = []
        self._failed = False
        self._retry_at = 0.0
        self._lock = threading.Lock()
        self._process = os.getpid()

    def bind(self, io: StoreIO, target: Target) -> Layer:
        """Returns the layer for one endpoint; called once for each, in sync or async code.

        Args:
            io: Clock, sleep and threads of the client.
            target: The endpoint.
        """
        return BoundUsage(self, io, target).record_usage

    @property
    def answer_counter(self) -> AnswerCounter | None:
        """Counts answers without their rows; None if somebody gets the rows."""
        if self._listener is not None or self._backlog:
            return None
        tracker = getattr(self.ledger, "tracker", self.ledger)
        counter: AnswerCounter | None = getattr(tracker, "answer_counter", None)
        return counter

    @property
    def opens_rows(self) -> bool:
        """Whether the ledger stores the rows of requests before they are sent."""
        opens: bool = getattr(self.ledger, "opens_rows", hasattr(self.ledger, "open"))
        return opens

    def open(self, row: UsageData, expires: float) -> None:
        """Stores the row of a request that will be sent, if the ledger supports open rows.

        Args:
            row: The row.
            expires: From when on its process counts as ended for other machines, in Unix seconds.
        """
        keep = getattr(self.ledger, "open", None)
        if keep is None or self._steps_aside():
            return
        try:
            self._limited(keep, IMPATIENT if self._failed else None)([row], expires)
        except Exception as error:
            if self.required:
                raise
            self._wait([], error)

    def write(self, rows: list[UsageData]) -> None:
        """Writes settled rows, together with those that could not be written before.

        Args:
            rows: The rows.
        """
        if self._steps_aside():
            self._keep(rows)
        else:
            self._write(rows)
        if self._listener is not None:
            for row in rows:
                self._listener(row)

    def write_later(self, fields: Facts) -> bool:
        """Leaves the row of an answer to the ledger, which adds it a moment later; False if it has to be written now.

        Args:
            fields: The fields of the row.
        """
        if self._listener is not None or self._backlog or self._failed:
            return False
        tracker = getattr(self.ledger, "tracker", self.ledger)
        add_later: Callable[[Facts], bool] | None = getattr(tracker, "add_later", None)
        return add_later is not None and add_later(fields)

    def flush(self) -> None:
        """Writes the rows that wait, if any do."""
        if self._take_backlog(put_back=True):
            self._write([])

    def flush_at_exit(self) -> None:
        """Writes the rows that wait for the last time; what cannot be written is lost, with an error in the log."""
        within(AFTERWARDS, self.flush)()
        if lost := len(self._take_backlog()):
            log.error("lost %s of usage, which could not be written before the process ended", number_of(lost, "row"))

    def _write(self, rows: list[UsageData]) -> None:
        waiting = [*self._take_backlog(), *rows] if self._backlog else rows
        try:
            self._limited(self.ledger.add, None)(waiting)
        except Exception as error:  # noqa: BLE001  # users' ledgers may raise anything, and no answer is lost for it
            self._wait(error.rows if isinstance(error, PartialWriteError) else waiting, error)
        else:
            if self._failed:
                self._failed = False
                log.warning("usage is written again, including %d waiting rows", len(waiting) - len(rows))

    def _limited(self, function: Callable[P, T], seconds: float | None) -> Callable[P, T]:
        if not getattr(self.ledger, "blocking", True):
            return function
        return within(seconds, function, stalled=None if self.required else STALLED)

    def _steps_aside(self) -> bool:
        """Whether the ledger is not called now, because it was not free in time a moment ago."""
        return self._failed and not self.required and time.monotonic() < self._retry_at

    def _take_backlog(self, *, put_back: bool = False) -> list[UsageData]:
        """The rows that wait. A forked child does not write those of its parent."""
        with self._lock:
            if self._process != os.getpid():
                self._process, self._backlog = os.getpid(), []
            waiting = self._backlog
            if not put_back:
                self._backlog = []
                WAITING.discard(self)
        return waiting

    def _wait(self, rows: list[UsageData], error: Exception) -> None:
        """Keeps rows in memory after a failure."""
        cause = error.__cause__ if isinstance(error, PartialWriteError) and error.__cause__ else error
        if isinstance(cause, TimeoutError):
            self._retry_at = time.monotonic() + RETRY_AFTER
        first, self._failed = not self._failed, True
        if first:
            waiting = number_of(len(rows), "row")
            log.warning("cannot write usage; %s must wait: %s: %s", waiting, type(cause).__name__, cause)
        self._keep(rows, first=True)

    def _keep(self, rows: list[UsageData], *, first: bool = False) -> None:
        """Adds rows to the backlog, before the others if they are older."""
        with self._lock:
            self._backlog = [*rows, *self._backlog] if first else [*self._backlog, *rows]
            lost = max(0, len(self._backlog) - LONGEST_BACKLOG)
            del self._backlog[:lost]
            if self._backlog:
                WAITING.add(self)
        if lost:
            log.error("cannot write usage for too long: dropped %s", number_of(lost, "row"))


def checked_label(label: str | None) -> str | None:
    """The label of a key, if it is not a key itself.

    Raises:
        ConfigurationError: If it looks like one.
    """
    require_type("UsageLayer", "key_label", label, (str, NoneType), "a name for the API key, or None")
    if label is not None and redact(label) != label:
        raise ConfigurationError("key_label looks like an API key, and is stored as it is. Use a name: 'production'.")
    return label or None


def checked_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """The tags of a layer; names and values have to be texts, because rows are made of them without a check."""
    require_type("UsageLayer", "tags", tags, (Mapping, NoneType), "a mapping of tags or None")
    for name, value in (tags or {}).items():
        require_type("UsageLayer", "names of tags", name, str, "a text")
        require_type("UsageLayer", f"tags[{name!r}]", value, str, "a text")
        checked_tag(name, value)
    return dict(tags or {})


@atexit.register
def settle_at_exit() -> None:
    """Settles running calls at exit, such as after Ctrl-C, and writes what waits; only a killed process loses rows."""
    for rows in list(IN_FLIGHT):
        rows.give_up()
    for layer in list(WAITING):
        layer.flush_at_exit()


class BoundUsage:
    """The usage layer of one endpoint, in sync or async code."""

    def __init__(self, usage: UsageLayer, io: StoreIO, target: Target) -> None:
        self._usage = usage
        self._io = io
        key = usage.key_label or key_fingerprint(target.account)
        self._facts = {"provider": target.origin.provider, "model": target.origin.model, "key": key}

    async def record_usage(self, call: Call, send: Send) -> Stream:
        """Records the requests of the call in the ledger."""
        if call.operation == ITEM:
            from ..batch.provider_run import record_item

            return await record_item(self._io, self._usage, self._facts, call, send)
        manages = call.operation in MANAGEMENT_OPERATIONS
        if manages and getattr(call.request, "action", None) in READING_ACTIONS:
            return await send(call)
        rows = AttemptRows(self._usage, self._io, call, self._facts)
        if manages:
            call.journal.layer_data["tags"] = rows.facts.get("tags", {})
        try:
            stream = await send(call)
            if stream is None:
                raise missing_stream(send, stream)
        except BaseException as error:
            await rows.failed(error)
            raise
        rows.answered()
        stream.on_end(rows.ended)
        return stream
