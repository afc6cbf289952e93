"""A `.env` file changed without losing anything: comments, order and lines of others stay as they are."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from ..exceptions import ProviderConfigurationError

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@+,%=")
OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class VariableChange:
    """What happens to one variable. `before` is None when it was not there."""

    name: str
    before: str | None
    after: str


def patch_text(text: str, values: Mapping[str, str]) -> str:
    """The file's text with these values: in their places where they were, at the end where they were not."""
    left = dict(values)
    lines = []
    for binding in parse_stream(StringIO(text)):
        original = binding.original.string
        if binding.key is not None and binding.key in values:
            # A variable that stands twice counts by its last line, so every line of it gets the value.
            left.pop(binding.key, None)
            original = replace_value(original, binding, values[binding.key])
        lines.append(original)
    body = "".join(lines)
    end = "\r\n" if "\r\n" in text else "\n"
    if left and body and not body.endswith("\n"):
        body += end
    return body + "".join(f"{name}={quote_value(value)}{end}" for name, value in left.items())


def replace_value(original: str, binding: Binding, value: str) -> str:
    """One line with another value; what stands before the name, `export` too, and a comment behind it stay."""
    name = binding.key or ""
    before = original[: original.index(name)]
    line = original.rstrip("\r\n")
    return f"{before}{name}={quote_value(value)}{trailing_comment(line, binding)}{original[len(line) :]}"


def trailing_comment(line: str, binding: Binding) -> str:
    """What the line says behind its value: the part without which the value is the same."""
    for match in re.finditer(r"[ \t]+#", line):
        (without, *_) = parse_stream(StringIO(line[: match.start()]))
        if without.key == binding.key and without.value == binding.value:
            return line[match.start() :]
    return ""


def quote_value(value: str) -> str:
    """The value so that every reader of such files reads the same."""
    if value and set(value) <= PLAIN:
        return value
    if "\n" in value or "\r" in value:
        raise ProviderConfigurationError("a value with a line end cannot stand in a .env file; is it pasted whole?")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def find_changes(text: str, values: Mapping[str, str]) -> list[VariableChange]:
    """What writing these values would change; what is there already is no change."""
    there = {binding.key: binding.value for binding in parse_stream(StringIO(text)) if binding.key}
    return [VariableChange(name, there.get(name), value) for name, value in values.items() if there.get(name) != value]


def read_text(path: Path) -> str:
    """The file as it is, its line ends too; empty where there is none."""
    try:
        return path.read_bytes().decode() if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ProviderConfigurationError(f"{path} cannot be read, so it is left as it is: {error}") from error


def write_dotenv(
    path: Path, values: Mapping[str, str], check: Callable[[Path], object] = lambda made: None
) -> Path | None:
    """Writes all or nothing, readable by its owner alone; nothing if `check` raises, which sees the file beforehand.
    Returns the backup, where there was a file before.
    """
    target = path.resolve()
    before = read_text(target)
    after = patch_text(before, values)
    if after == before:
        return None
    if target.exists() and not target.stat().st_mode & stat.S_IWUSR:
        raise ProviderConfigurationError(f"{path} is read-only, so nothing was changed: chmod u+w {path}")
    try:
        with temporary_sibling(target, after) as made:
            check(made)
            backup = back_up_file(target) if target.exists() else None
            made.replace(target)
    except OSError as error:
        raise ProviderConfigurationError(f"{path} cannot be written, so nothing was changed: {error}") from error
    return backup


def back_up_file(path: Path) -> Path:
    """A copy beside it, under the first name that is free."""
    number = 0
    while (copy := path.with_name(f"{path.name}.bak{number or ''}")).exists():
        number += 1
    shutil.copy2(path, copy)
    copy.chmod(OWNER_ONLY)
    return copy


@contextmanager
def temporary_sibling(path: Path, text: str) -> Iterator[Path]:
    """A whole file in the same folder; gone afterwards, unless it took the place of another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(OWNER_ONLY)
        yield Path(temporary)
    finally:
        Path(temporary).unlink(missing_ok=True)
