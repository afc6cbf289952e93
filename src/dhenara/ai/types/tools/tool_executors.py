"""Executors of tools that the caller runs, and their results, as the provider of a call takes them."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from ..content.parts import ImageContent, ToolCallContent, ToolResultContent
from ..model_base import FrozenModel
from .tool_actions import GEMINI_ACTIONS, ComputerAction, PatchOperation, ShellAction, safety_checks


class ActionResult(FrozenModel):
    """Base class of the results."""

    def to_result(self, call: ToolCallContent, *, approved: bool = False) -> ToolResultContent:
        """Return the result of a call, for a message to the model.

        Args:
            call: The call.
            approved: Whether a person confirmed the safety checks of the call.

        Returns:
            The result.
        """
        raise NotImplementedError


class ShellResult(ActionResult):
    """Result of a command.

    Attributes:
        stdout: Its output.
        stderr: Its error output.
        exit_code: Its exit code; None if it did not end.
        timed_out: Whether it was stopped because it took too long.
    """

    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = 0
    timed_out: bool = False

    def to_result(self, call: ToolCallContent, *, approved: bool = False) -> ToolResultContent:
        """Return the result of a call, for a message to the model.

        Args:
            call: The call.
            approved: Not used.

        Returns:
            The result.
        """
        return shell_result(call, [self])

    def text(self) -> str:
        """Return the output, and how the command ended if it did not succeed.

        Returns:
            The text.
        """
        parts = [self.stdout.rstrip("\n"), self.stderr.rstrip("\n")]
        if self.timed_out:
            parts.append("[timed out]")
        elif self.exit_code:
            parts.append(f"[exit code {self.exit_code}]")
        return "\n".join(part for part in parts if part)


def shell_result(call: ToolCallContent, results: Sequence[ShellResult]) -> ToolResultContent:
    """Return the results of all commands of a call as one."""
    extras: dict[str, Any] = {}
    if call.name == "shell_call":
        action = call.arguments.get("action")
        if isinstance(action, Mapping) and action.get("max_output_length") is not None:
            extras["max_output_length"] = action["max_output_length"]
        output: Any = [
            {
                "stdout": one.stdout,
                "stderr": one.stderr,
                "outcome": {"type": "timeout"} if one.timed_out else {"type": "exit", "exit_code": one.exit_code or 0},
            }
            for one in results
        ]
    else:
        output = "\n".join(one.text() for one in results)
    return ToolResultContent(call_id=call.id, name=call.name, output=output, extras=extras)


class PatchResult(ActionResult):
    """Result of a change of a file.

    Attributes:
        status: Whether the file was changed.
        output: What was done, or why not.
    """

    status: Literal["completed", "failed"] = "completed"
    output: str = ""

    def to_result(self, call: ToolCallContent, *, approved: bool = False) -> ToolResultContent:
        """Return the result of a call, for a message to the model.

        Args:
            call: The call.
            approved: Not used.

        Returns:
            The result.
        """
        failed = self.status == "failed"
        output = self.output or self.status
        return ToolResultContent(call_id=call.id, name=call.name, output=output, is_error=failed)


class Screenshot(ActionResult):
    """The screen after an action.

    Attributes:
        image: Bytes of the picture, or the picture as a part.
        url: Address that the browser shows; Gemini wants it.
        text: What to say beside the picture, such as the position of the cursor.
    """

    image: ImageContent | bytes
    url: str = ""
    text: str = ""

    def to_result(self, call: ToolCallContent, *, approved: bool = False) -> ToolResultContent:
        """Return the result of a call, for a message to the model.

        Args:
            call: The call.
            approved: Whether a person confirmed the safety checks of the call.

        Returns:
            The result.
        """
        picture = ImageContent(data=self.image) if isinstance(self.image, bytes) else self.image
        output: Any = self.text or None
        checks = safety_checks(call.arguments) if approved else []
        if call.name in GEMINI_ACTIONS:
            output = {"url": self.url, **({"safety_acknowledgement": "true"} if checks else {})}
        extras = {"acknowledged_safety_checks": checks} if checks and call.name == "computer_call" else {}
        return ToolResultContent(call_id=call.id, name=call.name, output=output, contents=[picture], extras=extras)


class MCPApproval(ActionResult):
    """The answer to a request for approval (`MCPApprovalRequest`).

    Attributes:
        approve: Whether the provider may call the tool.
        reason: Why not, for the model. Default None.
    """

    approve: bool
    reason: str | None = None

    def to_result(self, call: ToolCallContent, *, approved: bool = False) -> ToolResultContent:
        """Return the result of a call, for a message to the model.

        Args:
            call: The call.
            approved: Not used.

        Returns:
            The result.
        """
        output = self.reason if not self.approve and self.reason else self.approve
        return ToolResultContent(call_id=call.id, name=call.name, output=output)


def read_action_result(call: ToolCallContent, value: Any, *, approved: bool = False) -> ToolResultContent | None:
    """Return what an executor returned as a result; None for other values."""
    if isinstance(value, ActionResult):
        return value.to_result(call, approved=approved)
    if isinstance(value, Sequence) and value and all(isinstance(one, ShellResult) for one in value):
        return shell_result(call, value)
    if isinstance(value, ImageContent) and safety_checks(call.arguments):
        return Screenshot(image=value).to_result(call, approved=approved)
    return None


T = TypeVar("T")
Maybe: TypeAlias = T | Awaitable[T]


class ShellExecutor(Protocol):
    """Runs commands for `Shell`; the method may be async."""

    def run(self, action: ShellAction, /) -> Maybe[ShellResult | Sequence[ShellResult] | str]:
        """Run the commands, and return one result for each command or one for all.

        Args:
            action: What to do.

        Returns:
            The results.
        """
        ...


class TextEditorExecutor(Protocol):
    """Views and edits files for `TextEditor`; the methods may be async. Errors are raised, and sent to the model."""

    def view(self, path: str, view_range: tuple[int, int] | None = None, /) -> Maybe[str]:
        """Return a file with line numbers, or the names in a folder.

        Args:
            path: Path of the file or folder.
            view_range: First and last line; None for all, -1 for the end.

        Returns:
            What the model gets.
        """
        ...

    def create(self, path: str, file_text: str, /) -> Maybe[str]:
        """Create or overwrite a file, and return what was done.

        Args:
            path: Path of the file or folder.
            file_text: Text of the file.

        Returns:
            What the model gets.
        """
        ...

    def str_replace(self, path: str, old_str: str, new_str: str, /) -> Maybe[str]:
        """Replace a text that occurs exactly once.

        Args:
            path: Path of the file or folder.
            old_str: Text to replace.
            new_str: Text in its place.

        Returns:
            What the model gets.
        """
        ...

    def insert(self, path: str, insert_line: int, insert_text: str, /) -> Maybe[str]:
        """Insert text after a line.

        Args:
            path: Path of the file or folder.
            insert_line: Line after which the text goes; 0 is the start.
            insert_text: Text to insert.

        Returns:
            What the model gets.
        """
        ...


class MemoryExecutor(TextEditorExecutor, Protocol):
    """Keeps files for `Memory`; their paths begin with `/memories`."""

    def delete(self, path: str, /) -> Maybe[str]:
        """Delete a file or folder.

        Args:
            path: Path of the file or folder.

        Returns:
            What the model gets.
        """
        ...

    def rename(self, path: str, new_path: str, /) -> Maybe[str]:
        """Rename a file or folder.

        Args:
            path: Path of the file or folder.
            new_path: Its new path.

        Returns:
            What the model gets.
        """
        ...


class PatchExecutor(Protocol):
    """Changes files for `ApplyPatch`; the method may be async."""

    def apply(self, operation: PatchOperation, /) -> Maybe[PatchResult | str]:
        """Create, update or delete a file.

        Args:
            operation: What to do.

        Returns:
            The result, or what was done.
        """
        ...


class ComputerExecutor(Protocol):
    """Acts on a screen for `ComputerUse`; the method may be async."""

    def act(self, action: ComputerAction, /) -> Maybe[Screenshot | ImageContent | str]:
        """Do the action, and return a screenshot from after it.

        Args:
            action: What to do.

        Returns:
            The picture, or a text.
        """
        ...
