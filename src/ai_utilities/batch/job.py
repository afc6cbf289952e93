"""A bulk run: its input, journal and output file, with results written in the order of the input."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from os import PathLike

from dhenara.ai.integration import texts_in, without_contents

from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver
from ..exceptions import ProviderConfigurationError
from ..value_types import Json
from .journal import fingerprint_request
from .output import BulkOutput
from .rows import (
    MAX_ERROR_LENGTH,
    BulkProgress,
    BulkReport,
    OnProgress,
    PromptTemplate,
    Row,
    RowResult,
    Source,
    read_rows,
)

CONTENT_OPTIONS = ("system", "system_prompt", "instructions", "context", "stop", "options")
"""Options that contain texts of the user, which are removed from stored errors."""


DECISIVE = ("fallbacks", "temperature", "max_tokens", "system_prompt", "strict", "provider_config")
"""Settings in the fingerprint of a row, besides provider, model and base URL: if they change, it is sent again."""


@dataclass(frozen=True, slots=True)
class RowRequest:
    """One row with its prompt and fingerprint."""

    index: int
    row: Row
    prompt: str
    fingerprint: str


class BulkJob:
    """The state of one run, shared by its workers."""

    def __init__(
        self,
        source: Source,
        output: str | PathLike[str],
        prompt: str | None,
        options: Mapping[str, object],
        on_progress: OnProgress | None,
        fail_fast: bool,
        settings: AiSettings | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        self.output = BulkOutput(output, source, overwrite=overwrite)
        self._template = PromptTemplate(prompt)
        self._options = dict(options)
        self._answered_by = [] if settings is None else answered_by(settings)
        self._on_progress = on_progress
        self._fail_fast = fail_fast
        self._lock = threading.Lock()
        self._stopped = False
        self._started = time.monotonic()
        # Every row is read and filled in before the first request, so that a mistake in the last one costs nothing.
        self.progress = BulkProgress(total=self._check_rows(source))
        self._rows = enumerate(read_rows(source))
        self.journal = self.output.open_journal()
        self.mistake: BaseException | None = None

    def next_request(self) -> RowRequest | None:
        """Return the next row without an answer; None at the end or when the run was stopped."""
        with self._lock:
            for index, row in self._rows:
                if self._stopped:
                    return None
                request = self._make_request(index, row)
                if self.journal.is_pending(index, request.fingerprint):
                    continue
                if not self.journal.is_answered(index, request.fingerprint):
                    return request
                self._count(replace(self.progress, reused=self.progress.reused + 1))
        return None

    def _contents(self) -> Iterator[str]:
        """Return texts of the options, which a provider's error may quote."""
        return texts_in([self._options.get(name) for name in CONTENT_OPTIONS])

    def record_result(self, request: RowRequest, outcome: RowResult) -> None:
        """Write the result to the journal and count it. Quotes of the options are removed from errors."""
        entry = outcome.entry
        if entry["error"] is not None:
            entry = {**entry, "error": without_contents(entry["error"], self._contents(), most=MAX_ERROR_LENGTH)}
        self.journal.add(request.index, request.fingerprint, request.row, entry)
        with self._lock:
            now = self.progress
            tokens = now.tokens + outcome.tokens
            if not outcome.ok:
                self._stopped = self._stopped or self._fail_fast
                self._count(replace(now, failed=now.failed + 1, tokens=tokens))
                return
            cost = now.cost + (outcome.cost or 0)
            unpriced = now.unpriced + (outcome.cost is None)
            self._count(replace(now, answered=now.answered + 1, tokens=tokens, cost=cost, unpriced=unpriced))

    @property
    def stopped(self) -> bool:
        """Whether the run was stopped and sends no more requests."""
        return self._stopped

    def stop(self, mistake: BaseException | None = None) -> None:
        with self._lock:
            self._stopped = True
            self.mistake = self.mistake or mistake

    def finish(self) -> BulkReport:
        """Write the output. The journal is kept if rows failed, so that the next run sends only those again."""
        self.output.write(self.journal.entries_in_order())
        if waiting := len(self.journal.submitted):
            self._count(replace(self.progress, waiting=waiting))
        if self.progress.failed or self.progress.waiting or self._stopped:
            self.journal.note_output(self.output.path)
            self.journal.close()
        else:
            self.journal.delete()
        seconds = time.monotonic() - self._started
        return BulkReport(**asdict(self.progress), seconds=seconds, output=str(self.output.path))

    def _check_rows(self, source: Source) -> int | None:
        """Return the number of rows after a check of each; None for an iterator, which can be read only once."""
        if isinstance(source, Iterator):
            return None
        number = 0
        for number, row in enumerate(read_rows(source), 1):
            self._fill(number - 1, row)
        return number

    def _make_request(self, index: int, row: Row) -> RowRequest:
        prompt = self._fill(index, row)
        return RowRequest(index, row, prompt, fingerprint_request([prompt, self._options, self._answered_by]))

    def _fill(self, index: int, row: Row) -> str:
        try:
            return self._template.fill(row)
        except ProviderConfigurationError as error:
            raise ProviderConfigurationError(f"row {index + 1}: {error}") from error

    def _count(self, now: BulkProgress) -> None:
        self.progress = now
        if self._on_progress is not None:
            self._on_progress(now)


def answered_by(settings: AiSettings) -> list[Json]:
    """Return provider, model, base URL and the other decisive settings."""
    resolved = ConfigurationResolver(settings).resolve()
    identity = [resolved.provider, resolved.model.value, resolved.base_url.value]
    return [*identity, *(getattr(settings, name) for name in DECISIVE)]


def iter_requests(job: BulkJob) -> Iterator[RowRequest]:
    while (request := job.next_request()) is not None:
        yield request
