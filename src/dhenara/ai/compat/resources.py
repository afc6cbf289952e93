"""`ResourceConfig`: credentials from a file, and endpoints found by the name of their model."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, Field, ValidationError, field_validator

from ..errors import ConfigurationError
from ..providers.provider import KNOWN
from ..types.config.api import AIModelAPI, AIModelEndpoint
from ..types.config.model import AIModel
from ..types.genai import foundation_models
from ..types.model_base import FrozenModel
from .names import read_yaml
from .tools import MODEL_TO_API_MAPPING, ResourceConfigItemTypeEnum, ResourceQueryFieldsEnum

try:
    from yaml import YAMLError, safe_load
except ImportError:
    # What a credentials file needs is read without PyYAML.
    YAMLError, safe_load = LookupError, read_yaml

log = logging.getLogger("dhenara")


class CredentialsFileError(ConfigurationError, YAMLError):  # type: ignore[misc]  # PyYAML has no types
    """A credentials file cannot be read; with PyYAML also one of its errors, as in version 1."""


FOLDER_VARIABLE = "DAI_SECRET_CONFIG_DIR"
DEFAULT_FOLDER = "/run/secrets/dai"
FILE_NAME = "dai_credentials.yaml"

TEMPLATE: dict[str, tuple[bool, tuple[str, ...], tuple[str, ...]]] = {
    "openai": (True, (), ()),
    "google_gemini_api": (True, (), ()),
    "anthropic": (True, (), ()),
    "google_vertex_ai": (False, ("service_account_json",), ("project_id", "location")),
    "amazon_bedrock": (False, ("access_key_id", "secret_access_key"), ("region",)),
    "microsoft_openai": (True, (), ("endpoint",)),
    "deepseek": (True, (), ()),
}
"""Provider to: whether it has an API key, its credentials, its configuration."""

PLACEHOLDER = "<YOUR_"


class ResourceQueryMapping:
    """Fields that queries may have."""

    MAPPINGS: ClassVar[dict[str, list[ResourceQueryFieldsEnum]]] = {
        ResourceConfigItemTypeEnum.ai_model_endpoint: list(ResourceQueryFieldsEnum)
    }

    @classmethod
    def get_allowed_fields(cls, resource_type: str) -> list[str]:
        """Return the fields that a query for this type may have."""
        return [field.value for field in cls.MAPPINGS.get(resource_type, [])]


class ResourceConfigItem(FrozenModel):
    """A query for an endpoint.

    Attributes:
        item_type: What is searched.
        query: Fields of the endpoint: `model_name`, `model_display_name`, `api_provider`, `reference_number`.
        is_default: Whether it is the default of a list.
    """

    item_type: ResourceConfigItemTypeEnum
    query: dict[str, Any] | None = None
    is_default: bool = False

    @field_validator("query")
    @classmethod
    def _check_fields(cls, query: dict[str, Any] | None) -> dict[str, Any] | None:
        for key in query or {}:
            if key not in ResourceQueryMapping.get_allowed_fields(ResourceConfigItemTypeEnum.ai_model_endpoint):
                raise ValueError(f"Unsupported query key `{key}`")
        return query

    def is_same_as(self, other: ResourceConfigItem) -> bool:
        """Whether both items name the same resource."""
        return self.item_type == other.item_type and bool(self.query) and self.query == other.query

    @classmethod
    def with_model(cls, model_name: str) -> list[Self]:
        """Return one item for a model, as a list."""
        return cls.with_models([model_name])

    @classmethod
    def with_models(cls, model_names: Iterable[str]) -> list[Self]:
        """Return an item for each model; the first one is the default."""
        kind = ResourceConfigItemTypeEnum.ai_model_endpoint
        return [
            cls(item_type=kind, query={"model_name": name}, is_default=index == 0)
            for index, name in enumerate(model_names)
        ]

    @classmethod
    def get_model_names(cls, resources: Iterable[ResourceConfigItem]) -> list[str]:
        """Return the models that the items name."""
        return [one.query["model_name"] for one in resources if one.query and "model_name" in one.query]

    @classmethod
    def has_model(cls, resources: Iterable[ResourceConfigItem], model_name: str) -> bool:
        """Whether one of the items names this model."""
        return model_name in cls.get_model_names(resources)


class ResourceConfig(FrozenModel):
    """Models, APIs and endpoints of an application, with the credentials from a file.

    Attributes:
        models: Models for which `load_from_file(init_endpoints=True)` makes endpoints.
        model_apis: APIs with their credentials.
        model_endpoints: Endpoints that can be found by model and provider.
    """

    model_config = ConfigDict(hide_input_in_errors=True, frozen=False)

    models: list[AIModel] = Field(default_factory=list)
    model_apis: list[AIModelAPI] = Field(default_factory=list)
    model_endpoints: list[AIModelEndpoint] = Field(default_factory=list)

    def load_from_file(
        self,
        credentials_file: str | os.PathLike[str] | None = None,
        models: Sequence[AIModel] | None = None,
        init_endpoints: bool = False,
    ) -> None:
        """Read the APIs with their credentials from a YAML or JSON file.

        Args:
            credentials_file: The file. Default None: `dai_credentials.yaml` in the folder `DAI_SECRET_CONFIG_DIR`, or
                in `/run/secrets/dai`.
            models: Models to make endpoints for. Default None: those of `models`, else all constants.
            init_endpoints: Whether to make an endpoint for each model that one of the APIs serves. Default False.

        Raises:
            FileNotFoundError: There is no such file.
            ConfigurationError: The file cannot be read. A provider with invalid or no credentials is only logged.
        """
        for name, fields in read_credentials(credentials_path(credentials_file)).items():
            api = read_api(name, fields)
            if api is not None:
                self.model_apis.append(api)
        if models:
            self.models = list(models)
        if init_endpoints:
            self.models = self.models or list(foundation_models.ALL_FOUNDATION_MODELS)
            self._initialize_endpoints()

    def get_api(self, api_provider: str | None = None) -> AIModelAPI | None:
        """Return the first API of a provider, or None."""
        wanted = own_name(api_provider)
        return next((api for api in self.model_apis if own_name(api.provider) == wanted), None)

    def get_model_endpoint(self, model_name: str, api_provider: str | None = None) -> AIModelEndpoint | None:
        """Return the first endpoint of a model, or None.

        Args:
            model_name: Name of the model.
            api_provider: Provider of the API. Default None: any.

        Returns:
            The endpoint.
        """
        query = {"model_name": model_name, **({"api_provider": api_provider} if api_provider else {})}
        return self.get_resource(
            ResourceConfigItem(item_type=ResourceConfigItemTypeEnum.ai_model_endpoint, query=query)
        )

    def get_resource(self, resource_item: ResourceConfigItem) -> AIModelEndpoint | None:
        """Return the first endpoint that matches a query, or None.

        Raises:
            ConfigurationError: The item has no query.
        """
        if not resource_item.query:
            raise ConfigurationError("Query must be provided: ResourceConfigItem(..., query={'model_name': ...})")
        return next((one for one in self.model_endpoints if matches(one, resource_item.query)), None)

    @classmethod
    def create_credentials_template(cls, output_file: str | os.PathLike[str] = "credentials.yaml") -> None:
        """Write a file with a placeholder for each credential; an existing file is not overwritten.

        Args:
            output_file: The file, in YAML or, with the suffix `.json`, in JSON.

        Raises:
            FileExistsError: The file exists.
        """
        path = Path(output_file).expanduser()
        template = {name: template_of(name, *fields) for name, fields in TEMPLATE.items()}
        text = json.dumps(template, indent=2) if path.suffix == ".json" else yaml_of(template)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)

    def _initialize_endpoints(self) -> None:
        known = {one.reference for one in self.model_endpoints}
        for model in self.models:
            names = MODEL_TO_API_MAPPING.get(model.provider or "", (model.provider,))
            api = next((api for name in names if name and (api := self.get_api(name)) is not None), None)
            reference = f"{model.model_name}_{api.provider}" if api else None
            if api is not None and reference not in known:
                self.model_endpoints.append(AIModelEndpoint(api=api, ai_model=model, reference=reference))
                known.add(reference)


def own_name(provider: str | None) -> str | None:
    """Return this version's name of a provider."""
    return None if provider is None else KNOWN.get(str(provider), str(provider))


