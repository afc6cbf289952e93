"""A bulk run: its input, journal and output file, with results written in the order of the input."""

from __future__ import annotations

import csv
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from dhenara.ai.integration import texts_in, without_contents

from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver
from ..exceptions import ProviderConfigurationError
from ..value_types import Json
from .journal import BulkJournal, Entry, fingerprint_request
from .rows import (
    MAX_ERROR_LENGTH,
    BulkProgress,
    BulkReport,
    OnProgress,
    PromptTemplate,
    Row,
    RowResult,
    Source,
    load_pyarrow,
    read_rows,
)

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

CONTENT_OPTIONS = ("system", "system_prompt", "instructions", "context", "stop", "options")
"""Options that contain texts of the user, which are removed from stored errors."""

FIELDS = ("text", "error", "provider", "model", "finish_reason", "prompt_tokens", "completion_tokens", "cost")
PARQUET_ROWS = 1000


def find_writer(path: Path) -> Callable[[Path, Iterable[Entry]], None]:
    """Return the writer for the file's extension."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ProviderConfigurationError(
            f"{path}: unknown file type. Results are written to {', '.join(WRITERS)} files."
        )
    return writer


def write_output(path: Path, entries: Iterable[Entry]) -> None:
    """Write all entries to a new file, and replace the old one when it is complete."""
    writing = path.with_name(f"{path.name}.writing")
    try:
        find_writer(path)(writing, map(flatten_entry, entries))
        writing.replace(path)
    finally:
        writing.unlink(missing_ok=True)


def flatten_entry(entry: Entry) -> Entry:
    """Return the row with the fields of its answer; a field that exists already gets the prefix `answer_`."""
    row = entry["row"]
    answer_fields = {name: entry.get(name) for name in FIELDS}
    return {**row, **{name if name not in row else f"answer_{name}": value for name, value in answer_fields.items()}}


def write_jsonl(path: Path, entries: Iterable[Entry]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for entry in entries:
            file.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")


def write_csv(path: Path, entries: Iterable[Entry]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for entry in entries:
            if writer is None:
                writer = csv.DictWriter(file, list(entry), extrasaction="ignore", restval="")
                writer.writeheader()
            writer.writerow(entry)


def write_parquet(path: Path, entries: Iterable[Entry]) -> None:
    import pyarrow

    writer: ParquetWriter | None = None
    block: list[Entry] = []
    for entry in entries:
        block.append({name: to_column_value(value) for name, value in entry.items()})
        if len(block) == PARQUET_ROWS:
            writer = write_block(writer, path, pyarrow, block)
            block = []
    if block or writer is None:
        writer = write_block(writer, path, pyarrow, block)
    writer.close()


def to_column_value(value: Json) -> str | int | float | bool | None:
    """Convert a nested value to JSON text, because a column holds plain values only."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def write_block(writer: ParquetWriter | None, path: Path, pyarrow: ModuleType, block: list[Entry]) -> ParquetWriter:
    """Write rows with the columns of the first block, and return the writer."""
    table = pyarrow.Table.from_pylist(block, schema=None if writer is None else writer.schema)
    if writer is None:
        writer = cast("ParquetWriter", load_pyarrow().ParquetWriter(path, table.schema))
    writer.write_table(table)
    return writer


WRITERS = {".jsonl": write_jsonl, ".ndjson": write_jsonl, ".csv": write_csv, ".parquet": write_parquet}


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
    ) -> None:
        self.output = Path(output)
        find_writer(self.output)
        self._template = PromptTemplate(prompt)
        self._options = dict(options)
        self._answered_by = [] if settings is None else answered_by(settings)
        self._rows = enumerate(read_rows(source))
        self._on_progress = on_progress
        self._fail_fast = fail_fast
        self._lock = threading.Lock()
        self._stopped = False
        self._started = time.monotonic()
        self.progress = BulkProgress(total=count(source))
        self.journal = BulkJournal(self.output.with_name(f"{self.output.name}.journal"))
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
        write_output(self.output, self.journal.entries_in_order())
        if waiting := len(self.journal.submitted):
            self._count(replace(self.progress, waiting=waiting))
        if self.progress.failed or self.progress.waiting or self._stopped:
            self.journal.close()
        else:
            self.journal.delete()
        seconds = time.monotonic() - self._started
        return BulkReport(**asdict(self.progress), seconds=seconds, output=str(self.output))

    def _make_request(self, index: int, row: Row) -> RowRequest:
        try:
            prompt = self._template.fill(row)
        except ProviderConfigurationError as error:
            raise ProviderConfigurationError(f"row {index + 1}: {error}") from error
        return RowRequest(index, row, prompt, fingerprint_request([prompt, self._options, self._answered_by]))

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


def count(source: Source) -> int | None:
    """Return the number of rows if it is known without reading them."""
    return len(source) if isinstance(source, Sequence) and not isinstance(source, str) else None
