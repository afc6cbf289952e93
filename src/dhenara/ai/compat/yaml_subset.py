"""Reads the YAML of credential files without PyYAML: nested mappings of plain or quoted values, and block texts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigurationError

ENTRY = re.compile(r"""(?P<key>"[^"]*"|'[^']*'|[^\s#'"{}\[\]&*!|>%@`:,][^:#]*?)\s*:(?:\s+(?P<value>.*))?$""")
WORDS = {"": None, "null": None, "~": None, "true": True, "false": False}


@dataclass(slots=True)
class Lines:
    """The lines of a file that are left to read.

    Attributes:
        lines: All lines.
        at: Index of the next line.
    """

    lines: list[str]
    at: int = 0

    def peek(self) -> str | None:
        """Return the next line with content, without consuming it; None at the end."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and not line.lstrip().startswith("#") and line.strip() != "---":
                return line
            self.at += 1
        return None

    def unreadable(self, why: str) -> ConfigurationError:
        """Return the error for the next line."""
        return ConfigurationError(
            f"line {self.at + 1}: {why}. Install PyYAML (`pip install pyyaml`) to read such a file"
        )


def indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def read_yaml(text: str) -> Any:
    """Return the content of a YAML file that consists of nested mappings.

    Args:
        text: The YAML text.

    Returns:
        The mapping; None if there is nothing.

    Raises:
        ConfigurationError: It contains YAML that is not read here, such as lists or anchors.
    """
    lines = Lines(text.splitlines())
    first = lines.peek()
    return None if first is None else read_mapping(lines, indent_of(first))


def read_mapping(lines: Lines, indent: int) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    while (line := lines.peek()) is not None and indent_of(line) >= indent:
        entry = ENTRY.fullmatch(line.strip())
        if entry is None or "\t" in line[: indent + 1] or indent_of(line) != indent:
            raise lines.unreadable("this is not `name: value`")
        key = str(read_scalar(lines, entry["key"]) if entry["key"][0] in "'\"" else entry["key"])
        if key in mapping:
            raise lines.unreadable(f"{key!r} is set twice")
        lines_of_value = entry["value"] or ""
        if lines_of_value[:1] in ("|", ">"):
            lines.at += 1
            mapping[key] = read_block(lines, indent, folded=lines_of_value[0] == ">")
            continue
        value = without_comment(lines, lines_of_value)
        if value[:1] in tuple("[{&*!%@`"):
            mapping[key] = read_json(lines, value)
            lines.at += 1
            continue
        mapping[key] = read_scalar(lines, value)
        lines.at += 1
        inner = lines.peek() if value == "" else None
        if inner is not None and indent_of(inner) > indent:
            mapping[key] = read_mapping(lines, indent_of(inner))
    return mapping


def read_block(lines: Lines, indent: int, *, folded: bool) -> str:
    """Return a block text (`|` or `>`): the following lines that are indented more."""
    texts: list[str] = []
    while lines.at < len(lines.lines):
        line = lines.lines[lines.at]
        if line.strip() and indent_of(line) <= indent:
            break
        texts.append(line)
        lines.at += 1
    width = min((indent_of(line) for line in texts if line.strip()), default=0)
    return (" " if folded else "\n").join(line[width:] for line in texts).strip("\n ") + "\n"


QUOTED = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(?:#.*)?""")


def without_comment(lines: Lines, value: str) -> str:
    """Return the value without the comment after it."""
    if value[:1] in ("'", '"'):
        quoted = QUOTED.fullmatch(value)
        if quoted is None:
            raise lines.unreadable("the quotes are not closed in this line")
        return quoted[1]
    return re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()


def looks_like_number(value: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None


def read_json(lines: Lines, value: str) -> Any:
    """Return a value in JSON, which is YAML too, such as `{}`."""
    try:
        return json.loads(value)
    except ValueError:
        raise lines.unreadable(f"a value that begins with {value[0]!r} is not read here") from None


def read_scalar(lines: Lines, value: str) -> Any:
    if value.startswith('"'):
        return read_json(lines, value)
    if value.startswith("'"):
        return value[1:-1].replace("''", "'")
    if value.lower() in WORDS:
        return WORDS[value.lower()]
    if looks_like_number(value):
        return float(value) if "." in value else int(value)
    return value
