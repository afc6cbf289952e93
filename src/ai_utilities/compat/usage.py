"""Usage as version 1 counted it: totals in a JSON file, per client, process or machine."""

from __future__ import annotations

import os
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, ValidationError

from ..exceptions import ProviderConfigurationError
from ..usage.data import UsageData
from ..usage.ledger import Ledger, UsageTracker as OwnTracker, create_usage_tracker as create_own_tracker

if TYPE_CHECKING:
    from ..exceptions import Options
    from ..middleware import Tracker

FOLDER = Path(".ai_utilities/usage_stats")
_locks: dict[str, threading.RLock] = {}
_guard = threading.Lock()


class UsageScope(Enum):
    """What shares one count."""

    PER_CLIENT = "per_client"
    PER_PROCESS = "per_process"
    GLOBAL = "global"


def today() -> str:
    return date.today().isoformat()


FILES = {UsageScope.PER_CLIENT: "client_*", UsageScope.PER_PROCESS: "process_*", UsageScope.GLOBAL: "global"}


class UsageStats(BaseModel):
    """Counts of tokens and requests, of the day `last_reset` and in total."""

    tokens_used_today: int = 0
    requests_today: int = 0
    last_reset: str = Field(default_factory=today)
    total_tokens: int = 0
    total_requests: int = 0
    client_id: str | None = None
    process_id: int | None = None

    def of_today(self) -> UsageStats:
        """Return the counts, without those of another day."""
        if self.last_reset == today():
            return self
        return self.model_copy(update={"tokens_used_today": 0, "requests_today": 0, "last_reset": today()})

    def plus(self, tokens: int) -> UsageStats:
        """Return the counts with one more request."""
        now = self.of_today()
        return now.model_copy(
            update={
                "tokens_used_today": now.tokens_used_today + tokens,
                "requests_today": now.requests_today + 1,
                "total_tokens": now.total_tokens + tokens,
                "total_requests": now.total_requests + 1,
            }
        )


