"""Some rows were written down, and some were not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dhenara.ai.errors import DhenaraError

from .data import UsageData


class PartialWriteError(DhenaraError):
    """A ledger failed in the middle. Raised by its `add`, only `rows` are told again: those that it has not got."""

    def __init__(self, rows: Sequence[UsageData]) -> None:
        super().__init__(f"{len(rows)} rows of usage were not written down")
        self.rows = list(rows)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.rows,))
