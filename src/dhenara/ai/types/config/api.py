"""Access to a provider: its name, API and credentials, and the endpoint that a model is called through."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    field_serializer,
    field_validator,
)
from pydantic_core import CoreSchema, core_schema

from ...wire.secrets import MASK, conceal, conceal_all, mask, reveal
from ..model_base import DISCREET, FrozenModel
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
    """Credentials with several fields, such as AWS access keys. Values are masked in `repr`, dumps and errors."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
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


class AIModelAPI(FrozenModel):
    """Access to one provider: its name, API key or credentials, and connection settings.

    `repr` and `model_dump` (both modes) mask the key, the credentials, the values of `config["headers"]` and of the
    query of `config["base_url"]`, and every entry of `config` with a name such as `password`. Use
    `api_key.get_secret_value()`, `credentials.reveal()` and `reveal_config()` to read the values. Copies and pickles
    keep them.

    Attributes:
        provider: Provider name, such as `"openai"`, or a member of `AIModelAPIProviderEnum`.
        api_key: API key. Default None: read from the provider's environment variable.
        credentials: Credentials with several fields, for providers that need more than one key.
        config: Settings that are not secret, such as `base_url`, `region` and `headers`.
    """

    model_config = DISCREET

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

    @field_validator("provider", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if not isinstance(given, str) or isinstance(given, AIModelAPIProviderEnum):
            return given
        if not given.strip():
            raise ValueError("provider missing. Pass provider=, for example AIModelAPIProviderEnum.OPEN_AI")
        return next((known for known in AIModelAPIProviderEnum if known == given), given)

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


class AIModelEndpoint(FrozenModel):
    """A model and the API it is called through. One model may have several endpoints.

    Attributes:
        api: Access to the provider.
        ai_model: The model.
        cost_data: Prices that replace those of the model.
        reference: Reference name of the endpoint, for your own use.
    """

    model_config = DISCREET

    api: AIModelAPI
    ai_model: AIModel
    cost_data: AnyCostData | None = None
    reference: str | None = None
