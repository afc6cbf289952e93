"""The doctor: checks of this machine and of a provider, each with its result and how to fix it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from urllib.parse import urlsplit

from dhenara.ai.diagnosis import embedded_model
from dhenara.ai.integration import shown_address

from ..client import AiClient
from ..config import cache_path, state_path
from ..config.routes import route_tables
from ..config_models import AiSettings
from ..config_resolver import ConfigurationResolver, ResolvedConfiguration
from ..exceptions import AIUtilitiesError
from ..providers.endpoint import make_fallbacks
from ..providers.facts import EMBEDDED, LOOPBACK
from .checks import CheckResult, call_limit, check_call, check_connectivity, check_without_chat, failed, passed, warning

WHAT = "embedded model"
FIX = "ai-utilities local install"


def check_embedded(wanted: bool) -> Iterator[CheckResult]:
    """Check the embedded model; a problem is a failure only if it is the configured one."""
    model = embedded_model()
    if model.problem is None:
        yield passed(WHAT, f"{model.name} is installed, llama.cpp is {model.runner}")
    elif wanted:
        yield failed(WHAT, model.problem, FIX)
    else:
        yield CheckResult(WHAT, "ok", model.problem, f"only if you want a model without a key: {FIX}")


REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+).*extra == ['\"](?P<extra>[^'\"]+)['\"]")


def check_extras() -> Iterator[CheckResult]:
    """List the installed extras, and those that are not installed."""
    installed: list[str] = []
    missing: list[str] = []
    for extra, names in sorted(extras().items()):
        (installed if all(map(is_installed, names)) else missing).append(extra)
    yield passed("extras", f"installed: {', '.join(installed) or 'none'}")
    if missing:
        fix = f"only if you need them: python -m pip install 'dhenara[{','.join(missing)}]'"
        yield CheckResult("extras", "ok", f"not installed: {', '.join(missing)}", fix)


def extras() -> dict[str, list[str]]:
    """Return the packages of each extra."""
    result: dict[str, list[str]] = {}
    try:
        declared = requires("dhenara") or []
    except PackageNotFoundError:
        declared = []
    for line in declared:
        match = REQUIREMENT.match(line)
        if match:
            result.setdefault(match["extra"], []).append(match["name"])
    return result


def is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class StoreFile:
    """The file of a store; `kind` and `path` are its settings, `usual` returns the default path."""

    name: str
    kind: str
    path: str
    usual: Callable[[str], Path]
    wanted: Callable[[AiSettings], object]


STORES = (
    StoreFile("cache", "cache_backend", "cache_path", cache_path, lambda settings: settings.cache_enabled),
    StoreFile("usage", "usage_store", "usage_path", state_path, lambda settings: settings.usage_tracking),
    StoreFile("limits", "limit_store", "limit_path", state_path, lambda settings: settings.budget_usd),
)


def check_stores(settings: AiSettings) -> Iterator[CheckResult]:
    """Check that the files of stores, or their folders, are writable."""
    for store in STORES:
        configured: Path | None = getattr(settings, store.path)
        if configured is None and not (getattr(settings, store.kind) == "sqlite" and store.wanted(settings)):
            continue
        fix = f"change the permissions, or set AI_{store.path.upper()}"
        try:
            path = configured or store.usual(f"{store.name}.sqlite")
        except OSError as error:
            yield failed(store.name, f"no folder for the file: {error}", fix)
            continue
        if os.access(path if path.exists() else nearest_folder(path), os.W_OK):
            yield passed(store.name, f"{path} is writable")
        else:
            yield failed(store.name, f"{path} is not writable", fix)


def nearest_folder(path: Path) -> Path:
    """Return the nearest existing parent folder."""
    return next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))


SHORTEST_KEY = 8


def run_checks(settings: AiSettings, *, network: bool = True, timeout: float | None = None) -> Iterator[CheckResult]:
    """Run all checks.

    Args:
        settings: The settings to check.
        network: Whether to send network requests (default True).
        timeout: Seconds for the test call. Default None: 60, or 600 for models on this machine.

    Yields:
        The result of each check, as soon as it is known.
    """
    yield passed("python", sys.version.split()[0])
    yield from check_extras()
    yield from check_stores(settings)
    try:
        resolved = ConfigurationResolver(settings).validate(needs_model=False)
    except AIUtilitiesError as error:
        yield failed("settings", str(error), "run `ai-utilities setup`")
        yield from check_embedded(wanted=False)
        return
    yield from check_settings(resolved)
    yield from check_fallbacks(settings, resolved.provider)
    yield from check_routes(settings)
    small = resolved.provider == EMBEDDED and resolved.model.value == resolved.facts.first_model
    yield from check_embedded(small)
    if not network:
        return
    address = resolved.base_url.value or resolved.facts.address
    if address is not None:
        yield from check_connectivity(address)
    try:
        # Without fallbacks, which would hide a failure of the provider.
        with AiClient(settings.model_copy(update={"fallbacks": None})) as client:
            limit = call_limit(is_local(resolved), timeout or settings.timeout)
            yield from check_call(client, limit) if has_chat_model(resolved) else check_without_chat(client, limit)
    except AIUtilitiesError as error:
        yield failed("settings", str(error))


def is_local(resolved: ResolvedConfiguration) -> bool:
    """Return whether the model runs on this machine."""
    host = urlsplit(resolved.base_url.value or resolved.facts.address or "").hostname
    return resolved.provider == EMBEDDED or host in LOOPBACK


def has_chat_model(resolved: ResolvedConfiguration) -> bool:
    """Return whether a chat model is set or known, or a local server lists its models."""
    return resolved.facts.chats and (resolved.model.value is not None or not resolved.facts.needs_key)


def check_fallbacks(settings: AiSettings, main: str) -> Iterator[CheckResult]:
    """Check that the fallback providers are configured."""
    if not settings.fallbacks:
        return
    try:
        named = [
            f"{endpoint.api.provider}/{endpoint.ai_model.model_name}" for endpoint in make_fallbacks(settings, main)
        ]
    except AIUtilitiesError as error:
        yield failed("fallbacks", str(error), "correct AI_FALLBACKS, or leave it out")
    else:
        yield passed("fallbacks", ", ".join(named))


def check_routes(settings: AiSettings) -> Iterator[CheckResult]:
    """Check the routes of the settings, and say what is known of each deployment."""
    try:
        names = [*route_tables(settings)]
    except AIUtilitiesError as error:
        yield failed("routes", str(error), "correct AI_ROUTES_FILE")
        return
    for name in names:
        try:
            with AiClient(settings.model_copy(update={"model": f"route:{name}", "fallbacks": None})) as client:
                explained, route = client.engine.explain_route(), client.engine.route
        except AIUtilitiesError as error:
            yield failed(f"route {name}", str(error), "correct the route, or set what it needs")
            continue
        for one in explained.deployments:
            text = f"{one.name}: {one.reason}"
            is_well = one.state in ("available", "unfit")
            yield passed(f"route {name}", text) if is_well else warning(f"route {name}", text)
        if route is not None and route.hedge_after is not None:
            yield passed(f"route {name}", f"a second request after {route.hedge_after:g} s without an answer (hedging)")
        if route is not None and (shadow := route.shadow) is not None:
            text = f"{shadow.share:.3g} of the calls also go to {shadow.deployment.name} (shadow traffic)"
            yield passed(f"route {name}", text)


def check_settings(resolved: ResolvedConfiguration) -> Iterator[CheckResult]:
    why = f" ({resolved.reason})" if resolved.reason else f" ({resolved.chosen})"
    yield passed("provider", f"{resolved.provider}{why}")
    yield check_model(resolved)
    if resolved.base_url.value:
        yield passed("address", f"{shown_address(resolved.base_url.value)} ({resolved.base_url.origin})")
    key = resolved.api_key.value
    if key is None:
        yield passed("key", "none needed")
    elif len(key.strip()) < SHORTEST_KEY or key != key.strip():
        yield warning("key", f"it does not look like an API key ({resolved.api_key.origin})", "copy it again")
    else:
        yield passed("key", f"{len(key)} characters ({resolved.api_key.origin})")


def check_model(resolved: ResolvedConfiguration) -> CheckResult:
    facts, model = resolved.facts, resolved.model.value
    if has_chat_model(resolved):
        return passed("model", f"{model or 'the first one of the server'} ({resolved.model.origin})")
    if not facts.chats:
        return passed("model", f"none needed: {facts.name} has no chat models")
    finding = f"no chat model is set, and {facts.name} has no default one; other operations work without it"
    return warning("model", finding, f"set {facts.model[0]} for chat; `ai-utilities models` lists them")
