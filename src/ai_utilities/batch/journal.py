"""The journal of a bulk run: finished rows and submitted provider batches, so that a run can be resumed."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, repeat
from pathlib import Path

from pydantic import BaseModel

from dhenara.ai.types import BatchJob

from ..exceptions import Json, JsonObject, ProviderConfigurationError
from .rows import Row, json_line


@dataclass(slots=True)
class SubmittedBatch:
    """A submitted batch; `rows` are in the order of its calls. Without a job, its creation was not confirmed."""

    name: str
    rows: list[int]
    at: datetime
    job: BatchJob | None = None


class SubmittedBatches:
    """The submitted batches and their waiting rows, built from the notes in the journal."""

    def __init__(self) -> None:
        self.open: dict[str, SubmittedBatch] = {}
        self._batch_of: dict[int, str] = {}

    def __len__(self) -> int:
        """Return the number of waiting rows."""
        return len(self._batch_of)

    def batch_of(self, index: int) -> str | None:
        """Return the name of the batch that the row waits for."""
        return self._batch_of.get(index)

    def pending_rows(self, name: str) -> list[int]:
        """Return the rows that wait for this batch."""
        return [index for index in self.open[name].rows if self._batch_of.get(index) == name]

    def discard_row(self, index: int) -> None:
        """Remove a row that has a result."""
        self._batch_of.pop(index, None)

    def apply_note(self, name: str, note: Mapping[str, Json]) -> None:
        """Apply a note: rows were submitted, the provider returned the job, or the batch has ended."""
        if "rows" in note:
            self.open[name] = SubmittedBatch(name, list(note["rows"]), datetime.fromisoformat(note["at"]))
            self._batch_of.update(dict.fromkeys(note["rows"], name))
        if "job" in note:
            self.open[name].job = BatchJob.model_validate(note["job"])
        if "over" in note and name in self.open:
            for index in self.pending_rows(name):
                del self._batch_of[index]
            del self.open[name]


Entry = JsonObject
"""A line of the journal."""


def fingerprint_request(request: Json) -> str:
    """Return a hash of the whole request of a row, so that a changed request is sent again."""
    written = json.dumps(request, sort_keys=True, ensure_ascii=False, default=as_json)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def as_json(value: object) -> Json:
    """Convert a value to JSON with all its contents; the result is the same in every process."""
    if isinstance(value, BaseModel):
        return [type(value).__qualname__, value.model_dump(mode="python")]
    if isinstance(value, bytes | bytearray | memoryview):
        return ["bytes", hashlib.sha256(value).hexdigest()]
    if isinstance(value, type) and issubclass(value, BaseModel):
        return ["model", value.__qualname__, value.model_json_schema()]
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable) and not isinstance(value, type):
        return list(value)
    name = getattr(value, "__qualname__", None)
    return ["name", getattr(value, "__module__", ""), name] if name is not None else repr(value)


FileState = tuple[int, int, int]


def file_state(path: Path) -> FileState | None:
    """Return what changes when a file is replaced or edited: its number, size and time; None if there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


class RowPlaces:
    """Where the latest entry of each row begins in a journal: eight bytes a row, for millions of them."""

    def __init__(self) -> None:
        self._places = array("q")

    def __getitem__(self, index: int) -> int:
        place = self._places[index] if 0 <= index < len(self._places) else NOWHERE
        if place == NOWHERE:
            raise KeyError(index)
        return place

    def __setitem__(self, index: int, place: int) -> None:
        """Note a place.

        Raises:
            ValueError: If the index is not that of a row, as in a journal that was edited.
        """
        ahead = index - len(self._places)
        if index < 0 or ahead >= MOST_AHEAD:
            raise ValueError(f"{index!r} is not the number of a row")
        if ahead >= 0:
            self._places.extend(repeat(NOWHERE, ahead + 1))
        self._places[index] = place

    def in_order(self, rows: int | None = None) -> Iterator[int]:
        """Yield the places of the first so many rows, or of all, by the numbers of their rows."""
        return (place for place in islice(self._places, rows) if place != NOWHERE)


NOWHERE = -1
"""The place of a row without an entry."""

MOST_AHEAD = 100_000_000
"""Rows by which an entry may be ahead of those before it."""


