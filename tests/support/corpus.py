"""Recorded provider traffic: every exchange, read by a codec, compared with what a correct client reads."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.codecs.base import Codec, Quirks
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types.chat.response import ChatResponse
from dhenara.ai.types.content.parts import (
    Content,
    Media,
    ReasoningContent,
    ServerToolContent,
    TextContent,
    ToolCallContent,
)
from dhenara.ai.wire import json as wire_json

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
Exchange = dict[str, Any]


@cache
def load(name: str) -> tuple[Exchange, ...]:
    with gzip.open(CORPUS / name, "rt") as lines:
        return tuple(json.loads(line) for line in lines)


def exchanges(api: str, keep: Callable[[Exchange], bool] = lambda exchange: True) -> list[Exchange]:
    """Every recorded exchange of one API, whichever provider spoke it; none where there is no corpus."""
    files = sorted(CORPUS.glob(f"*-{api}.jsonl.gz")) if CORPUS.is_dir() else []
    return [e for file in files for e in load(file.name) if e["api"] == api and keep(e)]


def as_parameters(actual: list[Exchange]) -> list[Any]:
    """The exchanges as test parameters; one that skips where the corpus is absent."""
    if not actual:
        return [pytest.param(None, marks=pytest.mark.skip(reason="the recorded traffic is not available"))]
    return [pytest.param(e, id=e["id"].replace("/", ".")[-120:]) for e in actual]


def body_bytes(exchange: Exchange) -> bytes:
    body = exchange["response_body"]
    if exchange.get("response_body_b64"):
        return base64.b64decode(body)
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def head_of(exchange: Exchange) -> Head:
    headers = exchange.get("response_headers") or {}
    flat = {k.lower(): v if isinstance(v, str) else ", ".join(v) for k, v in dict(headers).items()}
    return Head(exchange["status"], flat)


def read(
    codec: Codec[Any], quirks: Quirks, exchange: Exchange, cuts: Callable[[bytes], list[bytes]] | None = None
) -> ResponseBuilder:
    """The exchange folded: a stream in the given slices, a body at once."""
    body, decoder, draft = body_bytes(exchange), codec.decoder(quirks), ResponseBuilder()
    if not exchange["stream"]:
        for delta in decoder.whole(wire_json.loads(body)):
            draft.add(delta)
        return draft
    frames = codec.frames()
    arrived = [f for piece in (cuts(body) if cuts else [body]) for f in frames.feed(piece)]
    for frame in [*arrived, *frames.finish()]:
        for delta in decoder.frame(frame):
            draft.add(delta)
    for delta in decoder.finish():
        draft.add(delta)
    return draft


def seen(response: ChatResponse) -> dict[str, Any]:
    """What we read, in the words of the corpus."""
    parts = response.contents
    provided: dict[str, Any] = {
        "text": "".join(p.text for p in parts if isinstance(p, TextContent)),
        "reasoning": "".join(p.text for p in parts if isinstance(p, ReasoningContent)),
        "reasoning_content": "".join(p.raw_text for p in parts if isinstance(p, ReasoningContent)),
        "tool_calls": [called(p) for p in parts if isinstance(p, ToolCallContent) and not is_vendor_call(p)],
        # The corpus lists tools of the vendor's that the caller runs by their types, beside those of the provider.
        "server_tools": [p.name for p in parts if isinstance(p, ServerToolContent) or is_vendor_call(p)],
        "id": response.id,
        "model": response.model,
        "finish_reason": response.choices[0].raw_finish_reason if response.choices else None,
        "refusal": response.refusal(),
        "reasoning_signatures": sum(signatures(p) for p in parts),
        "citation_urls": list(dict.fromkeys(url for p in parts for url in cited(p))),
        "n_choices": len(response.choices),
        "choices": [choice.text() for choice in response.choices],
        "media": [shown(p) for p in parts if isinstance(p, Media) and p.data],
    }
    return provided


def is_vendor_call(part: Content) -> bool:
    return isinstance(part, ToolCallContent) and "tool_type" in part.extras


def called(part: ToolCallContent) -> dict[str, Any]:
    """The call as the recordings have it: text that is not JSON, also that of a custom tool, is raw."""
    raw = part.arguments_text if part.error else part.text_input
    arguments: Any = part.arguments if raw is None else {"__raw__": raw}
    return {"id": part.id, "name": part.name, "args": arguments}


def shown(part: Media) -> dict[str, Any]:
    data = part.data or b""
    return {"mime": part.mime_type, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def signatures(part: Content) -> int:
    """How many signed or sealed blocks a part stands for: routers pass on several in one."""
    if "thought_signature" in part.extras:
        return 1
    if not isinstance(part, ReasoningContent):
        return 0
    details = part.extras.get("reasoning_details", ())
    sealed = sum(1 for d in details if d.get("signature") or d.get("data"))
    return sealed or int(bool(part.signature or part.redacted))


def cited(part: Content) -> Iterator[str]:
    if isinstance(part, TextContent):
        yield from (citation.url for citation in part.citations if citation.url)


def differences(exchange: Exchange, draft: ResponseBuilder, keys: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    """Expected and seen, for each of these keys on which they are not equal."""
    expected, actual = dict(exchange["expected"]), seen(draft.response())
    # Where the wire has no id, ours is empty.
    if isinstance(expected.get("finish_reason"), int):
        # Old recordings of Vertex have the numbers of enums; ours is always a word.
        expected["finish_reason"] = str(expected["finish_reason"])
    expected["tool_calls"] = [{**call, "id": call["id"] or ""} for call in expected.get("tool_calls", ())]
    return {k: (expected[k], actual[k]) for k in keys if k in expected and expected[k] != actual[k]}
