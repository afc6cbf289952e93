"""Models of a provider, from its list or the catalogue, with prices; and checks of a provider with small calls."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from dhenara.ai.catalog import ModelFacts, find_facts, known_models, price_usage
from dhenara.ai.diagnosis import proxy_for, trusted_certificates
from dhenara.ai.integration import shown_address
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Usage

from ..client import AiClient
from ..exceptions import (
    AIUtilitiesError,
    AuthenticationError,
    CallTimeoutError,
    NotFoundError,
    PermissionDeniedError,
    ProviderRateLimitError,
    QuotaError,
)
from ..results import AskResult
from .defaults import EMBEDDING_MODELS
from .facts import facts_of, known_providers

if TYPE_CHECKING:
    from dhenara.ai.types import ModelListing


SAMPLE = 1000
"""Tokens of a small prompt; some models cost more per token for long prompts."""

MAKERS = {"google_ai": "google", "google_vertex_ai": "google"}
"""The makers' names in the catalogue, where they differ from those of the providers."""

KINDS = {"text_generation": "chat", "speech_to_text": "transcription", "text_to_speech": "speech"}


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model. Unknown fields are None or empty. Prices are US dollars per million tokens."""

    provider: str | None
    model: str
    kind: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    takes: tuple[str, ...] = ()
    can: tuple[str, ...] = ()
    price_in: Decimal | None = None
    price_out: Decimal | None = None
    retires: str | None = None
    source: Literal["live", "catalogue"] = "catalogue"

    @property
    def is_chat_model(self) -> bool:
        """Whether it is a chat model; unknown models count as such."""
        return self.kind in ("chat", None)

    def matches(self, words: list[str]) -> bool:
        """Whether all words occur in its fields."""
        searched = " ".join(filter(None, (self.provider, self.model, self.kind, *self.takes, *self.can))).lower()
        return all(word.lower() in searched for word in words)


def models_from_listing(provider: str, listings: list[ModelListing]) -> list[ModelInfo]:
    """The models listed by the provider, with facts from the catalogue."""
    return sorted((model_from_listing(provider, listing) for listing in listings), key=lambda model: model.model)


def model_from_listing(provider: str, listing: ModelListing) -> ModelInfo:
    facts = find_facts(listing.id, provider)
    info = model_from_facts(provider, listing.id, facts) if facts else with_prices(ModelInfo(provider, listing.id))
    return replace(
        info,
        context_window=listing.context_window or info.context_window,
        max_output_tokens=listing.max_output_tokens or info.max_output_tokens,
        takes=listing.input_modalities or info.takes,
        source="live",
    )


def models_from_catalog(provider: str) -> list[ModelInfo]:
    """The catalogue's models of this provider, and its default model."""
    models = [model_from_facts(provider, name, facts) for name, facts in iter_served(provider)]
    first = facts_of(provider).first_model
    if first and all(model.model != first for model in models):
        facts = find_facts(first, provider)
        models.append(model_from_facts(provider, first, facts) if facts else with_prices(ModelInfo(provider, first)))
    return sorted(models, key=lambda model: model.model)


def all_models() -> list[ModelInfo]:
    """Every model of the catalogue, under its maker."""
    makers = {maker: name for name in reversed(known_providers()) for maker in makers_of(name)}
    every = [find_facts(name) for name in known_models()]
    return [model_from_facts(makers.get(facts.vendor or ""), facts.name, facts) for facts in every if facts]


def iter_served(provider: str) -> Iterator[tuple[str, ModelFacts]]:
    """The provider's own models, and the models of others that its table has, without retired ones."""
    makers = makers_of(provider)
    own = [name for name in known_models() if (facts := find_facts(name)) is not None and facts.vendor in makers]
    for name in own:
        if (facts := find_facts(name, provider)) is not None:
            yield name, facts
    for name in known_models(host=provider):
        facts = find_facts(name, provider)
        others = facts is not None and facts.vendor not in ({None, *makers} if own else makers)
        if facts is not None and others and not facts.retired:
            yield name, facts


