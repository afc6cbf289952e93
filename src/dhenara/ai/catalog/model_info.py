"""Facts about models from `tables/` by any name and host, and model constants made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from ..providers.model_names import maker_of
from ..providers.provider_names import provider_name
from ..types.config.api import AIModelEndpoint
from ..types.config.model import AIModel, ChatModelSettings, FunctionalType, ImageModelCostData
from . import host_facts
from .host_facts import (
    DEPLOYMENTS,
    LIMITS,
    OWN_HOSTS,
    SAME_API,
    FactSource,
    clear_on_change,
    find_row,
    host_table,
    names_of,
    own_limits,
    read_table,
    resolve_alias,
    row_index,
)


@cache
def load(table: str) -> dict[str, Any]:
    """Return a table of `tables/` by name."""
    loaded: dict[str, Any] = read_table(table) or {}
    return loaded


clear_on_change(load.cache_clear)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known about one model at one host. None or empty: unknown.

    Attributes:
        name: Name of the model.
        vendor: Maker of the model; None if only its host is known.
        host: Provider whose limits and rules these are. None: facts about the model alone.
        display_name: Name for people.
        functional_type: What it generates.
        context_window: Maximum tokens of prompt and answer together.
        max_input_tokens: Maximum tokens of the prompt.
        max_output_tokens: Maximum tokens of the answer.
        input_modalities: What prompts may contain: `text`, `image`, `audio`, `video`, `file`.
        output_modalities: What answers may contain.
        reasoning: Whether it can reason.
        reasoning_efforts: Allowed efforts, from least to most.
        default_effort: Effort if none is set.
        reasoning_budget: Minimum and maximum of reasoning tokens.
        always_reasons: Whether reasoning cannot be turned off.
        refused: Parameters that it does not accept.
        refused_while_reasoning: Parameters that it does not accept while it reasons.
        exclusive: Groups of parameters of which only one may be set.
        tools: Whether it can call tools.
        forced_tools: Whether it can be forced to call a tool.
        forced_tools_while_reasoning: The same while it reasons.
        structured_output: Whether the provider enforces a schema.
        prefill: Whether the conversation may end with the beginning of the answer.
        protocols: Protocols that serve it, if not all of its provider do.
        released: Date of the release.
        retires: Date from which it is no longer served.
        deprecated: Whether it is deprecated.
        retired: True if the host no longer served it when its table was made. Its limits are then not applied.
        served_by: Other providers to the model's name there.
        sources: Name of each fact to its source.
    """

    name: str
    vendor: str | None
    host: str | None = None
    display_name: str | None = None
    functional_type: FunctionalType | None = None
    context_window: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    reasoning: bool | None = None
    reasoning_efforts: tuple[str, ...] = ()
    default_effort: str | None = None
    reasoning_budget: tuple[int, ...] = ()
    always_reasons: bool | None = None
    refused: tuple[str, ...] = ()
    refused_while_reasoning: tuple[str, ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()
    tools: bool | None = None
    forced_tools: bool | None = None
    forced_tools_while_reasoning: bool | None = None
    structured_output: bool | None = None
    prefill: bool | None = None
    protocols: tuple[str, ...] = ()
    released: str | None = None
    retires: str | None = None
    deprecated: bool | None = None
    retired: bool | None = None
    served_by: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, FactSource] = field(default_factory=dict, repr=False)

    def settings(self) -> ChatModelSettings:
        """Return the limits as settings of an `AIModel`."""
        return ChatModelSettings(
            max_context_window_tokens=self.context_window,
            max_input_tokens=self.max_input_tokens or self.context_window,
            max_output_tokens=self.max_output_tokens,
            supports_reasoning=self.reasoning,
            max_reasoning_tokens=self.reasoning_budget[1] if self.reasoning_budget else None,
            reasoning_efforts=self.reasoning_efforts,
            input_modalities=self.input_modalities,
            refused_parameters=self.refused,
            host=self.host,
        )

    @property
    def output_limit(self) -> int | None:
        """The most output tokens, if the host's table is current for this model; only this limits a call."""
        return None if self.retired else self.max_output_tokens


