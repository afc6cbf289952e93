"""Where a bulk run happens: in this process, through the provider's batches, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

from ..ask_options import SPELLINGS, check_prompt, resolve_ask
from ..cache.policy import changes
from ..client import AiClient
from ..config_models import AiSettings
from ..exceptions import ProviderConfigurationError
from ..middleware import LIMITS
from ..providers.engine_provider import EngineProvider
from ..usage.data import tags_now

NOT_CACHED = (None, False, "never")


@dataclass(frozen=True, slots=True)
class OnProvider:
    """`run_bulk(..., on=OnProvider(wait=0))`; `on="provider"` is the same with nothing said.

    `wait`: for how many seconds the run waits for answers; without, until all are there. What is not answered by then
    is asked about by the next run. `every`: how often the provider is asked; without, less and less often.
    """

    wait: float | None = None
    every: float | None = None


@dataclass(frozen=True, slots=True)
class RowOptions:
    """What is said about all rows of a run, in the words of the engine's batches."""

    client: dict[str, Any]
    """Which provider and model."""

    call: dict[str, Any]
    """The settings of every call."""

    context: list[Any] = field(default_factory=list)
    files: Any = None
    tags: Mapping[str, str] | None = None

    def build_prompt(self, words: str, settings: AiSettings) -> Any:
        """One row's prompt, with the context before it and the files beside it. Raises where there is nothing in it."""
        given = {} if self.files is None else {"files": self.files}
        check_prompt(words, given)
        spoken = resolve_ask(words, given, settings).arguments["prompt"]
        return [*self.context, spoken] if self.context else spoken


def read_row_options(options: Mapping[str, Any], settings: AiSettings) -> RowOptions:
    """What cannot be had in a batch is said before anything is handed over."""
    given = {SPELLINGS.get(name, name): value for name, value in options.items()}
    client: dict[str, Any] = {name: given.pop(name) for name in ("provider", "model") if name in given}
    if given.pop("cache", None) not in NOT_CACHED:
        raise ProviderConfigurationError("answers of the provider's batches come from no cache: leave `cache` out")
    if resolve_ask("?", {"tools": given.get("tools")}, settings).runs_tools:
        raise ProviderConfigurationError(
            "a batch answers each call once, so tools that are functions cannot be run: describe them with "
            "ToolDefinition, or run this here"
        )
    context, files, tags = list(given.pop("context", None) or ()), given.pop("files", None), given.pop("tags", None)
    if context and not all(isinstance(turn, Mapping) or hasattr(turn, "contents") for turn in context):
        raise ProviderConfigurationError("the context of a batch is a list of messages")
    system = given.pop("system", None) or settings.system_prompt
    return RowOptions(client, {**given, **({"instructions": system} if system else {})}, context, files, tags)


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


Where = str | OnRay | OnProvider
HERE = "here"


def parse_backend(on: Where) -> OnRay | OnProvider | None:
    """None where this process asks by itself."""
    if isinstance(on, OnRay | OnProvider):
        return on
    match on:
        case "here":
            return None
        case "ray":
            return OnRay()
        case "provider":
            return OnProvider()
    raise ProviderConfigurationError(f"a bulk run is on 'provider', on 'here' or on 'ray', not on {on!r}")
