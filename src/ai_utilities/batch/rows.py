"""Rows of a bulk run: how they are read, the result of each, and the progress and report of the run."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from os import PathLike
from pathlib import Path
from string import Formatter
from typing import Any

from dhenara.ai.integration import without_contents
from dhenara.ai.types import BatchItem

from ..config_secrets import redact
from ..exceptions import ProviderConfigurationError
from ..results import AskResult

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


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far a run is. `total` is None where nobody knows how many rows there are. Unknown cost stays unknown."""

    answered: int = 0
    failed: int = 0
    reused: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    total: int | None = None
    waiting: int = 0
    """Rows that were handed over to the provider and have no answer yet."""

    @property
    def done(self) -> int:
        return self.answered + self.failed + self.reused


@dataclass(frozen=True, slots=True)
class BulkReport(BulkProgress):
    """The end of a run. `kept` answers were there from an earlier run and were not paid for again."""

    seconds: float = 0.0
    output: str = ""

    @property
    def ok(self) -> bool:
        """Whether every row has an answer."""
        return self.failed == 0 and self.waiting == 0

    def __str__(self) -> str:
        money = f"${self.cost.normalize():f}" if not self.unpriced else f"${self.cost.normalize():f} and more"
        stored = f", {self.reused} kept from before" if self.reused else ""
        stored += f", {self.waiting} not answered yet" if self.waiting else ""
        return (
            f"{self.answered} answered, {self.failed} failed{stored}; {self.tokens} tokens, {money}, "
            f"{self.seconds:.1f} s -> {self.output}"
        )


OnProgress = Callable[[BulkProgress], object]


MAX_ERROR_LENGTH = 400
"""Characters of an error that are kept."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """`entry` is what a line of the journal says of it."""

    entry: dict[str, Any]
    tokens: int = 0
    cost: Decimal | None = None

    @property
    def ok(self) -> bool:
        return self.entry["error"] is None


def result_from_answer(result: AskResult) -> RowResult:
    """What is kept of an answer, or of what went wrong."""
    entry = {
        "text": result.text if result.ok else None,
        "error": None if result.ok else describe(result.error),
        "provider": result.provider,
        "model": result.model,
        "finish_reason": result.finish_reason,
        "prompt_tokens": result.usage.prompt_tokens,
        "completion_tokens": result.usage.completion_tokens,
        "cost": None if result.cost is None else str(result.cost),
    }
    return RowResult(entry, result.usage.total_tokens, result.cost)


def result_from_batch_item(item: BatchItem, provider: str | None, model: str | None) -> RowResult:
    """The same of an item of a batch."""
    answer = item.response
    if answer is None:
        return result_from_error(item.error, provider, model)
    usage, cost = answer.usage, answer.cost
    entry = {
        "text": answer.text() or answer.refusal() or "",
        "error": None,
        "provider": answer.provider,
        "model": answer.model,
        "finish_reason": answer.finish_reason,
        "prompt_tokens": usage.prompt_tokens if usage else 0,
        "completion_tokens": usage.completion_tokens if usage else 0,
        "cost": None if cost is None or cost.amount is None else str(cost.amount),
    }
    return RowResult(entry, usage.total_tokens if usage else 0, None if cost is None else cost.amount)


def result_from_error(error: BaseException | None, provider: str | None = None, model: str | None = None) -> RowResult:
    """A row without an answer."""
    return RowResult({"text": None, "error": describe(error), "provider": provider, "model": model})


def describe(error: BaseException | None) -> str:
    """The text of an error as journals keep it: shortened, without long quotes of what was sent and without secrets."""
    return f"{type(error).__name__}: {redact(without_contents(str(error), most=MAX_ERROR_LENGTH))}"
