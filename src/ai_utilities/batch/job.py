"""A bulk run: its rows, template, journal and output file."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path

from dhenara.ai.errors import OutputExistsError
from dhenara.ai.integration import check_output, move_output, texts_in, without_contents

from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver
from ..exceptions import Json, ProviderConfigurationError
from .journal import BulkJournal, Entry, file_state, fingerprint_request
from .rows import (
    MAX_ERROR_LENGTH,
    BulkProgress,
    BulkReport,
    OnProgress,
    PromptTemplate,
    Row,
    RowResult,
    Source,
    json_line,
    read_rows,
    to_column_value,
    write_parquet,
)

FIELDS = ("text", "error", "provider", "model", "finish_reason", "prompt_tokens", "completion_tokens", "cost")
Entries = Callable[[], Iterable[Entry]]
"""Reads the entries of all rows, as often as it is called."""


def find_writer(path: Path) -> Callable[[Path, Entries, Sequence[str]], None]:
    """Return the writer for the file's extension."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ProviderConfigurationError(
            f"{path}: unknown file type. Results are written to {', '.join(WRITERS)} files."
        )
    return writer


def find_columns(entries: Iterable[Entry]) -> tuple[list[str], dict[str, str]]:
    """Return all fields of the rows, and the names of the fields of answers, which no row has."""
    fields: dict[str, None] = {}
    for entry in entries:
        fields |= dict.fromkeys(entry["row"])
    names = {}
    for field in FIELDS:
        name = field
        while name in fields:
            name = f"answer_{name}"
        names[field] = name
    return list(fields), names


def flatten_entry(entry: Entry, names: Mapping[str, str]) -> Entry:
    """Return the row with the fields of its answer, under these names."""
    return {**entry["row"], **{name: entry.get(field) for field, name in names.items()}}


def write_jsonl(path: Path, entries: Entries, columns: Sequence[str]) -> None:
    with path.open("wb") as file:
        file.writelines(map(json_line, entries()))


def to_cell(value: Json) -> Json:
    """The value in a CSV file; a list or an object becomes JSON, as in a column of Parquet."""
    return to_column_value(value, str) if isinstance(value, list | dict) else value


def write_csv(path: Path, entries: Entries, columns: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        rows = ({name: to_cell(value) for name, value in row.items()} for row in entries())
        if (first := next(rows, None)) is not None:
            writer.writeheader()
            writer.writerows([first])
            writer.writerows(rows)


WRITERS = {".jsonl": write_jsonl, ".ndjson": write_jsonl, ".csv": write_csv, ".parquet": write_parquet}


class BulkOutput:
    """The output of one run. An existing file is replaced only if an earlier part of this run wrote it, or if asked.

    Args:
        path: The output file.
        source: The source of the run, which is never replaced.
        overwrite: Whether to replace any existing file.

    Raises:
        ProviderConfigurationError: If the extension is unknown, or the output is the source.
    """

    def __init__(self, path: str | PathLike[str], source: Source, *, overwrite: bool) -> None:
        self.path = Path(path)
        self._write = find_writer(self.path)
        self._overwrite = overwrite
        if isinstance(source, str | PathLike) and is_same_file(Path(source), self.path):
            raise ProviderConfigurationError(
                f"{self.path} is the source of this run, and is never overwritten. Choose another output file."
            )

    def open_journal(self) -> BulkJournal:
        """Open the journal of the run, after a check that the output may be written.

        Raises:
            OutputExistsError: If the output exists, and no unfinished run wrote it.
        """
        place = self.path.with_name(f"{self.path.name}.journal")
        if not self._overwrite and not place.exists():
            check_output(self.path)
        journal = BulkJournal(place)
        try:
            if journal.written is not None and file_state(self.path) == journal.written:
                self._overwrite = True
            check_output(self.path, overwrite=self._overwrite)
        except ProviderConfigurationError:
            journal.close()
            raise
        return journal

    def write(self, entries: Entries) -> None:
        """Write all entries to a new file, which gets the name of the output when it is complete.

        Raises:
            OutputExistsError: If another program created the output meanwhile; the journal keeps all answers.
        """
        writing = self.path.with_name(f"{self.path.name}.writing")
        fields, names = find_columns(entries())

        def rows() -> Iterator[Entry]:
            return (flatten_entry(entry, names) for entry in entries())

        try:
            self._write(writing, rows, [*fields, *names.values()])
            move_output(writing, self.path, overwrite=self._overwrite)
        except OutputExistsError as error:
            error.args = (f"{error} All answers are kept in {self.path.name}.journal.",)
            raise
        finally:
            writing.unlink(missing_ok=True)


def is_same_file(source: Path, output: Path) -> bool:
    """Whether both names, spelled in any way and through links, are one file."""
    if source.resolve() == output.resolve():
        return True
    try:
        return source.samefile(output)
    except OSError:
        return False


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
        self._rows_read, self._source_rows = 0, self.progress.total
        self._rows = enumerate(read_rows(source))
        self.journal = self.output.open_journal()
        self.mistake: BaseException | None = None

    def next_request(self) -> RowRequest | None:
        """Return the next row without an answer; None at the end or when the run was stopped."""
        with self._lock:
            for index, row in self._rows:
                if self._stopped:
                    return None
                self._rows_read = index + 1
                request = self._make_request(index, row)
                if self.journal.is_pending(index, request.fingerprint):
                    continue
                if not self.journal.is_answered(index, request.fingerprint):
                    return request
                self.journal.update_row(index, row)
                self._count(replace(self.progress, reused=self.progress.reused + 1))
            if not self._stopped:
                self._source_rows = self._rows_read
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
        self.output.write(lambda: self.journal.entries_in_order(self._source_rows))
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
