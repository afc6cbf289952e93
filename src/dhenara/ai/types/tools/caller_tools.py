"""Tools that the provider defines and the caller runs: shell, text editor, patches, memory, computer, custom tools."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from ...errors import ConfigurationError
from ..content.parts import ToolCallContent
from .tool import Bound, CustomTool, InvalidArgumentsError, Tool, is_awaitable
from .tool_actions import (
    GEMINI_ACTIONS,
    MALFORMED,
    ComputerAction,
    EditorAction,
    ToolAction,
    read_computer,
    read_editor,
    read_patch,
    read_shell,
    safety_checks,
)


class CallerTool(Tool):
    """Base class of the tools that the provider defines and the caller runs.

    A call runs with the executor; without one the run stops with the call in `run.pending`, and `call.actions` are what
    to do. Where a provider does not have the tool, it is sent as a function with the same meaning.

    Attributes:
        executor: What runs the calls. Default None.
        version: Version of the provider's tool, such as `"bash_20250124"`. Default None: the newest one that the model
            is known to take.
    """

    executor: Any = Field(default=None, exclude=True, repr=False)
    version: str | None = None
    _call_names: ClassVar[frozenset[str]] = frozenset()
    _methods: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _check_executor(cls, data: Any) -> Any:
        executor = data.get("executor") if isinstance(data, Mapping) else None
        if executor is None:
            return data
        if missing := [name for name in cls._methods if not callable(getattr(executor, name, None))]:
            raise ConfigurationError(
                f"{cls.__name__}: the executor {type(executor).__name__} has no method {', '.join(missing)}"
            )
        return {**data, "function": getattr(executor, cls._methods[0])}

    @property
    def is_async(self) -> bool:
        """Whether a method of the executor is async."""
        return any(is_awaitable(getattr(self.executor, name)) for name in self._methods if self.executor is not None)

    def is_called(self, name: str) -> bool:
        """Return whether a provider calls this tool by a name.

        Args:
            name: Name of a call.

        Returns:
            Whether it is the name of this tool at some provider.
        """
        return name == self.name or name in self._call_names

    def actions(self, call: ToolCallContent) -> tuple[ToolAction, ...]:
        """Return what a call of this tool asks for.

        Args:
            call: The call.

        Returns:
            The actions, in order.

        Raises:
            InvalidArgumentsError: The arguments of the call are not those of this tool.
        """
        try:
            return self._read(call)
        except MALFORMED as error:
            raise InvalidArgumentsError(str(error)) from error

    def bind_call(self, call: ToolCallContent) -> Bound:
        """Read the actions of a call.

        Args:
            call: The call.

        Returns:
            The executor's method with the actions bound.

        Raises:
            InvalidArgumentsError: The arguments of the call are not those of this tool.
        """
        works = [self._work(action) for action in self.actions(call)]
        return functools.partial(run_all_async if self.is_async else run_all, works)

    def _read(self, call: ToolCallContent) -> tuple[ToolAction, ...]:
        raise NotImplementedError

    def _work(self, action: Any) -> Bound:
        return functools.partial(getattr(self.executor, self._methods[0]), action)


def run_all(works: Sequence[Bound]) -> Any:
    """Do one after the other, and return the last result."""
    return [work() for work in works][-1]


async def run_all_async(works: Sequence[Bound]) -> Any:
    value = None
    for work in works:
        value = work()
        if isinstance(value, Awaitable):
            value = await value
    return value


def text_field(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def object_of(required: Sequence[str], **fields: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {"type": "object", "properties": fields, "required": list(required), "additionalProperties": False}


class Shell(CallerTool):
    """Commands in a shell of the caller.

    Attributes:
        executor: A `ShellExecutor`. Default None.
        version: Version of the provider's tool. Default None: the newest one that the model is known to take.
        name: Name, where it is sent as a function.
        description: Description, where it is sent as a function.
        parameters: JSON Schema of the arguments, where it is sent as a function.
    """

    kind: Literal["shell"] = "shell"
    """Kind of the tool; always this value."""

    _call_names: ClassVar[frozenset[str]] = frozenset({"bash", "shell_call", "local_shell_call"})
    _methods: ClassVar[tuple[str, ...]] = ("run",)
    name: str = "shell"
    description: str | None = "Runs commands in a shell, one after the other, and returns output and exit codes."
    parameters: dict[str, Any] = Field(
        default_factory=object_of(
            ["commands"],
            commands={"type": "array", "items": {"type": "string"}, "description": "The commands."},
            timeout_ms={"type": "integer", "description": "Maximum duration in milliseconds."},
        )
    )

    def _read(self, call: ToolCallContent) -> tuple[ToolAction, ...]:
        return read_shell(call.arguments)


LINES = {"type": "array", "items": {"type": "integer"}, "description": "First and last line to view; -1 is the end."}
EDITS: dict[str, Any] = {
    "path": text_field("Path of the file or folder."),
    "view_range": LINES,
    "file_text": text_field("Text of the file to create."),
    "old_str": text_field("Text to replace. It must occur exactly once."),
    "new_str": text_field("Text in its place."),
    "insert_line": {"type": "integer", "description": "Line after which text is inserted; 0 is the start."},
    "insert_text": text_field("Text to insert."),
}
EDITOR_COMMANDS = ["view", "create", "str_replace", "insert"]


class TextEditor(CallerTool):
    """A text editor for files of the caller.

    Attributes:
        executor: A `TextEditorExecutor`. Default None.
        version: Version of the provider's tool. Default None: the newest one that the model is known to take.
        name: Name, where it is sent as a function.
        description: Description, where it is sent as a function.
        parameters: JSON Schema of the arguments, where it is sent as a function.
    """

    kind: Literal["text_editor"] = "text_editor"
    """Kind of the tool; always this value."""

    _call_names: ClassVar[frozenset[str]] = frozenset({"str_replace_based_edit_tool", "str_replace_editor"})
    _methods: ClassVar[tuple[str, ...]] = ("view", "create", "str_replace", "insert")
    name: str = "text_editor"
    description: str | None = "Views, creates and edits text files; `command` says what to do."
    parameters: dict[str, Any] = Field(
        default_factory=object_of(["command", "path"], command={"type": "string", "enum": EDITOR_COMMANDS}, **EDITS)
    )

    def _read(self, call: ToolCallContent) -> tuple[ToolAction, ...]:
        return read_editor(call.arguments)

    def _work(self, action: Any) -> Bound:
        return editor_work(self.executor, action)


def editor_work(executor: Any, action: EditorAction) -> Bound:
    """Return the executor's method for a command with its arguments."""
    arguments: dict[str, tuple[Any, ...]] = {
        "view": (action.path, action.view_range),
        "create": (action.path, action.file_text),
        "str_replace": (action.path, action.old_str, action.new_str),
        "insert": (action.path, action.insert_line, action.insert_text),
        "undo_edit": (action.path,),
        "delete": (action.path,),
        "rename": (action.path, action.new_path),
    }
    method = getattr(executor, action.command, None)
    if method is None:
        raise InvalidArgumentsError(f"the command {action.command!r} is not available here")
    return functools.partial(method, *arguments[action.command])


