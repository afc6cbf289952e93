"""What a model asks a tool of the caller to do, as typed actions read from its calls."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError

from ..model_base import FrozenModel

Arguments = Mapping[str, Any]


class ShellAction(FrozenModel):
    """Commands to run in a shell, one after the other.

    Attributes:
        commands: The commands.
        timeout: Maximum duration in seconds. Default None: decided by the executor.
        max_output: Maximum number of characters of output. Default None: decided by the executor.
        restart: Whether the shell must be started anew.
        folder: Folder to run the commands in. Default None.
        env: Environment variables to set.
    """

    commands: tuple[str, ...] = ()
    timeout: float | None = None
    max_output: int | None = None
    restart: bool = False
    folder: str | None = None
    env: dict[str, str] = Field(default_factory=dict)


EditorCommand = Literal["view", "create", "str_replace", "insert", "undo_edit", "delete", "rename"]


class EditorAction(FrozenModel):
    """One command of a text editor or of a memory of files.

    Attributes:
        command: The command. Only a memory has `"delete"` and `"rename"`.
        path: Path of the file or folder.
        view_range: First and last line to view; the last one may be -1, the end. Default None: all.
        file_text: Text of a file to create.
        old_str: Text to replace; it must occur exactly once.
        new_str: Text in its place.
        insert_line: Line after which text is inserted; 0 is the start.
        insert_text: Text to insert.
        new_path: New path of a file or folder to rename.
    """

    command: EditorCommand
    path: str
    view_range: tuple[int, int] | None = None
    file_text: str = ""
    old_str: str = ""
    new_str: str = ""
    insert_line: int = 0
    insert_text: str = ""
    new_path: str = ""


class PatchOperation(FrozenModel):
    """One change of a file.

    Attributes:
        type: What to do with the file.
        path: Path of the file.
        diff: The change in OpenAI's format for `apply_patch`: lines that begin with a blank, `+` or `-`, in sections
            that begin with `@@`.
    """

    type: Literal["create_file", "update_file", "delete_file"]
    path: str
    diff: str = ""


ComputerActionKind = Literal[
    "screenshot", "click", "double_click", "triple_click", "long_press", "move", "drag", "mouse_down", "mouse_up",
    "scroll", "type", "key", "hold_key", "wait", "zoom", "cursor_position", "navigate", "go_back", "go_forward",
    "go_home", "search", "open_browser", "open_app",
]  # fmt: skip


class ComputerAction(FrozenModel):
    """One action on a screen. Executors may ignore an action that they do not have, and return a screenshot.

    Attributes:
        type: What to do.
        x: Horizontal position, from the left.
        y: Vertical position, from the top.
        button: Mouse button of a click.
        text: Text to type.
        keys: Keys to press or to hold.
        path: Positions of a drag.
        scroll_x: How far to scroll to the right.
        scroll_y: How far to scroll down.
        scroll_unit: Unit of both: pixels or clicks of a wheel.
        seconds: Duration of a wait or of holding a key.
        url: Address to open.
        clear: Whether to clear the field before typing.
        enter: Whether to press Enter after typing.
        scaled: Whether positions and distances are thousandths of the screen; `in_pixels` converts them.
        arguments: The action as the model sent it.
    """

    type: ComputerActionKind
    x: float | None = None
    y: float | None = None
    button: str = "left"
    text: str = ""
    keys: tuple[str, ...] = ()
    path: tuple[tuple[float, float], ...] = ()
    scroll_x: float = 0
    scroll_y: float = 0
    scroll_unit: Literal["pixels", "clicks"] = "pixels"
    seconds: float | None = None
    url: str = ""
    clear: bool = False
    enter: bool = False
    scaled: bool = False
    arguments: dict[str, Any] = Field(default_factory=dict)

    def in_pixels(self, width: int, height: int) -> ComputerAction:
        """Return the action with positions and distances in pixels.

        Args:
            width: Width of the screen.
            height: Height of the screen.

        Returns:
            The action; unchanged if it is in pixels already.
        """
        if not self.scaled:
            return self
        changed = {
            "x": None if self.x is None else round(self.x * width / 1000),
            "y": None if self.y is None else round(self.y * height / 1000),
            "path": tuple((round(x * width / 1000), round(y * height / 1000)) for x, y in self.path),
            "scroll_x": round(self.scroll_x * width / 1000),
            "scroll_y": round(self.scroll_y * height / 1000),
            "scaled": False,
        }
        return self.model_copy(update=changed)


class MCPApprovalRequest(FrozenModel):
    """A request of a model to call a tool of a remote MCP server, which the provider runs after approval.

    Attributes:
        server: Name of the server.
        tool: Name of the tool.
        arguments: Its arguments.
    """

    server: str
    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)


ToolAction = ShellAction | EditorAction | PatchOperation | ComputerAction | MCPApprovalRequest
"""An action of any tool that the caller runs."""


def given(arguments: Arguments, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: arguments[name] for name in names if arguments.get(name) is not None}


def milliseconds(arguments: Arguments) -> float | None:
    value = arguments.get("timeout_ms")
    return value / 1000 if isinstance(value, int | float) and value > 0 else None


def read_shell(arguments: Arguments) -> tuple[ToolAction, ...]:
    """Read `bash` of Anthropic, both shells of OpenAI, and our function."""
    inside = arguments.get("action")
    sent = inside if isinstance(inside, Mapping) else arguments
    command, commands = sent.get("command"), sent.get("commands")
    if isinstance(command, str):
        commands = (command,)
    elif isinstance(command, list):
        commands = (shlex.join(map(str, command)),)
    elif isinstance(commands, str):
        commands = (commands,)
    if not commands and not sent.get("restart"):
        raise ValueError("there is no command")
    return (
        ShellAction(
            commands=tuple(commands or ()),
            timeout=milliseconds(sent),
            max_output=sent.get("max_output_length"),
            restart=bool(sent.get("restart")),
            folder=sent.get("working_directory"),
            env=sent.get("env") or {},
        ),
    )


EDITED = ("view_range", "file_text", "old_str", "new_str", "insert_line", "insert_text", "new_path")


def read_editor(arguments: Arguments) -> tuple[ToolAction, ...]:
    sent = dict(arguments)
    if sent.get("command") == "insert" and "insert_text" not in sent and "new_str" in sent:
        sent["insert_text"] = sent.pop("new_str")  # the name of versions before text_editor_20250728
    if sent.get("command") == "rename":
        sent.setdefault("path", sent.get("old_path"))
    return (EditorAction.model_validate(given(sent, ("command", "path", *EDITED))),)


def read_patch(arguments: Arguments) -> tuple[ToolAction, ...]:
    inside = arguments.get("operation")
    sent = inside if isinstance(inside, Mapping) else arguments
    return (PatchOperation.model_validate(given(sent, ("type", "path", "diff"))),)


def read_computer(name: str, arguments: Arguments) -> tuple[ToolAction, ...]:
    """Read `computer_call` of OpenAI, `computer` of Anthropic and its toolset, and the functions of Gemini."""
    several, one = arguments.get("actions"), arguments.get("action")
    if isinstance(several, list):
        return tuple(openai_action(sent) for sent in several if isinstance(sent, Mapping))
    if isinstance(one, Mapping):
        return (openai_action(one),)
    if isinstance(one, str):
        return (claude_action(one, arguments),)
    if name in GEMINI_ACTIONS:
        return (gemini_action(name, arguments),)
    return (claude_action(name, arguments),)


OPENAI_ACTIONS: dict[str, ComputerActionKind] = {"keypress": "key"}


def openai_action(sent: Arguments) -> ComputerAction:
    kind = sent.get("type")
    path = [(at["x"], at["y"]) for at in sent.get("path") or ()]
    fields = given(sent, ("x", "y", "button", "text", "keys", "scroll_x", "scroll_y"))
    return ComputerAction.model_validate(
        {**fields, "type": OPENAI_ACTIONS.get(str(kind), kind), "path": path, "arguments": dict(sent)}
    )


CLICKS = {"left_click": "left", "right_click": "right", "middle_click": "middle"}
CLAUDE_ACTIONS = {
    **dict.fromkeys(CLICKS, "click"), "left_click_drag": "drag", "mouse_move": "move", "left_mouse_down": "mouse_down",
    "left_mouse_up": "mouse_up",
}  # fmt: skip
DIRECTIONS = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


def claude_action(name: str, sent: Arguments) -> ComputerAction:
    fields: dict[str, Any] = {"type": CLAUDE_ACTIONS.get(name, name), "arguments": dict(sent)}
    fields["button"] = CLICKS.get(name, "left")
    if at := sent.get("coordinate"):
        fields["x"], fields["y"] = at
    if start := sent.get("start_coordinate"):
        fields["path"] = (tuple(start), tuple(at or ()))
    text = sent.get("text") or sent.get("key") or ""
    if name == "type":
        fields["text"] = text
    elif text:
        fields["keys"] = tuple(str(text).split("+"))
    if name == "scroll":
        across, down = DIRECTIONS[str(sent.get("scroll_direction", "down"))]
        amount = sent.get("scroll_amount") or 1
        fields.update(scroll_x=across * amount, scroll_y=down * amount, scroll_unit="clicks")
    if sent.get("duration") is not None:
        fields["seconds"] = sent["duration"]
    if name == "zoom" and (region := sent.get("region")):
        fields["path"] = ((region[0], region[1]), (region[2], region[3]))
    return ComputerAction.model_validate(fields)


GEMINI_ACTIONS: dict[str, ComputerActionKind] = {
    "open_web_browser": "open_browser", "open_app": "open_app", "wait_5_seconds": "wait", "go_back": "go_back",
    "go_forward": "go_forward", "go_home": "go_home", "search": "search", "navigate": "navigate", "click_at": "click",
    "hover_at": "move", "long_press_at": "long_press", "type_text_at": "type", "key_combination": "key",
    "scroll_document": "scroll", "scroll_at": "scroll", "drag_and_drop": "drag", "wait": "wait", "press_key": "key",
    "take_screenshot": "screenshot",
}  # fmt: skip
"""Functions of Gemini's computer use; it declares them together and calls each by its own name."""


