"""Prompts and tool results as version 1 wrote them; each is, or becomes, a message of this version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from ..types.chat.message import Message, Prompt
from ..types.chat.response import ChatResponse
from ..types.content.parts import ToolResultContent
from ..types.model_base import FrozenModel
from ..types.tools.provider_tools import UserLocation, WebSearch
from ..wire import json
from .tools import ContentType, PromptMessageRoleEnum

UNNAMED_CALL = ""
"""Call id of a tool result that names none; the history repair gives it the id of its call."""


class InputContent(FrozenModel):
    """Text or JSON of a prompt; version 1 calls it `Content`.

    Attributes:
        type: What `get_content` returns. Default `"text"`.
        text: The text.
        textl: Several texts.
        json_c: One JSON object.
        jsonl_c: Several JSON objects.
    """

    type: ContentType = ContentType.TEXT
    text: str | None = None
    textl: list[str] | None = None
    json_c: dict[str, Any] = Field(default_factory=dict)
    jsonl_c: list[dict[str, Any]] = Field(default_factory=list)

    @property
    def has_content(self) -> bool:
        """Whether there is any text or JSON."""
        return bool(self.text or self.textl or self.json_c or self.jsonl_c)

    def get_content(self, separator: str = "\n") -> Any:
        """Return the content.

        Args:
            separator: Text between several texts. Default a line break.

        Returns:
            A string, a list of strings, a dict or a list of dicts, as `type` says.

        Raises:
            ValueError: There is no content of this type.
        """
        texts = [*([self.text] if self.text else []), *(self.textl or [])]
        written = [json.dumps(one).decode() for one in ([self.json_c] if self.json_c else []) + self.jsonl_c]
        content: Any = {
            ContentType.TEXT: separator.join([*texts, *written]),
            ContentType.LIST: texts,
            ContentType.DICT: self.json_c,
            ContentType.JSONL: self.jsonl_c,
        }[self.type]
        if not content:
            raise ValueError(f"the content has no {self.type}. Set text, textl, json_c or jsonl_c")
        return content


class TextTemplateVariableProps(FrozenModel):
    """A variable of a template.

    Attributes:
        default: Default value.
        allowed: Allowed values.
    """

    default: Any = None
    allowed: list[Any] | None = None


ESCAPED = re.compile(r"\$\$(var|expr)\{[^}]*\}")
VARIABLE = re.compile(r"\$var\{([^}]+)\}")


class TextTemplate(FrozenModel):
    """A text with variables as `$var{name}`. As in version 1 they are not replaced here.

    Attributes:
        text: The text.
        variables: The variables, each with its properties or None.
        disable_checks: Whether variables may be missing in the text. Default False.
    """

    text: str
    variables: dict[str, TextTemplateVariableProps | None] = Field(default_factory=dict)
    disable_checks: bool = False

    @model_validator(mode="after")
    def _check_variables(self) -> Self:
        used = {name.strip().split(".")[0] for name in VARIABLE.findall(ESCAPED.sub("", self.text))}
        missing = [name for name in self.variables if name not in used]
        if missing and not self.disable_checks:
            raise ValueError(f"Variables {missing} are defined but not used in the template text")
        return self

    def get_variable_names(self) -> list[str]:
        """Return the names of the variables."""
        return list(self.variables)

    def get_args_default_values(self) -> dict[str, Any]:
        """Return the variables that have a default, with it."""
        return {name: one.default for name, one in self.variables.items() if one and one.default is not None}

    def format(self, **_: Any) -> str:
        """Return the text unchanged."""
        return self.text


class PromptText(FrozenModel):
    """Text of a prompt: either content or a template.

    Attributes:
        content: The content.
        template: The template.
    """

    content: InputContent | None = None
    template: TextTemplate | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.content is None) == (self.template is None):
            raise ValueError("set either content or template")
        return self

    def format(self, **values: Any) -> str:
        """Return the text."""
        if self.template is not None:
            return self.template.format(**values)
        content = self.content.get_content() if self.content is not None else ""
        return content if isinstance(content, str) else json.dumps(content).decode()


class PromptConfig(FrozenModel):
    """Limits of a prompt.

    Attributes:
        max_words_text: Maximum number of words of the text. Default None: no limit.
        max_words_file: Maximum number of words of a file. Not used.
    """

    max_words_text: int | None = None
    max_words_file: int | None = None


class SystemInstruction(str):
    """A system instruction: a string, made with `SystemInstruction(text="...")`.

    Args:
        text: The text.
        variables: Not used; kept in `variables`.
    """

    variables: dict[str, Any]

    def __new__(cls, text: str | PromptText, variables: Mapping[str, Any] | None = None) -> Self:
        made = super().__new__(cls, formatted_text(text, None, variables or {}))
        made.variables = dict(variables or {})
        return made

    @property
    def text(self) -> str:
        """The text."""
        return str(self)

    def get_formatted_text(self, max_words: int | None = None, **_: Any) -> str:
        """Return the text, at most so many words of it."""
        return formatted_text(str(self), max_words, {})


class FormattedPrompt(Prompt):
    """A prompt with a role and a text."""


def formatted_text(text: str | PromptText, max_words: int | None, values: Mapping[str, Any]) -> str:
    """Return the text of a prompt, at most `max_words` words of it."""
    whole = text.format(**values) if isinstance(text, PromptText) else text
    return " ".join(whole.split()[:max_words]) if max_words else whole


def read_prompt(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a message without those that only version 1 has: `variables`, `files` and `config`."""
    rest = {name: value for name, value in given.items() if name not in ("variables", "files", "config", "type")}
    limits = PromptConfig.model_validate(given.get("config") or {})
    text = rest.get("text")
    if isinstance(text, Mapping):
        text = PromptText.model_validate(text)
    if isinstance(text, str | PromptText):
        rest["text"] = formatted_text(text, limits.max_words_text, given.get("variables") or {})
    files = given.get("files") or []
    if files:
        rest["parts"] = [*([rest.pop("text")] if rest.get("text") else []), *files]
    return rest


