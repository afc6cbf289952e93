"""`ai-utilities models`: what can be asked, what it can do, and what it costs."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .flags import EnvFileFlag, ProviderFlag
from .screen import show

if TYPE_CHECKING:
    from dhenara.ai.types import ModelListing

    from ..config_models import AiSettings
    from ..config_resolver import Resolved
    from ..offers import Offer

WordsArgument = Annotated[list[str] | None, typer.Argument(help="Only what has all of these in it.")]
AllFlag = Annotated[bool, typer.Option("--all", help="Every model of the catalogue, whoever makes it.")]
OfflineFlag = Annotated[bool, typer.Option("--offline", help="Only the catalogue; ask nothing over the network.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="As JSON.")]

PATIENCE = 60.0
HEAD = ("model", "context", "output", "$ in/M", "$ out/M", "can", "takes", "kind", "until")
WEIGHTY = ("model", "$ in/M", "$ out/M", "context", "can", "until", "output", "takes", "kind")
"""Which columns come first where the terminal is too narrow for all."""


def register(app: typer.Typer) -> None:
    app.command("models")(models)


def models(
    words: WordsArgument = None,
    provider: ProviderFlag = None,
    every: AllFlag = False,
    offline: OfflineFlag = False,
    as_json: JsonFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """List models, with what they can and cost.

    They come from the provider's own list where it can be reached, else from the catalogue, which also knows sizes,
    capabilities and prices, in dollars for a million tokens. What a model takes is besides text.

    Such as: ai-utilities models -p anthropic reasoning image
    """
    from ..offers import everything
    from .outcome import note

    found, source = (everything(), "the catalogue") if every else offers_of(provider, offline, env_file)
    shown = [offer for offer in found if offer.matches(words or [])]
    if as_json:
        show(json.dumps([asdict(offer) for offer in shown], indent=2, default=plain))
        return
    if shown:
        show(drawn(shown))
    note(f"{len(shown)} of {len(found)} models, from {source}")


def offers_of(provider: str | None, offline: bool, env_file: Path | None) -> tuple[list[Offer], str]:
    """The models of one provider, and whose word it is; with nobody configured, those of everybody."""
    from ..config_resolver import ConfigurationResolver
    from ..exceptions import AIUtilitiesError, ProviderConfigurationError
    from ..offers import catalogued, everything, listed
    from .clients import settings_for

    settings = settings_for(provider, env_file=env_file)
    try:
        found = ConfigurationResolver(settings).resolve()
    except ProviderConfigurationError:
        if provider is not None:
            raise
        return everything(), "the catalogue, since no provider is configured"
    name = found.provider
    if offline:
        return catalogued(name), f"the catalogue, for {name}"
    try:
        return listed(name, live(found, settings)), f"the list of {name} itself"
    except AIUtilitiesError as error:
        kept = catalogued(name)
        if not kept:
            raise
        why = "no key is set for its own list" if unlisted(found) else str(error)
        return kept, f"the catalogue, for {name}: {why}"


def unlisted(found: Resolved) -> bool:
    return found.facts.needs_key and found.api_key.value is None


def live(found: Resolved, settings: AiSettings) -> list[ModelListing]:
    """What the provider lists, asked once."""
    from dhenara.ai import AIModelClient

    from ..providers.endpoint import connection_options, make_endpoint
    from ..providers.engine_provider import ANY

    endpoint = make_endpoint(found, settings, found.model.value or ANY)
    with AIModelClient(endpoint, **connection_options(settings)) as client:
        return client.list_models(timeout=PATIENCE, retries=0)


def drawn(offers: list[Offer]) -> str:
    """A table, without the columns that nobody can fill or that the terminal has no room for."""
    from .tables import GAP, table

    rows = [dict(zip(HEAD, row(offer), strict=True)) for offer in offers]
    left = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    chosen: set[str] = set()
    for name in WEIGHTY:
        wide = max(len(name), *(len(row[name] or "-") for row in rows))
        if any(row[name] for row in rows) and (wide <= left or not chosen):
            chosen.add(name)
            left -= wide + GAP
    names = [name for name in HEAD if name in chosen]
    return table(names, [[row[name] for name in names] for row in rows])


def row(offer: Offer) -> tuple[str | None, ...]:
    besides = [kind for kind in offer.takes if kind != "text"]
    return (
        offer.model,
        count(offer.context_window),
        count(offer.max_output_tokens),
        amount(offer.price_in),
        amount(offer.price_out),
        " ".join(offer.can),
        " ".join(besides),
        offer.kind,
        offer.retires,
    )


def count(tokens: int | None) -> str | None:
    """Short, as people say it: 128k, 1M."""
    if tokens is None or tokens < 1_000:
        return None if tokens is None else str(tokens)
    return f"{tokens / 1e6:.3g}M" if tokens >= 1_000_000 else f"{tokens / 1000:.0f}k"


def amount(price: Decimal | None) -> str | None:
    """Cents at least, and finer where the price is."""
    return None if price is None else max(f"{price:.2f}", f"{price:f}", key=len)


def plain(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
