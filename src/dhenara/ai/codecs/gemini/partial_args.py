"""Arguments that are streamed value by value, each with its JSON path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

STEP = re.compile(r"\.?([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")
VALUES = ("stringValue", "numberValue", "boolValue")


class PartialArgs:
    """The arguments of one call."""

    __slots__ = ("arguments", "part")

    def __init__(self, part: int) -> None:
        self.part = part
        self.arguments: dict[str, Any] = {}

    def add(self, pieces: Iterable[dict[str, Any]]) -> None:
        for piece in pieces:
            steps = path(str(piece.get("jsonPath", "$")))
            if steps:
                self._put(steps, next((piece[name] for name in VALUES if name in piece), None))

    def _put(self, steps: list[str | int], value: Any) -> None:
        """Set a value; a string at a path that has one is appended."""
        place: Any = self.arguments
        for step, following in pairwise(steps):
            place = descend(place, step, [] if isinstance(following, int) else {})
        known = descend(place, steps[-1], None)
        put(place, steps[-1], known + value if isinstance(known, str) and isinstance(value, str) else value)


def path(text: str) -> list[str | int]:
    match = STEP.finditer(text.removeprefix("$"))
    return [int(m[2]) if m[2] is not None else next(g for g in (m[1], m[3], m[4]) if g is not None) for m in match]


def descend(place: Any, step: str | int, otherwise: Any) -> Any:
    """Return the value at this step; create it if missing."""
    if isinstance(step, int):
        while len(place) <= step:
            place.append(None)
        if place[step] is None:
            place[step] = otherwise
        return place[step]
    if place.get(step) is None:
        place[step] = otherwise
    return place[step]


def put(place: Any, step: str | int, value: Any) -> None:
    place[step] = value
