"""Files below a folder for a model: no path leads out of it. Commands of editors and memories, and patches."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from .types.tools.tool import InvalidArgumentsError

HAS_FOLDER_HANDLES = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd
FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
MOST_NAMES = 1_000


class FilePlace:
    """A name in an open folder; `handle` is None where the platform has no handles of folders."""

    def __init__(self, handle: int | None, path: str, name: str) -> None:
        self.handle = handle
        self.name = name if handle is not None else path
        """What functions of `os` take together with `handle`."""

    def status(self) -> os.stat_result | None:
        """Return the status of the file itself, not of what a link points to; None if there is none."""
        try:
            return os.stat(self.name, dir_fd=self.handle, follow_symlinks=False)
        except FileNotFoundError:
            return None


class FileTree:
    """Files below a folder. No path leads out of it, and links are not followed."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._root = folder
        self._most_bytes = most_bytes

    def names_of(self, path: str) -> list[str]:
        """Return the names of a path, relative to the folder."""
        given = path.replace("\\", "/") if os.sep == "\\" else path
        for root in (str(self._root), self._root.as_posix()):
            if given == root or given.startswith(f"{root}/"):
                given = given[len(root) :].lstrip("/")
        names = [name for name in given.split("/") if name not in ("", ".")]
        if given.startswith("/") or ".." in names or "\0" in given or (os.sep == "\\" and ":" in given):
            raise InvalidArgumentsError(f"{path}: not in the folder. Use a path relative to it, without ..")
        return names

    @contextmanager
    def open_parent(self, path: str, *, make: bool = False) -> Iterator[FilePlace]:
        """Open the folder of a file, one name after the other, so that no link on the way is followed."""
        names = self.names_of(path)
        if not names:
            raise InvalidArgumentsError(f"{path or '.'}: this is the folder itself")
        with self.open_folder(names[:-1], path, make=make) as handle:
            yield FilePlace(handle, str(self._root.joinpath(*names)), names[-1])

    @contextmanager
    def open_folder(self, names: Sequence[str], path: str, *, make: bool = False) -> Iterator[int | None]:
        if not HAS_FOLDER_HANDLES:
            at = self._root
            for name in names:
                at = at / name
                if make:
                    at.mkdir(exist_ok=True)
                if at.is_symlink() or not at.is_dir() or at.resolve() != at:
                    raise InvalidArgumentsError(f"{path}: {name} is no folder")
            yield None
            return
        handle = os.open(self._root, FOLDER & ~getattr(os, "O_NOFOLLOW", 0))
        try:
            for name in names:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, dir_fd=handle)
                try:
                    inner = os.open(name, FOLDER, dir_fd=handle)
                except OSError as error:
                    raise InvalidArgumentsError(
                        f"{path}: {name} is no folder ({os.strerror(error.errno or 0)})"
                    ) from None
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    def read(self, path: str) -> str:
        """Return the text of a file."""
        with self.open_parent(path) as place:
            status = place.status()
            if status is None:
                raise InvalidArgumentsError(f"{path}: there is no such file")
            if not stat.S_ISREG(status.st_mode):
                raise InvalidArgumentsError(f"{path}: not a file")
            with os.fdopen(os.open(place.name, READ, dir_fd=place.handle), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise InvalidArgumentsError(f"{path}: not a file")
                data = file.read(self._most_bytes + 1)
        if len(data) > self._most_bytes:
            raise InvalidArgumentsError(f"{path}: larger than {self._most_bytes} bytes")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise InvalidArgumentsError(f"{path}: not a text in UTF-8") from None

    def write(self, path: str, text: str) -> None:
        """Write a file at once: another program sees the old text or the new one."""
        data = text.encode()
        if len(data) > self._most_bytes:
            raise InvalidArgumentsError(f"{path}: the text is larger than {self._most_bytes} bytes")
        with self.open_parent(path, make=True) as place:
            status = place.status()
            if status is not None and not stat.S_ISREG(status.st_mode):
                raise InvalidArgumentsError(f"{path}: not a file")
            mode = 0o644 if status is None else stat.S_IMODE(status.st_mode)
            draft = f"{place.name}.{secrets.token_hex(6)}.tmp"
            try:
                with os.fdopen(os.open(draft, NEW, mode, dir_fd=place.handle), "wb") as file:
                    file.write(data)
                os.replace(draft, place.name, src_dir_fd=place.handle, dst_dir_fd=place.handle)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(draft, dir_fd=place.handle)
                raise

    def is_folder(self, path: str) -> bool:
        if not self.names_of(path):
            return True
        with self.open_parent(path) as place:
            status = place.status()
        return status is not None and stat.S_ISDIR(status.st_mode)

    def list_names(self, path: str, depth: int = 2) -> Iterator[str]:
        """Yield the names below a folder that do not begin with a dot; those of folders end with a slash."""
        names = self.names_of(path)
        with self.open_folder(names, path) as handle:
            entries = sorted(os.listdir(self._root.joinpath(*names) if handle is None else handle))
        for name in entries:
            below = "/".join([*names, name])
            if name.startswith("."):
                continue
            if self.is_folder(below):
                yield f"{below}/"
                if depth > 1:
                    with suppress(InvalidArgumentsError):
                        yield from self.list_names(below, depth - 1)
            else:
                yield below

    def delete(self, path: str) -> None:
        """Delete a file or a folder with everything in it."""
        with self.open_parent(path) as place:
            status = place.status()
            if status is None:
                raise InvalidArgumentsError(f"{path}: there is no such file or folder")
            if stat.S_ISDIR(status.st_mode):
                shutil.rmtree(place.name, dir_fd=place.handle)
            else:
                os.unlink(place.name, dir_fd=place.handle)

    def delete_file(self, path: str) -> None:
        """Delete a file, not a folder."""
        if self.is_folder(path):
            raise InvalidArgumentsError(f"{path}: not a file")
        self.delete(path)

    def rename(self, path: str, new_path: str) -> None:
        with self.open_parent(path) as old, self.open_parent(new_path, make=True) as new:
            if old.status() is None:
                raise InvalidArgumentsError(f"{path}: there is no such file or folder")
            if new.status() is not None:
                raise InvalidArgumentsError(f"{new_path}: exists already")
            os.rename(old.name, new.name, src_dir_fd=old.handle, dst_dir_fd=new.handle)


class FileEditor:
    """Commands of a text editor and of a memory, for files of a tree."""

    def __init__(self, tree: FileTree, max_output: int, base: str = "") -> None:
        self._tree = tree
        self._max_output = max_output
        self._base = base
        """What paths of the model begin with, such as `/memories`."""

    def view(self, path: str, view_range: tuple[int, int] | None = None) -> str:
        """Return a file with line numbers, or the names in a folder, two levels deep."""
        inside = self._inside(path)
        if self._tree.is_folder(inside):
            return self._short("\n".join(islice(self._tree.list_names(inside), MOST_NAMES))) or "(empty)"
        lines = self._tree.read(inside).split("\n")
        first, last = view_range or (1, -1)
        last = len(lines) if last == -1 else last
        if not 1 <= first <= last:
            raise InvalidArgumentsError(f"view_range: {first} to {last} is not in the {len(lines)} lines of {path}")
        return self._short(
            "\n".join(f"{number:6}\t{line}" for number, line in enumerate(lines[first - 1 : last], first))
        )

    def create(self, path: str, file_text: str) -> str:
        """Create or overwrite a file."""
        self._tree.write(self._inside(path), file_text)
        return f"{path} was written"

    def str_replace(self, path: str, old_str: str, new_str: str) -> str:
        """Replace a text that occurs exactly once."""
        text = self._tree.read(self._inside(path))
        times = text.count(old_str) if old_str else 0
        if times != 1:
            raise InvalidArgumentsError(f"{path}: old_str occurs {times} times; it must occur exactly once")
        self._tree.write(self._inside(path), text.replace(old_str, new_str))
        return f"{path} was changed"

    def insert(self, path: str, insert_line: int, insert_text: str) -> str:
        """Insert text after a line; 0 is the start."""
        lines = self._tree.read(self._inside(path)).splitlines(keepends=True)
        if not 0 <= insert_line <= len(lines):
            raise InvalidArgumentsError(f"insert_line: {path} has {len(lines)} lines")
        if insert_line and not lines[insert_line - 1].endswith("\n"):
            lines[insert_line - 1] += "\n"
        lines.insert(insert_line, insert_text if insert_text.endswith("\n") else f"{insert_text}\n")
        self._tree.write(self._inside(path), "".join(lines))
        return f"{path} was changed"

    def delete(self, path: str) -> str:
        """Delete a file or a folder with everything in it."""
        self._tree.delete(self._inside(path))
        return f"{path} was deleted"

    def rename(self, path: str, new_path: str) -> str:
        """Rename a file or folder."""
        self._tree.rename(self._inside(path), self._inside(new_path))
        return f"{path} is now {new_path}"

    def _inside(self, path: str) -> str:
        if not self._base:
            return path
        if path != self._base and not path.startswith(f"{self._base}/"):
            raise InvalidArgumentsError(f"{path}: paths begin with {self._base}")
        return path[len(self._base) :].lstrip("/")

    def _short(self, text: str) -> str:
        return shorten(text, self._max_output)


def shorten(text: str, most: int) -> str:
    """Return the text, or its start with the number of characters that are left out."""
    return text if len(text) <= most else f"{text[:most]}\n[{len(text) - most} more characters are left out]"


def apply_patch(text: str, diff: str) -> str:
    """Return the text with a diff applied: sections of lines that begin with a blank, `+` or `-`, after `@@` lines."""
    lines, place = text.split("\n"), 0
    for anchor, old, new in sections_of(diff):
        if anchor:
            place = place_of([anchor], lines, place) + 1
        if old:
            place = place_of(old, lines, place)
        elif not anchor:
            place = len(lines) - (lines[-1] == "")
        lines[place : place + len(old)] = new
        place += len(new)
    return "\n".join(lines)


def sections_of(diff: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield the sections of a diff: a line that occurs before it, the old lines and the new lines."""
    anchor, old, new = "", list[str](), list[str]()
    for line in diff.rstrip("\n").split("\n"):
        if line.startswith("@@"):
            if old or new:
                yield anchor, old, new
            # Line numbers of unified diffs are not used: models count badly.
            anchor, old, new = line.rpartition("@@")[2].strip(), [], []
        elif line.startswith(("--- ", "+++ ")) and not (old or new):
            continue
        elif line[:1] in ("-", "+", " ", ""):
            old += [] if line[:1] == "+" else [line[1:]]
            new += [] if line[:1] == "-" else [line[1:]]
        elif not line.startswith(("***", "\\")):
            raise InvalidArgumentsError(f"a line of the diff begins with none of blank, + and -: {line[:80]}")
    if old or new:
        yield anchor, old, new


def place_of(wanted: Sequence[str], lines: Sequence[str], start: int) -> int:
    """Return where the lines are; blanks at their ends, or around them, may differ if they are nowhere as they are."""
    for same in (str, str.rstrip, str.strip):
        expected = [same(line) for line in wanted]
        for place in range(start, len(lines) - len(wanted) + 1):
            if [same(line) for line in lines[place : place + len(wanted)]] == expected:
                return place
    raise InvalidArgumentsError(f"these lines are not in the file: {shorten(chr(10).join(wanted), 200)}")


def new_text(diff: str) -> str:
    """Return the text of a new file, all lines of whose diff begin with `+`."""
    lines = [line for line in diff.rstrip("\n").split("\n") if not line.startswith(("@@", "+++ ", "--- "))]
    if any(line and not line.startswith("+") for line in lines):
        raise InvalidArgumentsError("in the diff of a new file, all lines begin with +")
    return "".join(f"{line[1:]}\n" for line in lines)
