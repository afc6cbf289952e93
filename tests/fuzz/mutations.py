"""Mutations of recorded answers: bytes that are damaged, and JSON in which one thing is something else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

from dhenara.ai.wire.eventstream import EventStreamFrames, write_message
from dhenara.ai.wire.sse import BrokenFraming

Path = tuple[str | int, ...]

# Written into bytes as they are.
TOKENS: tuple[bytes, ...] = (
    *(b"1e999", b"-1e999", b"NaN", b"-1", b"true", b"null", b'""', b"{}", b"[]", b"0", b"9" * 400, b"-0.0"),
    *(b'"\\ud83d"', b"\\u0000", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\n\n", b"\r", b"data: ", b"event: x"),
    *(b"retry: " + b"9" * 5000, b": ping\n\n", b"data: [DONE]\n\n", b"HTTP/1.1 ", b"Content-Length: 5", b"<html>"),
    *(b"[" * 300 + b"]" * 300, b"{" * 50, b'{"a":' * 400 + b"1" + b"}" * 400, b"[" * 5000, b"\xf0\x9f\x98"),
)
# Put in the place of a value.
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**25, 10**400, -(10**30), 0.5, -0.5, 1e308, float("inf")),
    *(
        float("-inf"),
        float("nan"),
        "",
        "x",
        "0",
        "-1",
        "1e999",
        "\x00",
        "\ud800",
        "a" * 5000,
        "data:image/png;base64,!!",
    ),
    *([], {}, [None], [[]], {"": None}, {"type": None}, {"text": {}}, [1, "x", {}], {"error": {}}, {"error": "x"}),
    *({"type": "text", "text": 7}, {"error": {"code": [], "message": {}}}, "file:///etc/passwd", "http://"),
)
DEEP = (202, 400, 900, 5000)


def mutated_bytes(data: bytes, rng: Random) -> bytes:
    """The same with one to four of its places damaged."""
    actual = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(actual) + 1)
        match rng.randrange(7):
            case 0 if actual:
                actual[min(at, len(actual) - 1)] = rng.randrange(256)
            case 1:
                del actual[at : at + rng.choice((1, 2, 10, 200))]
            case 2:
                actual[at:at] = rng.choice(TOKENS)
            case 3:
                actual[at:at] = actual[at : at + rng.choice((1, 20, 300))]
            case 4:
                del actual[at:]
            case 5:
                token = rng.choice(TOKENS)
                actual[at : at + len(token)] = token
            case _:
                actual[at:at] = rng.randbytes(rng.choice((1, 3, 16)))
    return bytes(actual)


def paths(value: Any, path: Path = ()) -> list[Path]:
    actual = [path]
    if isinstance(value, dict):
        for key, one in value.items():
            actual += paths(one, (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(value[:6]):
            actual += paths(one, (*path, at))
    return actual


def mutated_json(value: Any, rng: Random) -> Any:
    """The same with one to three of its values replaced, removed, repeated or exchanged."""
    whole = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = [path for path in paths(whole) if path]
        if not places:
            return rng.choice(VALUES)
        whole = changed(whole, rng.choice(places), places, rng)
    return whole


def changed(whole: Any, path: Path, places: list[Path], rng: Random) -> Any:
    holder, key = at(whole, path[:-1]), path[-1]
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(holder[key]))  # type: ignore[call-overload]
        case 2:
            holder[key] = copy.deepcopy(at(whole, rng.choice(places)))
        case 3:
            holder[key] = [copy.deepcopy(holder[key])]
        case _:
            holder[key] = copy.deepcopy(rng.choice(VALUES))
    return whole


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def written(value: Any, rng: Random) -> bytes:
    """As JSON with words for infinite numbers, sometimes with very deep nesting in it."""
    try:
        text = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return b"{}"
    if rng.random() < 0.02:
        depth = rng.choice(DEEP)
        text = text.replace(b":", b":" + b"[" * depth + b"]" * depth + b',"z":', 1)
    return text.replace(b"Infinity", b"1e999") if rng.random() < 0.5 else text


def mutated_body(data: bytes, rng: Random) -> bytes:
    """A JSON body: mostly as JSON, sometimes as bytes."""
    if rng.random() < 0.3:
        return mutated_bytes(data, rng)
    try:
        return written(mutated_json(json.loads(data), rng), rng)
    except (ValueError, RecursionError):
        return mutated_bytes(data, rng)


def mutated_lines(data: bytes, rng: Random, change: Callable[[bytes, Random], bytes] = mutated_body) -> bytes:
    """A stream of lines (SSE or NDJSON): one of its JSON texts changed, or its lines shuffled a little."""
    if rng.random() < 0.3:
        return mutated_bytes(data, rng)
    lines = data.split(b"\n")
    places = [n for n, line in enumerate(lines) if b"{" in line]
    if not places:
        return mutated_bytes(data, rng)
    for _ in range(rng.choice((1, 1, 2))):
        place = rng.choice(places)
        head, brace, rest = lines[place].partition(b"{")
        lines[place] = head + change(brace + rest, rng)
    if rng.random() < 0.2:
        one, other = rng.choice(places), rng.choice(places)
        lines[one], lines[other] = lines[other], lines[one]
    if rng.random() < 0.2:
        place = rng.choice(places)
        del lines[place : place + rng.choice((1, 2, 5))]
    return b"\n".join(lines)


def mutated_events(data: bytes, rng: Random) -> bytes:
    """An AWS event stream: one message with another payload or other headers and right checksums, or damaged bytes."""
    if rng.random() < 0.3:
        return mutated_bytes(data, rng)
    try:
        frames = EventStreamFrames().feed(data)
    except BrokenFraming:
        return mutated_bytes(data, rng)
    if not frames:
        return mutated_bytes(data, rng)
    chosen = rng.randrange(len(frames))
    messages: list[bytes] = []
    for place, frame in enumerate(frames):
        headers, payload = dict(frame.headers), frame.data
        if place == chosen:
            payload = mutated_body(payload, rng)
            if headers and rng.random() < 0.2:
                headers[rng.choice(list(headers))] = rng.choice(("exception", "error", "x", "", b"\xff", 7, True))
        messages.append(write_message(headers, payload))
    return b"".join(messages)


def pieces(data: bytes, rng: Random) -> list[bytes]:
    """The bytes as they may arrive: whole, or cut at some places."""
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.choice((0, 0, 1, 3, 10))))
    edges = [0, *cuts, len(data)]
    return [data[start:end] for start, end in pairwise(edges) if end > start]
