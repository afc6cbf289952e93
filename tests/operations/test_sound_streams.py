"""Transcripts and speech as they come, in every world."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BrokenStreamError, ConfigurationError
from dhenara.ai.testing import CutReply, FakeServer, RawStream, Refusal, SampleOperations, Stall
from dhenara.ai.testing.sample_operations import wav_tone
from support.forms import form
from support.worlds import World, endpoint

SOON = {"retry-after-ms": "5"}
SOUND = wav_tone(0.2)


def at(provider: str, server: FakeServer, model: str = "whisper-1") -> AIModelClient:
    return AIModelClient(endpoint(server.url, provider, model))


DELTAS = [
    b'data: {"type":"transcript.text.delta","delta":"Hello"}\n\n',
    b'data: {"type":"transcript.text.delta","delta":" you"}\n\n',
]
DONE = b'data: {"type":"transcript.text.done","text":"Hello you","usage":{"input_tokens":7,"output_tokens":2}}\n\n'


async def gathered(stream: Any) -> tuple[list[Any], Any]:
    async with stream:
        return [piece async for piece in stream], stream.response


def pieces(world: World, client: AIModelClient, name: str, *given: Any, **settings: Any) -> tuple[list[Any], Any]:
    """Everything that a stream gave, in either colour, and its response."""
    if world.name == "blocking":
        with getattr(client, name)(*given, **settings) as stream:
            return list(stream), stream.response

    async def whole() -> tuple[list[Any], Any]:
        return await gathered(await getattr(client, f"{name}_async")(*given, **settings))

    return world._start(whole)  # type: ignore[union-attr]  # only the async worlds come here


def test_words_come_as_they_are_understood(world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers=SOON), RawStream([*DELTAS, DONE]))
    client = at("openai", server, "gpt-4o-transcribe")
    provided, response = pieces(world, client, "transcribe_stream", SOUND)
    assert provided == ["Hello", " you"]
    assert (response.text, response.usage.input_tokens, len(response.attempts)) == ("Hello you", 7, 2)
    assert form(server.exchanges[1])["stream"] == "true"
    world.close(client)


def test_a_transcript_that_comes_whole_is_one_piece_with_a_warning(world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    client = at("groq", server)
    provided, response = pieces(world, client, "transcribe_stream", SOUND)
    assert provided == ["Hello there."]
    assert response.warnings[0].parameter == "streaming"
    world.close(client)


def test_a_transcript_that_breaks_off_is_an_error(world: World, server: FakeServer) -> None:
    server.add_replies(RawStream(DELTAS))
    client = at("openai", server, "gpt-4o-transcribe")
    with pytest.raises(BrokenStreamError):
        pieces(world, client, "transcribe_stream", SOUND)
    world.close(client)


def test_sound_comes_as_it_is_made(world: World, server: FakeServer) -> None:
    cut = [SOUND[at : at + 700] for at in range(0, len(SOUND), 700)]
    server.add_replies(RawStream(cut, headers={"content-type": "audio/wav"}))
    client = at("openai", server, "gpt-4o-mini-tts")
    received, response = pieces(world, client, "speak_stream", "Hello", format="wav")
    assert b"".join(received) == response.bytes == SOUND
    assert len(received) > 1
    assert response.usage.units == {"characters": 5.0}
    assert server.exchanges[0].json["voice"] == "alloy"
    world.close(client)


def test_sound_in_events_comes_as_it_is_made(world: World, server: FakeServer) -> None:
    cut = [SOUND[:1000], SOUND[1000:]]
    events = [{"type": "speech.audio.delta", "audio_data": base64.b64encode(one).decode()} for one in cut]
    reported = [
        f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in [*events, {"type": "speech.audio.done"}]
    ]
    server.add_replies(RawStream(reported))
    client = at("mistral", server)
    received, response = pieces(world, client, "speak_stream", "Hello", voice="paul")
    assert received == cut
    assert response.bytes == SOUND
    assert server.exchanges[0].json == {"input": "Hello", "model": "whisper-1", "voice_id": "paul", "stream": True}
    world.close(client)


def test_sound_is_saved_while_it_comes(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(SampleOperations())
    client, target = at("deepgram", server, "aura-2-thalia-en"), tmp_path / "said.wav"
    if world.name == "blocking":
        assert client.speak_stream("Hello", voice="Zeus").save(target) == target
    else:

        async def save() -> None:
            stream = await client.speak_stream_async("Hello", voice="Zeus")
            assert await stream.save(target) == target

        world._start(save)  # type: ignore[union-attr]  # only the async worlds come here
    assert target.read_bytes() == wav_tone(5 / 20)
    assert server.exchanges[0].path == "/v1/speak?model=aura-2-zeus-en"
    world.close(client)


def test_interrupted_audio_is_an_error_with_the_received_part(server: FakeServer, tmp_path: Path) -> None:
    whole = RawStream([SOUND[:900], SOUND[900:]], headers={"content-type": "audio/wav"})
    server.add_replies(CutReply(whole, 2))
    with at("openai", server) as client:
        stream = client.speak_stream("Hello")
        with pytest.raises(BrokenStreamError):
            stream.save(tmp_path / "said.wav")
    assert (tmp_path / "said.wav").read_bytes() == SOUND[:900]


def test_a_stream_that_is_read_too_early_raises(server: FakeServer) -> None:
    server.add_replies(CutReply(RawStream([*DELTAS, DONE]), 2, Stall()))
    with at("openai", server, "gpt-4o-transcribe") as client, client.transcribe_stream(SOUND) as stream:
        assert next(stream) == "Hello"
        with pytest.raises(ConfigurationError, match="has not ended"):
            _ = stream.response
