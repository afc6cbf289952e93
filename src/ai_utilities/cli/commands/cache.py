"""`ai-utilities cache`: statistics, entries, and removal of entries."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from ...cache.backend import CacheBackend
from ...cache.entry import read_entry
from ...config_origins import cache_path
from ...exceptions import ProviderConfigurationError
from ...middleware import make_cache, make_ledger
from ...usage.amounts import format_amount
from ...value_types import JsonObject
from ..clients import settings_for
from ..inputs import EnvFileFlag, add_command_group, confirm_action
from ..output import print_note, table
from ..streams import show

NamespaceFlag = Annotated[
    str | None, typer.Option("--namespace", "-n", metavar="NAME", help="Only this namespace; default: `default`.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
MostFlag = Annotated[int, typer.Option("--most", metavar="COUNT", help="Maximum number of entries.", min=1)]
KeyArgument = Annotated[str | None, typer.Argument(help="First characters of a key; by default all are listed.")]

PREVIEW = 44
SHORT = 10


def register_cache(app: typer.Typer) -> None:
    add_command_group(app, "cache", "Show or clear the cache.", {"stats": stats, "inspect": inspect, "clear": clear})


def stats(as_json: JsonFlag = False, env_file: EnvFileFlag = None) -> None:
    """Show the size of the cache and what it saved.

    Savings come from the ledger of `ai-utilities usage`; one in memory has only those of this process.
    """
    with open_cache(env_file) as (cache, place):
        entries, size = cache.size()
        spaces = Counter(key.partition(":")[0] for key in cache.stored_keys())
    facts: JsonObject = {"place": place, "entries": entries, "bytes": size, "namespaces": dict(spaces)}
    savings = total_savings(env_file)
    if as_json:
        show(json.dumps({**facts, **savings}, indent=2, default=str))
        return
    show(f"{place}: {entries:,} entries, {size:,} bytes")
    if spaces:
        show("\n" + table(("namespace", "entries"), spaces.most_common()))
    if savings:
        saved = f"{savings['saved_tokens']:,} tokens and {format_amount(savings['saved_cost'])}"
        show(f"\n{savings['answers_given']:,} answers came from the cache and saved {saved}")


def inspect(
    key: KeyArgument = None, namespace: NamespaceFlag = None, most: MostFlag = 20, env_file: EnvFileFlag = None
) -> None:
    """List entries, or show one answer in full as JSON."""
    with open_cache(env_file) as (cache, place):
        keys = [
            stored_key
            for stored_key in cache.stored_keys(namespace)
            if key is None or key in (stored_key, stored_key[: len(key)], strip_prefix(stored_key, key))
        ]
        if key is not None:
            if len(keys) != 1:
                raise ProviderConfigurationError(
                    f"{len(keys)} keys in {place} begin with {key!r}; pass a longer prefix"
                )
            show(json.dumps(cache.get(keys[0]), indent=2, ensure_ascii=False))
            return
        rows = [
            (short_hash(stored_key), *summarize_entry(cache.get_text(stored_key), PREVIEW))
            for stored_key in islice(keys, most)
        ]
    if rows:
        show(table(("key", "model", "tokens", "bytes", "answer"), rows))
    print_note(f"{len(rows)} of {len(keys)} entries in {place}")


def clear(namespace: NamespaceFlag = None, yes: YesFlag = False, env_file: EnvFileFlag = None) -> None:
    """Delete entries. Repeated requests are then sent and charged again."""
    with open_cache(env_file) as (cache, place):
        count = sum(1 for _ in cache.stored_keys(namespace))
        if not confirm_action(f"Delete {count:,} entries of {place}?", yes):
            return
        cache.clear() if namespace is None else cache.clear_namespace(namespace)
    show(f"deleted {count:,} entries of {place}")


def strip_prefix(key: str, beginning: str) -> str:
    """The hash part of a key, cut to the length of the prefix."""
    return key.partition(":")[2][: len(beginning)]


def short_hash(key: str) -> str:
    """The key with its hash shortened."""
    space, colon, rest = key.partition(":")
    return f"{space}{colon}{rest[:SHORT]}"


LASTING = ("sqlite", "redis")


@contextmanager
def open_cache(env_file: Path | None) -> Iterator[tuple[CacheBackend, str]]:
    """The cache, and where it is."""
    settings = settings_for(env_file=env_file)
    if settings.cache_backend not in LASTING:
        raise ProviderConfigurationError(
            f"a {settings.cache_backend!r} cache exists only while its program runs. Set "
            f"AI_CACHE_BACKEND to {' or '.join(LASTING)}"
        )
    file = settings.cache_path or cache_path("cache.sqlite")
    with make_cache(settings) as cache:
        yield cache, "the Redis server" if settings.cache_backend == "redis" else str(file)


def total_savings(env_file: Path | None) -> JsonObject:
    """What cached answers saved, from the ledger; empty without one."""
    settings = settings_for(env_file=env_file)
    stored = settings.usage_tracking and settings.usage_store in LASTING
    ledger = make_ledger(settings) if stored else None
    if ledger is None:
        return {}
    try:
        total = ledger.total()
    finally:
        ledger.close()
    return {"answers_given": total.cached, "saved_tokens": total.saved_tokens, "saved_cost": total.saved_cost}


def summarize_entry(stored: str | None, wide: int) -> tuple[str | None, str | None, str, str]:
    """Model, tokens, bytes and first characters of an answer; of unknown entries only the text."""
    text = stored or ""
    answer = read_entry(text)
    line = " ".join((text if answer is None else answer.text).split())
    shown = line if len(line) <= wide else f"{line[: wide - 1]}…"
    size = f"{len(text.encode()):,}"
    if answer is None:
        return None, None, size, shown
    return answer.model, f"{answer.usage.total_tokens:,}" if answer.usage else None, size, shown