def makers_of(provider: str) -> set[str]:
    """The names under which the catalogue has the provider's own models."""
    return {provider, MAKERS.get(provider, provider)}


def model_from_facts(provider: str | None, model: str, facts: ModelFacts) -> ModelInfo:
    capabilities = {"tools": facts.tools, "reasoning": facts.reasoning, "schema": facts.structured_output}
    kind = facts.functional_type
    return with_prices(
        ModelInfo(
            provider=provider,
            model=model,
            kind=KINDS.get(kind, kind.removesuffix("_generation")) if kind else None,
            context_window=facts.context_window or facts.max_input_tokens,
            max_output_tokens=facts.max_output_tokens,
            takes=facts.input_modalities,
            can=tuple(name for name, able in capabilities.items() if able),
            retires=facts.retires,
        )
    )


def with_prices(info: ModelInfo) -> ModelInfo:
    """Adds prices per million tokens, if known."""
    if info.provider is None:
        return info
    api = AIModelAPI(provider=info.provider, api_key="not used")
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name=info.model))
    return replace(
        info,
        price_in=per_million(endpoint, Usage(input_tokens=SAMPLE), "input"),
        price_out=per_million(endpoint, Usage(output_tokens=SAMPLE), "output"),
    )


def per_million(endpoint: AIModelEndpoint, usage: Usage, part: str) -> Decimal | None:
    cost = price_usage(endpoint, usage)
    if cost.amount is None:
        return None
    each = cost.components.get(part, Decimal(0) if not cost.components else None)
    return None if each is None else (each * 1_000_000 / SAMPLE).normalize()


Health = Literal["ok", "warning", "failure"]
MARKS: dict[Health, str] = {"ok": "ok     ", "warning": "warning", "failure": "FAILURE"}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check; `fix` says how to fix a problem."""

    check: str
    health: Health
    finding: str
    fix: str = ""

    def __str__(self) -> str:
        fix = f"\n{'':>9}{'':<18}-> {self.fix}" if self.fix else ""
        return f"{MARKS[self.health]}  {self.check:<18}{self.finding}{fix}"


def passed(check: str, finding: str) -> CheckResult:
    return CheckResult(check, "ok", finding)


def warning(check: str, finding: str, fix: str = "") -> CheckResult:
    return CheckResult(check, "warning", finding, fix)


def failed(check: str, finding: str, fix: str = "") -> CheckResult:
    return CheckResult(check, "failure", finding, fix)


TIMEOUT = 20.0
SLOW = 2.0


def check_connectivity(address: str) -> Iterator[CheckResult]:
    """Check proxy, DNS, connection and certificate in this order; the first failure is the one to fix."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield failed("address", f"{shown_address(address)!r} is not a URL. It needs http:// or https:// and a host.")
        return
    host, port = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    proxy = proxy_for(address)
    if proxy:
        yield passed("proxy", f"requests go through {proxy}")
        proxied = urlsplit(proxy)
        host, port = proxied.hostname or "", proxied.port or 80
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        yield failed("name", f"{host} cannot be resolved: {error}", "check the spelling, the network and DNS")
        return
    yield passed("name", f"{host} is {', '.join(sorted(map(str, addresses))[:3])}")
    yield from check_connection(host, port, parts.scheme == "https" and not proxy)


def check_connection(host: str, port: int, secure: bool) -> Iterator[CheckResult]:
    started = time.monotonic()
    try:
        with socket.create_connection((host, port), TIMEOUT) as plain:
            seconds = time.monotonic() - started
            verdict = warning if seconds > SLOW else passed
            yield verdict("connection", f"connected to {host}:{port} in {seconds * 1000:.0f} ms")
            if secure:
                yield check_certificate(plain, host)
    except OSError as error:
        yield failed("connection", f"cannot connect to {host}:{port}: {error}", "check that it runs, and the firewall")


