"""`ai-utilities cache`: what is in the cache, what it saved, and how to empty it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from typing import Annotated, Any

import typer

from .flags import EnvFileFlag
from .screen import show

NamespaceFlag = Annotated[
    str | None, typer.Option("--namespace", "-n", metavar="NAME", help="Only this one; `default` unless you set one.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="As JSON.")]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
MostFlag = Annotated[int, typer.Option("--most", metavar="COUNT", help="So many at most.", min=1)]
KeyArgument = Annotated[str | None, typer.Argument(help="The beginning of a key; without one, all are listed.")]

PREVIEW = 44
SHORT = 10


def register(app: typer.Typer) -> None:
    commands = typer.Typer(
        help="Look into the cache, or empty it.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
    )
    for command in (stats, inspect, clear):
        commands.command()(command)
    app.add_typer(commands, name="cache")


def stats(as_json: JsonFlag = False, env_file: EnvFileFlag = None) -> None:
    """Say how much is in the cache, and what it has saved.

    What it saved is known from the ledger of `ai-utilities usage`.
    """
    from ..usage.report import told_amount
    from .caches import open_cache, saved
    from .tables import table

    with open_cache(env_file) as (cache, place):
        entries, size = cache.size()
        spaces = Counter(key.partition(":")[0] for key in cache.kept_keys())
    said: dict[str, Any] = {"place": place, "entries": entries, "bytes": size, "namespaces": dict(spaces)}
    given = saved(env_file)
    if as_json:
        show(json.dumps({**said, **given}, indent=2, default=str))
        return
    show(f"{place}: {entries:,} entries, {size:,} bytes")
    if spaces:
        show("\n" + table(("namespace", "entries"), spaces.most_common()))
    if given:
        spared = f"{given['saved_tokens']:,} tokens and {told_amount(given['saved_cost'])}"
        show(f"\n{given['answers_given']:,} answers came from it, and saved {spared}")


def inspect(
    key: KeyArgument = None, namespace: NamespaceFlag = None, most: MostFlag = 20, env_file: EnvFileFlag = None
) -> None:
    """List what is kept, or show one answer in full as JSON."""
    from ..exceptions import ProviderConfigurationError
    from .caches import about, open_cache
    from .outcome import note
    from .tables import table

    with open_cache(env_file) as (cache, place):
        found = [
            one for one in cache.kept_keys(namespace) if key is None or key in (one, one[: len(key)], bare(one, key))
        ]
        if key is not None:
            if len(found) != 1:
                raise ProviderConfigurationError(f"{len(found)} keys in {place} begin with {key!r}; name one")
            show(json.dumps(cache.get(found[0]), indent=2, ensure_ascii=False))
            return
        rows = [(short(one), *about(cache.get_text(one), PREVIEW)) for one in islice(found, most)]
    if rows:
        show(table(("key", "model", "tokens", "bytes", "answer"), rows))
    note(f"{len(rows)} of {len(found)} entries in {place}")


def clear(namespace: NamespaceFlag = None, yes: YesFlag = False, env_file: EnvFileFlag = None) -> None:
    """Forget what is kept; what is asked next is paid for again."""
    from .caches import open_cache
    from .inputs import agreed

    with open_cache(env_file) as (cache, place):
        count = sum(1 for _ in cache.kept_keys(namespace))
        if not agreed(f"Forget {count:,} entries of {place}?", yes):
            return
        cache.clear() if namespace is None else cache.clear_namespace(namespace)
    show(f"forgot {count:,} entries of {place}")


def bare(key: str, beginning: str) -> str:
    """The hash alone names an entry too."""
    return key.partition(":")[2][: len(beginning)]


def short(key: str) -> str:
    """Enough to name it by."""
    space, colon, rest = key.partition(":")
    return f"{space}{colon}{rest[:SHORT]}"
