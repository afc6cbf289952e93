"""Facts of hosts: limits and kinds of the models that each host serves, from `tables/hosts/`.

The same model has other limits at other hosts, so a row counts only for its host and for the exact name that the host
has for the model. Names that are moved to newer models, such as `mistral-small-latest`, have no row of their own: they
stand for a dated model in the table of aliases, or for nothing. A table is read when its host is used, from the package
or from a folder of refreshed tables that `use_tables` names.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from pkgutil import get_data
from types import MappingProxyType
from typing import Any

from ..wire import json

LOGGER = logging.getLogger("dhenara.catalog")

_folder: Path | None = None
_clear_caches: list[Callable[[], None]] = []


def use_tables(folder: str | Path | None) -> None:
    """Read the tables of a folder in place of those of the package, in this process.

    A table that the folder does not have comes from the package. Nothing is read before a fact or price is needed.

    Args:
        folder: Folder with `prices/<host>.json` and other tables. None: only the tables of the package.
    """
    global _folder
    _folder = None if folder is None else Path(folder)
    note_change()
    for clear in _clear_caches:
        clear()


changes = 0
"""How often tables or own limits were changed in this process: facts that were found before may be others now."""


def note_change() -> None:
    """Count a change of tables or limits."""
    global changes
    changes += 1


def tables_folder() -> Path | None:
    """Return the folder of `use_tables`."""
    return _folder


def clear_on_change(clear: Callable[[], None]) -> None:
    """Register a function that clears what was read from tables."""
    _clear_caches.append(clear)


def read_table(name: str) -> Any:
    """Return the JSON of a table, such as `facts` or `prices/openai`; None if there is none.

    Of two tables with a date, the newer one counts: a new version of the package may have newer tables than a folder
    that was refreshed long ago. A file of the folder that is damaged is not used.
    """
    ours = package_bytes(name)
    packaged = None if ours is None else json.loads(ours)
    refreshed = folder_table(name)
    if refreshed is None:
        return packaged
    if packaged is not None and str(packaged.get("date", "")) > str(refreshed.get("date", "")):
        return packaged
    return refreshed


def folder_table(name: str) -> Any:
    path = None if _folder is None else _folder / f"{name}.json"
    if path is None or not path.is_file():
        return None
    try:
        table = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        LOGGER.warning("%s is damaged, so the table of the package is used: %s", path, error)
        return None
    return table if isinstance(table, dict) else None


def package_bytes(name: str) -> bytes | None:
    try:
        return get_data(__package__ or "", f"tables/{name}.json")
    except FileNotFoundError:
        return None


OWN_HOSTS = {"google": "google_ai", "amazon": "amazon_bedrock"}
"""Vendors whose own provider has another name."""

SAME_API = {
    "anthropic": ("amazon_bedrock", "google_vertex_ai", "microsoft_azure_ai"),
    "openai": ("microsoft_openai", "microsoft_azure_ai"),
    "google": ("google_vertex_ai",),
}
"""Vendors to clouds that run their own service: what the vendor's API refuses is refused there too."""

DEPLOYMENTS = ("microsoft_openai", "microsoft_azure_ai")
"""Hosts where users name the models: such a name says nothing about limits."""

LIMITS = ("context_window", "max_input_tokens", "max_output_tokens")
NOTHING: Mapping[str, Any] = MappingProxyType({})

# Prefixes and suffixes around the name itself, outermost first. Patterns are compiled when they are first used.
WRAPPINGS = (
    r"^.*/(?=[^/]+$)",  # paths: models/…, publishers/google/models/…, openai/…, an ARN's profile
    r"^(us|eu|apac|global|jp|au|ca|us-gov|regional)\.(?=[a-z0-9-]+\.)",
    r"^(?:anthropic|amazon|meta|mistral|openai|cohere|deepseek|qwen|google|moonshotai|moonshot|zai|ai21)\.",
    r":(?!\d+b)[a-z0-9_.-]+$",  # routes and variants: :free, :fastest, :0
    r"-v\d+$",
    r"@[a-z0-9-]+$",
    r"[-@](20\d\d-\d\d-\d\d|20\d{6}|default)$",
    r"-\d{2}-\d{4}$",
)
FINE_TUNED = r"^ft:([^:]+):"


