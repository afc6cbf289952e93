"""A provider's usage or cost export as rows, the days and models that they count, and what all formats share."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal

from dhenara.ai.errors import ConfigurationError

from ...exceptions import Json, JsonObject

NO_ROUNDING = Decimal(0)
LONGEST_BUCKET = timedelta(days=1)
SHORTEST = timedelta(microseconds=1)
DATED = re.compile(r"[-@]20\d{2}-?\d{2}-?\d{2}$")
OLD_CLAUDE = re.compile(r"^claude-(\d+)-(\d+)-([a-z]+)$")
ZERO = Decimal(0)


def model_key(name: str) -> str:
    """A name that both sides have for a model.

    Exports have dated names (`gpt-5-mini-2025-08-07`) or names for people (`Claude Haiku 4.5`), and ledgers the names
    that were called.
    """
    plain = DATED.sub("", re.sub(r"[ .]+", "-", name.strip().lower()) if " " in name else name.strip().lower())
    plain = plain.replace(".", "-") if plain.startswith("claude") else plain
    old = OLD_CLAUDE.match(plain)
    return f"claude-{old[3]}-{old[1]}-{old[2]}" if old else plain


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """What a bucket counts.

    Attributes:
        day: The day in UTC.
        model: The model; empty if the export is not grouped by model.
        key: The API key; empty if keys are not compared.
        batch: `batch` or `standard`; empty if the export does not say.
    """

    day: str
    model: str = ""
    key: str = ""
    batch: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.day, self.model, self.key, self.batch) if part)


@dataclass(slots=True)
class Side:
    """What one side counted in a bucket.

    Attributes:
        amounts: Amounts by name.
        rows: The number of rows, or of rows of the export.
        uncertain: Rows of the ledger whose usage may be higher: they broke off, or are not finished.
        unknown_costs: Rows of the ledger without a known cost.
    """

    amounts: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0
    uncertain: int = 0
    unknown_costs: int = 0

    def add(self, amounts: Mapping[str, Decimal], rows: int = 1) -> None:
        """Adds amounts."""
        self.rows += rows
        for name, amount in amounts.items():
            self.amounts[name] = self.amounts.get(name, ZERO) + amount

    @property
    def used(self) -> bool:
        """Whether any amount is above 0."""
        return any(self.amounts.values()) or self.unknown_costs > 0


class ExportError(ConfigurationError):
    """A usage export cannot be read: it is of another format, or damaged."""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One row of an export: what the provider counted in a time.

    Attributes:
        begins: The start of the time.
        ends: Its end, exclusive.
        amounts: What was counted, by name: `requests`, `input_tokens` (all input), `cache_read_tokens`,
            `output_tokens` (all output), `images`, `cost` and so on.
        model: The model; None if the export is not grouped by model.
        key: The provider's id or name of the API key; None if the export is not grouped by key.
        batch: Whether these are calls of batches; None if the export does not say.
        key_name: The name of the API key, if the export has both its id and its name.
    """

    begins: datetime
    ends: datetime
    amounts: Mapping[str, Decimal]
    model: str | None = None
    key: str | None = None
    batch: bool | None = None
    key_name: str | None = None


@dataclass(frozen=True, slots=True)
class UsageExport:
    """A usage or cost export of a provider.

    Attributes:
        provider: The provider, as in the rows of the ledger.
        kind: `usage` for requests and tokens, `costs` for amounts of money.
        rows: Its rows.
        begins: The start of the time that it covers.
        ends: The end of that time, exclusive.
        operations: The operations of calls that it covers; empty for all.
        unknown_columns: Columns or fields that are not understood, and were not compared.
        skipped: Kinds of results that are not compared.
        repeated: Times of results that it has twice.
        complete: Whether it has all pages.
        rounding: By how much each cost may be rounded.
    """

    provider: str
    kind: Literal["usage", "costs"]
    rows: tuple[ExportRow, ...]
    begins: datetime
    ends: datetime
    operations: frozenset[str] = frozenset()
    unknown_columns: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    complete: bool = True
    rounding: Decimal = NO_ROUNDING


