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
        "chunks and a content length: the connection is not used again": (ALL, "h11 reads the chunks and reuses it"),
        "an answer that nobody asked for is not given to the next call": (ALL, "what was read with the first answer"),
        "bytes after the end of a chunked body spoil the connection": (ALL, "what was read with the first answer"),
        "an answer in the TLS buffer that nobody asked for is not given to the next call": (ALL, "same"),
        "an early refusal of a peer that reads no more": (ALL, "it reads only when everything is written"),
        "a tunnel of a host in brackets": (ALL, "CONNECT without brackets"),
        "closing while calls connect leaves nothing open": (
            ASYNC,
            f"{SOMETIMES}connections that are being opened stay",
        ),
        "a program that ends in the middle of a stream ends without a word": (AIO, "nested async generators"),
    },
    "aiohttp": {
        "secure requests travel through a tunnel": (AIO, "CONNECT names the host without its port"),
        "a transfer coding that was not asked for": (AIO, "ignored"),
        "status 099": (AIO, "taken as a final status"),
        "status 101": (AIO, "taken as a final status"),
        "equal content lengths": (AIO, "refused"),
        "a space before the colon": (AIO, "accepted"),
        "an answer that comes while the connection rests is not given to the next call": (AIO, "given to it"),
        "an answer over TLS that comes while the connection rests is not given to the next call": (AIO, "given to it"),
        "bytes after the end of a chunked body spoil the connection": (AIO, "it is used again"),
        "a chunk extension without end is refused": (AIO, "no bound"),
        "a loop that ends in the middle of a stream leaves no warning": (AIO, f"{SOMETIMES}an unclosed transport"),
    },
}


def known_failure(transport: str, name: str) -> Known:
    """The worlds in which this row fails, and why; no worlds where it is held."""
    return KNOWN_FAILURES[transport].get(name, ((), ""))