def gemini_action(name: str, sent: Arguments) -> ComputerAction:
    fields: dict[str, Any] = {"type": GEMINI_ACTIONS[name], "scaled": True, "arguments": dict(sent)}
    fields.update(given(sent, ("x", "y", "text", "url")))
    fields["enter"], fields["clear"] = bool(sent.get("press_enter")), bool(sent.get("clear_before_typing"))
    keys = sent.get("keys") or sent.get("key")
    fields["keys"] = tuple(keys.split("+")) if isinstance(keys, str) else tuple(keys or ())
    if direction := sent.get("direction"):
        across, down = DIRECTIONS[str(direction)]
        amount = sent.get("magnitude") or 800
        fields.update(scroll_x=across * amount, scroll_y=down * amount)
    if "destination_x" in sent:
        fields["path"] = ((sent["x"], sent["y"]), (sent["destination_x"], sent["destination_y"]))
    if name == "wait_5_seconds":
        fields["seconds"] = 5
    elif sent.get("seconds") is not None:
        fields["seconds"] = sent["seconds"]
    return ComputerAction.model_validate(fields)


def read_approval(sent: Arguments) -> tuple[ToolAction, ...]:
    inside = sent.get("arguments")
    arguments = dict(inside) if isinstance(inside, Mapping) else {}
    return (MCPApprovalRequest(server=str(sent.get("server_label", "")), tool=sent["name"], arguments=arguments),)


