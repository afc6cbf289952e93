"""`ai-utilities cache`: show, inspect and clear the cache."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from typing import Annotated, Any

import typer

from .flags import EnvFileFlag
from .terminal_escape import show

NamespaceFlag = Annotated[
    str | None, typer.Option("--namespace", "-n", metavar="NAME", help="Only this namespace; default: `default`.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
MostFlag = Annotated[int, typer.Option("--most", metavar="COUNT", help="Maximum number of entries.", min=1)]
KeyArgument = Annotated[str | None, typer.Argument(help="First characters of a key; by default all are listed.")]

PREVIEW = 44
SHORT = 10


def register(app: typer.Typer) -> None:
    commands = typer.Typer(
        help="Show or clear the cache.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
    )
    for command in (stats, inspect, clear):
        commands.command()(command)
    app.add_typer(commands, name="cache")


def stats(as_json: JsonFlag = False, env_file: EnvFileFlag = None) -> None:
    """Show the size of the cache and what it saved.

    Savings come from the ledger of `ai-utilities usage`.
    """
    from ..usage.report import format_amount
    from .caches import open_cache, total_savings
    from .tables import table

    with open_cache(env_file) as (cache, place):
        entries, size = cache.size()
        spaces = Counter(key.partition(":")[0] for key in cache.stored_keys())
    options: dict[str, Any] = {"place": place, "entries": entries, "bytes": size, "namespaces": dict(spaces)}
    given = total_savings(env_file)
    if as_json:
        show(json.dumps({**options, **given}, indent=2, default=str))
        return
    show(f"{place}: {entries:,} entries, {size:,} bytes")
    if spaces:
        show("\n" + table(("namespace", "entries"), spaces.most_common()))
    if given:
        saved = f"{given['saved_tokens']:,} tokens and {format_amount(given['saved_cost'])}"
        show(f"\n{given['answers_given']:,} answers came from the cache and saved {saved}")


def inspect(
    key: KeyArgument = None, namespace: NamespaceFlag = None, most: MostFlag = 20, env_file: EnvFileFlag = None
) -> None:
    """List entries, or show one answer in full as JSON."""
    from ..exceptions import ProviderConfigurationError
    from .caches import open_cache, summarize_entry
    from .exit_codes import print_note
    from .tables import table

    with open_cache(env_file) as (cache, place):
        match = [
            one
            for one in cache.stored_keys(namespace)
            if key is None or key in (one, one[: len(key)], strip_prefix(one, key))
        ]
        if key is not None:
            if len(match) != 1:
                raise ProviderConfigurationError(
                    f"{len(match)} keys in {place} begin with {key!r}; pass a longer prefix"
                )
            show(json.dumps(cache.get(match[0]), indent=2, ensure_ascii=False))
            return
        rows = [(short_hash(one), *summarize_entry(cache.get_text(one), PREVIEW)) for one in islice(match, most)]
    if rows:
        show(table(("key", "model", "tokens", "bytes", "answer"), rows))
    print_note(f"{len(rows)} of {len(match)} entries in {place}")


def clear(namespace: NamespaceFlag = None, yes: YesFlag = False, env_file: EnvFileFlag = None) -> None:
    """Delete entries. Repeated requests are then sent and charged again."""
    from .caches import open_cache
    from .inputs import confirm_action

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