@lru_cache(1_024)
def names_of(name: str) -> tuple[str, ...]:
    """Return the name in lower case, then with fewer and fewer prefixes and suffixes."""
    names = [name.lower()]
    tuned = re.match(FINE_TUNED, names[0])
    if tuned:
        names.append(tuned[1])
    for wrapping in WRAPPINGS:
        plainer = re.sub(wrapping, "", names[-1])
        if plainer and plainer != names[-1]:
            names.append(plainer)
    return tuple(names)


# What hosts have around their own name of a model, outermost first.
AROUND = {
    "amazon_bedrock": (r"^arn:aws[^/]*/", r"^(?:us|eu|apac|global|jp|au|ca|in|us-gov)\."),
    "google_ai": (r"^models/",),
    "google_vertex_ai": (r"^(?:projects/.*/)?publishers/[^/]+/models/",),
}


@dataclass(frozen=True, slots=True)
class FactSource:
    """Source of a fact, and the date on which it was read.

    Attributes:
        name: Name of the source.
        date: The date, as `YYYY-MM-DD`; empty if a file of your own does not name one.
    """

    name: str
    date: str

    def __str__(self) -> str:
        return f"{self.name} ({self.date})" if self.date else self.name


@dataclass(frozen=True, slots=True, eq=False)
class HostRow:
    """What is known about one model at one host.

    Attributes:
        name: The host's name of the model.
        facts: Name of each fact to its value.
        sources: Name of each fact to its source.
    """

    name: str
    facts: Mapping[str, Any]
    sources: Mapping[str, FactSource]


_own: dict[tuple[str, str], HostRow] = {}


def use_own_limits(host: str, rows: Iterable[HostRow]) -> None:
    """Use limits that the user knows, for the whole process; they win over the tables.

    Args:
        host: The provider that they are for.
        rows: The rows; their facts are among `context_window`, `max_input_tokens` and `max_output_tokens`.
    """
    _own.update({(host, row.name.lower()): row for row in rows})
    note_change()


def forget_own_limits() -> None:
    """Forget all limits given to `use_own_limits`."""
    _own.clear()
    note_change()


def own_limits(host: str, *names: str) -> HostRow | None:
    """Return the user's limits for a model at a host, under the first of its names that has some."""
    if not _own:
        return None
    for name in names:
        plain = names_at(host, name)
        for one in (*plain, *(resolve_alias(host, other) for other in plain)):
            if (host, one) in _own:
                return _own[host, one]
    return None


@lru_cache(1_024)
def find_row(host: str, name: str) -> HostRow | None:
    """Return what the host's table says of a model; None if it does not have that name.

    Args:
        host: Name of the provider.
        name: The host's name of the model, in any case, also with a region, or as an ARN or path.
    """
    index = row_index(host)
    for one in names_at(host, name):
        resolved = resolve_alias(host, one)
        if resolved in index:
            return table_row(host, index[resolved])
    return None


def names_at(host: str, name: str) -> tuple[str, ...]:
    """Return the name in lower case, then with less and less around it."""
    names = [name.lower()]
    for around in AROUND.get(host, ()):
        names.append(re.sub(around, "", names[-1]))
    return tuple(dict.fromkeys(names))


def resolve_alias(host: str, name: str) -> str:
    """Return the model that an alias stands for since its last move before the table's date; other names as they
    are.
    """
    moves = host_table(host).get("aliases", NOTHING).get(name, ())
    return max(moves, key=lambda move: str(move["from"]))["model"] if moves else name


def table_row(host: str, name: str) -> HostRow:
    table = host_table(host)
    by_source: Mapping[str, Mapping[str, Any]] = table["models"][name]
    facts = {fact: value for facts in by_source.values() for fact, value in facts.items()}
    sources = {fact: FactSource(**table["sources"][key]) for key, facts in by_source.items() for fact in facts}
    return HostRow(name, facts, sources)


@cache
def row_index(host: str) -> Mapping[str, str]:
    """Return each name of the host's table in lower case, with the exact one."""
    return {name.lower(): name for name in host_table(host).get("models", NOTHING)}


@cache
def host_table(host: str) -> Mapping[str, Any]:
    """Return the table of a host; empty if there is none."""
    if re.fullmatch(r"\w+", host) is None:
        return NOTHING
    table: Mapping[str, Any] = read_table(f"hosts/{host}") or NOTHING
    return table


for cached in (find_row, row_index, host_table):
    clear_on_change(cached.cache_clear)