Reader = Callable[[Arguments], tuple[ToolAction, ...]]
READERS: dict[str, Reader] = {
    **dict.fromkeys(("shell_call", "local_shell_call", "bash", "shell"), read_shell),
    **dict.fromkeys(("str_replace_based_edit_tool", "str_replace_editor", "text_editor", "memory"), read_editor),
    **dict.fromkeys(("apply_patch_call", "apply_patch"), read_patch),
    "mcp_approval_request": read_approval,
    **dict.fromkeys(("computer_call", "computer"), lambda arguments: read_computer("computer", arguments)),
}
MALFORMED = (ValidationError, ValueError, TypeError, LookupError, AttributeError)


def read_actions(name: str, arguments: Arguments, toolset: str | None = None) -> tuple[ToolAction, ...]:
    """Return the actions of a call of such a tool; empty if it is for another tool, or cannot be read."""
    try:
        if toolset == "computer":
            return read_computer(name, arguments)
        return READERS[name](arguments) if name in READERS else ()
    except MALFORMED:
        return ()


def safety_checks(arguments: Arguments) -> list[Any]:
    """Return the safety checks that a person must confirm before an action on a computer."""
    pending = arguments.get("pending_safety_checks")
    if isinstance(pending, list):
        return pending
    decision = arguments.get("safety_decision")
    if isinstance(decision, Mapping) and decision.get("decision") == "require_confirmation":
        return [dict(decision)]
    return []
