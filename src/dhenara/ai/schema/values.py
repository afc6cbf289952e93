"""Values as JSON Schema sees them: types, equality, limits, and regular expressions that match in bounded time."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeGuard

from pydantic_core import SchemaError, SchemaValidator, core_schema

MOST_STEPS = 1e7
"""Steps that a backtracking match may take in the worst case; some tenths of a second."""

FEW_REPEATS = 10
SPACES = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": SPACES}
TOKEN = re.compile(r"\\c[A-Za-z]|\\.|\(\?(?:<(?=\w)|P<)|.", re.DOTALL)
REPEAT = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")


class PatternError(ValueError):
    """The regular expression cannot be compiled."""


@dataclass(slots=True, eq=False)
class Pattern:
    """A compiled expression: `search(text)` is whether it matches anywhere in a text of up to `longest` characters."""

    search: Callable[[str], bool]
    longest: float = math.inf


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Pattern:
    """Compile a regular expression of a schema.

    Args:
        pattern: An expression in the syntax of ECMA-262.

    Raises:
        PatternError: If neither of the two engines can compile it.
    """
    schema = core_schema.str_schema(pattern=translate(pattern, linear=True), regex_engine="rust-regex", strict=True)
    try:
        return Pattern(SchemaValidator(schema).isinstance_python)
    except SchemaError:
        pass  # lookaround, a backreference, or no regular expression at all
    try:
        compiled = re.compile(translate(pattern, linear=False), re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternError(str(error)) from error
    return Pattern(lambda text: compiled.search(text) is not None, PatternCost(pattern).longest())


def translate(pattern: str, linear: bool) -> str:
    """Translate an expression of ECMA-262 to the syntax of the engine: pydantic's linear one, or `re`."""
    written: list[str] = []
    inside = False
    for token in TOKEN.findall(pattern):
        written.append(translate_token(token, inside, linear, start=bool(written) and written[-1] in ("[", "[^")))
        if token == "[":
            inside = True
        elif token == "]":
            inside = False
    return "".join(written)


def translate_token(token: str, inside: bool, linear: bool, start: bool) -> str:
    if token.startswith("\\"):
        return translate_escape(token[1:], inside, linear)
    if token.startswith("(?"):
        return "(?P<"
    if inside:
        return "\\" + token if token in "[&~" and not start else token
    if token == "$":
        return "$" if linear else r"\Z"
    return token


def translate_escape(letter: str, inside: bool, linear: bool) -> str:
    if letter.startswith("c") and len(letter) > 1:
        return f"\\x{ord(letter[1]) % 32:02x}"
    if letter.lower() in CLASSES and (linear or letter != "s"):
        members = CLASSES[letter.lower()]
        if inside and letter.islower():
            return members
        return f"[{'^' if letter.isupper() else ''}{members}]" if linear or not inside else "\\" + letter
    if letter in "bB" and linear and not inside:
        return f"(?-u:\\{letter})" if letter == "b" else "\\B"
    if letter == "Z" and linear:
        return r"\z"
    return "\\" + letter


