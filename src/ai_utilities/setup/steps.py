"""Steps of the setup wizard, and changes of a `.env` file that leave comments, order and other lines unchanged."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Literal

from dotenv.parser import Binding, parse_stream

from ..exceptions import ProviderConfigurationError
from ..providers.facts import facts_of

KeyHome = Literal["dotenv", "keyring", "shown"]
"""Where keys are stored: in the `.env` file, in the system's keyring, or nowhere (they are shown)."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a choice, with a note that is shown next to it."""

    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Choose:
    """A choice of one option; with `free`, other text is allowed."""

    key: str
    text: str
    options: Sequence[Option]
    default: str | None = None
    free: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A question for a line of text."""

    key: str
    text: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Hide:
    """A question for hidden text, such as a key; an empty answer changes nothing."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """A yes-or-no question."""

    key: str
    text: str
    default: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to show."""

    text: str


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """One provider of the setup. `key_from` names the variable that already contains the key."""

    provider: str
    key: str | None = field(default=None, repr=False)
    key_from: str | None = None
    base_url: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs on this machine."""

    provider: str
    address: str


@dataclass(frozen=True, slots=True)
class Detect:
    """Action: find servers on this machine. The result is a list of `Server`."""


@dataclass(frozen=True, slots=True)
class ListModels:
    """Action: list the models. The result is their names, or the reason why they are unknown."""

    entry: ProviderEntry


@dataclass(frozen=True, slots=True)
class Try:
    """Action: send one small request. The result is None on success, else the error text."""

    entry: ProviderEntry


Question = Choose | Write | Hide | Confirm
Action = Detect | ListModels | Try
Step = Question | Action | Notice

Answer = str | bool
"""What a user answers: a bool to `Confirm`, a text to the others."""

ActionResult = list[Server] | list[str] | str | None
"""What an action returns; see the class of each."""


KEYRING_VARIABLE = "AI_KEYRING"


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """Providers in the order in which they are tried, and where to store their keys."""

    entries: Sequence[ProviderEntry]
    key_home: KeyHome = "dotenv"
    values: dict[str, str] = field(init=False, repr=False)
    """Lines for the `.env` file."""

    keys: dict[str, str] = field(init=False, repr=False)
    """New keys by variable name."""

    def __post_init__(self) -> None:
        keys = {facts_of(entry.provider).key[0]: entry.key for entry in self.entries if entry.key}
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "values", {**self._providers(), **self._base_urls(), **self._key_variables(keys)})

    def _providers(self) -> dict[str, str]:
        names = [entry.provider for entry in self.entries]
        if len(names) == 1:
            return {"AI_PROVIDER": names[0]}
        return {"AI_PROVIDER": "auto", "AI_AUTO_SELECT_ORDER": ",".join(names)}

    def _base_urls(self) -> dict[str, str]:
        variables: dict[str, str] = {}
        for entry in self.entries:
            facts = facts_of(entry.provider)
            if entry.base_url and entry.base_url != facts.address:
                variables[facts.base_url[0]] = entry.base_url
            if entry.model:
                variables[facts.model[0]] = entry.model
        return variables

    def _key_variables(self, keys: dict[str, str]) -> dict[str, str]:
        if self.key_home == "keyring" and keys:
            return {KEYRING_VARIABLE: ",".join(keys)}
        return keys if self.key_home == "dotenv" else {}


PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@+,%=")
OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class VariableChange:
    """The change of one variable; `before` is None if it was not set."""

    name: str
    before: str | None
    after: str


def patch_text(text: str, values: Mapping[str, str]) -> str:
    """Return the text with these values: existing variables are replaced, new ones added at the end."""
    left = dict(values)
    lines = []
    for binding in parse_stream(StringIO(text)):
        original = binding.original.string
        if binding.key is not None and binding.key in values:
            # The last line of a repeated variable counts, so every line of it gets the value.
            left.pop(binding.key, None)
            original = replace_value(original, binding, values[binding.key])
        lines.append(original)
    body = "".join(lines)
    end = "\r\n" if "\r\n" in text else "\n"
    if left and body and not body.endswith("\n"):
        body += end
    return body + "".join(f"{name}={quote_value(value)}{end}" for name, value in left.items())


def replace_value(original: str, binding: Binding, value: str) -> str:
    """Return the line with another value; `export` and a trailing comment stay."""
    name = binding.key or ""
    before = original[: original.index(name)]
    line = original.rstrip("\r\n")
    return f"{before}{name}={quote_value(value)}{trailing_comment(line, binding)}{original[len(line) :]}"


def trailing_comment(line: str, binding: Binding) -> str:
    """Return the comment after the value."""
    for match in re.finditer(r"[ \t]+#", line):
        (without, *_) = parse_stream(StringIO(line[: match.start()]))
        if without.key == binding.key and without.value == binding.value:
            return line[match.start() :]
    return ""


def quote_value(value: str) -> str:
    """Quote the value so that all parsers of `.env` files read it the same way."""
    if value and set(value) <= PLAIN:
        return value
    if "\n" in value or "\r" in value:
        raise ProviderConfigurationError("a value in a .env file cannot contain a line break. Check the pasted text.")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def find_changes(text: str, values: Mapping[str, str]) -> list[VariableChange]:
    """Return what writing these values would change."""
    current = {binding.key: binding.value for binding in parse_stream(StringIO(text)) if binding.key}
    return [
        VariableChange(name, current.get(name), value) for name, value in values.items() if current.get(name) != value
    ]


def read_text(path: Path) -> str:
    """Return the text of the file with its line endings; empty if there is no file."""
    try:
        return path.read_bytes().decode() if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ProviderConfigurationError(f"cannot read {path}, so nothing was changed: {error}") from error


def write_dotenv(
    path: Path, values: Mapping[str, str], check: Callable[[Path], object] = lambda new_file: None
) -> Path | None:
    """Write the values into a `.env` file that only its owner can read, completely or not at all.

    Args:
        path: The file.
        values: The variables.
        check: Called with the new file before it replaces the old one; if it raises, nothing is changed.

    Returns:
        The backup of the old file; None if there was no file or no change.

    Raises:
        ProviderConfigurationError: If the file cannot be read or written.
    """
    target = path.resolve()
    before = read_text(target)
    after = patch_text(before, values)
    if after == before:
        return None
    if target.exists() and not target.stat().st_mode & stat.S_IWUSR:
        raise ProviderConfigurationError(f"{path} is read-only, so nothing was changed. Run: chmod u+w {path}")
    try:
        with temporary_sibling(target, after) as new_file:
            check(new_file)
            backup = back_up_file(target) if target.exists() else None
            new_file.replace(target)
    except OSError as error:
        raise ProviderConfigurationError(f"cannot write {path}, so nothing was changed: {error}") from error
    return backup


def back_up_file(path: Path) -> Path:
    """Copy the file to the first free backup name."""
    number = 0
    while (copy := path.with_name(f"{path.name}.bak{number or ''}")).exists():
        number += 1
    shutil.copy2(path, copy)
    copy.chmod(OWNER_ONLY)
    return copy


@contextmanager
def temporary_sibling(path: Path, text: str) -> Iterator[Path]:
    """Create a complete file in the same folder that only its owner can read; it is deleted afterwards unless it was
    renamed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield Path(temporary)
    finally:
        Path(temporary).unlink(missing_ok=True)
