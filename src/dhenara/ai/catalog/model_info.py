"""Facts about models (limits, reasoning, modalities) from `tables/` by any name, and model constants made from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pkgutil import get_data
from typing import Any

from ..types.config.api import AIModelEndpoint
from ..types.config.model import AIModel, ChatModelCostData, ChatModelSettings, FunctionalType, ImageModelCostData
from ..wire import json


@cache
def load(table: str) -> dict[str, Any]:
    """Return a table of `tables/` by name."""
    content = get_data(__package__ or "", f"tables/{table}.json")
    loaded: dict[str, Any] = json.loads(content or b"{}")
    return loaded


# Prefixes and suffixes around the name itself, outermost first.
WRAPPINGS = (
    re.compile(r"^.*/(?=[^/]+$)"),  # paths: models/…, publishers/google/models/…, openai/…, an ARN's profile
    re.compile(r"^(us|eu|apac|global|jp|au|ca|us-gov|regional)\.(?=[a-z0-9-]+\.)"),
    re.compile(r"^(?:anthropic|amazon|meta|mistral|openai|cohere|deepseek|qwen|google|moonshotai|moonshot|zai|ai21)\."),
    re.compile(r":(?!\d+b)[a-z0-9_.-]+$"),  # routes and variants: :free, :fastest, :0
    re.compile(r"-v\d+$"),
    re.compile(r"@[a-z0-9-]+$"),
    re.compile(r"[-@](20\d\d-\d\d-\d\d|20\d{6}|latest|default)$"),
    re.compile(r"-\d{2}-\d{4}$"),
)
FINE_TUNED = re.compile(r"^ft:([^:]+):")


@lru_cache(1_024)
def names_of(name: str) -> tuple[str, ...]:
    """Return the name in lower case, then with fewer and fewer prefixes and suffixes."""
    names = [name.lower()]
    tuned = FINE_TUNED.match(names[0])
    if tuned:
        names.append(tuned[1])
    for wrapping in WRAPPINGS:
        plainer = wrapping.sub("", names[-1])
        if plainer and plainer != names[-1]:
            names.append(plainer)
    return tuple(names)


@dataclass(frozen=True, slots=True)
class FactSource:
    """Source of a fact, and the date on which it was read.

    Attributes:
        name: Name of the source.
        date: The date, as `YYYY-MM-DD`.
    """

    name: str
    date: str


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known about one model. None or empty: unknown.

    Attributes:
        name: Name of the model.
        vendor: Provider that makes it.
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
        served_by: Other providers to the model's name there.
        sources: Name of each fact to its source.
    """

    name: str
    vendor: str
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
    served_by: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, FactSource] = field(default_factory=dict, repr=False)

    def settings(self) -> ChatModelSettings:
        """Return the limits as settings of an `AIModel`."""
        return ChatModelSettings(
            max_context_window_tokens=self.context_window,
            max_input_tokens=self.max_input_tokens,
            max_output_tokens=self.max_output_tokens,
            supports_reasoning=self.reasoning,
            reasoning_efforts=self.reasoning_efforts,
            input_modalities=self.input_modalities,
            refused_parameters=self.refused,
        )


def find_facts(model: str | AIModelEndpoint) -> ModelFacts | None:
    """Return the facts about a model.

    Args:
        model: Any name of the model (with region, vendor, date or version around it), or an endpoint, which is looked
            up by the `base_model` of its model if there is one.

    Returns:
        The facts; None if the model is not in the catalogue.
    """
    if isinstance(model, AIModelEndpoint):
        model = model.ai_model.base_model or model.ai_model.model_name
    return find_named(model)


@lru_cache(1_024)
def find_named(model: str) -> ModelFacts | None:
    known = name_index()
    return next((facts_of(*known[name]) for name in names_of(model) if name in known), None)


def known_models(vendor: str | None = None) -> tuple[str, ...]:
    """Return the names of all models in the catalogue.

    Args:
        vendor: Only the models of this vendor, such as `"openai"`. Default None: all.
    """
    return tuple(name for owner, name in name_index().values() if vendor in (None, owner))


def facts_of(vendor: str, name: str) -> ModelFacts:
    table = load("facts")
    by_source: Mapping[str, Mapping[str, Any]] = table["models"][vendor][name]
    values = {fact: freeze(value) for facts in by_source.values() for fact, value in facts.items()}
    sources = {fact: FactSource(**table["sources"][key]) for key, facts in by_source.items() for fact in facts}
    return ModelFacts(name, vendor, sources=sources, **values)


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
        facts = find_named(data["model_name"])
        known = constant_fields(facts) if facts else {}
        more = image_fields(data["model_name"]) if kind == "image" else {}
        prices = listed_prices(vendor, data["model_name"])
        return AIModel.model_validate({"provider": vendor, **known, **prices, **more, **data})

    return find, lambda: sorted([everything, *load("constants")[vendor][kind]])


def constant_fields(facts: ModelFacts) -> dict[str, Any]:
    """Return the fields of a model constant, with the source of each fact in its metadata."""
    sources = {fact: f"{source.name} ({source.date})" for fact, source in facts.sources.items()}
    described: dict[str, Any] = {"display_name": facts.display_name, "metadata": {"facts": sources}}
    if facts.functional_type in (None, "text_generation"):
        described["settings"] = facts.settings()
    else:
        described["functional_type"] = facts.functional_type
    return described


def listed_prices(vendor: str, name: str) -> dict[str, Any]:
    """Return the token prices of a model constant, with the price list they are from; empty if unknown."""
    table = load("constant_prices")
    prices = table["prices"].get(f"{vendor}/{name}")
    return {"cost_data": ChatModelCostData(**prices, source=table["source"])} if prices else {}


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
