"""A JSON value read while it arrives: each piece of text is looked at once, and the value so far is there at any time.

The parser keeps a stack of the objects and lists that are open. What is closed is built once and then shared by all
values that are shown; only the open ones are copied for each value. An open list or object of more than `MANY` members
and an open string of more than `LONG` characters are copied anew only when they have grown by a 64th. So reading an
answer and showing its value after every piece takes time in proportion to its length.
"""

from __future__ import annotations

import re
from typing import Any

STRING = re.compile(r'[^"\\\x00-\x1f]*')
SPACE = re.compile(r"[ \t\r\n]*")
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
SCALAR = re.compile(r"[-+.\w]*")
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
WORDS = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
MOST_DEPTH = 200
"""As deep as pydantic-core reads JSON."""

MANY = 1000
LONG = 50_000
GROWTH = 64

LONGEST_SCALAR = 4300
"""Digits that Python makes a number of."""

NO_VALUE: Any = object()


class ReadPlan:
    """What becomes of the values at one place of the document. This one leaves them as they are."""

    def enter(self, is_object: bool) -> ReadPlan:
        """The plan for an object or a list that opens here."""
        return self

    def member(self, name: str) -> ReadPlan:
        """The plan for a member of an object."""
        return self

    def item(self, index: int) -> ReadPlan:
        """The plan for an item of a list."""
        return self

    def close(self, value: Any) -> Any:
        """A complete value. In an object or a list, the members are closed already."""
        return value

    def show(self, value: Any) -> Any:
        """A value that is still growing; objects and lists are copies, which may be kept."""
        return value


PLAIN = ReadPlan()


class OpenValue:
    """An object or a list that is open."""

    __slots__ = ("_shown", "_size", "inner", "key", "plan", "values")

    def __init__(self, plan: ReadPlan, values: dict[str, Any] | list[Any]) -> None:
        self.plan = plan
        self.values = values
        self.key: str | None = None
        self.inner = plan
        self._shown: Any = None
        self._size = 0

    def recent(self) -> bool:
        """Whether what was shown last is recent enough to be shown again."""
        return self._size > MANY and len(self.values) < self._size + self._size // GROWTH

    def shown_last(self) -> Any:
        return self._shown

    def begin(self) -> ReadPlan:
        """The plan for the value that begins now."""
        if isinstance(self.values, list):
            self.inner = self.plan.item(len(self.values))
        return self.inner

    def add(self, value: Any) -> None:
        if isinstance(self.values, list):
            self.values.append(value)
        elif self.key is not None:
            self.values[self.key] = value
            self.key = None

    def shown(self, growing: Any) -> Any:
        """The container with the value that is growing in it."""
        shown = self._copied(growing)
        if len(self.values) > MANY:
            self._shown, self._size = shown, len(self.values)
        return shown

    def _copied(self, growing: Any) -> Any:
        if isinstance(self.values, list):
            return self.plan.show(self.values.copy() if growing is NO_VALUE else [*self.values, growing])
        values = self.values.copy()
        if growing is not NO_VALUE and self.key is not None:
            values[self.key] = growing
        return self.plan.show(values)


