"""Every recorded transcript and speech, asked for again through the client, and read as a correct client reads it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import AudioContent
from support.corpus import Exchange, as_parameters, body_bytes, exchanges
from support.forms import read_form
from support.worlds import World, endpoint

RECEIVED = as_parameters(exchanges("transcription"))
SPOKEN = as_parameters(exchanges("speech"))
OURS = {"model", "language", "stream", "diarize", "file", "response_format", "chunking_strategy"}


def client_for(exchange: Exchange, server: FakeServer, model: str) -> AIModelClient:
    return AIModelClient(endpoint(server.url, exchange["provider"], model))


def reply(exchange: Exchange) -> Raw:
    reported, body = exchange["response_headers"], body_bytes(exchange)
    if exchange["provider"] == "groq":
        fixture = json.loads(body)
        reported, body = fixture["headers"], fixture["body"].encode()
    return Raw(body, exchange["status"], {"content-type": reported["content-type"]})


def sent(exchange: Exchange) -> dict[str, Any]:
    """What was asked for: fields of the form, or of the URL and the JSON."""
    if exchange["request_body"] is None:
        return {"file": b"RIFF....WAVE"}
    requested = dict(parse_qsl(exchange["query"]))
    if not exchange["request_body_b64"]:
        return {**requested, **exchange["request_body"]}
    body, kind = base64.b64decode(exchange["request_body"]), exchange["request_headers"]["content-type"]
    return read_form(kind, body) if kind.startswith("multipart") else {**requested, "file": body}


@pytest.mark.parametrize("exchange", RECEIVED)
def test_recorded_transcripts_are_requested_and_read(exchange: Exchange, world: World, server: FakeServer) -> None:
    server.add_replies(reply(exchange))
    requested = sent(exchange)
    client = client_for(exchange, server, requested.get("model", "grok-stt"))
    audio = AudioContent(data=requested["file"]) if "file" in requested else requested["url"]
    diarize = True if {"diarize", "diarize_model"} & set(requested) or "diarized" in str(requested.values()) else None
    settings = {"language": requested.get("language"), "diarize": diarize}
    received = world.ask(client, "transcribe", audio, **settings)
    world.close(client)
    assert received.text == expected_text(exchange)
    if exchange["request_body"] is not None:
        compare(exchange, requested, server)
    if received.words:
        assert all(word.start <= word.end for word in received.words)
        assert received.words[0].text
    if diarize:
        assert {one.speaker for one in [*received.segments, *received.words]} - {None}


def compare(exchange: Exchange, requested: dict[str, Any], server: FakeServer) -> None:
    """Our request has everything that theirs has."""
    ours, path = server.exchanges[0], urlsplit(server.exchanges[0].path)
    assert path.path == exchange["path"].removeprefix("/api")
    kind = ours.headers["content-type"]
    if kind.startswith("multipart"):
        provided = read_form(kind, ours.body)
    else:
        provided = {**dict(parse_qsl(path.query)), **(ours.json if kind == "application/json" else {"file": ours.body})}
    assert {k: v for k, v in provided.items() if k in requested} == {
        k: v for k, v in requested.items() if k in provided
    }
    assert set(requested) & OURS <= set(provided) | {"stream"}


def expected_text(exchange: Exchange) -> str:
    if exchange["provider"] == "groq":
        return str(json.loads(body_bytes(exchange))["body"])
    if exchange["provider"] == "deepgram":
        channel = json.loads(body_bytes(exchange))["results"]["channels"][0]
        return str(channel["alternatives"][0]["transcript"])
    # The last event has all segments again.
    return str(exchange["expected"]["text"] or "Ruby is a programming language designed for developer happiness.")


@pytest.mark.parametrize("exchange", SPOKEN)
def test_recorded_speech_is_requested_and_read(exchange: Exchange, world: World, server: FakeServer) -> None:
    server.add_replies(reply(exchange))
    requested = sent(exchange)
    client = client_for(exchange, server, requested.get("model", "grok-tts"))
    formats = {"linear16": "wav", "mp3": "mp3"}
    wanted = {
        "voice": requested.get("voice"),
        "format": requested.get("response_format") or formats.get(requested.get("encoding")),
    }
    text = requested.get("input") or requested["text"]
    provided = world.ask(client, "speak", text, **{name: value for name, value in wanted.items() if value})
    world.close(client)
    reported = exchange["expected"]["media"][0]
    assert (len(provided.bytes), hashlib.sha256(provided.bytes).hexdigest()) == (reported["bytes"], reported["sha256"])
    assert provided.audio.mime_type == {"audio/*": "audio/mpeg"}.get(reported["mime"], reported["mime"])
    assert provided.usage.units == {"characters": len(text)}
    path = urlsplit(server.exchanges[0].path)
    # Mistral has a new name for the field since.
    provided = {**dict(parse_qsl(path.query)), **server.exchanges[0].json}
    assert {{"voice_id": "voice"}.get(name, name): value for name, value in provided.items()} == requested
    assert path.path == exchange["path"].removeprefix("/api")
