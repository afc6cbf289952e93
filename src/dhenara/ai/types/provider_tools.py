"""Tools that providers run themselves, said once for all of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr, field_serializer, field_validator

from ..wire.secrets import SecretAddress, shown_address
from .model_base import DISCREET, FrozenModel


class UserLocation(FrozenModel):
    """Where the user roughly is, so that searches find what is near."""

    country: str | None = None
    """Two letters, such as "DE"."""

    region: str | None = None
    city: str | None = None
    timezone: str | None = None


class WebSearch(FrozenModel):
    """The provider searches the web while it answers, and cites what it found."""

    kind: Literal["web_search"] = "web_search"
    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    max_uses: int | None = Field(default=None, gt=0)
    context_size: Literal["low", "medium", "high"] | None = None
    place: UserLocation | None = None


class CodeExecution(FrozenModel):
    """The provider runs code that the model writes, on a machine of its own."""

    kind: Literal["code_execution"] = "code_execution"
    container: str | None = None
    """An existing container; a new one otherwise."""

    file_ids: tuple[str, ...] = ()


class FileSearch(FrozenModel):
    """The provider searches in documents that were stored with it before."""

    kind: Literal["file_search"] = "file_search"
    store_ids: tuple[str, ...] = Field(min_length=1)
    max_results: int | None = Field(default=None, gt=0)
    filters: dict[str, Any] | None = None
    """In the provider's own words."""


class RemoteMCP(FrozenModel):
    """The provider connects to an MCP server and runs its tools."""

    model_config = DISCREET

    kind: Literal["remote_mcp"] = "remote_mcp"
    name: str
    url: str
    authorization: SecretStr | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    allowed_tools: tuple[str, ...] = ()
    description: str | None = None

    @field_validator("url")
    @classmethod
    def _concealed(cls, given: str) -> str:
        return SecretAddress(given)

    @field_serializer("url")
    def _masked(self, url: str) -> str:
        return shown_address(url)

    def token(self) -> str | None:
        return None if self.authorization is None else self.authorization.get_secret_value()


ProviderTool = WebSearch | CodeExecution | FileSearch | RemoteMCP
KINDS: dict[str, type[FrozenModel]] = {
    "web_search": WebSearch,
    "code_execution": CodeExecution,
    "file_search": FileSearch,
    "remote_mcp": RemoteMCP,
}
