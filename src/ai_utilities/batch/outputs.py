"""Where results go: JSON lines, CSV or Parquet, all at once, when the run is over."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..exceptions import ProviderConfigurationError
from .journal import Entry
from .rows import load_pyarrow

FIELDS = ("text", "error", "provider", "model", "finish_reason", "prompt_tokens", "completion_tokens", "cost")
PARQUET_ROWS = 1000


def find_writer(path: Path) -> Callable[[Path, Iterable[Entry]], None]:
    """By the ending of the file's name."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ProviderConfigurationError(f"{path} is none of {', '.join(WRITERS)}: results go into such files")
    return writer


def write_output(path: Path, entries: Iterable[Entry]) -> None:
    """All of them or none: a file that is there is replaced when the new one is whole."""
    writing = path.with_name(f"{path.name}.writing")
    try:
        find_writer(path)(writing, map(flatten_entry, entries))
        writing.replace(path)
    finally:
        writing.unlink(missing_ok=True)


def flatten_entry(entry: Entry) -> Entry:
    """The row as it was, and what came of it; a field of the row is never written over."""
    row = entry["row"]
    data = {name: entry.get(name) for name in FIELDS}
    return {**row, **{name if name not in row else f"answer_{name}": value for name, value in data.items()}}


def write_jsonl(path: Path, entries: Iterable[Entry]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for entry in entries:
            file.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")


def write_csv(path: Path, entries: Iterable[Entry]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: Any = None
        for entry in entries:
            if writer is None:
                writer = csv.DictWriter(file, list(entry), extrasaction="ignore", restval="")
                writer.writeheader()
            writer.writerow(entry)


def write_parquet(path: Path, entries: Iterable[Entry]) -> None:
    import pyarrow

    writer: Any = None
    block: list[Entry] = []
    for entry in entries:
        block.append({name: to_column_value(value) for name, value in entry.items()})
        if len(block) == PARQUET_ROWS:
            writer = write_block(writer, path, pyarrow, block)
            block = []
    if block or writer is None:
        writer = write_block(writer, path, pyarrow, block)
    writer.close()


def to_column_value(value: Any) -> Any:
    """What a column can hold; anything deeper as JSON."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def write_block(writer: Any, path: Path, pyarrow: Any, block: list[Entry]) -> Any:
    table = pyarrow.Table.from_pylist(block, schema=None if writer is None else writer.schema)
    match = writer or load_pyarrow().ParquetWriter(path, table.schema)
    match.write_table(table)
    return match


WRITERS = {".jsonl": write_jsonl, ".ndjson": write_jsonl, ".csv": write_csv, ".parquet": write_parquet}
