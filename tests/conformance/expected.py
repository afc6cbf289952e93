"""Rows that a transport is known not to hold, strict like xfail: a row that it does hold must not stand here.

By transport, then by row: the worlds in which it fails, and why. A reason that begins with `SOMETIMES` is not strict:
the outcome depends on which of two events comes first.
"""

from __future__ import annotations

from .row import ALL, ASYNC

SOMETIMES = "sometimes: "
AIO = ("asyncio", "uvloop")
Known = tuple[tuple[str, ...], str]

KNOWN_FAILURES: dict[str, dict[str, Known]] = {
    "builtin": {},
    "httpx2": {
        "threads that share a transport get their own answers": (
            ("sync",),
            f"{SOMETIMES}a connection is dropped without being closed",
        ),
        "a tunnel of a host in brackets": (ALL, "CONNECT without brackets"),
        "closing while calls connect leaves nothing open": (
            ASYNC,
            f"{SOMETIMES}connections that are being opened stay",
        ),
        "a program that ends in the middle of a stream ends without a word": (AIO, "nested async generators"),
    },
    "aiohttp": {
        "secure requests travel through a tunnel": (AIO, "CONNECT names the host without its port"),
        "equal content lengths": (AIO, "refused"),
        "a loop that ends in the middle of a stream leaves no warning": (AIO, f"{SOMETIMES}an unclosed transport"),
    },
}


def known_failure(transport: str, name: str) -> Known:
    """The worlds in which this row fails, and why; no worlds where it is held."""
    return KNOWN_FAILURES[transport].get(name, ((), ""))