OF_MODEL = frozenset(
    [
        "display_name",
        "functional_type",
        "reasoning",
        "input_modalities",
        "output_modalities",
        "tools",
        "released",
        "served_by",
    ]
)
"""Facts that the weights decide, so that they hold at every host. All others are facts of the vendor's service."""

OF_WEIGHTS = "weights"
"""Source of facts that hold at every host, whatever they are about."""

OF_HOST = frozenset(["structured_output", "protocols", "retires", "deprecated"])
"""Facts that differ even between two hosts that run the same service."""


def find_facts(model: str | AIModelEndpoint, host: str | None = None) -> ModelFacts | None:
    """Return the facts about a model at a host.

    Args:
        model: Any name of the model (with region, vendor, date or version around it), or an endpoint, which is looked
            up at its provider, by the `base_model` of its model if there is one.
        host: The provider that serves it. Default None: the endpoint's, or the model's own vendor.

    Returns:
        The facts; None if the model is not in the catalogue. Limits are those of the host only, for exactly this name.
    """
    if not isinstance(model, AIModelEndpoint):
        host = (provider_name(host) or host) if host else home_of(model)
        return find_at(host, model, model) if host else None
    given, provider = model.ai_model, host or str(model.api.provider)
    named = None if provider in DEPLOYMENTS else given.model_name
    return find_at(provider_name(provider) or provider, given.base_model or given.model_name, named or given.base_model)


class EndpointFacts:
    """The facts about the model of an endpoint; what was found last is kept until tables or limits change."""

    def __init__(self) -> None:
        self._last: tuple[AIModelEndpoint, int, ModelFacts | None] | None = None

    def find(self, endpoint: AIModelEndpoint) -> ModelFacts | None:
        """Return what `find_facts` returns.

        Args:
            endpoint: The endpoint.
        """
        last, changes = self._last, host_facts.changes
        if last is None or last[0] is not endpoint or last[1] != changes:
            self._last = last = endpoint, changes, find_facts(endpoint)
        return last[2]


@lru_cache(1_024)
def home_of(name: str) -> str | None:
    """Return the vendor's own host of a model."""
    known = find_model(name)
    return OWN_HOSTS.get(known[0], known[0]) if known else maker_of(name)


def find_at(host: str, name: str, limited_as: str | None) -> ModelFacts | None:
    """Return the facts about a model at a host, with the user's own limits.

    Args:
        host: Name of the provider.
        name: Any name of the model.
        limited_as: The host's name of the model, for limits; they are also looked up under `name`. None: no limits.
    """
    facts = find_listed(host, name, limited_as)
    own = own_limits(host, limited_as, name) if limited_as else None
    if own is None:
        return facts
    known = facts or ModelFacts(own.name, None)
    sources = {**known.sources, **own.sources}
    return replace(known, host=host, sources=sources, retired=None, **{**dict.fromkeys(LIMITS), **own.facts})


@lru_cache(1_024)
def find_listed(host: str, name: str, limited_as: str | None) -> ModelFacts | None:
    """Return the facts of the tables about a model at a host."""
    row = (find_row(host, limited_as) or find_row(host, name)) if limited_as else None
    known = find_model(resolve_alias(host, name.lower()))
    if known is None and row is None:
        return None
    values, sources = model_facts(*known, host) if known else ({}, {})
    if row is not None:
        values |= {fact: value for fact, value in row.facts.items() if fact in LIMITS or fact not in values}
        sources |= {fact: source for fact, source in row.sources.items() if values[fact] == row.facts[fact]}
    if "retires" in values and values["retires"] <= host_table(host).get("date", ""):
        values["retired"], sources["retired"] = True, sources["retires"]
    vendor, own_name = known or (None, row.name if row else name)
    rules = vendor is not None and host in service_hosts(vendor)
    return ModelFacts(own_name, vendor, host if row or rules else None, sources=sources, **values)


def find_model(name: str) -> tuple[str, str] | None:
    """Return the vendor and the exact name of the model that this is a name of."""
    known = name_index()
    return next((known[one] for one in names_of(name) if one in known), None)


