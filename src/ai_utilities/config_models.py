"""Settings: what may be said in code, in the environment or in a `.env` file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    PlainSerializer,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from dhenara.ai.types.secret_options import conceal_options

from .config_keyring import read_keyring
from .config_origins import OriginLevel, SettingOrigin, find_origins, read_dotenv
from .config_problems import invalid_settings, unknown_settings, unreadable_settings, warn_of_misspelt
from .exceptions import ProviderConfigurationError
from .secret import Secret, SecretUrl, hide_secrets, mask_secrets

PREFIX = "AI_"


def normalize_provider(given: Any) -> Any:
    return given.strip().lower() if isinstance(given, str) else given


CacheBackendName = Annotated[Literal["memory", "sqlite", "redis", "null"], BeforeValidator(normalize_provider)]
CachePolicyName = Annotated[Literal["always", "deterministic", "never"], BeforeValidator(normalize_provider)]
StoreName = Annotated[Literal["memory", "sqlite", "redis"], BeforeValidator(normalize_provider)]
Window = Annotated[Literal["hour", "day", "month", "total"], BeforeValidator(normalize_provider)]

Unknown = Annotated[Literal["refuse", "allow"], BeforeValidator(normalize_provider)]
TransportName = Annotated[Literal["builtin", "httpx2", "aiohttp"], BeforeValidator(normalize_provider)]
Flag = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def read_verify(given: Any) -> Any:
    """Variables of the environment are text: words for yes and no are flags, everything else is a path."""
    return Flag.get(given.strip().lower(), given) if isinstance(given, str) else given


def read_cert(given: Any) -> Any:
    """One path, or two in a list or separated by a comma: certificate and key."""
    if isinstance(given, str):
        given = [part.strip() for part in given.split(",")]
        return given[0] if len(given) == 1 else tuple(given)
    return given


class AiSettings(BaseSettings):
    """Explicit values win over the environment, that over `.env`, and that over the defaults here.

    Each field is also the variable `AI_<FIELD>`. Keys, models and base URLs may be said in the provider's own
    variables too (`OPENAI_API_KEY`, `GROQ_MODEL`, ...): within one source, those win for that provider.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        case_sensitive=False,
        extra="ignore",
        populate_by_name=True,
        validate_default=True,
        validate_assignment=True,
        hide_input_in_errors=True,
    )

    # Core settings
    provider: str = Field(default="openai", description="Who answers; `auto` takes what is configured.")
    api_key: Secret | None = Field(default=None, description="The key of that provider.")
    model: str | None = Field(default=None, validation_alias=AliasChoices("AI_MODEL", "OPENAI_MODEL"))
    base_url: SecretUrl | None = Field(default=None, description="Another address than the provider's own.")
    fallbacks: str | None = Field(default=None, description="Who is asked where that one cannot answer, in turn.")
    auto_select_order: str | None = Field(default=None, description="For `auto`: names, separated by commas.")

    # Behavior settings
    temperature: float = Field(default=0.7, ge=0.0, le=2.0)
    max_tokens: int | None = Field(default=None, gt=0)
    system_prompt: str | None = Field(default=None, description="Instructions for every call.")
    timeout: float | None = Field(default=None, gt=0, description="Seconds for a whole call with its retries.")
    max_retries: int = Field(default=2, ge=0)
    concurrency: int = Field(default=8, ge=1, description="How many prompts of `ask_many` are asked at once.")
    strict: bool = Field(default=False, description="What a provider cannot honour is an error, not a warning.")
    extra_headers: dict[str, Secret] = Field(default_factory=dict, repr=False)
    provider_config: Annotated[dict[str, Any], AfterValidator(hide_secrets), PlainSerializer(mask_secrets)] = Field(
        default_factory=dict, description="Region, project, resource and such."
    )
    embedding_model: str | None = None

    # Connections
    transport: TransportName = Field(default="builtin", description="The HTTP client that carries the requests.")
    verify: Annotated[bool | str, NoDecode, BeforeValidator(read_verify)] = Field(
        default=True, description="Certificates to trust: true, false, or a file or folder of PEM certificates."
    )
    cert: Annotated[str | tuple[str, str] | None, NoDecode, BeforeValidator(read_cert)] = Field(
        default=None, description="Client certificate: a PEM file, or certificate and key separated by a comma."
    )
    cert_password: Secret | None = Field(default=None, description="The password of the client certificate's key.")

    # Infrastructure settings
    cache_enabled: bool = False
    cache_backend: CacheBackendName = "memory"
    cache_ttl_s: int = Field(default=3600, ge=1)
    cache_policy: CachePolicyName = "always"
    cache_namespace: str = "default"
    cache_share_accounts: bool = Field(
        default=False, description="Whether calls with different API keys share cached answers."
    )
    cache_max_entries: int = Field(default=1000, ge=1)
    cache_path: Path | None = Field(default=None, description="The file of the sqlite cache.")
    redis_url: Secret = Field(default=Secret("redis://127.0.0.1:6379/0"), description="For redis backends.")

    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    requests_per_day: int | None = Field(default=None, ge=1)
    tokens_per_day: int | None = Field(default=None, ge=1)
    max_concurrency: int | None = Field(default=None, ge=1, description="Requests in flight at once.")
    limit_wait_s: float | None = Field(default=None, ge=0, description="How long a call waits for its turn.")
    limit_store: StoreName = Field(default="memory", description="Where limits and budgets are shared.")
    limit_path: Path | None = Field(default=None, description="The file in which processes share them.")

    usage_tracking: bool = True
    usage_store: StoreName | None = Field(default=None, description="memory, sqlite or redis; without, only sums.")
    usage_path: Path | None = Field(default=None, description="The file of the sqlite ledger.")
    budget_usd: float | None = Field(default=None, gt=0, description="The most that may be spent in one window.")
    budget_window: Window = "day"
    budget_unknown: Unknown = Field(default="refuse", description="What happens to calls that may cost any sum.")

    _origins: dict[str, SettingOrigin] = PrivateAttr(default_factory=dict)
    _dotenv: dict[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, **given: Any) -> None:
        conceal_options(given)
        files = given["_env_file"] if "_env_file" in given else self.model_config.get("env_file")
        dotenv = read_dotenv(files)
        explicit = {name for name in given if not name.startswith("_")}
        unknown = explicit - set(type(self).model_fields) - {"AI_MODEL", "OPENAI_MODEL"}
        origins = find_origins(type(self).model_fields, PREFIX, explicit, os.environ, dotenv)
        if unknown:
            raise ProviderConfigurationError(unknown_settings(sorted(unknown), type(self).model_fields))
        warn_of_misspelt({**dotenv, **os.environ}, type(self).model_fields, PREFIX)
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise ProviderConfigurationError(invalid_settings(error, origins, PREFIX)) from None
        except SettingsError as error:
            raise ProviderConfigurationError(unreadable_settings(error)) from None
        self._origins, self._dotenv = origins, {**read_keyring({**dotenv, **os.environ}), **dotenv}

    @field_validator("provider", mode="before")
    @classmethod
    def _tidy(cls, given: Any) -> Any:
        return normalize_provider(given)

    @field_validator("model", "base_url", "api_key", mode="before")
    @classmethod
    def _blank_is_nothing(cls, given: Any) -> Any:
        given = given.get_secret_value() if isinstance(given, SecretStr) else given
        return None if isinstance(given, str) and not given.strip() else given

    @classmethod
    def from_dotenv(cls, env_file: str | Path = ".env", **given: Any) -> Self:
        """Settings that read this file instead of `./.env`."""
        return cls(_env_file=env_file, **given)

    def origin(self, name: str) -> SettingOrigin:
        """Who said the value of this field."""
        return self._origins.get(name, SettingOrigin(OriginLevel.DEFAULT))

    @property
    def dotenv(self) -> Mapping[str, str]:
        """Everything that stands in the `.env` file, the providers' own variables too."""
        return self._dotenv

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            super().__setattr__(name, value)
        except ValidationError as error:
            raise ProviderConfigurationError(invalid_settings(error, {}, PREFIX)) from None
        if name in type(self).model_fields:
            self._origins[name] = SettingOrigin(OriginLevel.EXPLICIT)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same settings; what is updated counts as said explicitly, and is checked like any other."""
        copy = super().model_copy(deep=deep)
        copy._origins = dict(self._origins)
        for name, value in (update or {}).items():
            if name not in type(self).model_fields:
                raise ProviderConfigurationError(unknown_settings([name], type(self).model_fields))
            setattr(copy, name, value)
        return copy