class Memory(CallerTool):
    """Files that the model keeps between conversations, in a folder `/memories` of the caller.

    Attributes:
        executor: A `MemoryExecutor`. Default None.
        version: Version of the provider's tool. Default None: the newest one that the model is known to take.
        name: Name, where it is sent as a function.
        description: Description, where it is sent as a function.
        parameters: JSON Schema of the arguments, where it is sent as a function.
    """

    kind: Literal["memory"] = "memory"
    """Kind of the tool; always this value."""

    _methods: ClassVar[tuple[str, ...]] = ("view", "create", "str_replace", "insert", "delete", "rename")
    name: str = "memory"
    description: str | None = (
        "Files in the folder /memories that are preserved between conversations. View the folder before you start, and "
        "write down what will be useful later; `command` says what to do."
    )
    parameters: dict[str, Any] = Field(
        default_factory=object_of(
            ["command", "path"],
            command={"type": "string", "enum": [*EDITOR_COMMANDS, "delete", "rename"]},
            **EDITS,
            new_path=text_field("New path of the file or folder to rename."),
        )
    )

    def _read(self, call: ToolCallContent) -> tuple[ToolAction, ...]:
        return read_editor(call.arguments)

    def _work(self, action: Any) -> Bound:
        return editor_work(self.executor, action)


