"""Content types: the parts of prompts and answers."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from ...wire import json
from .media import (
    AudioContent as AudioContent,
    Citation as Citation,
    Content as Content,
    FileContent as FileContent,
    ImageContent as ImageContent,
    Media as Media,
    Origin as Origin,
    TextContent as TextContent,
    VideoContent as VideoContent,
)

if TYPE_CHECKING:
    from ..tools.hosted_tools import AnswerSource, Container, HostedToolRun
    from ..tools.tool_actions import ToolAction


class ReasoningContent(Content):
    """Reasoning of the model.

    Attributes:
        text: The reasoning, or its summary if the provider returns a summary.
        raw_text: The full reasoning, if the provider returns it in addition to a summary.
        signature: Signature that the provider needs when the part is sent back.
        redacted: Whether the provider returned the reasoning only in encrypted form.
    """

    type: Literal["reasoning"] = "reasoning"
    text: str = ""
    raw_text: str = ""
    signature: str | None = None
    redacted: bool = False

    def get_text(self) -> str:
        """The reasoning or its summary."""
        return self.text or self.raw_text


class RefusalContent(Content):
    """A refusal of the model, with its text.

    Attributes:
        text: The refusal.
    """

    type: Literal["refusal"] = "refusal"
    text: str = ""

    def get_text(self) -> str:
        """The refusal."""
        return self.text


def is_custom_call(extras: Mapping[str, Any]) -> bool:
    """Whether a call with these extras is for a custom tool, whose input is text instead of JSON."""
    item = extras.get("item")
    return extras.get("type") == "custom" or (isinstance(item, Mapping) and item.get("type") == "custom_tool_call")


class ToolCallContent(Content):
    """A request of the model to call a tool.

    Attributes:
        id: Id of the call.
        name: Name of the tool.
        arguments: The arguments; empty if they are not a JSON object. For custom tools `{"input": text}`.
        arguments_text: The JSON text as the model sent it, for protocols that send text; the input of a custom tool.
        error: Why the arguments could not be read.
    """

    type: Literal["tool_call"] = "tool_call"
    id: str = ""
    name: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    arguments_text: str | None = None
    error: str | None = None

    @property
    def actions(self) -> "tuple[ToolAction, ...]":
        """What to do, for calls of a shell, text editor, memory, patch or computer; empty for other calls."""
        module = import_module("dhenara.ai.types.tools.tool_actions")
        actions: tuple[ToolAction, ...] = module.read_actions(
            self.name, self.arguments, self.extras.get("toolset_name")
        )
        return actions

    @property
    def action(self) -> "ToolAction | None":
        """The first of `actions`; None if there is none."""
        return next(iter(self.actions), None)

    @property
    def arguments_json(self) -> str | None:
        """The JSON text as the model sent it; None if there is none, or if it cannot be read."""
        return None if self.error or is_custom_call(self.extras) else self.arguments_text

    @property
    def caller_id(self) -> str | None:
        """Id of the code of the provider that made this call; None if the model made it."""
        item = self.extras.get("item")
        caller = self.extras.get("caller") or (item.get("caller") if isinstance(item, Mapping) else None)
        given = (caller.get("tool_id") or caller.get("caller_id")) if isinstance(caller, Mapping) else None
        return given if isinstance(given, str) else None

    @property
    def text_input(self) -> str | None:
        """The text that a custom tool was called with; None for calls with arguments."""
        return str(self.arguments.get("input") or "") if is_custom_call(self.extras) else None

    @property
    def text(self) -> str:
        """Always empty."""
        return ""


class ServerToolContent(Content):
    """A tool call that the provider ran itself, with its arguments and, if the provider returns it, its result.

    Attributes:
        id: Id of the call, if the provider sends one.
        name: Name of the tool.
        arguments: Arguments of the call.
        data: The result and further fields, in the format of the provider.
    """

    type: Literal["server_tool"] = "server_tool"
    id: str | None = None
    name: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    data: dict[str, Any] = Field(default_factory=dict)

    @property
    def text(self) -> str:
        """Always empty."""
        return ""


class StructuredContent(Content):
    """A structured answer.

    Attributes:
        text: The JSON text as the model sent it.
        data: The parsed JSON value.
        error: Why the text does not match the schema.
        citations: Citations of the answer.
    """

    type: Literal["structured_output"] = "structured_output"
    text: str = ""
    data: Any = None
    error: str | None = None
    citations: list[Citation] = Field(default_factory=list)
    _value: Any = PrivateAttr(default=None)

    @property
    def parsed(self) -> Any:
        """The answer as an object of the requested type; the plain data if no type was given, None if it is
        invalid.
        """
        if self.error is not None:
            return None
        return self.data if self._value is None else self._value

    def get_text(self) -> str:
        """The JSON text."""
        return self.text


class SearchResultContent(Content):
    """A search result that the answer may cite, for retrieval-augmented generation (RAG).

    Anthropic, Bedrock and Cohere support search results. For all other providers they are sent as text, with a warning.
    They can be used in user messages and tool results.

    Attributes:
        source: Source of the text: a URL, or any id of your own.
        title: Title of the source.
        texts: The text, in pieces that can be cited; `text="..."` stands for one piece.
        citations: Whether answers may cite it. Default None: decided by the provider.
    """

    type: Literal["search_result"] = "search_result"
    source: str = ""
    title: str = ""
    texts: list[str] = Field(default_factory=list)
    citations: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "text" not in given:
            return given
        if given.get("texts"):
            raise ValueError("text and texts are both set. Pass only one of them")
        rest = {name: value for name, value in given.items() if name != "text"}
        return {**rest, "texts": [given["text"]]}

    @property
    def text(self) -> str:
        """The pieces of text, one per line."""
        return "\n".join(self.texts)

    def get_text(self) -> str:
        """Return title, source and text as plain text, for models that do not support search results."""
        return "\n".join(filter(None, (self.title, self.source, *self.texts)))


class ContainerUploadContent(Content):
    """A file at Anthropic for the code execution container; other providers drop it with a warning.

    Attributes:
        file_id: Id of the file from Anthropic's Files API.
    """

    type: Literal["container_upload"] = "container_upload"
    file_id: str

    @property
    def text(self) -> str:
        """Always empty."""
        return ""


class GenericContent(Content):
    """A part that has no class in this version. It is kept and sent back unchanged.

    Attributes:
        kind: Type of the part in its protocol.
        data: The part in the format of its protocol.
        protocol: The protocol of the part, such as `anthropic` or `gemini`, for parts that users create. Parts of
            answers have an `origin` instead. The part is sent only to this protocol.
    """

    type: Literal["generic"] = "generic"
    kind: str = ""
    data: dict[str, Any] = Field(default_factory=dict)
    protocol: str | None = None

    @property
    def text(self) -> str:
        """Always empty."""
        return ""


ResultPart = Annotated[
    TextContent | ImageContent | AudioContent | VideoContent | FileContent | SearchResultContent | GenericContent,
    Field(discriminator="type"),
]


class ToolResultContent(Content):
    """The result of a tool call.

    Attributes:
        call_id: Id of the tool call.
        name: Name of the tool.
        output: The result: a JSON value or text.
        contents: Images, files and other parts of the result.
        is_error: Whether the tool failed.
    """

    type: Literal["tool_result"] = "tool_result"
    call_id: str
    name: str | None = None
    output: Any = None
    contents: list[ResultPart] = Field(default_factory=list)
    is_error: bool = False

    @property
    def text(self) -> str:
        """The result as plain text."""
        return self.get_text()

    def get_text(self) -> str:
        """Return the result as plain text; JSON values as JSON, parts as their text."""
        if self.output is None:
            return "\n".join(filter(None, (part.get_text() for part in self.contents)))
        return self.output if isinstance(self.output, str) else json.dumps(self.output).decode()


ContentItem = Annotated[
    TextContent
    | ReasoningContent
    | RefusalContent
    | ToolCallContent
    | ServerToolContent
    | StructuredContent
    | ToolResultContent
    | ImageContent
    | AudioContent
    | VideoContent
    | FileContent
    | SearchResultContent
    | ContainerUploadContent
    | GenericContent,
    Field(discriminator="type"),
]
"""Any part of a message: text, reasoning, tool calls and results, media and so on. `type` says which."""


class HostedToolResults:
    """What tools of the provider did, for answers with `contents`, `extras` and `provider`."""

    __slots__ = ()

    if TYPE_CHECKING:
        extras: dict[str, Any]
        provider: str | None

        @property
        def contents(self) -> list[ContentItem]: ...

    @property
    def hosted_tools(self) -> "list[HostedToolRun]":
        """The calls of tools that the provider ran, with their results, in the same form for all providers."""
        return list(hosted_results().read_hosted_tools(self.contents, self.extras))

    @property
    def sources(self) -> "list[AnswerSource]":
        """What the answer cites, and then what tools of the provider read, each once."""
        return list(hosted_results().read_all_sources(self.contents, self.extras))

    @property
    def container(self) -> "Container | None":
        """The container in which the provider ran code; None if it ran none."""
        container: Container | None = hosted_results().read_container(self.contents, self.extras)
        return container

    @property
    def files(self) -> list[FileContent]:
        """The files that code of the provider wrote; `client.download_file` gets their bytes."""
        return list(hosted_results().read_all_files(self.contents, self.extras, self.provider))


def hosted_results() -> Any:
    """Return the module that reads results of provider-run tools; most answers have none."""
    return import_module("dhenara.ai.types.content.hosted_results")
