"""A prefix: everything that was said before an answer, as one hash. Cache marks do not count, for they wander."""

from __future__ import annotations

import hashlib
from typing import Any

from ..wire import json

Wire = dict[str, Any]
LENGTH = 32


class Prefix:
    """Grows with the turns; what was hashed once is not looked at again."""

    def __init__(self, system: str, tools: object, mark: str) -> None:
        self._hash = hashlib.sha256(json.dumps([system, tools]))
        self._mark = mark
        self._turn = 0
        self._block = 0

    def after(self, turns: list[Wire]) -> str:
        """The hash of everything up to here."""
        for number in range(self._turn, len(turns)):
            blocks = turns[number]["content"]
            if number > self._turn:
                self._turn, self._block = number, 0
            for block in blocks[self._block :]:
                plain = {name: value for name, value in block.items() if name != self._mark}
                self._hash.update(json.dumps([turns[number]["role"], plain]))
            self._block = len(blocks)
        return self._hash.hexdigest()[:LENGTH]