def matches(endpoint: AIModelEndpoint, query: Mapping[str, Any]) -> bool:
    values = {
        "model_name": endpoint.ai_model.model_name,
        "model_display_name": endpoint.ai_model.display_name,
        "reference_number": endpoint.reference,
        "api_provider": own_name(endpoint.api.provider),
    }
    return all(values[key] == (own_name(value) if key == "api_provider" else value) for key, value in query.items())


def credentials_path(given: str | os.PathLike[str] | None) -> Path:
    path = Path(given) if given is not None else Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER) / FILE_NAME
    path = path.expanduser()
    if not path.exists():
        raise FileNotFoundError(f"Credentials file not found: {path}")
    return path


def read_credentials(path: Path) -> dict[str, Any]:
    """Return the content of a credentials file: provider to its fields."""
    suffix = path.suffix.lower()
    if suffix not in (".json", ".yaml", ".yml"):
        raise ConfigurationError(f"Unsupported file format: {suffix}. Use .json, .yaml, or .yml")
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if suffix == ".json" else load_yaml(text)
    except (ValueError, OSError) as error:
        if isinstance(error, ConfigurationError):
            raise CredentialsFileError(f"{path}: {error}") from None
        raise CredentialsFileError(f"{path} cannot be read: {type(error).__name__}. Check its format.") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise CredentialsFileError(
            f"{path} must map each provider to its fields, for example `openai:` and `  api_key: ...`"
        )
    return content


