"""The page about providers, made from their data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from dhenara.ai.http.protocol.message import HttpRequest
from dhenara.ai.providers.auth import AuthContext
from dhenara.ai.providers.provider import Provider
from dhenara.ai.providers.registry import KNOWN, load_provider
from tables.dialects import limits, protocols, thinking, unsaid, usual

PAGE = Path(__file__).resolve().parents[2] / "docs" / "providers.md"
HEAD = """# Providers

Made from the providers' data by `make tables`; the words in the first column are what `AIModelAPI(provider=...)` takes.
Where several protocols are named, the first is spoken unless a model needs another one or
`config={"protocol": ...}` asks for it. Keys come from the first of the variables that is set, or `api_key=...`.

"""
BETWEEN = """
## What each can be told

Settings that a provider has no word for are left out with a warning on the response; with `strict=True` they are an
error. Options of the provider's own go through `options={...}`. The table shows what holds for a model of which nothing
is known; what is known of a model may say more.

"""


def providers() -> list[Provider]:
    return [load_provider(name) for name in sorted(set(KNOWN)) if load_provider(name).name == name]


def page() -> str:
    """The whole page."""
    return (
        HEAD
        + "\n".join(reached(providers()))
        + "\n"
        + BETWEEN
        + "\n".join(reported(p for p in providers() if p.routes))
        + "\n"
    )


def reached(given: Iterable[Provider]) -> Iterator[str]:
    yield row("provider", "protocols", "key is sent as", "environment", "base URL")
    yield row(*["---"] * 5)
    for provider in given:
        yield row(f"`{provider.name}`", protocols(provider), proof(provider), environment(provider), base(provider))


def reported(given: Iterable[Provider]) -> Iterator[str]:
    yield row("provider", "thinking", "has no word for", "and")
    yield row(*["---"] * 4)
    for provider in given:
        quirks = usual(provider).quirks
        missing = ", ".join(f"`{one}`" for one in unsaid(quirks)) or "—"
        yield row(f"`{provider.name}`", thinking(provider), missing, "; ".join(limits(quirks)) or "—")


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def proof(provider: Provider) -> str:
    """The header in which a key travels, found out by asking for it."""
    if provider.embedded:
        return "—"
    bare = HttpRequest("POST", "https://example.org", {}, b"")
    signed = provider.auth(bare, AuthContext(key="…", config={"region": "r"})).headers
    sent = ", ".join(f"`{name}: {value}`" for name, value in signed.items())
    also = " or AWS signature" if provider.credentials_env else ""
    return sent + also + ("" if provider.needs_key else " (if there is one)")


def environment(provider: Provider) -> str:
    names = [*provider.key_env, *provider.credentials_env.values()]
    names += [one for many in provider.config_env.values() for one in many]
    return ", ".join(f"`{name}`" for name in [*names, *provider.base_url_env]) or "—"


def base(provider: Provider) -> str:
    return "in this process" if provider.embedded else f"`{provider.base_url}`"
