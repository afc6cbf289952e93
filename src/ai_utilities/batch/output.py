"""The output file of a bulk run: its formats, and when it may be written."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

from dhenara.ai.errors import OutputExistsError
from dhenara.ai.integration import check_output, move_output

from ..exceptions import ProviderConfigurationError
from ..value_types import Json
from .journal import BulkJournal, Entry, file_state
from .rows import Source, load_pyarrow

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

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

    def write(self, entries: Iterable[Entry]) -> None:
        """Write all entries to a new file, which gets the name of the output when it is complete.

        Raises:
            OutputExistsError: If another program created the output meanwhile; the journal keeps all answers.
        """
        writing = self.path.with_name(f"{self.path.name}.writing")
        try:
            self._write(writing, map(flatten_entry, entries))
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
