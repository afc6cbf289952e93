"""Tools that the provider runs itself; the same classes for all providers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr, field_serializer, field_validator

from ..wire.secrets import SecretAddress, shown_address
from .model_base import DISCREET, FrozenModel


class UserLocation(FrozenModel):
    """Approximate location of the user, for local search results."""

    country: str | None = None
    """Country code of two letters, such as "DE"."""

    region: str | None = None
    city: str | None = None
    timezone: str | None = None


class WebSearch(FrozenModel):
    """Web search by the provider, with citations in the answer."""

    kind: Literal["web_search"] = "web_search"
    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    max_uses: int | None = Field(default=None, gt=0)
    context_size: Literal["low", "medium", "high"] | None = None
    place: UserLocation | None = None


class CodeExecution(FrozenModel):
    """Code execution by the provider, in its own sandbox."""

    kind: Literal["code_execution"] = "code_execution"
    container: str | None = None
    """Id of an existing container. Default None: a new one."""

    file_ids: tuple[str, ...] = ()


class FileSearch(FrozenModel):
    """Search by the provider in documents that were uploaded to its vector stores."""

    kind: Literal["file_search"] = "file_search"
    store_ids: tuple[str, ...] = Field(min_length=1)
    max_results: int | None = Field(default=None, gt=0)
    filters: dict[str, Any] | None = None
    """Filters in the format of the provider."""


class RemoteMCP(FrozenModel):
    """A remote MCP server; the provider connects to it and runs its tools."""

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
