"""Access to a provider: its name, API and credentials, and the endpoint that a model is called through."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self, Unpack

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from ...errors import ConfigurationError
from ...providers.model_names import read_next_model_name
from ...providers.provider_names import provider_name, require_provider_name
from ...wire.secrets import MASK, conceal, conceal_all, conceal_options, mask, reveal
from ..model_base import DISCREET, FrozenModel, InvalidValueError, read_old_fields, require_type
from .call_policies import ApiOptions, check_option_names, config_of_api, describe_type, read_named_model, require_model
from .model import AIModel, AnyCostData


class AIModelAPIProviderEnum(StrEnum):
    """Built-in providers. A plain string with a registered name is accepted as well."""

    OPEN_AI = "openai"
    ANTHROPIC = "anthropic"
    GOOGLE_AI = "google_ai"
    GOOGLE_VERTEX_AI = "google_vertex_ai"
    MICROSOFT_OPENAI = "microsoft_openai"
    MICROSOFT_AZURE_AI = "microsoft_azure_ai"
    AMAZON_BEDROCK = "amazon_bedrock"
    DEEPSEEK = "deepseek"
    GROQ = "groq"
    MISTRAL = "mistral"
    XAI = "xai"
    COHERE = "cohere"
    VOYAGE = "voyage"
    DEEPGRAM = "deepgram"
    OPENROUTER = "openrouter"
    TOGETHER = "together"
    FIREWORKS = "fireworks"
    PERPLEXITY = "perplexity"
    MOONSHOT = "moonshot"
    ZAI = "zai"
    ALIBABA = "alibaba"
    MINIMAX = "minimax"
    CEREBRAS = "cerebras"
    HUGGINGFACE = "huggingface"
    NVIDIA = "nvidia"
    GITHUB_MODELS = "github_models"
    SAMBANOVA = "sambanova"
    DEEPINFRA = "deepinfra"
    OLLAMA = "ollama"
    LM_STUDIO = "lm_studio"
    VLLM = "vllm"
    LLAMA_CPP = "llama_cpp"
    LOCAL = "local"
    OPENAI_COMPATIBLE = "openai_compatible"


class Credentials:
    """Credentials with several fields, such as AWS access keys. Values are masked in `repr`, dumps and errors.

    Args:
        values: The secrets by name, such as `{"access_key_id": "...", "secret_access_key": "..."}`.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        require_type("Credentials", "values", values, Mapping, "a mapping of names to secrets")
        self._values = {name: conceal_all(value) for name, value in values.items()}

    def reveal(self) -> dict[str, Any]:
        """Return the secrets as plain strings."""
        revealed: dict[str, Any] = reveal(self._values)
        return revealed

    def values(self) -> Mapping[str, Any]:
        """Return the secrets for request signing; each string is masked in its own `repr`."""
        return self._values

    def __repr__(self) -> str:
        return f"Credentials({', '.join(f'{name}={MASK}' for name in self._values)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credentials) and other._values == self._values

    __hash__ = None  # type: ignore[assignment]  # secrets must not be hashed

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Schema that accepts a dict and masks its values; dumps contain only the names."""
        masked = core_schema.plain_serializer_function_ser_schema(masked_names)
        return core_schema.no_info_plain_validator_function(to_credentials, serialization=masked)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "object"}


def to_credentials(given: Any) -> Credentials:
    if isinstance(given, Credentials):
        return given
    if not isinstance(given, Mapping):
        raise ValueError("credentials must be a dict of the fields that the provider needs, for example {'token': ...}")
    return Credentials(given)


def masked_names(credentials: Credentials) -> dict[str, str]:
    return dict.fromkeys(credentials.values(), MASK)


OLD_FIELDS = frozenset({"aiModel", "apiKey", "costData", "enabled", "order", "referenceNumber", "reference_number"})
"""Fields of version 1, and names in camel case that it took."""

CONFIG_NAMES = ("base_url", "headers", "protocol", "region", "project", "location", "api_version", "endpoint")
"""Settings of a connection, which belong in `config` and are often passed as arguments."""


def check_field_names(given: Any, expected: str) -> Any:
    """Return a value, or raise if it is a mapping with names that are not texts, which no constructor takes."""
    if isinstance(given, Mapping) and not all(isinstance(name, str) for name in given):
        raise ConfigurationError(expected)
    return given


class AccessModel(FrozenModel):
    """Frozen model with secrets: its constructor raises an `InvalidValueError` without them."""

    model_config = DISCREET

    if not TYPE_CHECKING:
        # Type checkers see the constructor that pydantic makes from the fields.
        def __init__(self, **fields: Any) -> None:
            conceal_options(fields)
            try:
                super().__init__(**fields)
            except ValidationError as error:
                raise InvalidValueError.of(error, type(self).model_fields) from None


class AIModelAPI(AccessModel):
    """Access to one provider: its name, API key or credentials, and connection settings.

    `repr` and `model_dump` (both modes) mask the key, the credentials, the values of `config["headers"]` and of the
    query of `config["base_url"]`, and every entry of `config` with a name such as `password`. Use
    `api_key.get_secret_value()`, `credentials.reveal()` and `reveal_config()` to read the values. Copies and pickles
    keep them.

    Attributes:
        provider: Provider name, such as `"openai"`, an alias of it, or a member of `AIModelAPIProviderEnum`. A provider
            of your own is registered before (`register_provider`).
        api_key: API key. Default None: read from the provider's environment variable.
        credentials: Credentials with several fields, for providers that need more than one key.
        config: Settings that are not secret, such as `base_url`, `region` and `headers`.

    Raises:
        InvalidValueError: If the provider is unknown or a value is invalid: a `ConfigurationError` that is also a
            `pydantic.ValidationError`.
    """

    if TYPE_CHECKING:
        # The accepted argument types are wider than the field types.
        def __init__(
            self,
            *,
            provider: AIModelAPIProviderEnum | str,
            api_key: str | SecretStr | None = None,
            credentials: Mapping[str, Any] | Credentials | None = None,
            config: Mapping[str, Any] | None = None,
        ) -> None: ...

    provider: AIModelAPIProviderEnum | str
    api_key: SecretStr | None = None
    credentials: Credentials | None = None
    config: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _read_old_fields(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        for name in CONFIG_NAMES:
            if name in given:
                raise ConfigurationError(f"{name} is a part of config: AIModelAPI(..., config={{{name!r}: ...}})")
        return given if OLD_FIELDS.isdisjoint(given) else read_old_fields("AIModelAPI", given)

    @field_validator("provider", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if isinstance(given, AIModelAPIProviderEnum):
            return given
        if not isinstance(given, str):
            raise ConfigurationError(f"provider must be a name such as 'openai', not {describe_type(given)}")
        if not given.strip():
            raise ConfigurationError("provider missing. Pass provider=, for example AIModelAPIProviderEnum.OPEN_AI")
        return listed_provider(require_provider_name(given))

    @field_validator("config")
    @classmethod
    def _concealed(cls, given: dict[str, Any]) -> dict[str, Any]:
        concealed: dict[str, Any] = conceal(given)
        return concealed

    @field_serializer("config")
    def _masked(self, config: dict[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = mask(conceal(config))
        return masked

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            # `model_copy(update=...)` does not run validators, so mask here as well.
            yield name, mask(conceal(value)) if name == "config" else value

    def reveal_config(self) -> dict[str, Any]:
        """Return the configuration with its secrets as plain strings.

        Returns:
            A copy of `config` with headers, base URL and all other entries as they were passed.
        """
        revealed: dict[str, Any] = reveal(self.config)
        return revealed


def listed_provider(name: str) -> AIModelAPIProviderEnum | str:
    """Return the member of the enumeration with this name, or the name of a provider that was registered."""
    return next((known for known in AIModelAPIProviderEnum if known == name), name)


def make_api(provider: str, api_key: object, credentials: object, config: dict[str, Any]) -> AIModelAPI:
    """Make the access to a provider. What can be wrong is left to the constructor."""
    own, is_key = provider_name(provider), api_key is None or isinstance(api_key, str | SecretStr)
    if own is None or not is_key or credentials is not None or not all(type(name) is str for name in config):
        options: dict[str, Any] = {"api_key": api_key, "credentials": credentials, "config": config}
        return AIModelAPI(provider=provider, **options)
    key: Any = SecretStr(reveal(api_key)) if isinstance(api_key, str) else api_key
    return AIModelAPI.model_construct(
        provider=listed_provider(own), api_key=key, credentials=None, config=conceal(config)
    )


class AIModelEndpoint(AccessModel):
    """A model and the API it is called through. One model may have several endpoints.

    `AIModelEndpoint.of("openai/gpt-5.4-mini")` is the short form.

    Attributes:
        api: Access to the provider.
        ai_model: The model.
        cost_data: Prices that replace those of the model.
        reference: Reference name of the endpoint, for your own use.
    """

    api: AIModelAPI
    ai_model: AIModel
    cost_data: AnyCostData | None = None
    reference: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_old_fields(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and not OLD_FIELDS.isdisjoint(given):
            return read_old_fields("AIModelEndpoint", given)
        return given

    @field_validator("api", mode="before")
    @classmethod
    def _with_names(cls, given: Any) -> Any:
        return check_field_names(given, "api must be an AIModelAPI, or a mapping of its fields")

    @classmethod
    def of(
        cls,
        model: str | AIModel,
        api_key: str | SecretStr | None = None,
        *,
        provider: AIModelAPIProviderEnum | str | None = None,
        **options: Unpack[ApiOptions],
    ) -> Self:
        """Make an endpoint from the name of a model.

        Args:
            model: `"openai/gpt-5.4-mini"`. The provider may have an alias (`"claude"`, `"azure"`), and may be left out
                where only the maker of the model offers it under that name (`"gpt-5.4-mini"`), or for a model constant.
            api_key: API key. Default None: read from the provider's environment variable (such as OPENAI_API_KEY) when
                the first request is sent; a missing key is then an error that names the variable.
            provider: Provider, if the model's name does not tell. Default None.
            **options: What the provider needs beside a key; see `ApiOptions`. What is left out comes from the
                environment too.

        Returns:
            The endpoint.

        Raises:
            ConfigurationError: If the text names no model, an unknown provider, or a model of several hosts without
                one; or if an option does not exist.
        """
        conceal_options(options)
        named, ai_model = read_named_model(model, None if provider is None else str(provider), options)
        check_option_names(options, {**ApiOptions.__annotations__, "api_key": None, "provider": None})
        api = make_api(named, api_key, options.get("credentials"), config_of_api(**options))
        endpoint: Any = cls.model_construct(_fields_set={"api", "ai_model"}, api=api, ai_model=ai_model)
        return endpoint  # type: ignore[no-any-return]  # mypy's plugin loses Self


def next_endpoint(given: object, current: AIModelEndpoint, *others: AIModelEndpoint) -> AIModelEndpoint:
    """Return the endpoint that follows another one.

    Args:
        given: An endpoint, or the name of a model. A model without a provider stays at the current one.
        current: The endpoint in use.
        others: Endpoints used before. A named model is called through the API that was used for its provider.

    Raises:
        ConfigurationError: If `given` names no endpoint.
    """
    if isinstance(given, AIModelEndpoint):
        return given
    if not isinstance(given, str):
        return AIModelEndpoint.of(given)  # type: ignore[arg-type]  # checked there
    name = read_next_model_name(given, str(current.api.provider))
    api = next((one.api for one in (current, *others) if one.api.provider == name.provider), None)
    if api is None:
        return AIModelEndpoint.of(given)
    return AIModelEndpoint(api=api, ai_model=AIModel(model_name=require_model(name)))


def served_model(endpoint: AIModelEndpoint) -> str:
    """Return the name of the model itself, where a deployment has a name of its own."""
    return endpoint.ai_model.base_model or endpoint.ai_model.model_name