class ApplyPatch(CallerTool):
    """Changes of files as patches.

    Attributes:
        executor: A `PatchExecutor`. Default None.
        version: Version of the provider's tool. Default None: the newest one that the model is known to take.
        name: Name, where it is sent as a function.
        description: Description, where it is sent as a function.
        parameters: JSON Schema of the arguments, where it is sent as a function.
    """

    kind: Literal["apply_patch"] = "apply_patch"
    """Kind of the tool; always this value."""

    _call_names: ClassVar[frozenset[str]] = frozenset({"apply_patch_call"})
    _methods: ClassVar[tuple[str, ...]] = ("apply",)
    name: str = "apply_patch"
    description: str | None = (
        "Creates, updates or deletes a file. A diff consists of lines that begin with a blank (unchanged), - (removed) "
        "or + (added); each section may begin with @@ and a line that occurs before it. In a new file, all lines begin "
        "with +."
    )
    parameters: dict[str, Any] = Field(
        default_factory=object_of(
            ["type", "path"],
            type={"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
            path=text_field("Path of the file."),
            diff=text_field("The change; not needed to delete a file."),
        )
    )

    def _read(self, call: ToolCallContent) -> tuple[ToolAction, ...]:
        return read_patch(call.arguments)


class ComputerUse(CallerTool):
    """A screen, mouse and keyboard of the caller. Providers without this tool do not get it.

    Calls with safety checks of the provider are run only if they are approved, as with `needs_approval`.

    Attributes:
        executor: A `ComputerExecutor`. Default None.
        version: Version of the provider's tool. Default None: the newest one that the model is known to take.
        name: Name, where it is sent as a function.
        description: Description, where it is sent as a function.
        parameters: JSON Schema of the arguments, where it is sent as a function.
        width: Width of the screen in pixels.
        height: Height of the screen in pixels.
        environment: What the screen shows.
    """

    kind: Literal["computer"] = "computer"
    """Kind of the tool; always this value."""

    _call_names: ClassVar[frozenset[str]] = frozenset({"computer", "computer_call", *GEMINI_ACTIONS})
    _methods: ClassVar[tuple[str, ...]] = ("act",)
    name: str = "computer"
    description: str | None = "A screen with mouse and keyboard."
    width: int = Field(default=1024, gt=0)
    height: int = Field(default=768, gt=0)
    environment: Literal["browser", "mac", "windows", "linux", "mobile"] = "browser"

    def _read(self, call: ToolCallContent) -> tuple[ToolAction, ...]:
        actions = read_computer(call.name, call.arguments)
        if not actions:
            raise InvalidArgumentsError("there is no action")
        return tuple(
            one.in_pixels(self.width, self.height) if isinstance(one, ComputerAction) else one for one in actions
        )

    def must_ask(self, call: ToolCallContent) -> bool:
        """Return whether a call must be approved: always, or because the provider asks for it.

        Args:
            call: The call.

        Returns:
            Whether it must be approved.
        """
        return self.needs_approval or bool(safety_checks(call.arguments))


CALLER_KINDS: dict[str, type[Tool]] = {
    "shell": Shell,
    "text_editor": TextEditor,
    "memory": Memory,
    "apply_patch": ApplyPatch,
    "computer": ComputerUse,
    "custom": CustomTool,
}
