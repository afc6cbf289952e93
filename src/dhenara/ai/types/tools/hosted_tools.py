"""Further tools that a provider runs (web pages, posts on X, images, maps), and what such tools did in one form."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from ...errors import ConfigurationError
from ...wire import json
from ..content.media import FileContent
from ..content.parts import Content, GenericContent, ServerToolContent
from ..model_base import FrozenModel, require_type
from .provider_tools import HostedTool


class WebFetch(HostedTool):
    """Reads web pages and PDF files at URLs of the conversation (Anthropic: web fetch; Gemini: URL context).

    Attributes:
        allowed_domains: Domains to read from; empty for all.
        blocked_domains: Domains not to read from; not together with `allowed_domains`.
        max_uses: Maximum number of pages. Default None: no limit.
        max_content_tokens: Maximum length of a page in tokens; the rest is cut off. Default None: no limit.
        citations: Whether the answer cites the pages. Default None: decided by the provider.
        use_cache: Whether the provider may read a stored copy of a page. Default None: decided by the provider.
    """

    kind: Literal["web_fetch"] = "web_fetch"
    """Kind of the tool; always this value."""

    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    max_uses: int | None = Field(default=None, gt=0)
    max_content_tokens: int | None = Field(default=None, gt=0)
    citations: bool | None = None
    use_cache: bool | None = None

    @model_validator(mode="after")
    def _check_domains(self) -> Self:
        self._refuse_both("allowed_domains", "blocked_domains")
        return self


class XSearch(HostedTool):
    """Search in posts on X (xAI).

    Attributes:
        allowed_handles: Accounts to search, without `@`; empty for all.
        excluded_handles: Accounts to leave out; not together with `allowed_handles`.
        from_date: First day of the posts. Default None: no limit.
        to_date: Last day of the posts, not before `from_date`. Default None: no limit.
        images: Whether the model looks at images of posts. Default None: decided by the provider.
        videos: Whether the model looks at videos of posts. Default None: decided by the provider.
    """

    kind: Literal["x_search"] = "x_search"
    """Kind of the tool; always this value."""

    allowed_handles: tuple[str, ...] = ()
    excluded_handles: tuple[str, ...] = ()
    from_date: datetime.date | None = None
    to_date: datetime.date | None = None
    images: bool | None = None
    videos: bool | None = None

    @model_validator(mode="after")
    def _check_search(self) -> Self:
        self._refuse_both("allowed_handles", "excluded_handles")
        if self.from_date and self.to_date and self.from_date > self.to_date:
            raise ConfigurationError(
                f"from_date {self.from_date} is after to_date {self.to_date}. Exchange the two days"
            )
        return self


class ImageGeneration(HostedTool):
    """Images that a chat model draws with an image model (OpenAI and xAI with the Responses protocol).

    The images are in `response.images`. Default of each option is None: decided by the provider.

    Attributes:
        model: Name of the image model.
        action: Whether to draw a new image or to change one of the conversation.
        size: Size as `"1024x1024"`, or `"auto"`.
        quality: Quality, such as `"low"` or `"high"`.
        background: Background of the image.
        output_format: Format of the image.
        compression: Compression of JPEG and WebP images, from 0 to 100.
        moderation: How strictly images are checked.
        input_fidelity: How closely images of the conversation are followed.
        partial_images: How many unfinished images a stream has, from 0 to 3.
    """

    kind: Literal["image_generation"] = "image_generation"
    """Kind of the tool; always this value."""

    model: str | None = None
    action: Literal["auto", "generate", "edit"] | None = None
    size: str | None = None
    quality: str | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | None = None
    compression: int | None = Field(default=None, ge=0, le=100)
    moderation: Literal["auto", "low"] | None = None
    input_fidelity: Literal["low", "high"] | None = None
    partial_images: int | None = Field(default=None, ge=0, le=3)


class GoogleMaps(HostedTool):
    """Places on Google Maps, with citations in the answer (Gemini).

    Attributes:
        latitude: Latitude of the place to search near, with `longitude`. Default None.
        longitude: Longitude of that place, with `latitude`. Default None.
    """

    kind: Literal["google_maps"] = "google_maps"
    """Kind of the tool; always this value."""

    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)

    @model_validator(mode="after")
    def _check_place(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            missing = "latitude" if self.latitude is None else "longitude"
            raise ConfigurationError(
                f"{missing} is missing. A place has both: GoogleMaps(latitude=52.5, longitude=13.4)"
            )
        return self


HOSTED_KINDS: dict[str, type[HostedTool]] = {
    "web_fetch": WebFetch,
    "x_search": XSearch,
    "image_generation": ImageGeneration,
    "google_maps": GoogleMaps,
}


class AnswerSource(FrozenModel):
    """Something that the provider read for an answer.

    Attributes:
        url: Address of a page, post or place. Default None.
        title: Title. Default None.
        text: The text that was found. Default None: the provider does not return it.
        file_id: Id of a document of the user. Default None.
    """

    url: str | None = None
    title: str | None = None
    text: str | None = None
    file_id: str | None = None


class HostedToolRun(FrozenModel):
    """A call of a tool that the provider ran, with its result.

    Attributes:
        tool: Kind of the tool, such as `"web_search"` or `"code_execution"`; the provider's name for others.
        name: The provider's name of the tool.
        id: Id of the call. Default None.
        arguments: Arguments of the call.
        caller: Id of the code that made the call. Default None: the model did.
        sources: What was read.
        documents: Pages and documents that were fetched.
        output: What code, a shell or a tool of an MCP server wrote.
        exit_code: Exit code of code or of a shell. Default None.
        files: Files that code wrote, by their ids; `client.download_file` gets them.
        error: Why the call failed. Default None.
    """

    tool: str
    name: str
    id: str | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    caller: str | None = None
    sources: tuple[AnswerSource, ...] = ()
    documents: tuple[FileContent, ...] = ()
    output: str = ""
    exit_code: int | None = None
    files: tuple[FileContent, ...] = ()
    error: str | None = None


class Container(FrozenModel):
    """A container in which the provider runs code.

    Attributes:
        id: Id; `CodeExecution(container=...)` uses the container again.
        expires_at: When it is deleted. Default None: the provider does not say.
        skills: Skills that are loaded in it, in the provider's format.
    """

    id: str
    expires_at: datetime.datetime | None = None
    skills: tuple[dict[str, Any], ...] = ()


class UploadedSkill(FrozenModel):
    """A skill at a provider: instructions and files for code, which `CodeExecution(skills=...)` loads.

    Attributes:
        skill_id: The provider's id of the skill.
        name: Name or title.
        description: Description. Default None: the provider does not return it.
        version: The latest version.
        created_at: When the skill was uploaded.
        raw: The provider's full description.
    """

    skill_id: str
    name: str | None = None
    description: str | None = None
    version: str | None = None
    created_at: datetime.datetime | None = None
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class MCPCall(FrozenModel):
    """A call of a tool of a remote MCP server, which the provider ran.

    Attributes:
        server: Name of the server.
        tool: Name of the tool.
        arguments: Its arguments.
        output: What the tool returned, as text. Default None: nothing.
        error: Why the call failed. Default None: it did not.
        id: Id of the call. Default None.
    """

    server: str
    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    output: str | None = None
    error: str | None = None
    id: str | None = None


def read_mcp_calls(parts: Sequence[Content]) -> list[MCPCall]:
    """Return the calls of remote MCP servers in an answer, with their results.

    Args:
        parts: Parts of an answer or message, such as `response.contents`.

    Returns:
        The calls, in order; those that wait for approval are tool calls instead.

    Raises:
        ConfigurationError: The parts are of another type.
    """
    require_type("read_mcp_calls", "parts", parts, Sequence, "parts of an answer, such as response.contents")
    results = {
        part.data.get("tool_use_id"): part.data
        for part in parts
        if isinstance(part, GenericContent) and part.data.get("type") == "mcp_tool_result"
    }
    calls = [part for part in parts if isinstance(part, ServerToolContent) and part.data.get("type") in MCP_CALLS]
    return [read_mcp_call(part, results.get(part.id) or part.data) for part in calls]


MCP_CALLS = ("mcp_call", "mcp_tool_use", "mcp")
"""Kinds of calls: in Responses, in Messages, and among the tools that Groq ran in Chat."""


def read_mcp_call(part: ServerToolContent, result: Mapping[str, Any]) -> MCPCall:
    """Read a call of Responses or Chat, which has its result, or of Messages, whose result is a block of its own."""
    about = part.data
    output = text_of_result(result.get("content") if about.get("type") == "mcp_tool_use" else result.get("output"))
    error = text_of_result(result.get("error")) or (output or "failed" if result.get("is_error") is True else None)
    return MCPCall(
        server=str(about.get("server_label") or about.get("server_name") or ""),
        tool=str(about.get("name") or part.name),
        arguments=part.arguments,
        output=None if error else output,
        error=error,
        id=part.id,
    )


def text_of_result(value: Any) -> str | None:
    """Return a text, the texts of a list of blocks, or the message of an error."""
    match value:
        case None | "":
            return None
        case str():
            return value
        case {"message": str(text)} | {"text": str(text)}:
            return text
        case {"content": list(blocks)} | list(blocks):
            return "\n".join(filter(None, map(text_of_result, blocks))) or None
    return json.dumps(value).decode()