def check_certificate(plain: socket.socket, host: str) -> CheckResult:
    try:
        with trusted_certificates().wrap_socket(plain, server_hostname=host) as wire:
            return passed("certificate", f"{wire.version()}, issued for {host}")
    except ssl.SSLCertVerificationError as error:
        return failed(
            "certificate",
            f"cannot be verified: {error.verify_message}",
            "behind a company proxy, set SSL_CERT_FILE to its certificates",
        )
    except AIUtilitiesError as error:
        return failed("certificate", str(error), "correct the variable, or unset it to use the system's certificates")
    except ssl.SSLError as error:
        return failed("certificate", f"no secure connection: {error.reason}", "check that the server uses https")
    except OSError as error:
        return failed("certificate", f"no secure connection: {error.strerror or error}")


QUESTION = "Reply with the single word: ready"
HOSTED = 60.0
LOCAL = 600.0
"""Seconds for the test call. A local model may have to be loaded first, which takes minutes on a slow machine."""

SKEW = 60.0
"""Maximum difference of clocks in seconds; signatures and tokens are refused if clocks differ by minutes."""


def call_limit(is_local: bool, timeout: float | None = None) -> float:
    """Return the time limit of the test call in seconds.

    Args:
        is_local: Whether the model runs on this machine.
        text: The user's limit in seconds; None uses the default.
    """
    return timeout if timeout is not None else LOCAL if is_local else HOSTED


def check_call(client: AiClient, limit: float = HOSTED) -> Iterator[CheckResult]:
    try:
        result = client.ask(QUESTION, max_tokens=16, timeout=limit, retries=0, cache=False)
    except CallTimeoutError as error:
        yield failed("call", str(error), f"a slow machine may need more than {limit:g} s; raise it with --timeout")
        return
    except AIUtilitiesError as error:
        yield finding_for_error(error)
        return
    # Not every provider returns the model name.
    yield passed("key and model", f"{result.provider} answers{f' as {result.model}' if result.model else ''}")
    yield from check_speed(result)
    headers = result.response.response_headers if result.response is not None else {}
    yield from check_clock(headers)
    yield from check_limits(headers)


def check_without_chat(client: AiClient, limit: float = HOSTED) -> Iterator[CheckResult]:
    """Check the key where no question can be asked: embed one word, or list the models if there is no default one."""
    provider = client.provider.provider_name
    embeds = EMBEDDING_MODELS.get(provider)
    try:
        if embeds is not None:
            client.embed(["ready"], timeout=limit, retries=0, cache=False)
            yield passed("key and model", f"{provider} embeds with {embeds}")
        else:
            yield passed("key", f"{provider} lists {len(client.list_models())} models")
    except AIUtilitiesError as error:
        yield finding_for_error(error)


def finding_for_error(error: AIUtilitiesError) -> CheckResult:
    """Return the result for an error of the test call."""
    match error:
        case AuthenticationError() | PermissionDeniedError():
            return failed("key", str(error))
        case NotFoundError():
            return failed("model", str(error), "`ai-utilities models` lists all models")
        case QuotaError() | ProviderRateLimitError():
            return warning("limits", str(error))
    return failed("call", str(error))


def check_speed(result: AskResult) -> Iterator[CheckResult]:
    if result.duration_s is not None:
        yield passed("latency", f"{result.duration_s * 1000:.0f} ms for {result.usage.completion_tokens} tokens")


def check_clock(headers: Mapping[str, str]) -> Iterator[CheckResult]:
    try:
        theirs = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return
    skew = time.time() - theirs
    if abs(skew) > SKEW:
        yield warning(
            "clock", f"the clock differs from the provider's by {skew:+.0f} s", "synchronize the system clock"
        )
    else:
        yield passed("clock", f"within {abs(skew):.0f} s of the provider's")


def check_limits(headers: Mapping[str, str]) -> Iterator[CheckResult]:
    """Report remaining rate limits, which providers send in headers with similar names."""
    left = {name: value for name, value in headers.items() if "ratelimit" in name and "remaining" in name}
    if left:
        text = ", ".join(f"{name.rsplit('remaining', 1)[-1].strip('-') or 'requests'} {v}" for name, v in left.items())
        yield passed("limits", f"left: {text}")