@dataclass(slots=True)
class ExportBuilder:
    """Collects the rows of an export while it is read.

    Attributes:
        provider: The provider.
        kind: What the export counts.
        rows: The rows so far.
        spans: The times that the export covers, also those without usage.
        operations: The operations of the rows.
        unknown: Fields that are not understood.
        skipped: Kinds of results that are not compared.
        seen: The buckets or rows with results so far.
        repeated: Times of those that came twice.
        complete: Whether no page is missing.
    """

    provider: str
    kind: Literal["usage", "costs"] = "usage"
    rows: list[ExportRow] = field(default_factory=list)
    spans: list[tuple[datetime, datetime]] = field(default_factory=list)
    operations: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    repeated: set[str] = field(default_factory=set)
    complete: bool = True

    def note_repeated(self, begins: datetime, content: Json) -> None:
        """Keeps the time of a bucket or row that came before with equal content."""
        text = json.dumps(content, default=str, sort_keys=True)
        if text in self.seen:
            self.repeated.add(f"{begins:%Y-%m-%d %H:%M}")
        self.seen.add(text)

    def note_unknown(self, fields: Iterable[str], known: Iterable[str]) -> None:
        """Keeps the names of fields that are not known."""
        self.unknown.update(set(fields) - set(known))

    def build(self, rounding: Decimal = NO_ROUNDING) -> UsageExport:
        """The export.

        Raises:
            ExportError: If it covers no time.
        """
        if not self.spans:
            raise ExportError(f"the export of {self.provider} has no rows. Export a time with usage.")
        if any(ends - begins > LONGEST_BUCKET for begins, ends in self.spans):
            raise ExportError(f"the export of {self.provider} has buckets of more than a day. Export it by day.")
        crossing = [begins for begins, ends in self.spans if begins.date() != (ends - SHORTEST).date()]
        if crossing:
            raise ExportError(
                f"the export of {self.provider} has days that do not begin at midnight UTC, such as that of "
                f"{min(crossing):%Y-%m-%d %H:%M} UTC. Export it by day or hour of UTC."
            )
        return UsageExport(
            provider=self.provider,
            kind=self.kind,
            rows=tuple(self.rows),
            begins=min(begins for begins, _ in self.spans),
            ends=max(ends for _, ends in self.spans),
            operations=frozenset(self.operations),
            unknown_columns=tuple(sorted(self.unknown)),
            skipped=tuple(sorted(self.skipped)),
            repeated=tuple(sorted(self.repeated)),
            complete=self.complete,
            rounding=rounding,
        )


def pages_of(text: str, provider: str) -> Iterator[JsonObject]:
    """The pages of a JSON export: one page, a list of pages, or one page in each line.

    Raises:
        ExportError: If it is something else.
    """
    try:
        pages: Json = json.loads(text, parse_float=Decimal)
    except ValueError:
        pages = read_json_lines(text, provider)
    for page in pages if isinstance(pages, list) else [pages]:
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise ExportError(f"the export of {provider} has no list 'data'. Save whole answers of its usage API.")
        yield page


def read_json_lines(text: str, provider: str) -> list[Json]:
    """The values of a text with one JSON value in each line."""
    try:
        return [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise ExportError(f"the export of {provider} is not valid JSON ({error}). Export it again.") from error


def table_of(text: str) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns of a CSV or TSV text, and its rows with their line numbers.

    Raises:
        ExportError: If a row has more or fewer cells than there are columns.
    """
    lines = text.lstrip("\ufeff").splitlines()
    delimiter = "\t" if lines and "\t" in lines[0] else ","
    reader = csv.reader(lines, delimiter=delimiter)
    columns = [name.strip() for name in next(reader, [])]
    rows: list[tuple[int, dict[str, str]]] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            raise ExportError(
                f"line {reader.line_num} of the export has {len(cells)} cells, not {len(columns)}. Export it again."
            )
        rows.append((reader.line_num, dict(zip(columns, (cell.strip() for cell in cells), strict=True))))
    return columns, rows


def number_in(fields: Mapping[str, Json], name: str, where: str) -> Decimal:
    """A number of at least 0; 0 if it is missing or empty.

    Raises:
        ExportError: If it is something else.
    """
    value = fields.get(name)
    if value is None or value == "":
        return Decimal(0)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal(-1)
    if isinstance(value, bool) or not number.is_finite() or number < 0:
        raise ExportError(f"{where}: {name} is {value!r}, not a number of at least 0. Export it again.")
    return number


def time_in(value: Json, where: str) -> datetime:
    """A moment: Unix seconds or ISO 8601, in UTC if it has no time zone.

    Raises:
        ExportError: If it is neither.
    """
    try:
        if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        return datetime.fromtimestamp(float(str(value)), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ExportError(f"{where}: {value!r} is not a time. Export it again.") from error


def text_in(fields: Mapping[str, Json], name: str) -> str | None:
    """A text; None if it is missing or empty."""
    value = fields.get(name)
    return None if value in (None, "") else str(value)


def require_columns(columns: Sequence[str], needed: Iterable[str], what: str) -> None:
    """Raises an error if a column is missing.

    Raises:
        ExportError: If one is.
    """
    missing = [name for name in needed if name not in columns]
    if missing:
        raise ExportError(f"{what}: the column {', '.join(missing)} is missing. Export it again, with all columns.")


def within(export: UsageExport, until: datetime | None) -> UsageExport:
    """The export without what begins at or after a moment."""
    if until is None or until >= export.ends:
        return export
    rows = tuple(row for row in export.rows if row.begins < until)
    return replace(export, rows=rows, ends=max(until, export.begins))
