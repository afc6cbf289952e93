"""Batches: what all codecs for them do alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .base import Quirks
from .operation import OperationCodec

Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One result as it was told: the body of an answer, or of a refusal with its status."""

    key: str
    body: Any = None
    status: int = 200

    @property
    def refused(self) -> bool:
        return self.status >= 400


@dataclass(frozen=True, slots=True)
class BatchQuirks(Quirks):
    """Where batches are made."""

    path: str = "/batches"


@dataclass(frozen=True, slots=True)
class BatchCodec(OperationCodec[BatchQuirks]):
    """`line` is how one call is written, `entry` how one result is read.

    `given` says how calls travel: in a file that is uploaded first, or in the request. `kept` says where results are:
    in files, at an address of their own, or in what is told of the batch.
    """

    line: Callable[[int, Any, str], Wire]
    entry: Callable[[Wire, int], Entry]
    given: Literal["file", "inline"]
    kept: Literal["files", "address", "inside"]
    inside: Callable[[Wire], list[Wire]] = lambda raw: []


def failed(body: Any, status: int = 500) -> tuple[Any, int]:
    """A refusal in an item; where its status is not told, it is the provider's fault."""
    return body, status if status >= 400 else 500
