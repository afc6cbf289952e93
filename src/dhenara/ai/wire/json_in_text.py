"""JSON that stands in text: fenced, or with words around it."""

from __future__ import annotations

import json
import re
from typing import Any

from .json import DEEPEST_INSIDE, TooDeep, loads, replace_surrogates

FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n?\s*```", re.DOTALL)
BEGINNING = re.compile(r"[{\[]")


def find_json(text: str) -> Any:
    """The value that the text is, or that stands in it. Raises ValueError with what is wrong with the text as JSON."""
    try:
        return loads(text, DEEPEST_INSIDE)
    except ValueError as error:
        wrong = error
    for fenced in reversed(FENCED.findall(text)):
        try:
            return loads(fenced, DEEPEST_INSIDE)
        except ValueError:
            continue
    decoder = json.JSONDecoder()
    at = BEGINNING.search(text)
    while at is not None:
        try:
            return replace_surrogates(decoder.raw_decode(text, at.start())[0], DEEPEST_INSIDE)
        except RecursionError:
            raise TooDeep(DEEPEST_INSIDE) from None
        except ValueError:
            at = BEGINNING.search(text, at.end())
    raise wrong