class ToolCallResult(ToolResultContent):
    """The result of a tool call.

    Attributes:
        call_id: Id of the tool call. Default: the call before it in the history with the same name.
        output: The result: a JSON value or text.
        name: Name of the tool.
    """

    call_id: str = UNNAMED_CALL

    @model_validator(mode="before")
    @classmethod
    def _read_missing_id(cls, given: Any) -> Any:
        return {**given, "call_id": given.get("call_id") or UNNAMED_CALL} if isinstance(given, Mapping) else given

    def as_text(self) -> str:
        """Return the result as text."""
        return self.get_text()

    def as_json(self) -> Any:
        """Return dicts and lists as they are, other values as `{"result": value}`."""
        return self.output if isinstance(self.output, dict | list) else {"result": self.output}


class ToolCallResultsMessage(Message):
    """The results of several tool calls as one message; `results` are its `ToolCallResult`s."""

    @model_validator(mode="before")
    @classmethod
    def _read_results(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "results" not in given:
            return given
        if not given["results"]:
            raise ValueError("ToolCallResultsMessage.results must contain at least one ToolCallResult")
        return {"role": "tool", "contents": [ToolCallResult.model_validate(one) for one in given["results"]]}

    @property
    def results(self) -> list[ToolResultContent]:
        """The results."""
        return self.as_list()

    def as_list(self) -> list[ToolResultContent]:
        """Return the results."""
        return [part for part in self.contents if isinstance(part, ToolResultContent)]


MessageItem = Prompt | ChatResponse | ToolCallResult | ToolCallResultsMessage
"""What the `messages` of a call may contain."""


class WebSearchHostedTool(WebSearch):
    """Web search by the provider; `WebSearch` with the field names of version 1.

    `user_location` stands for `place` and `search_context_size` for `context_size`.
    """

    @model_validator(mode="before")
    @classmethod
    def _read_old_fields(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        names = {"user_location": "place", "search_context_size": "context_size"}
        fields = {names.get(name, name): value for name, value in given.items() if value is not None}
        fields.pop("metadata", None)
        fields.pop("tool", None)
        return {name: value for name, value in fields.items() if name != "kind"}


HostedToolUserLocation = UserLocation
HostedToolDefinition = WebSearchHostedTool
Content = InputContent

__all__ = [
    "Content",
    "ContentType",
    "FormattedPrompt",
    "HostedToolDefinition",
    "HostedToolUserLocation",
    "InputContent",
    "MessageItem",
    "PromptConfig",
    "PromptMessageRoleEnum",
    "PromptText",
    "SystemInstruction",
    "TextTemplate",
    "TextTemplateVariableProps",
    "ToolCallResult",
    "ToolCallResultsMessage",
    "WebSearchHostedTool",
]
