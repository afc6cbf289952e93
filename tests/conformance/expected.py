"""Rows that a transport is known not to hold, strict like xfail: a row that it does hold must not stand here.

By transport, then by row: the worlds in which it fails, and why. A reason that begins with `SOMETIMES` is not strict:
the outcome depends on which of two events comes first.
"""

from __future__ import annotations

from .row import ALL, ASYNC

SOMETIMES = "sometimes: "
AIO = ("asyncio", "uvloop")
Known = tuple[tuple[str, ...], str]

BEING_FIXED = f"{SOMETIMES}being fixed"
EVERY_ROW = "every row"

KNOWN_FAILURES: dict[str, dict[str, Known]] = {
    "builtin": {
        EVERY_ROW: (("uvloop",), BEING_FIXED),
        "a content length of 5,000 digits": (ALL, BEING_FIXED),
        "gzip that is cut": (ALL, BEING_FIXED),
        "gzip without its trailer": (ALL, BEING_FIXED),
        "a POST that a reused connection lost is sent once when there are no retries": (ALL, BEING_FIXED),
        "a POST that a reset connection lost is sent once when there are no retries": (ALL, BEING_FIXED),
        "with one retry it is sent again, and both attempts are recorded": (ALL, BEING_FIXED),
        "a GET that a reused connection lost is not repeated silently": (ALL, BEING_FIXED),
        "interim responses as fast as they can be sent do not stretch total": (ALL, BEING_FIXED),
        "a flood of words ends by total": (ALL, BEING_FIXED),
        "a fast body and a slow reader end by total": (ALL, BEING_FIXED),
        "trailers without end are refused": (ALL, BEING_FIXED),
        "an error body without end is cut": (ALL, BEING_FIXED),
        "a client that is closed in the middle of a stream hangs up": (ALL, BEING_FIXED),
        "an early refusal with a lingering close": (ALL, BEING_FIXED),
        "an early refusal of a body in pieces": (ALL, BEING_FIXED),
        "an early refusal of a peer that reads no more": (ALL, BEING_FIXED),
        "a redirect's body without end is cut": (ALL, BEING_FIXED),
        "an early answer does not leave the rest of the body on the connection": (ALL, BEING_FIXED),
        "two hundred calls cancelled while they connect leave nothing open": (ALL, BEING_FIXED),
        "a loop that ends in the middle of a stream leaves no warning": (ALL, BEING_FIXED),
        "a loop that is closed by hand is not kept alive": (ALL, BEING_FIXED),
        "a forked child that closes the client leaves the parent's resting connection alone": (ALL, BEING_FIXED),
        "closing while calls connect leaves nothing open": (ALL, BEING_FIXED),
        "closing a stream from another task wakes its reader": (ALL, BEING_FIXED),
        "a forked child that drops the stream leaves the parent's stream alone": (ALL, BEING_FIXED),
        "a forked child that closes the stream leaves the parent's stream alone": (ALL, BEING_FIXED),
        "a forked child that ends the stream and makes a call of its own leaves the parent's stream alone": (
            ALL,
            BEING_FIXED,
        ),
        "a forked child that ends by sys.exit leaves the parent's stream alone": (ALL, BEING_FIXED),
        "a program that ends in the middle of a stream ends without a word": (ALL, BEING_FIXED),
        "a request that the peer does not read ends by total": (ALL, BEING_FIXED),
        "a bundle that cannot be read leaves no connection": (ALL, BEING_FIXED),
        "cancelled in the TLS handshake": (ALL, BEING_FIXED),
        "fifty calls cancelled at once leave nothing open": (ALL, BEING_FIXED),
    },
    "httpx2": {
        "a redirect's body without end is cut": (ALL, BEING_FIXED),
        "an error body without end is cut": (ALL, BEING_FIXED),
        "gzip that is cut": (ALL, BEING_FIXED),
        "gzip without its trailer": (ALL, BEING_FIXED),
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
        "cancelled in the TLS handshake": (ASYNC, f"{SOMETIMES}the connection is closed when it is collected"),
        "closing while calls connect leaves nothing open": (ASYNC, "connections that are being opened stay"),
        "a program that ends in the middle of a stream ends without a word": (AIO, "nested async generators"),
    },
    "aiohttp": {
        "secure requests travel through a tunnel": (AIO, "CONNECT names the host without its port"),
        "a redirect's body without end is cut": (ALL, BEING_FIXED),
        "an error body without end is cut": (ALL, BEING_FIXED),
        "gzip that is cut": (ALL, BEING_FIXED),
        "gzip without its trailer": (ALL, BEING_FIXED),
        "a transfer coding that was not asked for": (AIO, "ignored"),
        "status 099": (AIO, "taken as a final status"),
        "status 101": (AIO, "taken as a final status"),
        "equal content lengths": (AIO, "refused"),
        "a space before the colon": (AIO, "accepted"),
        "an answer that comes while the connection rests is not given to the next call": (AIO, "given to it"),
        "an answer over TLS that comes while the connection rests is not given to the next call": (AIO, "given to it"),
        "bytes after the end of a chunked body spoil the connection": (AIO, "it is used again"),
        "a chunk extension without end is refused": (AIO, "no bound"),
    },
}


def known_failure(transport: str, name: str) -> Known:
    """The worlds in which this row fails, and why; no worlds where it is held."""
    known = KNOWN_FAILURES[transport]
    return known.get(name, known.get(EVERY_ROW, ((), "")))
