"""Every recorded request of one protocol that our types can express, and why they cannot express the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from dhenara.ai.codecs.base import load_codec
from dhenara.ai.providers.provider import find_provider, load_provider
from dhenara.ai.providers.target import find_route
from dhenara.ai.types import Origin
from dhenara.ai.wire import json
from support.corpus import Exchange, exchanges
from support.request_readers.call_reader import CallReader, Inexpressible
from support.request_readers.compare import Difference, differences
from support.request_readers.normalize import REWRITES

APIS: dict[str, tuple[str, ...]] = {
    "openai_chat": ("openai-chat",),
    "openai_responses": ("openai-responses",),
    "anthropic": ("anthropic-messages",),
    "gemini": ("gemini-generate", "gemini-stream-generate"),
    "converse": ("bedrock-converse", "bedrock-converse-stream"),
    "cohere": ("cohere-chat",),
}
OURS = {"gemini": "google_ai", "vertex": "google_vertex_ai", "bedrock": "amazon_bedrock", "lmstudio": "lm_studio"}


@dataclass
class RecordedCalls:
    """`provided` can be compared; `unsaid` names the parts that our types do not have."""

    provided: list[tuple[Exchange, CallReader]] = field(default_factory=list)
    unsaid: list[tuple[Exchange, str]] = field(default_factory=list)


@cache
def requested(protocol: str) -> RecordedCalls:
    """Only requests that were answered: what a provider refused is no example."""
    actual = RecordedCalls()
    for api in APIS[protocol]:
        for exchange in exchanges(api, lambda e: isinstance(e["request_body"], dict) and e["status"] == 200):
            try:
                actual.provided.append((exchange, received(protocol, exchange)))
            except Inexpressible as part:
                actual.unsaid.append((exchange, str(part)))
    return actual


def received(protocol: str, exchange: Exchange) -> CallReader:
    """The request in our words, for the provider in the dialect in which it was recorded."""
    reader = import_module(f"support.request_readers.{protocol}")
    body = normalized(protocol, exchange)
    model = reader.model(body, exchange["path"]) if hasattr(reader, "model") else body["model"]
    name = provider_of(exchange["provider"], protocol)
    quirks = find_route(load_provider(name), model, protocol).quirks
    call = CallReader(Origin(provider=name, model=model, protocol=protocol), quirks)
    reader.read(body, call)
    return call


def normalized(protocol: str, exchange: Exchange) -> Any:
    body = exchange["request_body"]
    for rewrite in REWRITES[protocol]:
        body = rewrite(body)
    return body


def provider_of(recorded: str, protocol: str) -> str:
    """Ours where it speaks the protocol, else any server that does."""
    provider = find_provider(OURS.get(recorded, recorded))
    speaks = provider is not None and any(route.codec == protocol for route in provider.routes)
    return provider.name if provider is not None and speaks else "openai_compatible"


def compared(protocol: str, exchange: Exchange, call: CallReader) -> list[Difference]:
    written = load_codec(protocol).encode(call.call(), call.quirks).body
    return list(differences(normalized(protocol, exchange), json.loads(json.dumps(written))))
