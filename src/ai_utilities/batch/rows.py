"""Rows of a bulk run: reads them from a file or an iterable and fills the prompt template with each."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from string import Formatter
from typing import Any

from ..exceptions import ProviderConfigurationError

Row = dict[str, Any]
Source = str | PathLike[str] | Iterable[str | Mapping[str, Any]]
PROMPT = "prompt"
"""The field of a row that is a prompt and nothing else."""


def read_rows(source: Source) -> Iterator[Row]:
    """Each row as a dict; a plain string is a row with a prompt."""
    if isinstance(source, str | PathLike):
        path = Path(source)
        yield from find_reader(path)(path)
        return
    for number, given in enumerate(source):
        yield to_row(given, f"item {number}")


def find_reader(path: Path) -> Any:
    """By the ending of the file's name."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ProviderConfigurationError(f"{path} is none of {', '.join(READERS)}: rows come from such files")
    if not path.is_file():
        raise ProviderConfigurationError(f"there is no file {path}")
    return reader


def to_row(given: Any, where: str) -> Row:
    if isinstance(given, str):
        return {PROMPT: given}
    if isinstance(given, Mapping):
        return dict(given)
    raise ProviderConfigurationError(f"{where} is a {type(given).__name__}; a row is a string or an object with fields")


def read_jsonl(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield to_row(json.loads(line), f"{path}, line {number},")
            except ValueError as error:
                if isinstance(error, ProviderConfigurationError):
                    raise
                raise ProviderConfigurationError(f"{path}, line {number}, is not JSON: {error}") from error


def read_csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            if None in row or None in row.values():
                raise ProviderConfigurationError(f"{path}, line {number}, has more or fewer fields than its head")
            yield row


def read_parquet(path: Path) -> Iterator[Row]:
    for batch in load_pyarrow().ParquetFile(path).iter_batches(batch_size=1000):
        yield from batch.to_pylist()


def load_pyarrow() -> Any:
    """pyarrow's Parquet, or how to get it."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ProviderConfigurationError(
            "Parquet files need one more package. Install it with: python -m pip install 'dhenara[parquet]'"
        ) from error
    return parquet


READERS = {".jsonl": read_jsonl, ".ndjson": read_jsonl, ".csv": read_csv, ".parquet": read_parquet}


class PromptTemplate:
    """Fields are names alone: a row is data, and data may not reach into objects."""

    def __init__(self, text: str | None = None) -> None:
        self._text = text if text is not None else f"{{{PROMPT}}}"
        try:
            self.fields = [name for _, name, _, _ in Formatter().parse(self._text) if name is not None]
        except ValueError as error:
            raise ProviderConfigurationError(f"the prompt's template cannot be read: {error}") from error
        odd = [name for name in self.fields if not name.isidentifier()]
        if odd:
            raise ProviderConfigurationError(
                f"{odd[0]!r} in the prompt's template is not the name of a field; a brace that is meant stands twice"
            )

    def fill(self, row: Mapping[str, Any]) -> str:
        """The prompt for this row."""
        missing = [name for name in self.fields if name not in row]
        if missing:
            there = ", ".join(row) or "nothing"
            raise ProviderConfigurationError(f"the prompt needs {', '.join(missing)}, and the row has {there}")
        return self._text.format_map({name: row[name] for name in self.fields})
