"""`AiSettings`: settings from code, environment variables or a `.env` file."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Unpack, cast

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

from dhenara.ai.integration import conceal_options, provider_name, use_own_names
from dhenara.ai.types import InvalidValueError

from .config import (
    AUTO,
    EnvFiles,
    EnvironmentSettings,
    OriginLevel,
    SettingOrigin,
    find_origins,
    invalid_settings,
    read_dotenv,
    report_misspelt,
    unknown_settings,
    unreadable_settings,
)
from .config.client_settings import SETTING_NAMES, SettingArguments
from .config.routes import require_route_names
from .config.secrets import Secret, SecretUrl, hide_secrets, mask_secrets, read_keyring
from .exceptions import JsonObject, Options, ProviderConfigurationError, read_tag_pairs
from .providers.facts import check_known

PREFIX = "AI_"
MODEL_VARIABLES = frozenset({"AI_MODEL", "OPENAI_MODEL"})
NULLABLE = ("cache_backend", "cache_namespace", "cache_ttl_s", "extra_headers", "temperature")
"""Settings that were None in version 1 where here they are left out."""


def normalize_provider(value: object) -> object:
    """Strips and lowercases names."""
    return value.strip().lower() if isinstance(value, str) else value


CacheBackendName = Annotated[Literal["memory", "sqlite", "redis", "null"], BeforeValidator(normalize_provider)]
CachePolicyName = Annotated[Literal["always", "deterministic", "never"], BeforeValidator(normalize_provider)]
StoreName = Annotated[Literal["memory", "sqlite", "redis"], BeforeValidator(normalize_provider)]
Window = Annotated[Literal["hour", "day", "month", "total"], BeforeValidator(normalize_provider)]

Unknown = Annotated[Literal["refuse", "allow"], BeforeValidator(normalize_provider)]
TransportName = Annotated[Literal["builtin", "httpx2", "aiohttp"], BeforeValidator(normalize_provider)]
Flag = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def read_verify(value: object) -> object:
    """Parses `AI_VERIFY`: boolean words are flags, everything else is a path."""
    return Flag.get(value.strip().lower(), value) if isinstance(value, str) else value


def read_cert(value: object) -> object:
    """Parses `AI_CERT`: one path, or certificate and key in a list or separated by a comma."""
    if isinstance(value, str):
        paths = [path.strip() for path in value.split(",")]
        return paths[0] if len(paths) == 1 else tuple(paths)
    return value


def join_names(value: object) -> object:
    """Joins a list of names or numbers, as they are written in a variable; one number is a list of one."""
    if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value


NameList = Annotated[str | None, BeforeValidator(join_names)]


USUAL_ENV_FILE = Path()
"""Stands for the file that the class names, `./.env`."""


def invalid_settings_error(error: ValidationError, origins: Mapping[str, SettingOrigin]) -> InvalidValueError:
    """The error for invalid settings; it leaves out their values, which may be secret."""
    return InvalidValueError.with_text(invalid_settings(error, origins, PREFIX), error)


class AiSettings(EnvironmentSettings, BaseSettings):
    """Settings of a client. Arguments override environment variables, those override `.env`, then come the defaults.

    Each field can be set as the variable `AI_<FIELD>`. API keys, models and base URLs are also read from the
    provider's own variables (`OPENAI_API_KEY`, `GROQ_MODEL`, ...); within one source, those win for that provider.
    Each field has its default, unit and range in its declaration.

    Raises:
        ProviderConfigurationError: If a name is unknown or a value is invalid, as an `InvalidValueError` that is also a
            `pydantic.ValidationError`.
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
    provider: str = Field(
        default="openai",
        description="The provider, or an alias of it. `auto` uses the first configured one. If it is not set, "
        "a model with a provider before it, or the maker of a model, is called at that provider.",
    )
    api_key: Secret | None = Field(default=None, description="API key of the provider.")
    model: str | None = Field(
        default=None,
        validation_alias=AliasChoices("AI_MODEL", "OPENAI_MODEL"),
        description="The model, with or without a provider before it: `openai/gpt-5.4-mini`.",
    )
    base_url: SecretUrl | None = Field(default=None, description="Base URL, if not the provider's own.")
    fallbacks: NameList = Field(
        default=None,
        description="Models or providers to try in order if the first fails, such as `anthropic/claude-sonnet-5,groq`.",
    )
    routes: Annotated[
        dict[str, object],
        BeforeValidator(require_route_names),
        AfterValidator(hide_secrets),
        PlainSerializer(mask_secrets),
    ] = Field(default_factory=dict, repr=False, description="Routes by name, for `route:NAME` in place of a model.")
    routes_file: Path | None = Field(default=None, description="TOML file of routes, one table for each.")
    auto_select_order: NameList = Field(default=None, description="For `auto`: provider names, separated by commas.")

    # Behavior settings
    temperature: float = Field(default=0.7, ge=0.0, le=2.0)
    max_tokens: int | None = Field(default=None, gt=0)
    system_prompt: str | None = Field(default=None, description="System instructions for every call.")
    timeout: float | None = Field(default=None, gt=0, description="Seconds for a whole call, including retries.")
    max_retries: int = Field(default=2, ge=0)
    concurrency: int = Field(default=8, ge=1, description="Number of concurrent requests of `ask_many`.")
    strict: bool = Field(default=False, description="Raise an error for unsupported parameters, not a warning.")
    extra_headers: dict[str, Secret] = Field(default_factory=dict, repr=False)
    provider_config: Annotated[JsonObject, AfterValidator(hide_secrets), PlainSerializer(mask_secrets)] = Field(
        default_factory=dict, description="Provider-specific settings such as region, project, resource."
    )
    embedding_model: str | None = None

    # Connections
    transport: TransportName = Field(default="builtin", description="The HTTP client that sends the requests.")
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
    cache_path: Path | None = Field(default=None, description="File of the sqlite cache.")
    redis_url: Secret = Field(default=Secret("redis://127.0.0.1:6379/0"), description="Server of the redis backends.")

    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    requests_per_day: int | None = Field(default=None, ge=1)
    tokens_per_day: int | None = Field(default=None, ge=1)
    max_concurrency: int | None = Field(default=None, ge=1, description="Maximum number of concurrent requests.")
    limit_wait_s: float | None = Field(default=None, ge=0, description="Seconds a call may wait for a rate limit.")
    limit_store: StoreName = Field(default="memory", description="Where limits and budgets are stored.")
    limit_path: Path | None = Field(default=None, description="File of the sqlite store of limits and budgets.")

    usage_tracking: bool = True
    usage_store: StoreName | None = Field(default=None, description="memory, sqlite or redis; None keeps totals only.")
    usage_path: Path | None = Field(default=None, description="File of the sqlite ledger.")
    team: str | None = Field(default=None, description="The team in the tags of all calls: the tag `team`.")
    tags: Annotated[dict[str, str], NoDecode, BeforeValidator(read_tag_pairs)] = Field(
        default_factory=dict, description="Tags of all calls; as a variable `project=atlas,stage=test`."
    )
    key_label: str | None = Field(
        default=None, description="A name for the API key in usage; without one, usage has its fingerprint."
    )
    budget_usd: float | None = Field(default=None, gt=0, description="Maximum US dollars to spend in one window.")
    budget_window: Window = "day"
    budget_alerts: NameList = Field(
        default=None, description="Parts of the budget that are logged when they are reached: `0.5,0.8,1`."
    )
    budget_unknown: Unknown = Field(default="refuse", description="What to do if a cost has no upper bound.")

    prices_file: Path | None = Field(default=None, description="File with your own prices and limits, in TOML.")
    tables_dir: Path | None = Field(default=None, description="Folder of refreshed tables; None: in the data folder.")
    tables_url: str | None = Field(default=None, description="Address of the manifest for `models refresh`.")
    tables_key: str | None = Field(default=None, description="Public key (ed25519, base64) of refreshed tables.")

    _origins: dict[str, SettingOrigin] = PrivateAttr(default_factory=dict)
    _dotenv: dict[str, str] = PrivateAttr(default_factory=dict)
    _old: Options = PrivateAttr(default_factory=dict)

    def __init__(self, *, _env_file: EnvFiles = USUAL_ENV_FILE, **given: Unpack[SettingArguments]) -> None:
        values = cast("Options", given)
        conceal_options(values)
        values = use_own_names(values, SETTING_NAMES)
        named = _env_file is not USUAL_ENV_FILE
        files = _env_file if named else self.model_config.get("env_file")
        dotenv, fields = read_dotenv(files, named=named), type(self).model_fields
        explicit = {name for name in values if not name.startswith("_")}
        unknown = explicit - set(fields) - MODEL_VARIABLES
        old: Options = {}
        if unknown or any(values.get(name, "") is None for name in NULLABLE):
            values, old = import_module("ai_utilities.compat.configuration").read_settings(values)
            explicit = {name for name in values if not name.startswith("_")}
            unknown = explicit - set(fields) - MODEL_VARIABLES
        origins = find_origins(fields, PREFIX, explicit, os.environ, dotenv)
        if unknown:
            raise InvalidValueError.because(
                type(self).__name__, unknown_settings(sorted(unknown), fields), min(unknown)
            )
        report_misspelt({**dotenv, **os.environ}, fields, PREFIX)
        try:
            super().__init__(_env_file=cast("Any", files), **values)
        except ValidationError as error:
            raise invalid_settings_error(error, origins) from None
        except SettingsError as error:
            raise ProviderConfigurationError(unreadable_settings(error)) from None
        self._origins, self._dotenv = origins, {**read_keyring({**dotenv, **os.environ}), **dotenv}
        if old:
            self._old = old
            self._dotenv.update(import_module("ai_utilities.compat.configuration").other_values(old))

    @field_validator("provider", mode="before")
    @classmethod
    def _normalize_provider(cls, value: object) -> object:
        name = normalize_provider(value)
        if isinstance(name, str) and name not in (AUTO, "") and provider_name(name) is None:
            check_known(name)
        return name

    @field_validator("model", "base_url", "api_key", mode="before")
    @classmethod
    def _drop_blank(cls, value: object) -> object:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if type(text) is str:
            return text.strip() or None
        return None if isinstance(text, str) and not text.strip() else text

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Like pydantic's, with the errors of this library."""
        if isinstance(obj, Mapping) and all(isinstance(name, str) for name in obj):
            return cls(**obj)
        try:
            return super().model_validate(obj, **options)
        except ProviderConfigurationError:
            raise
        except ValidationError as error:
            raise invalid_settings_error(error, {}) from None

    @classmethod
    def from_dotenv(cls, env_file: str | Path | None = None, **given: Unpack[SettingArguments]) -> Self:
        """Reads a file of variables instead of `./.env`.

        Args:
            env_file: The file. Default None: `./.env`, if there is one.
            **given: Settings that override the file and the environment; see `SettingArguments`.

        Raises:
            ProviderConfigurationError: If the file does not exist, a name is unknown or a value is invalid.
        """
        return cls(**given) if env_file is None else cls(_env_file=env_file, **given)

    def bound_to(self, provider: str) -> Self:
        """Copies the settings as values of a provider.

        Args:
            provider: The name of the provider; it need not be registered.
        """
        copy = self.model_copy()
        vars(copy)["provider"] = provider
        copy._origins["provider"] = SettingOrigin(OriginLevel.EXPLICIT)
        return copy

    def origin(self, name: str) -> SettingOrigin:
        """Returns where the value of a field comes from: code, environment, `.env` or default.

        Args:
            name: The name of the field.
        """
        return self._origins.get(name, SettingOrigin(OriginLevel.DEFAULT))

    @property
    def dotenv(self) -> Mapping[str, str]:
        """All variables in the `.env` file, also the providers' own."""
        return self._dotenv

    def __setattr__(self, name: str, value: object) -> None:
        try:
            super().__setattr__(name, value)
        except ValidationError as error:
            raise invalid_settings_error(error, {}) from None
        if name in type(self).model_fields:
            self._origins[name] = SettingOrigin(OriginLevel.EXPLICIT)

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
        """Copies the settings. Updated fields are validated and count as given in code.

        Args:
            update: New values by field name.
            deep: Whether to copy the values, too.

        Raises:
            ProviderConfigurationError: If a name is unknown or a value is invalid.
        """
        copy = super().model_copy(deep=deep)
        copy._origins = dict(self._origins)
        for name, value in (update or {}).items():
            if name not in type(self).model_fields:
                raise ProviderConfigurationError(unknown_settings([name], type(self).model_fields))
            setattr(copy, name, value)
        return copy

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Return a setting of version 1; called only for names that do not exist here."""
            if name.startswith("_"):
                return super().__getattr__(name)
            return import_module("ai_utilities.compat.configuration").old_setting(self, name, self._old)
