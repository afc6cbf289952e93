"""Where a bulk run happens: in this process, through the provider's batches, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from dhenara.ai.integration import require_type

from ..cache.policy import changes
from ..client import AiClient
from ..config_models import AiSettings
from ..exceptions import Json, Options, ProviderConfigurationError
from ..middleware import LIMITS
from ..operations.ask_options import check_prompt, resolve_ask
from ..operations.option_checks import own_options
from ..providers.engine_provider import EngineProvider
from ..usage.data import tags_now

if TYPE_CHECKING:
    from dhenara.ai import MessageLike

    from ..async_client import AsyncAiClient
    from ..operations.ask_options import File
    from .methods import BatchPrompt

NOT_CACHED = (None, False, "never")


@dataclass(frozen=True, slots=True)
class OnProvider:
    """Run through the provider's batches: `run_bulk(..., on=OnProvider(wait=0))`; `on="provider"` uses the defaults.

    Attributes:
        wait: Seconds to wait for answers; the next run collects the rest. Default None: until all rows are answered.
        every: Seconds between two status requests. Default None: increasing, from 2 to 60.
    """

    wait: float | None = None
    every: float | None = None


@dataclass(frozen=True, slots=True)
class RowOptions:
    """Options of all rows of a run, as arguments of the engine's batches."""

    client: Options
    """Provider and model."""

    call: Options
    """The settings of every call."""

    context: Sequence[MessageLike] = ()
    files: Sequence[File] | None = None
    tags: Mapping[str, str] | None = None

    def build_prompt(self, text: str, settings: AiSettings) -> BatchPrompt:
        """Return the prompt of a row with context and files; raise if it is empty."""
        file_options = {} if self.files is None else {"files": self.files}
        check_prompt(text, file_options)
        message = resolve_ask(text, file_options, settings).arguments["prompt"]
        return [*self.context, message] if self.context else message


def read_row_options(options: Mapping[str, object], settings: AiSettings) -> RowOptions:
    """Translate the options, and raise an error for those that batches do not support."""
    arguments: Options = own_options(options)
    client: Options = {name: arguments.pop(name) for name in ("provider", "model") if name in arguments}
    if arguments.pop("cache", None) not in NOT_CACHED:
        raise ProviderConfigurationError("batches of a provider use no cache. Leave out the option cache.")
    if resolve_ask("?", {"tools": arguments.get("tools")}, settings).runs_tools:
        raise ProviderConfigurationError(
            "tools cannot run in a batch, because each call is answered once. Describe them with ToolDefinition, "
            "or use on='here'."
        )
    context, files, tags = (
        list(arguments.pop("context", None) or ()),
        arguments.pop("files", None),
        arguments.pop("tags", None),
    )
    if context and not all(isinstance(turn, Mapping) or hasattr(turn, "contents") for turn in context):
        raise ProviderConfigurationError("the context must be a list of messages")
    system = arguments.pop("system", None) or settings.system_prompt
    return RowOptions(client, {**arguments, **({"instructions": system} if system else {})}, context, files, tags)


MakeClient = Callable[[], AiClient]


@dataclass(frozen=True, slots=True)
class OnRay:
    """Run on a Ray cluster: `run_bulk(..., on=OnRay(workers=8))`; `on="ray"` uses the defaults.

    Attributes:
        workers: Number of worker processes, at most the concurrency. Default None: one per processor.
        options: Ray's options for an actor, such as `num_cpus`, `resources` or `runtime_env`.
        make_client: Called in each worker; creates clients with custom caches, layers or providers.
    """

    workers: int | None = None
    options: Mapping[str, Json] = field(default_factory=dict)
    make_client: MakeClient | None = None

    def __post_init__(self) -> None:
        if self.workers is not None:
            require_type("OnRay", "workers", self.workers, int, "a number of workers")
        if self.workers is not None and self.workers < 1:
            raise ProviderConfigurationError(f"workers must be at least 1, not {self.workers}")


def load_ray() -> ModuleType:
    """Import Ray; the error says how to install it."""
    try:
        return import_module("ray")
    except ImportError as error:
        raise ProviderConfigurationError(
            "Ray is not installed. Install it here and on all machines of the cluster with: "
            "python -m pip install 'dhenara[ray]'"
        ) from error


def make_client_factory(client: AiClient | AsyncAiClient, backend: OnRay, options: Options) -> MakeClient:
    """Return a function that creates the same client in a worker. Removes the provider from the options."""
    if backend.make_client is not None:
        return backend.make_client
    operations = client._operations
    provider = operations.choose_provider(options)
    if operations.middleware.submitted or not isinstance(provider, EngineProvider):
        raise ProviderConfigurationError(
            "this client has a custom cache, tracker, layer or provider, which cannot be sent to other machines. "
            "Pass on=OnRay(make_client=...) with a function that creates the client there."
        )
    configuration = provider.configuration
    connection = {name: getattr(configuration, name).value for name in ("api_key", "model", "base_url")}
    settings = client.settings.model_copy(update={**connection, "provider": configuration.provider})
    check_stores_shared(settings)
    return partial(AiClient, settings)


@dataclass(frozen=True, slots=True)
class RayContext:
    """The tags and cache policy around a run, to be applied to each request in a worker."""

    tags: Mapping[str, str]
    caching: Options


def capture_context() -> RayContext:
    """Return the tags and cache policy of the current block."""
    return RayContext(dict(tags_now()), asdict(changes.get()))


def check_stores_shared(settings: AiSettings) -> None:
    """Raise if a store is local to a process, because each worker would have its own limits and budgets."""
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
            f"Ray workers share caches, ledgers, limits and budgets through Redis only, and {' and '.join(wrong)} "
            f"would be separate in each worker. Set {variables}, and AI_REDIS_URL to a server that all can reach."
        )


Where = str | OnRay | OnProvider
HERE = "here"


def parse_backend(on: Where) -> OnRay | OnProvider | None:
    """Return the backend; None for this process."""
    if isinstance(on, OnRay | OnProvider):
        return on
    match on:
        case "here":
            return None
        case "ray":
            return OnRay()
        case "provider":
            return OnProvider()
    raise ProviderConfigurationError(f"unknown backend on={on!r}. Use 'here', 'provider' or 'ray'.")
