"""How a bulk run uses a Ray cluster, and what a client must be like to be at home on many machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, field
from functools import partial
from importlib import import_module
from typing import Any

from dhenara.ai.dataclass import dataclass

from ..cache.policy import changes
from ..client import AiClient
from ..config_models import AiSettings
from ..exceptions import ProviderConfigurationError
from ..factories import LIMITS
from ..providers.engine_provider import EngineProvider
from ..usage.tags import tags_now

MakeClient = Callable[[], AiClient]


@dataclass(frozen=True, slots=True)
class OnRay:
    """`run_bulk(..., on=OnRay(workers=8))`; `on="ray"` is the same with nothing said.

    `workers`: how many processes share the questions; without a number, one for each processor, and never more than
    are asked at once. `options`: Ray's own for an actor, such as `num_cpus`, `resources` or `runtime_env`.
    `make_client`: called in each worker, for clients with caches, layers or providers of your own.
    """

    workers: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    make_client: MakeClient | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ProviderConfigurationError(f"workers on Ray are at least 1, not {self.workers}")


def load_ray() -> Any:
    try:
        return import_module("ray")
    except ImportError as error:
        raise ProviderConfigurationError(
            "Running on a cluster needs Ray. Install it, here and on its machines, with: "
            "python -m pip install 'dhenara[ray]'"
        ) from error


def make_client_factory(client: Any, where: OnRay, options: dict[str, Any]) -> MakeClient:
    """What makes the same client in a worker. Takes the provider out of the options: the worker's is that one."""
    if where.make_client is not None:
        return where.make_client
    operations = client._operations
    provider = operations.choose_provider(options)
    if operations.middleware.submitted or not isinstance(provider, EngineProvider):
        raise ProviderConfigurationError(
            "this client was handed a cache, a tracker, layers or a provider of your own, which cannot travel to other "
            "machines: pass on=OnRay(make_client=...) with a function that makes it there."
        )
    match = provider.configuration
    text = {name: getattr(match, name).value for name in ("api_key", "model", "base_url")}
    settings = client.settings.model_copy(update={**text, "provider": match.provider})
    check_stores_shared(settings)
    return partial(AiClient, settings)


@dataclass(frozen=True, slots=True)
class RayContext:
    """What the program that starts a run has wrapped around it, to be wrapped around each question in a worker."""

    tags: Mapping[str, str]
    caching: Mapping[str, Any]


def capture_context() -> RayContext:
    return RayContext(dict(tags_now()), asdict(changes.get()))


def check_stores_shared(settings: AiSettings) -> None:
    """What one process keeps to itself would be there once in each worker: limits would hold many times over."""
    bounded = any(getattr(settings, name) for name in (*LIMITS, "max_concurrency", "budget_usd"))
    apart = {
        "cache_backend": settings.cache_enabled and settings.cache_backend not in ("redis", "null"),
        "usage_store": settings.usage_tracking and settings.usage_store not in ("redis", None),
        "limit_store": bounded and settings.limit_store != "redis",
    }
    wrong = [name for name, is_apart in apart.items() if is_apart]
    if wrong:
        variables = ", ".join(f"AI_{name.upper()}=redis" for name in wrong)
        raise ProviderConfigurationError(
            f"workers on Ray share caches, ledgers, limits and budgets through Redis, and {' and '.join(wrong)} of "
            f"these settings would be apart in each: set {variables}, and AI_REDIS_URL to a server that all reach."
        )
