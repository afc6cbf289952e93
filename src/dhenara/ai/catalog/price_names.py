"""Names of models and regions as each host writes them, for the lookup of prices.

A name that is not in the table of its host has a price only where a rule of that vendor makes it certain: a resource
path before the name, or the date of a snapshot behind it. Any other rest is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DAY = re.compile(r"20\d\d-?\d\d-?\d\d")
"""Date of a snapshot: `gpt-5.2-2025-12-11`, `claude-sonnet-4-5-20250929`."""

VERTEX_VERSION = re.compile(r"@(20\d{6})|-00\d()")
STABLE_VERSION = re.compile(r"-00\d()")
"""Stable versions of Gemini: `gemini-2.0-flash-001`."""

VOICE = re.compile(r"-[a-z]+-[a-z]{2}()")
"""Voice and language of a model of Deepgram: `aura-2-thalia-en`."""

BEDROCK_PATH = re.compile(r"^arn:aws[\w-]*:bedrock:(?P<region>[\w-]*):\d*:(?:foundation-model|inference-profile)/")
REGION_PATH = re.compile(r"^(?P<region>us|eu|apac|us-gov|[a-z]{2}(?:-gov)?-[a-z]+-\d)/")
"""A region as LiteLLM writes it: `eu/gpt-5.1`, `us-gov-west-1/anthropic.claude-…`."""


@dataclass(frozen=True, slots=True)
class NameRules:
    """Rules of a host.

    Attributes:
        paths: What may stand before the name, outermost first. A group `region` is the region of the call.
        snapshot: Suffix of a snapshot, which costs what the model costs; its group is the date. Default None: no rule.
    """

    paths: tuple[re.Pattern[str], ...] = ()
    snapshot: re.Pattern[str] | None = None


RULES: Mapping[str, NameRules] = {
    "azure": NameRules((REGION_PATH,)),
    "google_ai": NameRules((re.compile(r"^models/"),), STABLE_VERSION),
    "google_vertex_ai": NameRules(
        (
            re.compile(r"^(?:projects/[^/]+/locations/(?P<region>[^/]+)/)?publishers/[^/]+/models/"),
            re.compile(r"^(?:models|google|anthropic)/"),
        ),
        VERTEX_VERSION,
    ),
    "amazon_bedrock": NameRules((BEDROCK_PATH, REGION_PATH)),
    "deepgram": NameRules(snapshot=VOICE),
    "fireworks": NameRules((re.compile(r"^accounts/fireworks/models/"),)),
}
NO_RULES = NameRules()

REGION_IN_URL: Mapping[str, re.Pattern[str]] = {
    "openai": re.compile(r"//([a-z]{2})\.api\.openai\.com"),
    "amazon_bedrock": re.compile(r"//bedrock[a-z-]*\.([a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)"),
    "google_vertex_ai": re.compile(r"//(?:([a-z0-9-]+)-aiplatform|aiplatform\.([a-z]+)\.rep)\.googleapis"),
}
CHINA = re.compile(r"//(?:api\.moonshot\.cn|open\.bigmodel\.cn|api\.minimaxi\.com|dashscope\.aliyuncs\.com)")


def plain_names(host: str, name: str) -> Iterator[tuple[str, str | None]]:
    """Yield the name, then with fewer of the paths that may stand before it, each with the region that they name."""
    region: str | None = None
    yield name, None
    for path in RULES.get(host, NO_RULES).paths:
        match = path.match(name)
        if match is None:
            continue
        region = match.groupdict().get("region") or region
        name = name[match.end() :]
        yield name, region


def snapshot_of(host: str, name: str, until: str, prefixes: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of models of which the name may be a snapshot or a fine-tuned model.

    Args:
        host: The host.
        name: The name.
        until: Date of the table, as `YYYY-MM-DD`: a newer snapshot may have another price.
        prefixes: From the table: beginnings of names that a date may follow (`dated`), and those of fine-tuned models,
            which anything may follow (`tuned`).
    """
    rule = RULES.get(host, NO_RULES).snapshot
    for match in rule.finditer(name) if rule is not None else ():
        if match.end() == len(name) and is_known_day(match[1] or "", until):
            yield name[: match.start()]
    for prefix, kind in prefixes.items():
        if not name.startswith(prefix):
            continue
        rest = name[len(prefix) :]
        if (kind == "tuned" and rest) or (kind == "dated" and DAY.fullmatch(rest) and is_known_day(rest, until)):
            yield prefix.rstrip("-@:")


def is_known_day(day: str, until: str) -> bool:
    return not day or day.replace("-", "") <= until.replace("-", "")


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
    if CHINA.search(address):
        return "cn"
    pattern = REGION_IN_URL.get(host)
    match = pattern.search(address) if pattern else None
    if match:
        return next((group for group in match.groups() if group), None)
    configured = config.get("region") or config.get("location")
    return str(configured) if configured else "global" if host == "google_vertex_ai" else None