def load_yaml(text: str) -> Any:
    """Return the content of a YAML text, read by PyYAML if it is installed."""
    try:
        return safe_load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigurationError(f"invalid YAML{f' in line {mark.line + 1}' if mark else ''}") from None


def read_api(name: str, fields: Any) -> AIModelAPI | None:
    """Return the API of one provider of the file; None, with a log message, if its credentials are not valid."""
    if not isinstance(fields, Mapping) or not any(fields.values()):
        log.warning("credentials of %s: there are no credentials; it is left out", name)
        return None
    if PLACEHOLDER in json.dumps(dict(fields), default=str):
        log.warning("credentials of %s: a placeholder was not replaced; it is left out", name)
        return None
    try:
        return AIModelAPI(
            provider=own_name(name) or name,
            api_key=fields.get("api_key"),
            credentials=fields.get("credentials") or None,
            config=fields.get("config") or {},
        )
    except ValidationError as error:
        log.warning("credentials of %s: %s; it is left out", name, "; ".join(one["msg"] for one in error.errors()))
        return None


def template_of(name: str, has_key: bool, credentials: Iterable[str], config: Iterable[str]) -> dict[str, Any]:
    def placeholder(field: str) -> str:
        return f"{PLACEHOLDER}{name.upper()}_{field.upper()}>"

    template: dict[str, Any] = {"api_key": placeholder("api_key")} if has_key else {}
    groups = {"credentials": credentials, "config": config}
    return template | {group: {one: placeholder(one) for one in fields} for group, fields in groups.items() if fields}


def yaml_of(template: Mapping[str, Any]) -> str:
    lines = [
        "# Dhenara AI Provider Credentials",
        "# Replace the placeholders with your keys; providers with a placeholder are left out",
    ]
    for name, fields in template.items():
        lines += ["", f"{name}:"]
        for field, value in fields.items():
            if isinstance(value, str):
                lines.append(f"  {field}: {value}")
            else:
                lines += [f"  {field}:", *(f"    {one}: {text}" for one, text in value.items())]
    return "\n".join(lines) + "\n"
