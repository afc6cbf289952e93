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

HEARD = as_parameters(exchanges("transcription"))
SPOKEN = as_parameters(exchanges("speech"))
OURS = {"model", "language", "stream", "diarize", "file", "response_format", "chunking_strategy"}


def client_for(exchange: Exchange, server: FakeServer, model: str) -> AIModelClient:
    return AIModelClient(endpoint(server.url, exchange["provider"], model))


def reply(exchange: Exchange) -> Raw:
    told, body = exchange["response_headers"], body_bytes(exchange)
    if exchange["provider"] == "groq":
        fixture = json.loads(body)
        told, body = fixture["headers"], fixture["body"].encode()
    return Raw(body, exchange["status"], {"content-type": told["content-type"]})


def sent(exchange: Exchange) -> dict[str, Any]:
    """What was asked for: fields of the form, or of the address and the JSON beside them."""
    if exchange["request_body"] is None:
        return {"file": b"RIFF....WAVE"}
    asked = dict(parse_qsl(exchange["query"]))
    if not exchange["request_body_b64"]:
        return {**asked, **exchange["request_body"]}
    body, kind = base64.b64decode(exchange["request_body"]), exchange["request_headers"]["content-type"]
    return read_form(kind, body) if kind.startswith("multipart") else {**asked, "file": body}


@pytest.mark.parametrize("exchange", HEARD)
def test_recorded_transcripts_are_asked_for_and_read(exchange: Exchange, world: World, server: FakeServer) -> None:
    server.add_replies(reply(exchange))
    asked = sent(exchange)
    client = client_for(exchange, server, asked.get("model", "grok-stt"))
    audio = AudioContent(data=asked["file"]) if "file" in asked else asked["url"]
    diarize = True if {"diarize", "diarize_model"} & set(asked) or "diarized" in str(asked.values()) else None
    settings = {"language": asked.get("language"), "diarize": diarize}
    heard = world.ask(client, "transcribe", audio, **settings)
    world.close(client)
    assert heard.text == expected_text(exchange)
    if exchange["request_body"] is not None:
        compare(exchange, asked, server)
    if heard.words:
        assert all(word.start <= word.end for word in heard.words)
        assert heard.words[0].text
    if diarize:
        assert {one.speaker for one in [*heard.segments, *heard.words]} - {None}


def compare(exchange: Exchange, asked: dict[str, Any], server: FakeServer) -> None:
    """Ours says everything that theirs said."""
    ours, path = server.exchanges[0], urlsplit(server.exchanges[0].path)
    assert path.path == exchange["path"].removeprefix("/api")
    kind = ours.headers["content-type"]
    if kind.startswith("multipart"):
        said = read_form(kind, ours.body)
    else:
        said = {**dict(parse_qsl(path.query)), **(ours.json if kind == "application/json" else {"file": ours.body})}
    assert {k: v for k, v in said.items() if k in asked} == {k: v for k, v in asked.items() if k in said}
    assert set(asked) & OURS <= set(said) | {"stream"}


def expected_text(exchange: Exchange) -> str:
    if exchange["provider"] == "groq":
        return str(json.loads(body_bytes(exchange))["body"])
    if exchange["provider"] == "deepgram":
        channel = json.loads(body_bytes(exchange))["results"]["channels"][0]
        return str(channel["alternatives"][0]["transcript"])
    # What was told in segments, the last event tells as a whole.
    return str(exchange["expected"]["text"] or "Ruby is a programming language designed for developer happiness.")


@pytest.mark.parametrize("exchange", SPOKEN)
def test_recorded_speech_is_asked_for_and_read(exchange: Exchange, world: World, server: FakeServer) -> None:
    server.add_replies(reply(exchange))
    asked = sent(exchange)
    client = client_for(exchange, server, asked.get("model", "grok-tts"))
    formats = {"linear16": "wav", "mp3": "mp3"}
    wanted = {"voice": asked.get("voice"), "format": asked.get("response_format") or formats.get(asked.get("encoding"))}
    text = asked.get("input") or asked["text"]
    said = world.ask(client, "speak", text, **{name: value for name, value in wanted.items() if value})
    world.close(client)
    told = exchange["expected"]["media"][0]
    assert (len(said.bytes), hashlib.sha256(said.bytes).hexdigest()) == (told["bytes"], told["sha256"])
    assert said.audio.mime_type == {"audio/*": "audio/mpeg"}.get(told["mime"], told["mime"])
    assert said.usage.units == {"characters": len(text)}
    path = urlsplit(server.exchanges[0].path)
    # Mistral has a new name for the field since.
    said = {**dict(parse_qsl(path.query)), **server.exchanges[0].json}
    assert {{"voice_id": "voice"}.get(name, name): value for name, value in said.items()} == asked
    assert path.path == exchange["path"].removeprefix("/api")
