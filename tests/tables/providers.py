"""The page about providers, made from their data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from dhenara.ai.http.protocol.message import HttpRequest
from dhenara.ai.providers.auth import AuthContext
from dhenara.ai.providers.provider import KNOWN, Provider, load_provider
from tables.dialects import default_route, limits, protocols, reasoning, unsupported

PAGE = Path(__file__).resolve().parents[2] / "docs" / "providers.md"
HEAD = """# Providers

The providers that the library has, with their protocols, keys and addresses. This page is made from the providers'
data.

=== "Kit"

    ```python
    from ai_utilities import AiClient

    client = AiClient("groq/openai/gpt-oss-120b", api_key="gsk_...")
    ```

=== "Engine"

    ```python
    from dhenara.ai import AIModelClient

    engine = AIModelClient("groq/openai/gpt-oss-120b", api_key="gsk_...")
    ```

=== "Async"

    ```python
    from ai_utilities import AsyncAiClient

    async_client = AsyncAiClient("groq/openai/gpt-oss-120b", api_key="gsk_...")
    ```

The text before the first slash is a name of the first column, or an alias of one (`claude`, `gemini`, `grok`, `azure`,
`bedrock`; see [Models](models.md#names)). Without `api_key`, the key is the first environment variable that is set.

Where a provider has several protocols, the first one is used unless the model needs another.
`protocol="openai_responses"` (kit: `provider_config={"protocol": "openai_responses"}`) chooses one.

"""
BETWEEN = """
## Base URL (gateways and servers of your own)

`base_url` replaces the address of the last column, for example by that of a gateway. A server with OpenAI's protocol
needs no name:

=== "Kit"

    ```python
    gateway = AiClient("openai/gpt-5.4-mini", base_url="https://gateway.example/v1")
    own = AiClient(model="my-model", base_url="http://localhost:8000/v1", api_key="any")
    ```

=== "Engine"

    ```python
    gateway = AIModelClient("openai/gpt-5.4-mini", base_url="https://gateway.example/v1")
    own = AIModelClient(
        "openai_compatible/my-model", base_url="http://localhost:8000/v1", api_key="any"
    )
    ```

The kit sends the key of the environment to this address. The engine sends it to the provider's own hosts only: there,
pass `api_key=` with a `base_url`, or set both in the environment. See [API keys](security.md#api-keys).

## Parameters that a provider does not support

An unsupported parameter is left out, and the response has a warning. With `strict=True` it is an error before
anything is sent. Parameters that only one provider has go through `options={...}`.

The table is for models that are not in the catalogue. A model in the catalogue can have further limits:
`ai-utilities models NAME` shows them.

| reasoning is set by | meaning |
| --- | --- |
| effort, level | `reasoning_effort`; a budget is converted |
| budget | `max_reasoning_tokens`; an effort is converted |
| on or off | `reasoning=True` or `False` |

"""
FOOT = """
## See also

[Features by provider](features.md), [Parameters](parameters.md) and their names at each provider, [Cloud
platforms](cloud-platforms.md), [Adding a provider](adding-a-provider.md).

<!-- setup
client.close()
engine.close()
-->
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
        + FOOT
    )


def reached(given: Iterable[Provider]) -> Iterator[str]:
    yield row("provider", "protocols", "header with the key", "environment variables", "base URL")
    yield row(*["---"] * 5)
    for provider in given:
        yield row(f"`{provider.name}`", protocols(provider), proof(provider), environment(provider), base(provider))


def reported(given: Iterable[Provider]) -> Iterator[str]:
    yield row("provider", "reasoning is set by", "unsupported parameters", "other limits")
    yield row(*["---"] * 4)
    for provider in given:
        quirks = default_route(provider).quirks
        missing = ", ".join(f"`{one}`" for one in unsupported(quirks)) or "—"
        yield row(f"`{provider.name}`", reasoning(provider), missing, "; ".join(limits(quirks)) or "—")


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def proof(provider: Provider) -> str:
    """The header that has the key."""
    if provider.embedded:
        return "—"
    bare = HttpRequest("POST", "https://example.org", {}, b"")
    signed = provider.auth(bare, AuthContext(key="…", config={"region": "r"})).headers
    sent = ", ".join(f"`{name}: {value}`" for name, value in signed.items())
    also = " or AWS signature" if "access_key_id" in provider.credentials_env else ""
    return sent + also + ("" if provider.needs_key else " (optional)")


def environment(provider: Provider) -> str:
    names = [*provider.key_env, *provider.credentials_env.values()]
    names += [one for many in provider.config_env.values() for one in many]
    return ", ".join(f"`{name}`" for name in [*names, *provider.base_url_env]) or "—"


def base(provider: Provider) -> str:
    return "in this process" if provider.embedded else f"`{provider.base_url}`"