class PartialJson:
    """Feed it text; `value()` returns what is complete so far. Text before the first object is skipped.

    Text that is no JSON ends the value; the next object that begins after it is read instead.
    """

    __slots__ = ("_expected", "_frames", "_new", "_pieces", "_plan", "_rest", "_root", "_sound", "_string", "_text")

    def __init__(self, plan: ReadPlan = PLAIN) -> None:
        self._plan = plan
        self._rest = ""
        self._text = ""
        self._pieces: list[str] = []
        self._new = 0
        self._sound = True
        self._restart()

    def _restart(self) -> None:
        self._expected = "object"
        self._frames: list[OpenValue] = []
        self._root: Any = NO_VALUE
        self._string = False

    @property
    def unfinished(self) -> bool:
        """Whether the text is an object from its first letter on that has no mistake yet, and is not complete."""
        return self._sound and bool(self._frames)

    @property
    def complete(self) -> bool:
        """Whether the value is closed."""
        return self._root is not NO_VALUE

    def feed(self, text: str) -> None:
        """Reads on."""
        text = self._rest + text if self._rest else text
        at, end = 0, len(text)
        self._rest = ""
        while at < end and self._expected != "end":
            try:
                at = self._read_string(text, at) if self._string else self._read(text, at)
            except ValueError as error:
                at = max(at, error.args[0])
                self._sound = False
                self._restart()
                continue
            if self._rest:
                return

    def value(self) -> Any:
        """The value so far; None when nothing of it has arrived."""
        if self._root is not NO_VALUE:
            return self._root
        if not self._frames:
            return None
        depth = next((depth for depth, frame in enumerate(self._frames) if frame.recent()), len(self._frames))
        growing = self._growing() if depth == len(self._frames) else self._frames[depth].shown_last()
        for frame in reversed(self._frames[:depth]):
            growing = frame.shown(growing)
        return growing

    def _growing(self) -> Any:
        """The string, number or word at the end of the text."""
        frame = self._frames[-1]
        if self._string:
            if self._expected == "key":
                return NO_VALUE
            if self._pieces and (self._new > len(self._text) // GROWTH or len(self._text) < LONG):
                self._text += "".join(self._pieces)
                self._pieces, self._new = [], 0
            return frame.inner.show(self._text)
        if self._rest and (value := read_scalar(self._rest)) is not NO_VALUE:
            return frame.inner.close(value)
        return NO_VALUE

    def _read(self, text: str, at: int) -> int:
        """One token, or the white space and the token after it."""
        if self._expected == "object":
            begin = text.find("{", at)
            self._sound = self._sound and not text[at : begin if begin >= 0 else None].strip()
            if begin < 0:
                return len(text)
            return self._open(begin + 1, self._plan, is_object=True)
        at = SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if at == len(text):
            return at
        letter = text[at]
        match self._expected:
            case "colon" if letter == ":":
                self._expected = "value"
                return at + 1
            case "comma" if letter == ",":
                self._expected = "key" if isinstance(self._frames[-1].values, dict) else "value"
                return at + 1
            case "key" | "first key" if letter == '"':
                self._expected = "key"
                return self._open_string(at + 1)
            case "comma" | "first key" | "first value" if letter == self._closing():
                self._close()
                return at + 1
            case "value" | "first value":
                return self._read_value(text, at, letter)
        raise ValueError(at + (letter != "{"))

    def _closing(self) -> str:
        return "}" if isinstance(self._frames[-1].values, dict) else "]"

    def _read_value(self, text: str, at: int, letter: str) -> int:
        plan = self._frames[-1].begin()
        if letter == "{" or letter == "[":
            return self._open(at + 1, plan, letter == "{")
        if letter == '"':
            return self._open_string(at + 1)
        end = SCALAR.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if end - at > LONGEST_SCALAR:
            raise ValueError(end)
        if end == len(text):
            # It may go on.
            self._rest = text[at:]
            return end
        value = read_scalar(text[at:end])
        if value is NO_VALUE:
            raise ValueError(max(end, at + 1))
        self._add(plan.close(value))
        return end

    def _open(self, at: int, plan: ReadPlan, is_object: bool) -> int:
        if len(self._frames) >= MOST_DEPTH:
            raise ValueError(at)
        self._frames.append(OpenValue(plan.enter(is_object), {} if is_object else []))
        self._expected = "first key" if is_object else "first value"
        return at

    def _close(self) -> None:
        frame = self._frames.pop()
        value = frame.plan.close(frame.values)
        if self._frames:
            self._add(value)
        else:
            self._root, self._expected = value, "end"

    def _add(self, value: Any) -> None:
        self._frames[-1].add(value)
        self._expected = "comma"

    def _open_string(self, at: int) -> int:
        self._string = True
        self._text, self._pieces, self._new = "", [], 0
        return at

    def _read_string(self, text: str, at: int) -> int:
        end = STRING.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if end > at:
            self._pieces.append(text[at:end])
            self._new += end - at
        if end == len(text):
            return end
        if text[end] == "\\":
            return self._read_escape(text, end)
        if text[end] != '"':
            raise ValueError(end)
        self._string = False
        self._close_string(self._text + "".join(self._pieces))
        return end + 1

    def _close_string(self, text: str) -> None:
        frame = self._frames[-1]
        if self._expected != "key":
            self._add(frame.inner.close(text))
            return
        frame.key, frame.inner = text, frame.plan.member(text)
        self._expected = "colon"

    def _read_escape(self, text: str, at: int) -> int:
        """One escape sequence. Half a character, which no encoding can carry, becomes the sign for a lost one."""
        letter = text[at + 1 : at + 2]
        size = 6 if letter == "u" else 2
        if len(text) < at + size:
            self._rest = text[at:]
            return len(text)
        if letter != "u":
            if letter not in ESCAPES:
                raise ValueError(at)
            self._pieces.append(ESCAPES[letter])
            return at + 2
        code = read_hex(text, at)
        if 0xD800 <= code < 0xDC00:
            follows = text[at + 6 : at + 12]
            if len(follows) < 6 and "\\u".startswith(follows[:2]):
                self._rest = text[at:]
                return len(text)
            low = read_hex(text, at + 6) if follows.startswith("\\u") else 0
            if 0xDC00 <= low < 0xE000:
                self._pieces.append(chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)))
                return at + 12
        self._pieces.append("\ufffd" if 0xD800 <= code < 0xE000 else chr(code))
        return at + 6


def read_hex(text: str, at: int) -> int:
    try:
        return int(text[at + 2 : at + 6], 16)
    except ValueError:
        raise ValueError(at) from None


def read_scalar(text: str) -> Any:
    """A number or a word; NO_VALUE where it is none, or not yet one."""
    if text in WORDS:
        return WORDS[text]
    if NUMBER.fullmatch(text) is None:
        return NO_VALUE
    return int(text) if text.lstrip("-").isdigit() else float(text)
