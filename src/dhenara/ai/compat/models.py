"""Models and clients of version 1."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from pydantic import ConfigDict

from ..catalog.prices import price_usage
from ..errors import ConfigurationError, SyncAsyncMismatchError
from ..types.chat.response import AIModelCallResponse
from ..types.chat.usage import Usage
from ..types.config.api import AIModelEndpoint
from ..types.config.call import AIModelCallConfig
from ..types.config.model import AIModel, ChatModelCostData, ChatModelSettings, ImageModelCostData
from .responses import UsageCharge, charge_by, usage_charge

if TYPE_CHECKING:
    from ..client.client import AIModelClient


Attribute = Callable[[Any], Any]
BaseCostData = ChatModelCostData | ImageModelCostData


class FoundationModel(AIModel):
    """A model whose fields can be assigned, as in version 1; otherwise the same as `AIModel`."""

    model_config = ConfigDict(frozen=False, validate_assignment=True)


class ImageModelSettings(ChatModelSettings):
    """Limits of an image model.

    Attributes:
        max_words: Maximum number of words of the prompt. Not enforced, as in version 1.
    """

    max_words: int | None = None


def copy_of(model: AIModel, changes: Mapping[str, Any]) -> FoundationModel:
    """Return a changeable copy of a model with other values in some fields."""
    fields = {name: getattr(model, name) for name in model.model_fields_set}
    metadata = {**model.metadata, **(changes.get("metadata") or {})}
    given = {name: value for name, value in changes.items() if value is not None}
    return FoundationModel.model_validate({**fields, "base_model": model.model_name, **given, "metadata": metadata})


def clone(model: AIModel) -> Callable[..., FoundationModel]:
    def copy(model_name: str) -> FoundationModel:
        """Return a changeable copy of the model with another name."""
        return copy_of(model, {"model_name": model_name})

    return copy


def create_instance(model: AIModel) -> Callable[..., FoundationModel]:
    def create(**changes: Any) -> FoundationModel:
        """Return a changeable copy of the model with other values in some fields."""
        return copy_of(model, {"display_name": changes.get("model_name"), **changes})

    return create


def name_with_suffix(model: AIModel) -> str:
    return f"{model.model_name}{model.metadata.get('version_suffix') or ''}"


def valid_options(model: AIModel) -> Callable[..., dict[str, Any]]:
    def options(include_display_only: bool = False) -> dict[str, Any]:
        """Return the options that a call may set."""
        known = model.valid_options or {}
        return {name: one for name, one in known.items() if include_display_only or not one.display_only}

    return options


def check_options(model: AIModel, options: Mapping[str, Any]) -> None:
    known = model.valid_options or {}
    unknown = sorted(options.keys() - known.keys())
    if unknown:
        raise ConfigurationError(f"{model.model_name}: Unknown options: {', '.join(unknown)}")
    for name, value in options.items():
        if known[name].allowed_values and value not in known[name].allowed_values:
            allowed = ", ".join(map(repr, known[name].allowed_values[:8]))
            raise ConfigurationError(f"{model.model_name}: invalid value {value!r} for {name}. Use one of {allowed}")


def validate_options(model: AIModel) -> Callable[[Mapping[str, Any]], bool]:
    def validate(options: Mapping[str, Any]) -> bool:
        """Return whether all options and their values are valid."""
        try:
            check_options(model, options)
        except ConfigurationError:
            return False
        return True

    return validate


def options_with_defaults(model: AIModel) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def complete(options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options with the default value of each that is missing.

        Raises:
            ConfigurationError: An option or its value is not valid.
        """
        check_options(model, options)
        return {name: options.get(name, one.default_value) for name, one in (model.valid_options or {}).items()}

    return complete


def charge_for(endpoint: AIModelEndpoint) -> Callable[[Usage], UsageCharge | None]:
    def calculate(usage: Usage) -> UsageCharge | None:
        """Return the charge for a usage; None if the price is unknown."""
        return usage_charge(price_usage(endpoint, usage))

    return calculate


def charge_at(prices: BaseCostData) -> Callable[..., UsageCharge]:
    def charge(cost: Decimal | float, *, components: Any = None) -> UsageCharge:
        """Return a cost with the margin of these prices."""
        return charge_by(cost, prices.cost_multiplier_percentage)

    return charge


def output_limit(config: AIModelCallConfig) -> Callable[[AIModel], int | None]:
    def limit(model: AIModel) -> int | None:
        """Return the maximum number of output tokens of a call to this model."""
        return smaller(config.max_output_tokens, (model.settings or ChatModelSettings()).max_output_tokens)

    return limit


