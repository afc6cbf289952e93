"""The whole examination, from settings to a real request."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from dhenara.ai.types.secret_options import shown_address

from ..client import AiClient
from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver, Resolved
from ..exceptions import AIUtilitiesError
from ..providers.facts import EMBEDDED, LOOPBACK
from ..providers.fallbacks import fallbacks
from .calls import call_limit, check_call
from .embedded import check_embedded
from .extras import check_extras
from .finding import Finding, failure, ok, warning
from .stores import check_stores
from .way import check_way

SHORTEST_KEY = 8


def examine(settings: AiSettings, *, network: bool = True, timeout: float | None = None) -> Iterator[Finding]:
    """Every finding as soon as it is made.

    Args:
        settings: What is examined.
        network: Without it nothing leaves this machine.
        timeout: Seconds for the one request; without it, more for models on this machine than for others.
    """
    yield ok("python", sys.version.split()[0])
    yield from check_extras()
    yield from check_stores(settings)
    try:
        found = ConfigurationResolver(settings).validate()
    except AIUtilitiesError as error:
        yield failure("settings", str(error), "`ai-utilities setup` asks what is needed")
        yield from check_embedded(wanted=False)
        return
    yield from check_settings(found)
    yield from check_fallbacks(settings, found.provider)
    small = found.provider == EMBEDDED and found.model.value == found.facts.first_model
    yield from check_embedded(small)
    if not network:
        return
    address = found.base_url.value or found.facts.address
    if address is not None:
        yield from check_way(address)
    try:
        # Whoever would answer instead must not hide that this one does not.
        with AiClient(settings.model_copy(update={"fallbacks": None})) as client:
            yield from check_call(client, call_limit(is_local(found), timeout or settings.timeout))
    except AIUtilitiesError as error:
        yield failure("settings", str(error))


def is_local(found: Resolved) -> bool:
    """Whether the model runs on this machine, whatever its provider is called."""
    host = urlsplit(found.base_url.value or found.facts.address or "").hostname
    return found.provider == EMBEDDED or host in LOOPBACK


def check_fallbacks(settings: AiSettings, main: str) -> Iterator[Finding]:
    """Whether those who are asked where the provider cannot answer could be asked."""
    if not settings.fallbacks:
        return
    try:
        named = [f"{one.api.provider}/{one.ai_model.model_name}" for one in fallbacks(settings, main)]
    except AIUtilitiesError as error:
        yield failure("fallbacks", str(error), "correct AI_FALLBACKS, or leave it out")
    else:
        yield ok("fallbacks", ", ".join(named))


def check_settings(found: Resolved) -> Iterator[Finding]:
    why = f" ({found.reason})" if found.reason else f" ({found.chosen})"
    yield ok("provider", f"{found.provider}{why}")
    yield ok("model", f"{found.model.value or 'the first that the server has'} ({found.model.origin})")
    if found.base_url.value:
        yield ok("address", f"{shown_address(found.base_url.value)} ({found.base_url.origin})")
    key = found.api_key.value
    if key is None:
        yield ok("key", "none, and none is needed")
    elif len(key.strip()) < SHORTEST_KEY or key != key.strip():
        yield warning("key", f"it does not look like one ({found.api_key.origin})", "copy it again")
    else:
        yield ok("key", f"there are {len(key)} characters ({found.api_key.origin})")
