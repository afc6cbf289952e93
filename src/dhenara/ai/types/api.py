"""An API: a provider, the credentials for it, and how to reach it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr, field_validator
from pydantic_core import CoreSchema, core_schema

from .base import DISCREET, Value
from .provider import AIModelAPIProviderEnum


class Credentials:
    """Secrets of any shape. They never show themselves: not in repr, dumps or errors."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def reveal(self) -> dict[str, Any]:
        """The secrets themselves, for whoever signs the request."""
        return self._values

    def __repr__(self) -> str:
        return f"Credentials({', '.join(f'{name}=**********' for name in self._values)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credentials) and other._values == self._values

    __hash__ = None  # type: ignore[assignment]  # secrets do not belong in sets

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A dict is hidden; dumps show names alone."""
        masked = core_schema.plain_serializer_function_ser_schema(masked_names)
        return core_schema.no_info_plain_validator_function(hidden, serialization=masked)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "object"}


def hidden(given: Any) -> Credentials:
    if isinstance(given, Credentials):
        return given
    if not isinstance(given, Mapping):
        raise ValueError("give a dict of what the provider asks for, for example {'token': ...}")
    return Credentials(dict(given))


def masked_names(credentials: Credentials) -> dict[str, str]:
    return dict.fromkeys(credentials.reveal(), "**********")


class AIModelAPI(Value):
    """`config` holds what is not secret: `base_url`, region, headers. A key left out comes from the environment."""

    model_config = DISCREET

    if TYPE_CHECKING:
        # What may be given is wider than what is kept.
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
            raise ValueError("name a provider, for example AIModelAPIProviderEnum.OPEN_AI")
        return next((known for known in AIModelAPIProviderEnum if known == given), given)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Headers are often keys."""
        for name, value in super().__repr_args__():
            yield name, ({**value, "headers": "**********"} if name == "config" and "headers" in value else value)