def service_hosts(vendor: str) -> tuple[str, ...]:
    """Return the hosts that run the vendor's own service."""
    return OWN_HOSTS.get(vendor, vendor), *SAME_API.get(vendor, ())


def known_models(vendor: str | None = None, *, host: str | None = None) -> tuple[str, ...]:
    """Return the names of all models in the catalogue.

    Args:
        vendor: Only the models of this vendor, such as `"openai"`. Default None: all.
        host: The models in the table of this host instead, under its own names. Default None: models of vendors.
    """
    if host is not None:
        return tuple(row_index(provider_name(host) or host).values())
    return tuple(name for owner, name in name_index().values() if vendor in (None, owner))


def model_facts(vendor: str, name: str, host: str) -> tuple[dict[str, Any], dict[str, FactSource]]:
    """Return the facts about a vendor's model that hold at a host, and their sources."""
    table, own, *others = load("facts"), *service_hosts(vendor)
    values: dict[str, Any] = {}
    sources: dict[str, FactSource] = {}
    for key, facts in table["models"][vendor][name].items():
        source = FactSource(**table["sources"][key])
        for fact, value in facts.items():
            same_service = host in others and fact not in OF_HOST
            if host == own or same_service or fact in OF_MODEL or key == OF_WEIGHTS:
                values[fact], sources[fact] = freeze(value), source
    return values, sources


def freeze(value: Any) -> Any:
    return tuple(map(freeze, value)) if isinstance(value, list) else value


@cache
def name_index() -> dict[str, tuple[str, str]]:
    """Return each model's name in lower case, with its vendor and exact name."""
    return {name.lower(): (vendor, name) for vendor, models in load("facts")["models"].items() for name in models}


def constants(vendor: str, kind: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for a module with the models of a vendor as constants."""
    everything = f"{kind.upper()}_MODELS"

    @cache
    def find(name: str) -> AIModel | tuple[AIModel, ...]:
        if name == everything:
            return tuple(made(one) for one in load("constants")[vendor][kind])
        return made(name)

    @cache
    def made(name: str) -> AIModel:
        named = load("constants")[vendor][kind].get(name)
        if named is None:
            raise AttributeError(
                f"{vendor} has no {kind} model constant {name!r}; any model works as AIModel(model_name=...)"
            )
        data: dict[str, Any] = named if isinstance(named, dict) else {"model_name": named}
        facts = find_facts(data["model_name"], OWN_HOSTS.get(vendor, vendor))
        known = constant_fields(facts) if facts else {}
        more = image_fields(data["model_name"]) if kind == "image" else {}
        prices = import_module("dhenara.ai.catalog.prices").listed_prices(
            OWN_HOSTS.get(vendor, vendor), data["model_name"]
        )
        return AIModel.model_validate({"provider": vendor, **known, **prices, **more, **data})

    return find, lambda: sorted([everything, *load("constants")[vendor][kind]])


def constant_fields(facts: ModelFacts) -> dict[str, Any]:
    """Return the fields of a model constant, with the source of each fact in its metadata."""
    sources = {fact: str(source) for fact, source in facts.sources.items()}
    described: dict[str, Any] = {"display_name": facts.display_name, "metadata": {"facts": sources}}
    if facts.functional_type in (None, "text_generation"):
        described["settings"] = facts.settings()
    else:
        described["functional_type"] = facts.functional_type
    return described


def image_fields(name: str) -> dict[str, Any]:
    """Return what is known of an image model: its options, and its price where images have one."""
    table = load("images")
    fields: dict[str, Any] = {"functional_type": "image_generation"}
    if prices := table["prices"].get(name):
        fields["cost_data"] = ImageModelCostData(**prices, source=table["source"])
    series = [prefix for prefix in table["options"] if name.startswith(prefix)]
    if series:
        fields["valid_options"] = {
            option: values for prefix in series for option, values in table["options"][prefix].items()
        }
    return fields


for cached in (home_of, find_listed, name_index):
    clear_on_change(cached.cache_clear)