class BulkJournal:
    """A JSONL file next to the output. One run at a time may use it; it is thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._places = RowPlaces()
        self._fingerprints: dict[int, str] = {}
        self.submitted = SubmittedBatches()
        self.written: FileState | None = None
        """The output that an earlier run wrote, as it was then."""

        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "a+b", opener=private)  # noqa: SIM115  # closed by `close`
        self._lock_file()
        self._load()

    def is_answered(self, index: int, fingerprint: str) -> bool:
        """Return whether the same request was answered in an earlier run."""
        return self._fingerprints.get(index) == fingerprint

    def add(self, index: int, fingerprint: str, row: Row, result: Entry) -> None:
        with self._lock:
            self._places[index] = self._write({"index": index, "asked": fingerprint, "row": row, **result})
            self.submitted.discard_row(index)

    def entry(self, index: int) -> Entry:
        """Return the latest entry of a row."""
        with self._lock:
            return self._read(self._places[index])

    def is_pending(self, index: int, fingerprint: str) -> bool:
        """Return whether the same request was submitted in a batch and has no answer yet."""
        return self.submitted.batch_of(index) is not None and self.entry(index)["asked"] == fingerprint

    def write_note(self, name: str, **facts: Json) -> None:
        """Write what happened to a batch."""
        with self._lock:
            self._write({"batch": name, **facts})
            self.submitted.apply_note(name, facts)

    def note_output(self, path: Path) -> None:
        """Write that the output was written, so that the next run may replace it."""
        with self._lock:
            self._write({"output": file_state(path)})

    def update_row(self, index: int, row: Row) -> None:
        """Keep the answer of a row in which fields have changed that are not in the prompt."""
        entry = self.entry(index)
        if entry["row"] != json.loads(json_line(row)):
            with self._lock:
                self._places[index] = self._write({**entry, "row": row})

    def entries_in_order(self, rows: int | None = None) -> Iterator[Entry]:
        """Yield the latest entry of every row, in the order of the rows.

        Args:
            rows: Number of rows that the source has; an earlier run may have had more. None: unknown.
        """
        for place in self._places.in_order(rows):
            yield self._read(place)

    def close(self) -> None:
        self._file.close()

    def delete(self) -> None:
        """Delete the journal, when the output is complete."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _write(self, entry: Entry) -> int:
        """Append an entry and return its position in the file."""
        place = self._file.seek(0, 2)
        self._file.write(json_line(entry))
        # Flushed to the system, so that a paid answer survives the end of this process.
        self._file.flush()
        return place

    def _read(self, place: int) -> Entry:
        self._file.seek(place)
        entry: Entry = json.loads(self._file.readline())
        return entry

    def _load(self) -> None:
        """Read the entries of earlier runs; a line that was cut off by a crash is removed."""
        self._file.seek(0)
        end = 0
        for line in iter(self._file.readline, b""):
            if not line.startswith(b"{"):
                self._file.close()
                raise ProviderConfigurationError(
                    f"{self.path} is not the journal of a bulk run. Move it away, or choose another output file."
                )
            if not line.endswith(b"\n"):
                break
            with suppress(ValueError, KeyError, TypeError):
                self._apply(json.loads(line), end)
            end += len(line)
        self._file.truncate(end)

    def _apply(self, entry: Entry, place: int) -> None:
        if "batch" in entry:
            self.submitted.apply_note(entry["batch"], entry)
            return
        if "output" in entry:
            self.written = entry["output"] and tuple(entry["output"])
            return
        index = entry["index"]
        self._places[index] = place
        self.submitted.discard_row(index)
        self._fingerprints.pop(index, None)  # a row that failed after it was changed has no answer any more
        if entry.get("error") is None:
            self._fingerprints[index] = entry["asked"]

    def _lock_file(self) -> None:
        """Lock the file, because two runs at the same time would pay for every row twice."""
        try:
            import fcntl
        except ImportError:
            return  # this system has no such locks
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise ProviderConfigurationError(f"another run uses {self.path}. Wait for it, or stop it.") from error


def private(path: str, flags: int) -> int:
    """Open a file that only its owner can read, as it contains rows and answers."""
    return os.open(path, flags, 0o600)