def reasoning_budget(config: AIModelCallConfig) -> Callable[[AIModel], int | None]:
    def budget(model: AIModel) -> int | None:
        """Return the maximum number of reasoning tokens of a call; None where the model has no such limit."""
        known = model.settings or ChatModelSettings()
        if not config.reasoning or known.supports_reasoning is False or known.max_reasoning_tokens is None:
            return None
        return smaller(config.max_reasoning_tokens, known.max_reasoning_tokens)

    return budget


def smaller(one: int | None, other: int | None) -> int | None:
    numbers = [number for number in (one, other) if number is not None]
    return min(numbers) if numbers else None


MODEL_ATTRIBUTES: dict[str, Attribute] = {
    "beta": lambda one: one.metadata.get("beta", False),
    "clone": clone,
    "create_instance": create_instance,
    "enabled": lambda one: one.metadata.get("enabled", True),
    "foundation_model": lambda one: None,
    "get_cost_data": lambda one: lambda: one.cost_data,
    "get_options_with_defaults": options_with_defaults,
    "get_settings": lambda one: lambda: one.settings,
    "get_valid_options": valid_options,
    "is_foundation_model": lambda one: one.base_model is None,
    "model_name_with_version_suffix": name_with_suffix,
    "order": lambda one: one.metadata.get("order", 0),
    "reference_number": lambda one: one.metadata.get("reference_number"),
    "validate_options": validate_options,
}
ENDPOINT_ATTRIBUTES: dict[str, Attribute] = {
    "calculate_usage_charge": charge_for,
    "get_cost_data": lambda one: lambda: one.cost_data or one.ai_model.cost_data,
    "reference_number": lambda one: one.reference,
}
SETTINGS_ATTRIBUTES: dict[str, Attribute] = {
    "max_output_tokens_reasoning_mode": lambda one: one.max_output_tokens,
    "supported_reasoning_efforts": lambda one: one.reasoning_efforts or None,
}
PRICE_ATTRIBUTES: dict[str, Attribute] = {"get_charge": charge_at}
CONFIG_ATTRIBUTES: dict[str, Attribute] = {
    "get_max_output_token_limit": output_limit,
    "get_max_output_tokens": lambda one: lambda model: (output_limit(one)(model), reasoning_budget(one)(model)),
    "get_reasoning_token_budget": reasoning_budget,
    "get_user": lambda one: lambda: one.user or one.metadata.get("user") or one.metadata.get("user_id"),
}


class AwaitableResponse(AIModelCallResponse):
    """A response that may also be awaited, because version 1 returned a coroutine here in sync code as well."""

    def __await__(self) -> Generator[None, None, Self]:
        yield from ()
        return self


def generate_here(client: AIModelClient) -> Callable[..., Any]:
    """`generate` of a sync client; of an async-only client `generate_async`, whose result is awaited."""
    if client.is_async:
        return client.generate_async

    def generate(*args: Any, **options: Any) -> AIModelCallResponse:
        response = client.generate(*args, **options)
        made = AwaitableResponse.streaming(stream=response.sync_stream_generator)
        return made.model_copy(update={name: getattr(response, name) for name in response.model_fields_set})

    return generate


def cleanup_sync(client: AIModelClient) -> Callable[[], None]:
    if client.is_async:
        raise SyncAsyncMismatchError("cleanup_sync called for an async client. Use await client.aclose().")
    return client.close


def cleanup_async(client: AIModelClient) -> Callable[[], Any]:
    if client.is_async is False:
        raise SyncAsyncMismatchError("cleanup_async called for a sync client. Use client.close().")
    return client.aclose


METHODS: dict[str, Callable[[AIModelClient], Any]] = {
    "cleanup_async": cleanup_async,
    "cleanup_sync": cleanup_sync,
    "generate_with_existing_connection": generate_here,
    "generate_with_existing_connection_async": lambda client: client.generate_async,
    "generate_with_existing_connection_sync": lambda client: client.generate,
}


def old_method(client: AIModelClient, name: str) -> Any:
    """Return a method that clients had in version 1.

    Raises:
        AttributeError: Clients had no such method.
    """
    if name not in METHODS:
        raise AttributeError(f"{type(client).__name__!r} object has no attribute {name!r}")
    return METHODS[name](client)


class AIModelClientFactory:
    """Makes nothing here: `AIModelClient` chooses the provider by itself."""

    @classmethod
    def create_provider_client(cls, *_: Any, **__: Any) -> Any:
        """Raise an error that names what to use.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            "AIModelClientFactory.create_provider_client does not exist in this version. Use AIModelClient(endpoint)"
        )
