"""A folder in which a model may edit files, keep notes and, if allowed, run commands: executors for its tools."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from .errors import ConfigurationError
from .types.tools.caller_tools import ApplyPatch, CallerTool, Memory, Shell, TextEditor
from .types.tools.tool import InvalidArgumentsError
from .types.tools.tool_actions import PatchOperation, ShellAction
from .types.tools.tool_executors import PatchResult, ShellResult
from .workspace_files import FileEditor, FileTree, apply_patch, new_text, shorten

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV")
PASSED_ON_WINDOWS = ("SYSTEMROOT", "COMSPEC", "PATHEXT", "USERPROFILE")
PIECE = 65_536
PAUSE = 0.05


class Workspace:
    """A folder whose files a model may view and change. Paths never lead out of it, and links are not followed.

    Commands of the shell are not confined: they can do whatever this process can do. So there is a shell only if you
    ask for it, and each call must be approved unless you turn that off. Use a container if the model is not trusted.

    On platforms without handles of folders (Windows), another program that replaces a folder by a link at the same
    moment is not noticed.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        shell: bool = False,
        memory: bool = False,
        needs_approval: bool | None = None,
        timeout: float = 60.0,
        max_output: int = 50_000,
        max_file_bytes: int = 5_000_000,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Create a workspace.

        Args:
            folder: The folder; it must exist.
            shell: Whether commands may be run.
            memory: Whether the model may keep notes, in the folder `memories` inside of it.
            needs_approval: Whether calls must be approved. Default None: those of the shell only.
            timeout: Maximum duration of a command in seconds.
            max_output: Maximum number of characters of a result; the rest is left out, and the result says so.
            max_file_bytes: Maximum size of a file that is read or written.
            env: Environment variables of commands. They do not get those of this process, except PATH and the like.

        Raises:
            ConfigurationError: If the folder does not exist, or a limit is not positive.
        """
        self.folder = Path(folder).resolve()
        if not self.folder.is_dir():
            raise ConfigurationError(f"Workspace: {folder} is no folder. Create it first.")
        if min(timeout, max_output, max_file_bytes) <= 0:
            raise ConfigurationError("Workspace: timeout, max_output and max_file_bytes must be greater than 0.")
        self._shell, self._memory, self._needs_approval = shell, memory, needs_approval
        self._timeout, self._max_output = timeout, max_output
        self._env = dict(env or {})
        self._tree = FileTree(self.folder, max_file_bytes)
        self._editor = FileEditor(self._tree, max_output)
        self._max_file_bytes = max_file_bytes

    def __repr__(self) -> str:
        return f"Workspace({str(self.folder)!r}, shell={self._shell}, memory={self._memory})"

    def tools(self) -> list[CallerTool]:
        """Return the tools: an editor and patches, and if turned on memory and shell. They run one at a time.

        Returns:
            The tools, for `tools=` of a run.

        Raises:
            ConfigurationError: If the folder of notes is a link.
        """
        ask = bool(self._needs_approval)
        tools: list[CallerTool] = [
            TextEditor(executor=self._editor, parallel=False, needs_approval=ask),
            ApplyPatch(executor=self, parallel=False, needs_approval=ask),
        ]
        if self._memory:
            notes = self.folder / "memories"
            notes.mkdir(exist_ok=True)
            if notes.is_symlink():
                raise ConfigurationError("Workspace: memories is a link. Remove it; the notes must be in the folder.")
            files = FileEditor(FileTree(notes, self._max_file_bytes), self._max_output, "/memories")
            tools.append(Memory(executor=files, parallel=False, needs_approval=ask))
        if self._shell:
            tools.append(Shell(executor=self, parallel=False, needs_approval=self._needs_approval is not False))
        return tools

    def apply(self, operation: PatchOperation) -> PatchResult:
        """Create, update or delete a file.

        Args:
            operation: What to do.

        Returns:
            Whether it was done, or why not.
        """
        path = operation.path
        try:
            match operation.type:
                case "create_file":
                    self._tree.write(path, new_text(operation.diff))
                case "update_file":
                    self._tree.write(path, apply_patch(self._tree.read(path), operation.diff))
                case "delete_file":
                    self._tree.delete_file(path)
        except (InvalidArgumentsError, OSError) as error:
            return PatchResult(status="failed", output=str(error))
        return PatchResult(output=f"{path}: {operation.type} done")

    def run(self, action: ShellAction) -> list[ShellResult]:
        """Run commands, each in a new shell in the folder. What a command started ends with it.

        Args:
            action: The commands.

        Returns:
            A result for each command, up to the first one that took too long.

        Raises:
            InvalidArgumentsError: If commands are not allowed, or the folder for them is not in this one.
        """
        if not self._shell:
            raise InvalidArgumentsError("commands are not allowed here")
        if action.restart and not action.commands:
            return [ShellResult(stdout="each command runs in a new shell")]
        folder = self.folder
        if action.folder:
            names = self._tree.names_of(action.folder)
            with self._tree.open_folder(names, action.folder):
                folder = self.folder.joinpath(*names)
        until = time.monotonic() + min(action.timeout or self._timeout, self._timeout)
        most = min(action.max_output or self._max_output, self._max_output)
        results: list[ShellResult] = []
        for command in action.commands:
            results.append(run_command(command, folder, self._environment(action.env), until, most))
            if results[-1].timed_out:
                break
        return results

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        names = (*PASSED_ON, *PASSED_ON_WINDOWS) if os.name == "nt" else PASSED_ON
        passed = {name: os.environ[name] for name in names if name in os.environ}
        return {**passed, "HOME": str(self.folder), **self._env, **env}


class Captured:
    """The start of an output, and how much of it was left out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._data = bytearray()
        self._length = 0

    def add(self, piece: bytes) -> None:
        """Add a piece; what is too much is counted only."""
        self._length += len(piece)
        self._data += piece[: max(0, 4 * self._most - len(self._data))]

    def text(self) -> str:
        """Return the text, with a note if something was left out."""
        text = shorten(self._data.decode(errors="replace"), self._most)
        left_out = self._length - len(self._data)
        return f"{text}\n[{left_out} more bytes are left out]" if left_out else text


