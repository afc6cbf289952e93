"""Rows of price tables, and names of models and regions as each host writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

TOKEN_UNITS = (
    "input", "cache_read", "cache_write", "cache_write_1h", "cache_write_12h", "input_audio", "cache_read_audio",
    "input_image", "input_video", "output", "reasoning", "output_audio", "output_image", "output_video",
)  # fmt: skip
PER_MILLION = frozenset({*TOKEN_UNITS, "characters"})
"""Units with a price per million; all others have a price per one."""

UNITS = (
    *TOKEN_UNITS, "characters", "seconds", "images", "pages", "annotated_pages", "searches", "web_searches",
    "social_searches", "storage_searches", "maps_searches", "code_sessions", "container_hours", "image_generations",
    "requests", "video_seconds", "pixels",
)  # fmt: skip
"""Units that a usage may count."""

MOST = Decimal(1_000_000_000)
"""Prices from here on are mistakes."""

ROW_FIELDS = frozenset(
    {"source", "tier", "region", "from", "until", "times", "above", "options", "rates", "estimates", "added", "differs"}
)


class InvalidRow(ValueError):
    """A row of a table is invalid; the message names the field."""


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """Hours of some days of the week (1 is Monday), in minutes since midnight UTC."""

    days: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    def include(self, at: datetime) -> bool:
        """Whether the time is in these hours."""
        minute = at.hour * 60 + at.minute
        return at.isoweekday() in self.days and any(first <= minute < end for first, end in self.spans)


@dataclass(frozen=True, slots=True, eq=False)
class PriceRow:
    """Prices of a model under some conditions.

    Attributes:
        rates: Unit to price in US dollars: per million tokens or characters, else per one. Empty: unknown.
        source: Name and date of the source.
        tier: Service tier. Default None: the default tier.
        region: Region. Default None: any that no other row names.
        starts: First day on which it holds. Default None: since ever.
        ends: Day from which it does not hold any more.
        above: It holds for prompts with more tokens than this.
        options: Options of the call, with the values of which one must have been used.
        times: Hours of the week in which it holds, in UTC. Empty: always.
        estimates: Prices of other units, for calls whose tokens are not known.
        differs: Prices of other sources that disagree, with the reason for the choice.
    """

    rates: Mapping[str, Decimal]
    source: str
    tier: str | None = None
    region: str | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    above: int = 0
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    times: tuple[Hours, ...] = ()
    estimates: Mapping[str, Decimal] = field(default_factory=dict)
    differs: tuple[Mapping[str, Any], ...] = ()

    def holds_at(self, at: datetime) -> bool:
        """Whether the row holds at this time."""
        if (self.starts is not None and at < self.starts) or (self.ends is not None and self.ends <= at):
            return False
        return not self.times or any(hours.include(at.astimezone(UTC)) for hours in self.times)

    def has_options(self, used: Mapping[str, Any]) -> bool:
        """Whether each option of the row was used with one of its values."""
        return all(str(used.get(name)).lower() in values for name, values in self.options.items())


def parse_row(row: Mapping[str, Any], sources: Mapping[str, Mapping[str, str]]) -> PriceRow:
    """Return a row of a table; raises `InvalidRow`."""
    if unknown := sorted(row.keys() - ROW_FIELDS):
        raise InvalidRow(f"{unknown[0]}: no such field")
    if row.get("source") not in sources:
        raise InvalidRow(f"source: {row.get('source')!r} is not in sources")
    for name in ("tier", "region"):
        if not isinstance(row.get(name, ""), str):
            raise InvalidRow(f"{name}: {row[name]!r} is not a name")
    source = sources[row["source"]]
    starts, ends = parse_day(row.get("from"), "from"), parse_day(row.get("until"), "until")
    if starts is not None and ends is not None and ends <= starts:
        raise InvalidRow(f"until: {row['until']} is not after from, {row['from']}, so that the row would never apply")
    return PriceRow(
        rates=parse_rates(row.get("rates")),
        source=" ".join(filter(None, (source["name"], source.get("date")))),
        tier=row.get("tier"),
        region=row.get("region"),
        starts=starts,
        ends=ends,
        above=parse_count(row.get("above", 0)),
        options=dict(parse_options(row.get("options") or {})),
        times=tuple(parse_times(row.get("times") or ())),
        estimates=parse_rates(row.get("estimates") or {}, "estimates"),
        differs=tuple(named_differences(row.get("differs") or (), sources)),
    )


def named_differences(differs: Any, sources: Mapping[str, Mapping[str, str]]) -> Iterator[Mapping[str, Any]]:
    """Yield what other sources say, with their names in place of the keys."""
    for one in differs:
        key = str(one.get("source")) if isinstance(one, Mapping) else ""
        if key not in sources:
            raise InvalidRow(f"differs: {key!r} is not in sources")
        yield {**one, "source": sources[key]["name"]}


def parse_rates(rates: Any, name: str = "rates") -> dict[str, Decimal]:
    if not isinstance(rates, Mapping):
        raise InvalidRow(f"{name}: a table of units with their prices is needed")
    return {str(unit): parse_price(price, f"{name}.{unit}") for unit, price in rates.items()}


def parse_price(price: Any, name: str) -> Decimal:
    """Return a price; raises `InvalidRow` unless it is a finite number that is not negative."""
    try:
        rate = Decimal(str(price)) if isinstance(price, str | int | float | Decimal) else None
    except InvalidOperation:
        rate = None
    if rate is None or isinstance(price, bool) or not rate.is_finite() or rate < 0:
        raise InvalidRow(f"{name}: {price!r} is not a price; write a number that is not negative")
    if rate >= MOST:
        raise InvalidRow(f"{name}: {price!r} is not a price; write US dollars, less than {MOST:,}")
    return rate


def parse_count(above: Any) -> int:
    if isinstance(above, bool) or not isinstance(above, int) or above < 0:
        raise InvalidRow(f"above: {above!r} is not a number of tokens")
    return above


def parse_day(day: Any, name: str, default: Any = None) -> Any:
    """Return the beginning of the day in UTC; raises `InvalidRow` unless it is `YYYY-MM-DD`."""
    if day is None:
        return default
    try:
        return datetime.combine(date.fromisoformat(str(day)), time(), UTC)
    except ValueError:
        raise InvalidRow(f"{name}: {str(day)!r} is not a date; write YYYY-MM-DD") from None


def parse_options(options: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not isinstance(options, Mapping):
        raise InvalidRow("options: a table of option names with their values is needed")
    for name, values in options.items():
        yield name, tuple(str(value).lower() for value in (values if isinstance(values, list) else [values]))


def parse_times(times: Any) -> Iterator[Hours]:
    """Yield hours of the week, such as `{"days": [1, 2], "hours": ["01:00-04:00"]}`; raises `InvalidRow`."""
    for entry in times:
        try:
            days, spans = tuple(int(day) for day in entry["days"]), [span.split("-") for span in entry["hours"]]
            yield Hours(days, tuple((parse_minute(first), parse_minute(end)) for first, end in spans))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise InvalidRow(f"times: {entry!r} is not days with hours, such as 01:00-04:00") from None


def parse_minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


DAY = r"20\d\d-?\d\d-?\d\d"
DAYS: Mapping[str, str] = {
    "openai": r"20\d\d-\d\d-\d\d",
    "anthropic": r"20\d{6}",
}
"""Date of a snapshot, as the host writes it: `gpt-5.2-2025-12-11`, `claude-sonnet-4-5-20250929`; others: either."""

NUMBERED = r"(?P<model>gemini-(?:1\.[05](?=.*-00[12]$)|2\.0(?=.*-001$))-(?!.*(?:preview|exp|-00.-))[a-z0-9-]+)-00[12]"
"""Numbered stable versions of Gemini: `gemini-2.0-flash-001`. Models since 2.5 have none."""

DATED_CLAUDE = r"(?P<model>claude-[^@]+)@(?P<day>20\d{6})"
"""Snapshot of a Claude model on Vertex AI."""

VOICE = r"(?P<model>aura(?:-\d)?)-[a-z]+-[a-z]{2}"
"""Voice and language of a speech model of Deepgram: `aura-2-thalia-en`."""

BEDROCK_PATH = r"^arn:aws[\w-]*:bedrock:(?P<region>[\w-]*):\d*:(?:foundation-model|inference-profile)/"
REGION_PATH = r"^(?P<region>us|eu|apac|us-gov|[a-z]{2}(?:-gov)?-[a-z]+-\d)/"
"""A region as LiteLLM writes it: `eu/gpt-5.1`, `us-gov-west-1/anthropic.claude-…`."""


@dataclass(frozen=True, slots=True, eq=False)
class NameRules:
    """Rules of a host.

    Attributes:
        paths: What may stand before the name, outermost first. A group `region` is the region of the call.
        snapshots: Names of snapshots and voices, which cost what the model costs: a group `model`, and perhaps a group
            `day` with the date. Default: none.
    """

    paths: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()


RULES: Mapping[str, NameRules] = {
    "azure": NameRules((r"^global(?:-standard)?/", REGION_PATH)),
    "google_ai": NameRules((r"^models/",), (NUMBERED,)),
    "google_vertex_ai": NameRules(
        (
            r"^(?:projects/[^/]+/locations/(?P<region>[^/]+)/)?publishers/[^/]+/models/",
            r"^(?:models|google|anthropic)/",
        ),
        (NUMBERED, DATED_CLAUDE),
    ),
    "amazon_bedrock": NameRules((BEDROCK_PATH, REGION_PATH)),
    "deepgram": NameRules(snapshots=(VOICE,)),
    "fireworks": NameRules((r"^accounts/fireworks/models/",)),
}
NO_RULES = NameRules()

REGION_IN_URL: Mapping[str, str] = {
    "openai": r"//([a-z]{2})\.api\.openai\.com",
    "amazon_bedrock": r"//bedrock[a-z-]*\.([a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)",
    "google_vertex_ai": r"//(?:([a-z0-9-]+)-aiplatform|aiplatform\.([a-z]+)\.rep)\.googleapis",
}
CHINA = r"//(?:api\.moonshot\.cn|open\.bigmodel\.cn|api\.minimaxi\.com|dashscope\.aliyuncs\.com)"


def plain_names(host: str, name: str) -> Iterator[tuple[str, str | None]]:
    """Yield the name, then with fewer of the paths that may stand before it, each with the region that they name."""
    region: str | None = None
    yield name, None
    for path in RULES.get(host, NO_RULES).paths:
        match = re.match(path, name)
        if match is None:
            continue
        region = match.groupdict().get("region") or region
        name = name[match.end() :]
        yield name, region


def snapshot_of(host: str, name: str, until: str, prefixes: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Yield the names of models of which the name may be a snapshot or a fine-tuned model, with the date in the name.

    Args:
        host: The host.
        name: The name.
        until: Date of the table, as `YYYY-MM-DD`: a newer snapshot may have another price.
        prefixes: From the table: beginnings of names that a date may follow (`dated`), and those of fine-tuned models,
            which anything may follow (`tuned`).
    """
    for rule in RULES.get(host, NO_RULES).snapshots:
        match = re.fullmatch(rule, name)
        day = match.groupdict().get("day") if match is not None else None
        if match is not None and (day is None or is_known_day(day, until)):
            yield match["model"], day
    days = DAYS.get(host, DAY)
    for prefix, kind in prefixes.items():
        if not name.startswith(prefix):
            continue
        rest = name[len(prefix) :]
        if kind == "tuned" and rest:
            yield prefix.rstrip("-@:"), None
        if kind == "dated" and re.fullmatch(days, rest) and is_known_day(rest, until):
            yield prefix.rstrip("-@:"), rest


