"""Content: the parts that prompts and answers are made of. One vocabulary for both directions."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from .media import (
    AudioContent as AudioContent,
    FileContent as FileContent,
    ImageContent as ImageContent,
    Media as Media,
    VideoContent as VideoContent,
)
from .part import Content as Content, Origin as Origin
from .text import Citation as Citation, TextContent as TextContent


class ReasoningContent(Content):
    """What a model thought before it answered. `text` is its thinking, or the summary of it that it gave."""

    type: Literal["reasoning"] = "reasoning"
    text: str = ""
    raw_text: str = ""
    signature: str | None = None
    redacted: bool = False

    def get_text(self) -> str:
        return self.text or self.raw_text


class RefusalContent(Content):
    """The model declined, in these words."""

    type: Literal["refusal"] = "refusal"
    text: str = ""

    def get_text(self) -> str:
        return self.text


class ToolCallContent(Content):
    """The model asks the caller to run a tool.

    `arguments_text` keeps the JSON text as it was sent where the protocol sends text. Arguments that are not
    a JSON object leave `arguments` empty, with the reason in `error` and everything received in the text.
    """

    type: Literal["tool_call"] = "tool_call"
    id: str = ""
    name: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    arguments_text: str | None = None
    error: str | None = None

    @property
    def text(self) -> str:
        return ""


class ServerToolContent(Content):
    """A tool that the provider ran itself: what it was called with, and what came out when it says so."""

    type: Literal["server_tool"] = "server_tool"
    id: str | None = None
    name: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    data: dict[str, Any] = Field(default_factory=dict)

    @property
    def text(self) -> str:
        return ""


class StructuredContent(Content):
    """An answer in the shape that was asked for; `text` is the JSON as it was said, `error` what is wrong with it."""

    type: Literal["structured_output"] = "structured_output"
    text: str = ""
    data: Any = None
    error: str | None = None
    citations: list[Citation] = Field(default_factory=list)
    _value: Any = PrivateAttr(default=None)

    @property
    def parsed(self) -> Any:
        """The object of the type that was asked for; the plain data where there is none, None where it is wrong."""
        if self.error is not None:
            return None
        return self.data if self._value is None else self._value

    def get_text(self) -> str:
        return self.text


class SearchResultContent(Content):
    """A result of a search that an answer may rest on and cite: the user's own retrieval (RAG).

    Anthropic, Bedrock and Cohere take search results as such; for all others they are written as text, with a
    warning. They may stand in what the user says and in tool results.

    Attributes:
        source: Where the text comes from: a URL, or any id of your own.
        title: The title of the source.
        texts: The text, in the pieces that may be cited; `text="..."` stands for one piece.
        citations: Whether answers may cite it. None leaves it to the provider.
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
            raise ValueError("a search result has either text or texts")
        rest = {name: value for name, value in given.items() if name != "text"}
        return {**rest, "texts": [given["text"]]}

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    def get_text(self) -> str:
        """Title, source and text in plain words, for models that know no search results."""
        return "\n".join(filter(None, (self.title, self.source, *self.texts)))


class ContainerUploadContent(Content):
    """A file at Anthropic that its code execution should find in its container; a warning elsewhere.

    Attributes:
        file_id: The id that Anthropic's files API gave the file.
    """

    type: Literal["container_upload"] = "container_upload"
    file_id: str

    @property
    def text(self) -> str:
        return ""


class GenericContent(Content):
    """A part of one protocol that this version has no class for, kept as it is.

    Attributes:
        kind: What the protocol calls it.
        data: The part as the protocol writes it.
        protocol: The protocol whose part this is, such as `anthropic` or `gemini`, for parts that users write. Parts
            of answers have an `origin` instead. The part goes to this protocol unchanged and to no other.
    """

    type: Literal["generic"] = "generic"
    kind: str = ""
    data: dict[str, Any] = Field(default_factory=dict)
    protocol: str | None = None

    @property
    def text(self) -> str:
        return ""


ResultPart = Annotated[
    TextContent | ImageContent | AudioContent | VideoContent | FileContent | SearchResultContent | GenericContent,
    Field(discriminator="type"),
]


class ToolResultContent(Content):
    """What a tool gave back: a JSON value or text in `output`, pictures and files in `contents`."""

    type: Literal["tool_result"] = "tool_result"
    call_id: str
    name: str | None = None
    output: Any = None
    contents: list[ResultPart] = Field(default_factory=list)
    is_error: bool = False

    @property
    def text(self) -> str:
        return self.get_text()

    def get_text(self) -> str:
        from ..wire import json

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
