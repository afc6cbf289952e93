"""Reads the arguments of LiteLLM's router as routes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..config import read_variable
from ..errors import ConfigurationError
from .routing import read_route

if TYPE_CHECKING:
    from ..types.config.routes import ModelRoute

LITELLM_STRATEGIES = {"simple-shuffle": "weighted", "least-busy": "least_in_flight", "usage-based-routing": "headroom",
                      "latency-based-routing": "latency", "cost-based-routing": "cheapest",
                      "usage-based-routing-v2": "headroom"}  # fmt: skip
LITELLM_PARAMETERS = {"api_base": "base_url", "aws_region_name": "region", "vertex_project": "project_id",
                      "vertex_location": "location", "api_version": "api_version", "api_key": "api_key",
                      "base_url": "base_url", "extra_headers": "headers", "weight": "weight"}  # fmt: skip
LITELLM_CREDENTIALS = {"aws_access_key_id": "access_key_id", "aws_secret_access_key": "secret_access_key",
                       "aws_session_token": "session_token"}  # fmt: skip
LIMITS = "pass attempt_layers=[ai_utilities.limits.LimitLayer(...)]"
AS_SHARE = "it is a share of the calls; for a limit, " + LIMITS
LITELLM_WITHOUT_EFFECT = {
    "rpm": LIMITS, "tpm": LIMITS, "max_parallel_requests": LIMITS,
    "timeout": "pass config=AIModelCallConfig(timeout=...)",
    "stream_timeout": "pass config=AIModelCallConfig(timeout=Timeouts(first_token=...))",
    "max_retries": "pass config=AIModelCallConfig(retries=...)",
    "num_retries": "pass config=AIModelCallConfig(retries=...)",
    "cooldown_time": "the kind of a failure decides how long a deployment rests",
    "allowed_fails": "the kind of a failure decides how long a deployment rests",
    "context_window_fallbacks": "deployments that cannot take a prompt are passed over",
    "content_policy_fallbacks": "catch ContentFilteredError", "redis_host": "pass health=RedisHealth(...)",
    "redis_url": "pass health=RedisHealth(...)", "enable_pre_call_checks": "they are always made",
    "input_cost_per_token": "set cost_data of the endpoint", "output_cost_per_token": "set cost_data of the endpoint",
    "organization": "pass headers={'OpenAI-Organization': ...} in extra_headers",
    **dict.fromkeys(("temperature", "max_tokens", "top_p", "seed"), "pass config=AIModelCallConfig(...) to the client"),
    "tags": "make a route for each tag", "model_info": "set ChatModelSettings of the model",
}  # fmt: skip
"""Settings of LiteLLM that routes do not have, and what to do instead."""


class RouteSettingWarning(UserWarning):
    """A setting of another router has no effect here, or another one.

    Args:
        setting: Name of the setting.
        model_name: The entry that has it; None for a setting of the router.
        advice: What to do instead.
    """

    def __init__(self, setting: str, model_name: str | None, advice: str) -> None:
        self.setting, self.model_name, self.advice = setting, model_name, advice
        where = "" if model_name is None else f" of {model_name!r}"
        problem = "does not limit the route" if advice == AS_SHARE else "has no effect on the route"
        super().__init__(f"{setting}{where} {problem}: {advice}")


def routes_from_litellm(
    model_list: Sequence[Mapping[str, Any]],
    *,
    routing_strategy: str = "simple-shuffle",
    fallbacks: Sequence[Mapping[str, Sequence[str]]] | None = None,
    default_fallbacks: Sequence[str] | None = None,
    **others: Any,
) -> dict[str, ModelRoute]:
    """Read the arguments of LiteLLM's `Router`.

    Deployments with a lower `order` come first, as a group of their own. `weight` is a share of the calls, and so are
    `rpm` or `tpm` where all deployments of a name have one and none has a weight (with `simple-shuffle` and
    `least-busy`).

    Args:
        model_list: Its list of deployments, with `model_name` and `litellm_params`.
        routing_strategy: Its strategy.
        fallbacks: Its fallbacks, such as `[{"gpt": ["claude"]}]`.
        default_fallbacks: Its fallbacks of all names that have none.
        **others: Its other arguments. Each one gives a `RouteSettingWarning`, as do settings of deployments that have
            no effect here.

    Returns:
        A route for each `model_name`.

    Raises:
        ConfigurationError: If an entry cannot be read.
    """
    if routing_strategy not in LITELLM_STRATEGIES:
        known = ", ".join(LITELLM_STRATEGIES)
        raise ConfigurationError(f"routing_strategy {routing_strategy!r:.60} is none of LiteLLM's: {known}")
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for entry in mappings_of(model_list, "model_list"):
        if not {"model_name", "litellm_params"} <= entry.keys():
            raise ConfigurationError("an entry of model_list needs 'model_name' and 'litellm_params'")
        if not isinstance(entry["litellm_params"], Mapping) or not entry["litellm_params"].get("model"):
            raise ConfigurationError(f"litellm_params of {entry['model_name']!r} needs 'model', as in 'openai/gpt-5.4'")
        entries.setdefault(str(entry["model_name"]), []).append(entry)
    unused: Unused = [
        (setting, LITELLM_WITHOUT_EFFECT.get(setting, NO_EQUAL), None)
        for setting, value in others.items()
        if value is not None
    ]
    named = {name: after for entry in mappings_of(fallbacks or [], "fallbacks") for name, after in entry.items()}
    usual = [*(default_fallbacks or ()), *named.pop("*", ())]
    following = {name: usual for name in entries if name not in usual} | named
    if missing := {other for name, after in following.items() for other in (name, *after)} - entries.keys():
        raise ConfigurationError(f"fallbacks name {min(missing)!r}, which is not in model_list")
    strategy = LITELLM_STRATEGIES[routing_strategy]
    groups = {name: read_litellm_groups(name, some, strategy, unused) for name, some in entries.items()}
    for setting, advice, where in unused:
        warnings.warn(RouteSettingWarning(setting, where, advice), stacklevel=2)
    return {
        name: read_route([group for one in (name, *following.get(name, ())) for group in groups[one]], name)
        for name in groups
    }


Unused = list[tuple[str, str, str | None]]
"""Settings that have no effect, what to do instead, and the entries that have them."""

READ_OF_ENTRIES = {"model_name", "litellm_params", "model_info", "rpm", "tpm"}
NO_EQUAL = "there is no equal setting"


def mappings_of(given: object, what: str) -> list[Mapping[str, Any]]:
    """Return a list of mappings, such as the deployments."""
    if not isinstance(given, list | tuple) or not all(isinstance(one, Mapping) for one in given):
        raise ConfigurationError(f"{what} must be a list of dicts, as LiteLLM's Router takes it")
    return [*given]


def read_litellm_groups(
    name: str, entries: Sequence[Mapping[str, Any]], strategy: str, unused: Unused
) -> list[dict[str, Any]]:
    """Return the groups of one name: the deployments of each `order`."""
    given = [
        {**{key: entry[key] for key in ("rpm", "tpm") if key in entry}, **entry["litellm_params"]} for entry in entries
    ]
    has_weights = any("weight" in one for one in given)
    shares = ("rpm", "tpm") if strategy in ("weighted", "least_in_flight") and not has_weights else ()
    share = next((key for key in shares if all(one.get(key) is not None for one in given)), None)
    by_order: dict[float, list[dict[str, Any]]] = {}
    for entry, one in zip(entries, given, strict=True):
        deployment = read_litellm_parameters(name, one, unused, share)
        info = dict(entry.get("model_info") or {})
        if "id" in info:
            deployment["name"] = str(info.pop("id"))
        if info:
            unused.append(("model_info", LITELLM_WITHOUT_EFFECT["model_info"], name))
        unused += [(key, LITELLM_WITHOUT_EFFECT.get(key, NO_EQUAL), name) for key in entry.keys() - READ_OF_ENTRIES]
        if share is not None:
            deployment["weight"] = one[share]
        by_order.setdefault(one.get("order", float("inf")), []).append(deployment)
    return [{"deployments": by_order[order], "strategy": strategy} for order in sorted(by_order)]


def read_litellm_parameters(name: str, given: Mapping[str, Any], unused: Unused, share: str | None) -> dict[str, Any]:
    """Return the parameters of one deployment as this library names them."""
    deployment: dict[str, Any] = {"model": litellm_model(str(given["model"]))}
    for key, value in given.items():
        if key == "api_key" and isinstance(value, str) and value.startswith("os.environ/"):
            deployment["api_key_env"] = value.removeprefix("os.environ/")
        elif key in LITELLM_CREDENTIALS:
            deployment.setdefault("credentials", {})[LITELLM_CREDENTIALS[key]] = read_litellm_value(value)
        elif key in LITELLM_PARAMETERS:
            deployment[LITELLM_PARAMETERS[key]] = read_litellm_value(value)
        elif key in LITELLM_WITHOUT_EFFECT:
            unused.append((key, AS_SHARE if key == share else LITELLM_WITHOUT_EFFECT[key], name))
        elif key not in ("model", "order"):
            raise ConfigurationError(f"litellm_params: {key!r} has no equal here. Leave it out, or write the route")
    return deployment


def read_litellm_value(value: Any) -> Any:
    """Return a value; `os.environ/NAME` is that of a variable."""
    if isinstance(value, str) and value.startswith("os.environ/"):
        return read_variable(value.removeprefix("os.environ/"))
    return value


LITELLM_PROVIDERS = {"gemini": "google_ai", "vertex_ai": "google_vertex_ai", "bedrock": "amazon_bedrock",
                     "azure": "microsoft_openai", "azure_ai": "microsoft_azure_ai", "together_ai": "together",
                     "fireworks_ai": "fireworks", "hosted_vllm": "vllm", "ollama_chat": "ollama"}  # fmt: skip


def litellm_model(name: str) -> str:
    """Return the name of a model with the provider as this library names it."""
    if "*" in name:
        raise ConfigurationError(f"model {name!r:.60} of model_list is a pattern. Write an entry for each model")
    provider, slash, model = name.partition("/")
    return f"{LITELLM_PROVIDERS.get(provider, provider)}/{model}" if slash else name