def run_command(command: str, folder: Path, env: Mapping[str, str], until: float, most: int) -> ShellResult:
    """Run one command until it ends or the time is up, and end what it has started."""
    process = subprocess.Popen(
        command,
        shell=True,
        cwd=folder,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=os.name != "nt",
    )
    out, err = Captured(most), Captured(most)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        if os.name == "nt":
            late = read_windows(process, out, err, until)
        else:
            late = read_outputs(process, {process.stdout: out, process.stderr: err}, until)
    finally:
        end_group(process)
        process.stdout.close()
        process.stderr.close()
    code = None if late else process.returncode
    return ShellResult(stdout=out.text(), stderr=err.text(), exit_code=code, timed_out=late)


def read_outputs(process: subprocess.Popen[bytes], pipes: Mapping[IO[bytes], Captured], until: float) -> bool:
    """Read until the process ends; return whether the time was up before."""
    with selectors.DefaultSelector() as selector:
        for pipe, captured in pipes.items():
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ, captured)
        while True:
            # Programs in the background may hold the pipes open after the process has ended.
            ended = has_ended(process)
            for key, _ in selector.select(0 if ended else PAUSE):
                piece = os.read(key.fd, PIECE)
                if piece:
                    key.data.add(piece)
                    ended = False
                else:
                    selector.unregister(key.fileobj)
            if ended:
                return False
            if time.monotonic() >= until:
                return True


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process has ended. Its number stays in use until `end_group` has ended what it has started."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def read_windows(process: subprocess.Popen[bytes], out: Captured, err: Captured, until: float) -> bool:
    """Read the output where pipes cannot be watched."""
    late = False
    try:
        texts = process.communicate(timeout=max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        texts = process.communicate()
        late = True
    out.add(texts[0])
    err.add(texts[1])
    return late


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and everything that it has started."""
    if os.name == "nt":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
