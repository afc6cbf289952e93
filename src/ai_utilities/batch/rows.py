"""Rows of a bulk run: how they are read and written, the result of each, and the progress and report of the run."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from os import PathLike
from pathlib import Path
from string import Formatter
from types import ModuleType

from dhenara.ai.integration import without_contents
from dhenara.ai.types import BatchItem

from ..config.secrets import redact
from ..exceptions import Json, JsonObject, ProviderConfigurationError
from ..results import AskResult

Row = JsonObject
Source = str | PathLike[str] | Iterable[str | Mapping[str, Json]]
PROMPT = "prompt"
"""The field of a row that contains the whole prompt."""


def read_rows(source: Source) -> Iterator[Row]:
    """Read each row as a dict; a plain string becomes a row with the field `prompt`."""
    if isinstance(source, str | PathLike):
        path = Path(source)
        reader = find_reader(path)
        try:
            yield from reader(path)
        except ProviderConfigurationError:
            raise
        except UnicodeDecodeError as error:
            raise ProviderConfigurationError(f"{path} is not UTF-8 text. Save it as UTF-8.") from error
        except (OSError, ValueError, RecursionError, csv.Error) as error:
            raise ProviderConfigurationError(f"{path} cannot be read: {error}") from error
        return
    for number, value in enumerate(source):
        yield to_row(value, f"item {number}")


def find_reader(path: Path) -> Callable[[Path], Iterator[Row]]:
    """Return the reader for the file's extension."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ProviderConfigurationError(f"{path}: unknown file type. Rows are read from {', '.join(READERS)} files.")
    if not path.is_file():
        raise ProviderConfigurationError(f"{path}: file not found")
    return reader


def to_row(value: object, place: str) -> Row:
    """One row of the source; `place` names it in the error for other values."""
    if isinstance(value, str):
        return {PROMPT: value}
    if isinstance(value, Mapping):
        return dict(value)
    raise ProviderConfigurationError(f"{place} is a {type(value).__name__}; a row is a string or an object with fields")


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
                raise ProviderConfigurationError(f"{path}, line {number}: number of fields differs from the header")
            yield row


def read_parquet(path: Path) -> Iterator[Row]:
    for batch in load_pyarrow().ParquetFile(path).iter_batches(batch_size=1000):
        yield from batch.to_pylist()


