"""File by file: how many exchanges are read as recorded, differ for a reason, or are not read, and what is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from support.corpus import CORPUS, Exchange, load
from support.protocols import PROTOCOLS, Recorded
from support.request_readers.reasons import REASONS
from support.request_readers.recorded import APIS, compared, requested
from support.verdict import argued, complaints

READ = ("generate", "error")


@dataclass
class Row:
    """One file. `equal`, `argued` and what was skipped add up to all its exchanges, unless something is different."""

    file: str
    exchanges: int = 0
    equal: int = 0
    argued: int = 0
    different: int = 0
    written: int = 0
    """Requests that we write as they were recorded, or otherwise for a named reason."""

    skipped: Counter[str] = field(default_factory=Counter)
    """Why exchanges are not read, and how many are not for that reason."""


def rows() -> Iterator[Row]:
    for path in sorted(CORPUS.glob("*.jsonl.gz")):
        row = Row(path.name.removesuffix(".jsonl.gz"))
        for exchange in load(path.name):
            enter(row, exchange)
        yield row


def enter(row: Row, exchange: Exchange) -> None:
    row.exchanges += 1
    row.written += exchange["id"] in written()
    kind, protocol = exchange["expected"]["kind"], protocol_of(exchange)
    if protocol is None:
        row.skipped[f"no chat protocol: {exchange['api']}"] += 1
    elif kind not in READ:
        row.skipped[f"{kind}: nobody says what a client should read"] += 1
    elif complaints(protocol, exchange):
        row.different += 1
    elif any(argued(protocol, exchange, key) for key in protocol.argued):
        row.argued += 1
    else:
        row.equal += 1


def protocol_of(exchange: Exchange) -> Recorded | None:
    return next((protocol for protocol in PROTOCOLS if protocol.speaks(exchange)), None)


@cache
def written() -> frozenset[str]:
    """The requests that are written as they were."""
    return frozenset(
        exchange["id"]
        for protocol in APIS
        for exchange, call in requested(protocol).provided
        if all(any(reason.explains(one) for reason in REASONS[protocol]) for one in compared(protocol, exchange, call))
    )
