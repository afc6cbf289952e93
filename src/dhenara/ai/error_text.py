"""Texts of errors for places where they stay: without what they repeat of a request, and short."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .errors import CallError
from .types.config.call import Call

MOST = 200
"""Characters of a stored text."""

READ = 2_000
"""Characters of a message that are looked at."""

RUN = 10
"""Letters and digits in a row that a message and a request have in common, at which they count as repeated."""

SHORTEST = 4
"""Letters and digits of a text that is short as a whole."""

LABELS = frozenset({"role", "type", "model", "id", "name", "stream"})
"""Fields of a request that say what something is; error messages name them rightly."""

CUT = "[...]"
QUOTED = re.compile(r"""(["'`“‘«])(?=.{25})[^"'`”’»]{25,}(?:["'`”’»]|$)""")
UNBROKEN = re.compile(r"\S{60,}")
CUTS = re.compile(r"(?:\[\.\.\.\][\W_]*){2,}")


def without_contents(message: str, contents: Iterable[str] = (), most: int = MOST) -> str:
    """The message without what it repeats of these texts, long quotes and encoded data.

    Args:
        message: What a provider said, which may quote the prompt.
        contents: Texts of the request.
        most: The length of the result in characters.

    Returns:
        The message with `[...]` in place of what was taken out.
    """
    text = message[:READ]
    repeated = [False] * len(text)
    letters = [(place, letter) for place, char in enumerate(text) for letter in char.casefold() if letter.isalnum()]
    plain = "".join(letter for _, letter in letters)
    for content in contents:
        mark(repeated, letters, plain, "".join(letter for letter in content.casefold() if letter.isalnum()))
    text = "".join(cut_marked(text, repeated))
    text = CUTS.sub(f"{CUT} ", UNBROKEN.sub(CUT, QUOTED.sub(CUT, text))).strip()
    return text if len(text) <= most else f"{text[: most - 3]}..."


def mark(repeated: list[bool], letters: Sequence[tuple[int, str]], plain: str, content: str) -> None:
    """Marks the characters of a message that are in this content, too."""
    run = min(RUN, len(content))
    if run < SHORTEST:
        return
    for at in range(len(plain) - run + 1):
        if plain[at : at + run] in content:
            for place in range(letters[at][0], letters[at + run - 1][0] + 1):
                repeated[place] = True


def cut_marked(text: str, repeated: Sequence[bool]) -> Iterator[str]:
    for place, char in enumerate(text):
        if not repeated[place]:
            yield char
        elif place == 0 or not repeated[place - 1]:
            yield CUT


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a JSON value; neither names of fields nor labels are contents."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            if name not in LABELS:
                yield from texts_in(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from texts_in(entry)


def call_texts(call: Call) -> Iterator[str]:
    """Every text of a call that an error may repeat: instructions, messages, inputs of operations, stop sequences and
    provider-specific parameters.
    """
    config = call.config
    yield from call.instructions
    for value in (*call.messages, *([call.request] if call.request is not None else [])):
        yield from texts_in(value.model_dump())
    yield from texts_in([config.stop, config.options, call.endpoint.ai_model.parameters])


def stored_error_text(error: BaseException, call: Call) -> str:
    """The text of an error for places where it stays, such as logs and ledgers.

    Args:
        error: What went wrong.
        call: The call whose texts must not be repeated.

    Returns:
        The class of the error, the status and code where it has them, and its message: shortened, and without what it
        repeats of the call.
    """
    texts = tuple(call_texts(call))
    if not isinstance(error, CallError):
        return f"{type(error).__name__}: {without_contents(str(error), texts)}"
    facts = [f"HTTP {error.status}"] if error.status else []
    facts += [without_contents(str(error.provider_code), texts)] if error.provider_code else []
    data = f" [{', '.join(facts)}]" if facts else ""
    return f"{type(error).__name__}: {without_contents(error.message, texts)}{data}"