def load_pyarrow() -> ModuleType:
    """Import pyarrow's Parquet module; the error says how to install it."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ProviderConfigurationError(
            "Parquet files need pyarrow. Install it with: python -m pip install 'dhenara[parquet]'"
        ) from error
    module: ModuleType = parquet
    return module


PARQUET_ROWS = 1000


def write_parquet(path: Path, rows: Callable[[], Iterable[Row]], columns: Sequence[str]) -> None:
    """Write rows with a type for each column that all its values have: text where they differ."""
    parquet = load_pyarrow()
    import pyarrow

    kinds: dict[str, set[type]] = {name: set() for name in columns}
    for row in rows():
        for name, value in row.items():
            if value is not None:
                kinds[name].add(kind_of(value))
    types = {int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_(), str: pyarrow.string()}
    chosen = {name: common_kind(seen) for name, seen in kinds.items()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in chosen.items()])
    remaining = iter(rows())
    with parquet.ParquetWriter(path, schema) as writer:
        while block := list(islice(remaining, PARQUET_ROWS)):
            written = [{name: to_column_value(value, chosen[name]) for name, value in row.items()} for row in block]
            writer.write_table(pyarrow.Table.from_pylist(written, schema=schema))


def kind_of(value: Json) -> type:
    """The type of a column that can have this value; a whole number of more than 63 bits is a text."""
    kind = type(value)
    return kind if kind in (bool, float) or (kind is int and abs(value) < 2**63) else str


def common_kind(kinds: Set[type]) -> type:
    """The type that all these values can have."""
    if kinds == {int, float}:
        return float
    return next(iter(kinds)) if len(kinds) == 1 else str


def to_column_value(value: Json, kind: type) -> Json:
    """The value in a column of this type; lists, objects and numbers of a text column become JSON."""
    if value is None or kind is not str:
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text.encode(errors="replace").decode()


def json_line(entry: Mapping[str, Json]) -> bytes:
    """The entry as a line of JSON; halves of surrogate pairs, which UTF-8 does not have, are escaped."""
    try:
        return json.dumps(entry, ensure_ascii=False, default=str).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(entry, default=str).encode() + b"\n"


READERS = {".jsonl": read_jsonl, ".ndjson": read_jsonl, ".csv": read_csv, ".parquet": read_parquet}


class PromptTemplate:
    """A prompt with `{field}` placeholders. Only plain field names are allowed, no attributes or indexes."""

    def __init__(self, text: str | None = None) -> None:
        self._text = text if text is not None else f"{{{PROMPT}}}"
        try:
            self.fields = [name for _, name, _, _ in Formatter().parse(self._text) if name is not None]
        except ValueError as error:
            raise ProviderConfigurationError(f"invalid prompt template: {error}") from error
        odd = [name for name in self.fields if not name.isidentifier()]
        if odd:
            raise ProviderConfigurationError(
                f"{odd[0]!r} in the prompt template is not a field name. Write literal braces twice: {{{{ }}}}"
            )

    def fill(self, row: Mapping[str, Json]) -> str:
        """Return the prompt for this row; a field that is null is empty, as in CSV files."""
        missing = [name for name in self.fields if name not in row]
        if missing:
            available = ", ".join(row) or "no fields"
            raise ProviderConfigurationError(f"the row has no field {', '.join(missing)}; it has {available}")
        try:
            return self._text.format_map({name: "" if row[name] is None else row[name] for name in self.fields})
        except (ValueError, TypeError) as error:
            raise ProviderConfigurationError(f"the row does not fit the format of the prompt: {error}") from error


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """The progress of a bulk run.

    Attributes:
        answered: Rows answered in this run.
        failed: Rows that failed in this run.
        reused: Rows answered by an earlier run.
        tokens: Tokens used in this run.
        cost: Sum of the known costs in US dollars; `unpriced` rows have no known cost.
        unpriced: Answered rows without a known cost.
        total: Number of rows; None if unknown.
        waiting: Rows that were submitted to the provider and have no answer yet.
    """

    answered: int = 0
    failed: int = 0
    reused: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    total: int | None = None
    waiting: int = 0

    @property
    def done(self) -> int:
        """The number of rows that are finished, with and without an answer."""
        return self.answered + self.failed + self.reused


@dataclass(frozen=True, slots=True)
class BulkReport(BulkProgress):
    """The result of a bulk run.

    Attributes:
        seconds: Duration of this run in seconds.
        output: Path of the output.
    """

    seconds: float = 0.0
    output: str = ""

    @property
    def ok(self) -> bool:
        """Whether every row has an answer."""
        return self.failed == 0 and self.waiting == 0

    def __str__(self) -> str:
        cost = f"${self.cost.normalize():f}" if not self.unpriced else f"${self.cost.normalize():f} and more"
        remarks = f", {self.reused} kept from before" if self.reused else ""
        remarks += f", {self.waiting} not answered yet" if self.waiting else ""
        return (
            f"{self.answered} answered, {self.failed} failed{remarks}; {self.tokens} tokens, {cost}, "
            f"{self.seconds:.1f} s -> {self.output}"
        )


OnProgress = Callable[[BulkProgress], object]


MAX_ERROR_LENGTH = 400
"""Maximum characters of a stored error text."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """The result of one row; `entry` is stored in the journal."""

    entry: JsonObject
    tokens: int = 0
    cost: Decimal | None = None

    @property
    def ok(self) -> bool:
        return self.entry["error"] is None


def result_from_answer(result: AskResult) -> RowResult:
    """Return the row result for an answer or an error."""
    entry = {
        "text": result.text if result.ok else None,
        "error": None if result.ok else describe(result.error),
        "provider": result.provider,
        "model": result.model,
        "finish_reason": result.finish_reason,
        "prompt_tokens": result.usage.prompt_tokens if result.usage.known else None,
        "completion_tokens": result.usage.completion_tokens if result.usage.known else None,
        "cost": None if result.cost.amount is None else str(result.cost.amount),
    }
    return RowResult(entry, result.usage.total_tokens, result.cost.amount)


def result_from_batch_item(item: BatchItem, provider: str | None, model: str | None) -> RowResult:
    """Return the row result for an item of a provider batch."""
    answer = item.response
    if answer is None:
        return result_from_error(item.error, provider, model)
    usage, cost = answer.usage, answer.cost
    entry = {
        "text": answer.text or answer.refusal,
        "error": None,
        "provider": answer.provider,
        "model": answer.model,
        "finish_reason": answer.finish_reason,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost": None if cost.amount is None else str(cost.amount),
    }
    return RowResult(entry, usage.total_tokens if usage else 0, cost.amount)


def result_from_error(error: BaseException | None, provider: str | None = None, model: str | None = None) -> RowResult:
    """Return the result of a row that failed."""
    return RowResult({"text": None, "error": describe(error), "provider": provider, "model": model})


def describe(error: BaseException | None) -> str:
    """Return the error text for the journal: shortened, without secrets and long quotes of the request."""
    return f"{type(error).__name__}: {redact(without_contents(str(error), most=MAX_ERROR_LENGTH))}"