def is_known_day(day: str, until: str) -> bool:
    """Return whether the text is a day of the calendar, and not after the other one."""
    try:
        return date.fromisoformat(day) <= date.fromisoformat(until)
    except ValueError:
        return False


def is_older(day: str, names: Iterable[str]) -> bool:
    """Return whether a day is before each date in the names, so that no such snapshot exists."""
    known = [match[0].replace("-", "") for name in names for match in re.finditer(DAY, name)]
    return bool(known) and day.replace("-", "") < min(known)


def region_of_call(host: str, base_url: str | None, config: Mapping[str, Any], reported: Any) -> str | None:
    """Return the region that processes a call.

    Args:
        host: The host.
        base_url: Base URL of the call.
        config: Entries of the endpoint's configuration.
        reported: Region in the usage report, as Anthropic's `inference_geo`.

    Returns:
        The region; `"cn"` for servers in China, whose prices are others; None if it is not known.
    """
    if isinstance(reported, str) and reported not in ("", "not_available"):
        return reported
    in_address, region = region_in_address(host, base_url or str(config.get("base_url") or ""))
    if in_address:
        return region
    configured = config.get("region") or config.get("location")
    return str(configured) if configured else "global" if host == "google_vertex_ai" else None


@lru_cache(1_024)
def region_in_address(host: str, address: str) -> tuple[bool, str | None]:
    """Return whether the base URL says where the host processes calls, and the region that it names."""
    if re.search(CHINA, address):
        return True, "cn"
    pattern = REGION_IN_URL.get(host)
    match = re.search(pattern, address) if pattern else None
    return match is not None, next((group for group in match.groups() if group), None) if match else None
