"""Tools that the provider runs: web search, code execution, file search and MCP servers."""

from typing import Any, Literal

from pydantic import Field, SecretStr, field_serializer, field_validator

from ...wire.secrets import SecretAddress, conceal_provider_options, mask, shown_address
from ..model_base import DISCREET, FrozenModel


class ServerTool(FrozenModel):
    """A tool that the provider runs, in the provider's format (`{"type": "web_search_20260209", …}`).

    Attributes:
        spec: The tool as the provider's API describes it.
    """

    spec: dict[str, Any]

    @field_validator("spec")
    @classmethod
    def _conceal_credentials(cls, spec: dict[str, Any]) -> dict[str, Any]:
        concealed: dict[str, Any] = conceal_provider_options(spec)
        return concealed

    @field_serializer("spec")
    def _mask_credentials(self, spec: dict[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = mask(spec)
        return masked


class UserLocation(FrozenModel):
    """Approximate location of the user, for local search results.

    Attributes:
        country: Country code of two letters, such as "DE". Default None.
        region: Region or state. Default None.
        city: City. Default None.
        timezone: IANA time zone, such as "Europe/Berlin". Default None.
    """

    country: str | None = None
    region: str | None = None
    city: str | None = None
    timezone: str | None = None


class WebSearch(FrozenModel):
    """Web search by the provider, with citations in the answer.

    Attributes:
        allowed_domains: Domains to search; empty for all.
        blocked_domains: Domains to leave out.
        max_uses: Maximum number of searches. Default None: no limit.
        context_size: How much of the results the model gets. Default None: decided by the provider.
        place: Approximate location of the user. Default None.
    """

    kind: Literal["web_search"] = "web_search"
    """Kind of the tool; always this value."""

    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    max_uses: int | None = Field(default=None, gt=0)
    context_size: Literal["low", "medium", "high"] | None = None
    place: UserLocation | None = None


class CodeExecution(FrozenModel):
    """Code execution by the provider, in its own sandbox.

    Attributes:
        container: Id of an existing container. Default None: a new one.
        file_ids: Ids of uploaded files that the code may read.
    """

    kind: Literal["code_execution"] = "code_execution"
    """Kind of the tool; always this value."""

    container: str | None = None
    file_ids: tuple[str, ...] = ()


class FileSearch(FrozenModel):
    """Search by the provider in documents that were uploaded to its vector stores.

    Attributes:
        store_ids: Ids of the vector stores, at least one.
        max_results: Maximum number of results. Default None: decided by the provider.
        filters: Filters in the format of the provider. Default None.
    """

    kind: Literal["file_search"] = "file_search"
    """Kind of the tool; always this value."""

    store_ids: tuple[str, ...] = Field(min_length=1)
    max_results: int | None = Field(default=None, gt=0)
    filters: dict[str, Any] | None = None


class RemoteMCP(FrozenModel):
    """A remote MCP server; the provider connects to it and runs its tools.

    Attributes:
        name: Name of the server, for the model.
        url: URL of the server.
        authorization: OAuth token for the server. Default None.
        headers: HTTP headers for the server; dumps mask their values.
        allowed_tools: Names of the tools that may be used; empty for all.
        description: Description for the model. Default None.
    """

    model_config = DISCREET

    kind: Literal["remote_mcp"] = "remote_mcp"
    """Kind of the tool; always this value."""

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
        """The authorization as a plain string; None if there is none."""
        return None if self.authorization is None else self.authorization.get_secret_value()


ProviderTool = WebSearch | CodeExecution | FileSearch | RemoteMCP

KINDS: dict[str, type[FrozenModel]] = {
    "web_search": WebSearch,
    "code_execution": CodeExecution,
    "file_search": FileSearch,
    "remote_mcp": RemoteMCP,
}
