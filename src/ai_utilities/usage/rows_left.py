"""Some rows were written down, and some were not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dhenara.ai.errors import DhenaraError

from .data import UsageData


class RowsLeftError(DhenaraError):
    """A ledger failed in the middle of `add`; `rows` are those that it has not got, and they alone are told again."""

    def __init__(self, rows: Sequence[UsageData]) -> None:
        super().__init__(f"{len(rows)} rows of usage were not written down")
        self.rows = list(rows)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.rows,))