class PatternCost:
    """Worst case of backtracking over n characters: n to the power of `degree`, or `branches` to the power of n."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._optional = 0
        self._branches = 2
        self._degree = 0 if pattern.startswith("^") else 1
        inner = self._alternatives()
        self._degree += math.inf if self._optional > FEW_REPEATS else inner

    _degree: float

    def longest(self) -> float:
        """Return the length of the longest text that is matched in bounded time."""
        if math.isinf(self._degree):
            return int(math.log(MOST_STEPS) / math.log(self._branches))
        return int(MOST_STEPS ** (1 / self._degree)) if self._degree else math.inf

    def _alternatives(self) -> float:
        """Return the degree of the alternatives up to the end of this group."""
        degree, branches = self._sequence(), 1
        while self._peek() == "|":
            self._at += 1
            branches += 1
            degree = max(degree, self._sequence())
        self._branches = max(self._branches, branches)
        return degree if branches == 1 else max(degree, 0.5)

    def _sequence(self) -> float:
        """Return the degree of a sequence: the sum of its parts, and the largest of its lookarounds."""
        degree, around = 0.0, 0.0
        while self._peek() not in ("", "|", ")"):
            atom, is_around = self._atom()
            atom = self._repeated(atom)
            if is_around:
                around = max(around, atom)
            else:
                degree += atom if atom != 0.5 else 0
        return max(degree, around)

    def _atom(self) -> tuple[float, bool]:
        """Return the degree of one atom, and whether it is a lookaround."""
        letter = self._peek()
        self._at += 1
        if letter == "\\":
            self._at += 1
            return (1.0 if self._pattern[self._at - 1 : self._at] in "123456789k" else 0.0), False
        if letter == "[":
            end = re.compile(r"\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL).match(self._pattern, self._at)
            self._at = end.end() if end else len(self._pattern)
            return 0.0, False
        if letter != "(":
            return 0.0, False
        around = re.compile(r"\?(?:<?[=!])").match(self._pattern, self._at)
        head = around or re.compile(r"\?(?:P?<\w+>|[a-zA-Z-]*:|P=\w+)").match(self._pattern, self._at)
        self._at = head.end() if head else self._at
        degree = self._alternatives()
        self._at += 1
        return degree, around is not None

    def _repeated(self, atom: float) -> float:
        """Return the degree with the quantifier that follows; nested variable quantifiers are exponential."""
        before = self._optional
        most = self._quantifier()
        if most > FEW_REPEATS:
            return math.inf if atom or before else 1.0
        if most > 1 and atom:
            return math.inf if atom == 0.5 and most > 3 else atom * most
        return atom

    def _quantifier(self) -> float:
        most = 1.0
        repeat = REPEAT.match(self._pattern, self._at)
        if self._peek() in ("*", "+"):
            most = math.inf
            self._at += 1
        elif self._peek() == "?":
            self._optional += 1
            self._at += 1
        elif repeat is not None:
            low, comma, high = repeat.groups()
            most = float(high or (math.inf if comma else low or 0))
            self._at = repeat.end()
        else:
            return 1.0
        if self._peek() in ("?", "+") and self._peek():
            self._at += 1
        return most

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]


Schema = Mapping[str, Any]
Problem = tuple[str, str]
"""Path of a value, and what is wrong with it."""


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": is_number,
    "integer": lambda value: is_number(value) and (isinstance(value, int) or value.is_integer()),
}
TYPES |= {name.upper(): is_type for name, is_type in TYPES.items()}  # as Google writes them


def listed(kinds: Any) -> Sequence[str]:
    """Return the names of types as a list; other values, such as Google's numbers, are ignored."""
    named = (kinds,) if isinstance(kinds, str) else kinds if isinstance(kinds, list | tuple) else ()
    return [kind for kind in named if isinstance(kind, str)]


def kind_of(value: Any) -> str:
    """Return the most specific type of a JSON value."""
    kinds = ("null", "boolean", "integer", "number", "string", "array", "object")
    return next((kind for kind in kinds if TYPES[kind](value)), type(value).__name__)


def comparable(value: Any) -> Hashable:
    """Return a key that is equal for equal JSON values: 1 equals 1.0, but not true."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list | tuple):
        return ("array", tuple(map(comparable, value)))
    if isinstance(value, dict):
        return ("object", frozenset((name, comparable(inner)) for name, inner in value.items()))
    return value  # type: ignore[no-any-return]  # what is left of JSON can be hashed


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def check_text(value: str, schema: Schema, path: str) -> Iterator[Problem]:
    yield from check_size(len(value), schema, path, "Length", "characters")
    if "pattern" not in schema:
        return
    pattern = compile_pattern(schema["pattern"])
    if len(value) > pattern.longest:
        yield path, f"is too long to be matched with the pattern {schema['pattern']}, which takes {pattern.longest}"
    elif not pattern.search(value):
        yield path, f"should match the pattern {schema['pattern']}"


def check_number(value: float, schema: Schema, path: str) -> Iterator[Problem]:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    # In draft 4, the value true makes a limit exclusive.
    above, low = (low, None) if above is True else (above, low)
    below, high = (high, None) if below is True else (below, high)
    if low is not None and value < low:
        yield path, f"should be at least {low}"
    if high is not None and value > high:
        yield path, f"should be at most {high}"
    if above is not None and above is not False and value <= above:
        yield path, f"should be more than {above}"
    if below is not None and below is not False and value >= below:
        yield path, f"should be less than {below}"
    if "multipleOf" in schema and not is_multiple(value, schema["multipleOf"]):
        yield path, f"should be a multiple of {schema['multipleOf']}"


def check_size(size: int, schema: Schema, path: str, word: str, things: str) -> Iterator[Problem]:
    if size < schema.get(f"min{word}", 0):
        yield path, f"should have at least {schema[f'min{word}']} {things}, not {size}"
    if size > schema.get(f"max{word}", math.inf):
        yield path, f"should have at most {schema[f'max{word}']} {things}, not {size}"


def is_multiple(value: float, of: float) -> bool:
    """Whether one number is a multiple of another, by their decimal digits: 0.3 is a multiple of 0.1."""
    if not (math.isfinite(value) and math.isfinite(of)):
        return False
    return exact(value) % exact(of) == 0


def exact(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(Decimal(repr(number)))
