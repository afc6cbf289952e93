"""Reconciliation: a ledger and a provider's own usage export, compared by day, model and key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from dhenara.ai.integration import ShortRepr, Shown

from ..ledger import Ledger
from ..totals import SPECIAL_TOKENS, Totals
from .exports import ZERO, ExportError, ExportRow, Place, Side, UsageExport, model_key, within
from .provider_exports import read_anthropic_csv, read_anthropic_json, read_openai_csv, read_openai_json

READERS = {
    "openai": (read_openai_json, read_openai_csv),
    "anthropic": (read_anthropic_json, read_anthropic_csv),
}
"""The readers of JSON and of CSV, by provider."""

Status = Literal["equal", "different", "unknown", "only here", "only there"]
"""`unknown`: the cost cannot be compared, because a cost of the ledger is unknown; everything else is equal."""


@dataclass(frozen=True, slots=True)
class ReconciledBucket:
    """One day, model and key, as both sides counted it.

    Attributes:
        place: What the bucket counts.
        status: Whether both sides are equal.
        ours: The amounts in the ledger, by name.
        theirs: The amounts in the export, by name.
        differences: The export less the ledger, for amounts that differ by more than the tolerance.
        uncertain: Rows of the ledger that broke off or are not finished.
        unknown_costs: Rows of the ledger without a known cost.
        explanation: What may be the reason, in plain words; empty if both sides are equal.
    """

    place: Place
    status: Status
    ours: Mapping[str, Decimal]
    theirs: Mapping[str, Decimal]
    differences: Mapping[str, Decimal]
    uncertain: int = 0
    unknown_costs: int = 0
    explanation: str = ""


def compare(place: Place, ours: Side, theirs: Side, names: frozenset[str], tolerance: Decimal) -> ReconciledBucket:
    """Compares both sides of a bucket.

    Args:
        place: What the bucket counts.
        ours: What the ledger has.
        theirs: What the export has.
        names: The amounts that the export counts.
        tolerance: By how much the cost may differ, in US dollars.
    """
    mine = {name: ours.amounts.get(name, ZERO) for name in sorted(names)}
    other = {name: theirs.amounts.get(name, ZERO) for name in sorted(names)}
    # Exports have whole seconds of each request.
    allowed = {"cost": tolerance, "seconds": theirs.amounts.get("requests", ZERO)}
    differences = {
        name: other[name] - mine[name] for name in names if abs(other[name] - mine[name]) > allowed.get(name, ZERO)
    }
    # A cost that is higher there may be the cost that is unknown here.
    hidden = "cost" in names and ours.unknown_costs > 0 and differences.get("cost", ZERO) >= 0
    if hidden:
        differences.pop("cost", None)
    status: Status = "different" if differences else "unknown" if hidden else "equal"
    if not ours.used and theirs.used:
        status = "only there"
    elif ours.used and not theirs.used and (differences or hidden):
        status = "only here"
    counts = (ours.uncertain, ours.unknown_costs if "cost" in names else 0)
    return ReconciledBucket(place, status, mine, other, dict(sorted(differences.items())), *counts)


GROUPINGS = ("day", "provider", "model", "key", "operation", "outcome")
NOT_SENT = ("cached", "failed")
"""Outcomes of rows that a provider counts as nothing."""

UNFINISHED = ("interrupted", "cancelled", "open", "abandoned")
LONGEST_TEXT = 256 * 2**20
"""Bytes of an export file."""


@dataclass(frozen=True, slots=True, repr=False)
class Reconciliation(ShortRepr):
    """The comparison of a ledger with a provider's export.

    Attributes:
        provider: The provider.
        kind: `usage` if requests and tokens were compared, `costs` if amounts of money were.
        begins: The start of the compared time.
        ends: Its end, exclusive.
        buckets: All days, models and keys, in order.
        notes: What was not compared, and why.
        complete: Whether the export has all its pages, and only columns that are understood.
    """

    provider: str
    kind: str
    begins: datetime
    ends: datetime
    buckets: tuple[ReconciledBucket, ...]
    notes: tuple[str, ...] = ()
    complete: bool = True

    def _shown(self) -> Shown:
        yield "provider", self.provider
        yield "kind", self.kind
        yield "buckets", len(self.buckets)
        yield "differences", len(self.differences)

    @property
    def differences(self) -> tuple[ReconciledBucket, ...]:
        """The buckets that are not equal."""
        return tuple(bucket for bucket in self.buckets if bucket.status != "equal")

    @property
    def is_equal(self) -> bool:
        """Whether everything was compared, and is equal."""
        return self.complete and not self.differences

    def __str__(self) -> str:
        counts = f"{len(self.buckets)} days and models compared, {len(self.differences)} differ"
        return f"{self.provider} {self.kind}, {self.begins:%Y-%m-%d} to {self.ends:%Y-%m-%d %H:%M} UTC: {counts}"


def read_export(source: str | Path, provider: str) -> UsageExport:
    """Reads a usage or cost export of a provider.

    Args:
        source: The path of the file, or its text.
        provider: `openai` or `anthropic`.

    Raises:
        ExportError: If the provider's exports cannot be read, or the file has another format.
    """
    readers = READERS.get(provider)
    if readers is None:
        raise ExportError(f"{provider}: its exports cannot be read. Use one of {', '.join(READERS)}.")
    text = text_of(source)
    read_json, read_csv = readers
    return (read_json if text.lstrip("\ufeff \r\n\t").startswith(("{", "[")) else read_csv)(text)


def text_of(source: str | Path) -> str:
    """The text of an export, from a file unless it is one itself."""
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith(("{", "["))):
        return source
    path = Path(source)
    try:
        if path.stat().st_size > LONGEST_TEXT:
            raise ExportError(f"{path} is longer than 256 MB. Export a shorter time.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ExportError(f"cannot read the export {path}: {error.strerror}. Check the path.") from error
    except UnicodeError as error:
        raise ExportError(f"{path} is not UTF-8 text. Export it again as CSV or JSON.") from error


def reconcile(
    ledger: Ledger,
    export: UsageExport,
    *,
    models: Mapping[str, str] | None = None,
    keys: Mapping[str, str] | None = None,
    until: datetime | None = None,
    tolerance: Decimal | float | str = 0,
) -> Reconciliation:
    """Compares a ledger with a provider's own usage export, by day (UTC), model and key.

    Args:
        ledger: The ledger.
        export: The export, from `read_export`.
        models: Names of models in the ledger, and what the export calls them. Dates at the end of names and names for
            people (`Claude Haiku 4.5`) are understood without.
        keys: Ids or names of API keys in the export, and their keys in the ledger. With it, keys are compared.
        until: When the export was made, if that was within its last day: later requests are not compared.
        tolerance: By what part of a cost both sides may differ, such as 0.01, besides the rounding of the export.

    Returns:
        All buckets, with differences and explanations.

    Raises:
        StoreError: If the ledger cannot be read.
    """
    cut = within(export, until)
    shape = Shape.of(cut, models or {}, keys or {})
    theirs, ours = shape.export_sides(cut.rows), shape.ledger_sides(ledger, cut)
    names = frozenset(name for row in export.rows for name in row.amounts)
    names = names or frozenset(("cost",) if export.kind == "costs" else ("requests", "input_tokens", "output_tokens"))
    buckets = []
    for place in sorted({*ours, *theirs}):
        mine, other = ours.get(place, Side()), theirs.get(place, Side())
        if not mine.used and not other.used:
            continue
        largest = max(mine.amounts.get("cost", ZERO), other.amounts.get("cost", ZERO))
        allowed = export.rounding * max(1, other.rows) + Decimal(str(tolerance)) * largest
        buckets.append(compare(place, mine, other, names, allowed))
    explained = tuple(explain_all(buckets, cut))
    notes = tuple(notes_on(export, shape))
    complete = export.complete and not export.unknown_columns and not export.repeated
    return Reconciliation(export.provider, export.kind, cut.begins, cut.ends, explained, notes, complete)


@dataclass(frozen=True, slots=True)
class Shape:
    """What both sides are grouped by: only what the export is grouped by can be compared.

    Attributes:
        by_model: Whether models are compared.
        by_batch: Whether batches are compared apart from other calls.
        models: Names of models in the ledger, and in the export.
        keys: Keys in the export, and in the ledger.
    """

    by_model: bool
    by_batch: bool
    models: Mapping[str, str]
    keys: Mapping[str, str]

    @classmethod
    def of(cls, export: UsageExport, models: Mapping[str, str], keys: Mapping[str, str]) -> Shape:
        """The shape of an export."""
        by_model = any(row.model is not None for row in export.rows) or not export.rows
        return cls(by_model, any(row.batch is not None for row in export.rows), models, keys)

    def place(self, day: str, model: str, key: str, *, batch: bool) -> Place:
        """The place of a row of either side."""
        tier = ("batch" if batch else "standard") if self.by_batch else ""
        return Place(day, model_key(model) if self.by_model else "", key if self.keys else "", tier)

    def export_sides(self, rows: Iterable[ExportRow]) -> dict[Place, Side]:
        """What the export counted."""
        sides: dict[Place, Side] = defaultdict(Side)
        for row in rows:
            key = self.keys.get(row.key or "") or self.keys.get(row.key_name or "") or row.key or ""
            place = self.place(f"{row.begins:%Y-%m-%d}", row.model or "", key, batch=bool(row.batch))
            sides[place].add(row.amounts)
        return sides

    def ledger_sides(self, ledger: Ledger, export: UsageExport) -> dict[Place, Side]:
        """What the ledger counted; the sums are computed by its store."""
        sides: dict[Place, Side] = defaultdict(Side)
        for group, total in ledger.totals_by(*GROUPINGS, since=export.begins, until=export.ends).items():
            day, provider, model, key, operation, outcome = group
            if provider != export.provider or (export.operations and operation not in export.operations):
                continue
            side = sides[self.place(day, self.models.get(model, model), key, batch=operation == "batch")]
            if outcome not in NOT_SENT:
                side.add(amounts_of(total), total.requests)
            side.uncertain += total.requests if outcome in UNFINISHED else 0
            side.unknown_costs += total.unknown_costs if outcome != "cached" else 0
        return sides


def amounts_of(total: Totals) -> dict[str, Decimal]:
    """The amounts of rows of the ledger, as exports name them."""
    tokens = {"input_tokens": total.prompt_tokens, "output_tokens": total.completion_tokens}
    kinds = {name: total.tokens(name) for name in SPECIAL_TOKENS}
    counts = {"requests": total.requests, **tokens, **kinds}
    units = {name: Decimal(str(amount)) for name, amount in total.units.items()}
    return {**{name: Decimal(count) for name, count in counts.items()}, **units, "cost": total.cost}


def notes_on(export: UsageExport, shape: Shape) -> Iterator[str]:
    """What was not compared."""
    if not export.complete:
        yield "the export has further pages (has_more): what they have is missing here"
    if export.unknown_columns:
        yield f"columns that are not understood, and not compared: {', '.join(export.unknown_columns)}"
    if export.repeated:
        yield f"results that the export has twice, and that were added up: those of {', '.join(export.repeated)} UTC"
    if export.skipped:
        yield f"results that are not compared: {', '.join(export.skipped)}"
    if not shape.by_model:
        yield "the export is not grouped by model: days were compared as a whole"
    if not shape.keys and any(row.key is not None for row in export.rows):
        yield "keys were not compared: name them with keys={'key_abc': 'production'} (--key key_abc=production)"


def explain_all(buckets: Sequence[ReconciledBucket], export: UsageExport) -> Iterator[ReconciledBucket]:
    """The buckets with their explanations."""
    by_place = {bucket.place: bucket for bucket in buckets}
    for bucket in buckets:
        text = "" if bucket.status == "equal" else explain(bucket, by_place, export)
        yield replace(bucket, explanation=text)


def explain(bucket: ReconciledBucket, buckets: Mapping[Place, ReconciledBucket], export: UsageExport) -> str:
    """What may be the reason of a difference."""
    if bucket.status == "unknown":
        return f"the cost of {bucket.unknown_costs} requests of the ledger is unknown"
    if other := opposite_day(bucket, buckets):
        return f"the opposite on {other}: requests around midnight UTC that were counted on the other day"
    more_here = all(amount < 0 for amount in bucket.differences.values())
    last_day = bucket.place.day == f"{export.ends - timedelta(seconds=1):%Y-%m-%d}"
    if more_here and last_day:
        return "the export ends on this day: it may have been made before the provider counted the latest requests"
    if not more_here and any(time.startswith(bucket.place.day) for time in export.repeated):
        return "the export has results of this day twice: answers or rows were saved twice"
    if bucket.status == "only there":
        return "no such requests in the ledger: a program without this ledger, or another key, has sent them"
    if bucket.status == "only here":
        return "no such requests in the export: they are of another account or project, or of another host"
    if bucket.uncertain:
        return f"{bucket.uncertain} requests of the ledger broke off or are not finished: their usage is incomplete"
    if "requests" not in bucket.differences and "requests" in bucket.ours:
        return "the same number of requests, with other amounts: rows of the ledger were changed, or priced differently"
    if more_here:
        return "the ledger has more: rows were written twice, or the provider did not bill some requests"
    return "the export has more: requests of programs without this ledger, or lost rows"


def opposite_day(bucket: ReconciledBucket, buckets: Mapping[Place, ReconciledBucket]) -> str | None:
    """The day before or after on which the same amounts differ the other way round."""
    day = datetime.fromisoformat(bucket.place.day)
    for other_day in (day - timedelta(days=1), day + timedelta(days=1)):
        other = buckets.get(replace(bucket.place, day=f"{other_day:%Y-%m-%d}"))
        if other and bucket.differences == {name: -amount for name, amount in other.differences.items()}:
            return other.place.day
    return None