class ThreadSafeUsageTracker(OwnTracker):
    """A tracker that also keeps totals in a JSON file, shared by threads and processes.

    Args:
        stats_file: The file; None stands for one in `./.ai_utilities/usage_stats`.
        scope: What shares the file if none is given.
        client_id: The name of the client; None makes one up.
        ledger: A ledger in which rows are stored, too.
    """

    def __init__(
        self,
        stats_file: str | os.PathLike[str] | None = None,
        scope: UsageScope | str = UsageScope.PER_CLIENT,
        client_id: str | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        super().__init__(ledger)
        self.scope = UsageScope(scope)
        self.client_id = client_id or f"client_{uuid.uuid4().hex[:8]}"
        self.process_id = os.getpid()
        self.stats_file = Path(stats_file) if stats_file is not None else Path.cwd() / FOLDER / self._file_name()
        try:
            self.stats_file.parent.mkdir(parents=True, exist_ok=True)
            if not self.stats_file.exists():
                self._change(lambda stats: stats)
        except OSError as error:
            raise ProviderConfigurationError(
                f"the usage file {self.stats_file} cannot be written: {error.strerror}. Name another usage_file."
            ) from None

    @property
    def blocking(self) -> bool:
        """Whether rows are written to a file or a server: always."""
        return True

    def _file_name(self) -> str:
        match self.scope:
            case UsageScope.PER_PROCESS:
                return f"usage_process_{self.process_id}.json"
            case UsageScope.GLOBAL:
                return "usage_global.json"
        return f"usage_{self.client_id}.json"

    def track_request(self, usage: UsageData) -> None:
        """Records one request, or one cached answer."""
        super().track_request(usage)
        self.record_usage(usage.total_tokens or 0)

    def record_usage(self, tokens_used: int = 0) -> None:
        """Count one request in the file."""
        self._change(lambda stats: stats.plus(tokens_used))

    def get_stats(self) -> UsageStats:
        """Return the counts in the file."""
        return self._read().of_today()

    def reset_stats(self) -> None:
        """Set all counts in the file to zero."""
        self._change(lambda _: self._first())

    def get_aggregated_stats(self, scope_filter: UsageScope | None = None) -> dict[str, UsageStats]:
        """Return the counts of every file in the folder, by path."""
        name = "*" if scope_filter is None else FILES[scope_filter]
        matches = sorted(self.stats_file.parent.glob(f"usage_{name}.json"))
        return {str(path): stats for path in matches if (stats := read_file(path)) is not None}

    def print_summary(self) -> None:
        """Print the counts."""
        print_summary(self)

    def _first(self) -> UsageStats:
        return UsageStats(
            client_id=self.client_id if self.scope is UsageScope.PER_CLIENT else None,
            process_id=self.process_id if self.scope is UsageScope.PER_PROCESS else None,
        )

    def _read(self) -> UsageStats:
        return read_file(self.stats_file) or self._first()

    def _change(self, change: Callable[[UsageStats], UsageStats]) -> None:
        with locked(self.stats_file):
            text = change(self._read()).model_dump_json(indent=2)
            fresh = self.stats_file.with_name(f"{self.stats_file.name}.{uuid.uuid4().hex}.tmp")
            try:
                fresh.write_text(text, encoding="utf-8")
                fresh.replace(self.stats_file)
            finally:
                fresh.unlink(missing_ok=True)


UsageTracker = ThreadSafeUsageTracker


def read_file(path: Path) -> UsageStats | None:
    """The counts in a file; None if it is missing or damaged."""
    try:
        return UsageStats.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file against other threads, and other processes where the system can."""
    with _guard:
        lock = _locks.setdefault(str(path.absolute()), threading.RLock())
    with lock, path.with_name(f"{path.name}.lock").open("a") as opened:
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(opened, fcntl.LOCK_EX)  # closing the file releases it
        yield


def create_usage_tracker(
    scope: UsageScope | str | Ledger | None = None,
    stats_file: str | os.PathLike[str] | None = None,
    client_id: str | None = None,
    *,
    ledger: Ledger | None = None,
) -> OwnTracker:
    """Create a tracker: with a JSON file for the arguments of version 1, else with a ledger.

    Args:
        scope: What shares the file, or a ledger.
        stats_file: The file.
        client_id: The name of the client.
        ledger: Where rows are stored; None stores the latest ones in memory if there is no file either.
    """
    if isinstance(scope, Ledger) or (scope is None and stats_file is None and client_id is None):
        return create_own_tracker(scope if isinstance(scope, Ledger) else ledger)
    return ThreadSafeUsageTracker(stats_file, scope or UsageScope.PER_CLIENT, client_id, ledger)


def chosen_tracker(first: object, options: Options) -> Tracker | None:
    """The tracker for the arguments `track_usage` and `usage_file`, which are taken out of the options.

    Args:
        first: What was passed as the third argument: a tracker, or `track_usage`.
        options: The other arguments.
    """
    wanted, file = options.pop("track_usage", first), options.pop("usage_file", None)
    if not isinstance(first, bool) and first is not None:
        tracker: Tracker = first  # type: ignore[assignment]  # checked where it is used
        return tracker
    if wanted is False and file is None:
        return None
    return None if file is None else ThreadSafeUsageTracker(file)


def read_stats(tracker: object) -> UsageStats:
    """The counts of a tracker; those of one without a file are of this process."""
    if isinstance(tracker, ThreadSafeUsageTracker):
        return tracker.get_stats()
    total = getattr(tracker, "total", None)
    if total is None:
        return UsageStats()
    tokens, requests = total.prompt_tokens + total.completion_tokens, total.requests
    return UsageStats(
        tokens_used_today=tokens,
        requests_today=requests,
        last_reset=datetime.now(UTC).date().isoformat(),
        total_tokens=tokens,
        total_requests=requests,
        process_id=os.getpid(),
    )


def print_summary(tracker: object) -> None:
    """Print the counts of a tracker."""
    sys.stdout.write(f"{summary(tracker)}\n")


def summary(tracker: object) -> str:
    """The counts of a tracker as text."""
    if tracker is None:
        return "Usage tracking is not enabled."
    stats = read_stats(tracker)
    lines = [
        "AI usage summary:",
        f"  Today: {stats.tokens_used_today} tokens, {stats.requests_today} requests",
        f"  Total: {stats.total_tokens} tokens, {stats.total_requests} requests",
    ]
    if isinstance(tracker, ThreadSafeUsageTracker):
        lines.append(f"  Stats file: {tracker.stats_file}")
    return "\n".join(lines)
