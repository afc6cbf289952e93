"""Names of models and regions as each host writes them, for the lookup of prices.

A name that is not in the table of its host has a price only where a rule of that vendor makes it certain: a resource
path before the name, or the date of a snapshot behind it. Any other rest is unknown. Patterns are compiled when they
are first used, because most calls need none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

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


@dataclass(frozen=True, slots=True)
class NameRules:
    """Rules of a host.

    Attributes:
        paths: What may stand before the name, outermost first. A group `region` is the region of the call.
        snapshots: Names of snapshots and voices, which cost what the model costs: a group `model`, and perhaps a group
            `day` with the date. Default: none.
    """

    paths: tuple[str, ...] = ()
    snapshots: tuple[re.Pattern[str], ...] = ()


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
        match = rule.fullmatch(name)
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
        if kind == "dated" and days.fullmatch(rest) and is_known_day(rest, until):
            yield prefix.rstrip("-@:"), rest


def is_known_day(day: str, until: str) -> bool:
    """Return whether the text is a day of the calendar, and not after the other one."""
    try:
        return date.fromisoformat(day) <= date.fromisoformat(until)
    except ValueError:
        return False


def is_older(day: str, names: Iterable[str]) -> bool:
    """Return whether a day is before each date in the names, so that no such snapshot exists."""
    known = [match[0].replace("-", "") for name in names for match in DAY.finditer(name)]
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
    address = base_url or str(config.get("base_url") or "")
    if re.search(CHINA, address):
        return "cn"
    pattern = REGION_IN_URL.get(host)
    match = re.search(pattern, address) if pattern else None
    if match:
        return next((group for group in match.groups() if group), None)
    configured = config.get("region") or config.get("location")
    return str(configured) if configured else "global" if host == "google_vertex_ai" else None
