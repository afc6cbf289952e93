"""Transcripts and speech through the client, in every world and for every provider that has them."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, ServerError, UnsupportedError
from dhenara.ai.providers.provider import known_names, load_provider
from dhenara.ai.testing import FakeServer, Raw, Refusal, SampleOperations
from dhenara.ai.testing.sample_operations import wav_tone
from dhenara.ai.types import AudioContent, AudioModelCostData, SpokenSegment, SpokenWord, TranscriptionResponse
from support.forms import form
from support.worlds import World, endpoint

SOON = {"retry-after-ms": "5"}
SOUND = wav_tone(0.2)


def offering(operation: str) -> list[str]:
    providers = {load_provider(name).name: load_provider(name) for name in known_names()}
    return sorted(n for n, p in providers.items() if operation in {r.operation for r in p.operations} | {*p.by_chat})


def at(provider: str, server: FakeServer, model: str = "whisper-1") -> AIModelClient:
    return AIModelClient(endpoint(server.url, provider, model))


def gemini(*parts: dict[str, Any]) -> Raw:
    body = {
        "candidates": [{"content": {"parts": list(parts)}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 3},
    }
    return Raw(json.dumps(body).encode())


GEMINI = ["google_ai", "google_vertex_ai"]
HEARS = [name for name in offering("transcribe") if name not in GEMINI]
SPEAKS = [name for name in offering("speak") if name not in GEMINI]


@pytest.mark.parametrize("provider", HEARS)
def test_speech_is_written_down_by_each_provider(provider: str, world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers=SOON), SampleOperations())
    client = at(provider, server)
    received = world.ask(client, "transcribe", SOUND, language="en")
    assert isinstance(received, TranscriptionResponse)
    assert received.text == "Hello there."
    assert len(received.attempts) == 2
    assert received.usage.units == {"seconds": 1.0}
    assert received.provider == provider
    assert SOUND in server.exchanges[1].body
    world.close(client)


@pytest.mark.parametrize("provider", SPEAKS)
def test_text_is_spoken_by_each_provider(provider: str, world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(Refusal(503, "later", headers=SOON), SampleOperations())
    client = at(provider, server, "voxtral-tts" if provider == "mistral" else "m-voice-en")
    provided = world.ask(client, "speak", "Hello there, you.", voice="ash", format="wav")
    assert provided.audio.mime_type == "audio/wav"
    assert provided.audio.duration == pytest.approx(17 / 20, abs=0.01)
    assert provided.usage.units == {"characters": 17.0}
    assert provided.save(tmp_path / "said") == tmp_path / "said.wav"
    assert (tmp_path / "said.wav").read_bytes() == provided.bytes
    sent = json.dumps(server.exchanges[1].json) + server.exchanges[1].path
    assert "ash" in sent
    assert "wav" in sent
    world.close(client)


def test_whisper_requests_contain_words_and_segments(world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations(), SampleOperations())
    client = at("openai", server)
    wanted = {"timestamps": "word", "prompt": "Dhenara", "language": "en", "temperature": 0.2}
    received = world.ask(client, "transcribe", AudioContent(data=SOUND, name="talk"), **wanted)
    requested = form(server.exchanges[0])
    assert requested["response_format"] == "verbose_json"
    assert (requested["prompt"], requested["language"], requested["temperature"]) == ("Dhenara", "en", "0.2")
    assert b'name="timestamp_granularities[]"\r\n\r\nword' in server.exchanges[0].body
    assert b'name="timestamp_granularities[]"\r\n\r\nsegment' in server.exchanges[0].body
    assert b'filename="talk.wav"' in server.exchanges[0].body
    assert [(word.text, word.start) for word in received.words] == [("Hello", 0.0), ("there.", 0.5)]
    assert received.segments[0] == SpokenSegment(text="Hello there.", start=0, end=1, speaker="A")
    assert received.to_srt() == "1\n00:00:00,000 --> 00:00:01,000\nA: Hello there.\n"
    assert received.to_vtt() == "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v A>Hello there.\n"
    world.ask(client, "translate", SOUND, timestamps="segment")
    assert server.exchanges[1].path == "/v1/audio/translations"
    assert b"granularities" not in server.exchanges[1].body
    world.close(client)


def test_a_file_is_read_and_a_missing_one_is_reported(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(SampleOperations())
    (tmp_path / "talk.wav").write_bytes(SOUND)
    client = at("groq", server)
    assert world.ask(client, "transcribe", str(tmp_path / "talk.wav")).text == "Hello there."
    assert b'filename="talk.wav"' in server.exchanges[0].body
    with pytest.raises(ConfigurationError, match="cannot be read"):
        world.ask(client, "transcribe", tmp_path / "nothing.wav")
    with pytest.raises(ConfigurationError, match="audio is empty"):
        world.ask(client, "transcribe", b"")
    world.close(client)


@pytest.mark.parametrize(("provider", "field"), [("groq", "url"), ("mistral", "file_url"), ("xai", "url")])
def test_an_address_goes_along_where_the_provider_fetches_it(provider: str, field: str, server: FakeServer) -> None:
    server.add_replies(SampleOperations(), SampleOperations())
    with at(provider, server) as client:
        client.transcribe("https://x.example/talk.mp3")
    assert form(server.exchanges[0])[field] == "https://x.example/talk.mp3"
    with at("deepgram", server) as client:
        client.transcribe("https://x.example/talk.mp3")
    assert server.exchanges[1].json == {"url": "https://x.example/talk.mp3"}
    with at("openai", server) as client, pytest.raises(UnsupportedError, match="only as a file"):
        client.transcribe("https://x.example/talk.mp3")


def test_speakers_are_separated_where_the_model_supports_it(server: FakeServer) -> None:
    server.add_replies(*[SampleOperations()] * 5)
    with at("openai", server, "gpt-4o-transcribe-diarize") as client:
        assert client.transcribe(SOUND, diarize=True, timestamps="segment").warnings == []
    assert form(server.exchanges[0])["response_format"] == "diarized_json"
    assert form(server.exchanges[0])["chunking_strategy"] == "auto"
    with at("deepgram", server) as client:
        assert client.transcribe(SOUND, diarize=True).segments[0].speaker == "0"
    assert "diarize=true" in server.exchanges[1].path
    assert server.exchanges[1].headers["authorization"] == "Token sk-test-secret"
    assert server.exchanges[1].body == SOUND
    with at("mistral", server) as client:
        client.transcribe(SOUND, diarize=True, timestamps="word")
    assert form(server.exchanges[2])["diarize"] == "true"
    assert form(server.exchanges[2])["timestamp_granularities"] == "word"
    with at("groq", server) as client:
        assert client.transcribe(SOUND, diarize=True).warnings[0].parameter == "diarize"
        with pytest.raises(UnsupportedError, match="diarize"):
            client.transcribe(SOUND, diarize=True, strict=True)


def test_what_a_model_cannot_do_is_a_warning_and_what_it_needs_an_error(server: FakeServer) -> None:
    server.add_replies(SampleOperations(), SampleOperations())
    with at("openai", server, "gpt-4o-transcribe") as client:
        assert [w.parameter for w in client.transcribe(SOUND, timestamps="word").warnings] == ["timestamps"]
        with pytest.raises(UnsupportedError, match="whisper"):
            client.translate(SOUND)
    with at("cohere", server) as client, pytest.raises(ConfigurationError, match="needs language"):
        client.transcribe(SOUND)
    with at("xai", server) as client:
        with pytest.raises(UnsupportedError, match="Use one of: mp3, wav, pcm"):
            client.speak("hello", format="flac")
        assert [w.parameter for w in client.speak("hello", instructions="slowly").warnings] == ["instructions"]
    assert server.exchanges[1].json == {"text": "hello", "language": "auto"}
    with at("anthropic", server) as client, pytest.raises(UnsupportedError, match="speech not offered"):
        client.speak("hello")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", "1\n00:00:01,000 --> 00:00:02,500\nHello\nthere.\n\n2\n00:01:00,000 --> 00:01:01,000\nYou.\n"),
        ("text/vtt", "WEBVTT\n\n00:01.000 --> 00:02.500\nHello\nthere.\n\n01:00.000 --> 01:01.000\nYou.\n"),
    ],
)
def test_subtitles_that_the_server_writes_are_read(kind: str, body: str, world: World, server: FakeServer) -> None:
    server.add_replies(Raw(body.encode(), headers={"content-type": f"{kind}; charset=utf-8"}))
    client = at("openai_compatible", server)
    received = world.ask(client, "transcribe", SOUND, options={"response_format": "srt"})
    assert received.text == "Hello there. You."
    assert [(cue.start, cue.end) for cue in received.segments] == [(1.0, 2.5), (60.0, 61.0)]
    assert received.extras["subtitles"] == body
    assert form(server.exchanges[0])["response_format"] == "srt"
    world.close(client)


def test_a_plain_transcript_is_its_text_and_has_no_subtitles(server: FakeServer) -> None:
    server.add_replies(Raw(b" Hello there.", headers={"content-type": "text/plain; charset=UTF-8"}))
    with at("groq", server) as client:
        received = client.transcribe(SOUND, options={"response_format": "text"})
    assert received.text == " Hello there."
    with pytest.raises(ConfigurationError, match="timestamps='segment'"):
        received.to_srt()


def test_words_alone_make_lines_of_subtitles() -> None:
    provided = ["One", "two", "three.", "Four", "five"]
    words = [SpokenWord(text=word, start=n, end=n + 0.9) for n, word in enumerate(provided)]
    received = TranscriptionResponse(text=" ".join(provided), words=[*words, SpokenWord(text="six", start=9, end=10)])
    assert [line for line in received.to_vtt().split("\n") if line and "-->" not in line] == [
        "WEBVTT",
        "One two three.",
        "Four five",
        "six",
    ]


@pytest.mark.parametrize("provider", GEMINI)
def test_gemini_writes_down_what_it_hears(provider: str, world: World, server: FakeServer) -> None:
    reported = {
        "language": "en",
        "segments": [{"text": "Hello.", "start": "00:01.5", "end": "01:02", "speaker": "Ann"}],
    }
    server.add_replies(gemini({"text": "Hello."}), gemini({"text": json.dumps(reported)}), gemini({"text": "not JSON"}))
    client = at(provider, server, "gemini-3-flash")
    assert world.ask(client, "transcribe", SOUND, prompt="Ann", language="en").text == "Hello."
    parts = server.exchanges[0].json["contents"][0]["parts"]
    assert "word for word" in parts[0]["text"]
    assert parts[1]["inlineData"]["mimeType"] == "audio/wav"
    received = world.ask(client, "transcribe", SOUND, timestamps="word", diarize=True)
    assert received.segments == [SpokenSegment(text="Hello.", start=1.5, end=62, speaker="Ann")]
    assert [warning.parameter for warning in received.warnings] == ["timestamps"]
    assert server.exchanges[1].json["generationConfig"]["responseMimeType"] == "application/json"
    assert world.ask(client, "transcribe", SOUND, timestamps="segment").text == "not JSON"
    world.close(client)


@pytest.mark.parametrize("provider", GEMINI)
def test_gemini_speaks_in_samples_that_become_a_file(provider: str, world: World, server: FakeServer) -> None:
    samples = SOUND[44:]
    part = {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=8000", "data": base64.b64encode(samples).decode()}}
    server.add_replies(gemini(part), gemini(part))
    client = at(provider, server, "gemini-3-flash-tts")
    provided = world.ask(client, "speak", "Hello", voice="Kore", instructions="Say cheerfully", language="en-GB")
    assert provided.bytes == SOUND
    generation = server.exchanges[0].json["generationConfig"]
    assert generation["responseModalities"] == ["AUDIO"]
    assert generation["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"] == "Kore"
    assert server.exchanges[0].json["contents"][0]["parts"][0]["text"] == "Say cheerfully: Hello"
    assert world.ask(client, "speak", "Hello", format="pcm").bytes == samples
    with pytest.raises(UnsupportedError, match="wav or pcm"):
        world.ask(client, "speak", "Hello", format="mp3")
    world.close(client)


def test_a_server_that_stays_down_is_an_error_with_all_attempts(world: World) -> None:
    with FakeServer(Refusal(500, "oops", headers=SOON), forever=True) as server:
        client = at("deepgram", server)
        with pytest.raises(ServerError) as failed:
            world.ask(client, "speak", "hello", retries=1)
        assert len(failed.value.attempts) == 2
        world.close(client)


def test_an_empty_sound_is_an_error(server: FakeServer) -> None:
    server.add_replies(Raw(b"", headers={"content-type": "audio/mpeg"}))
    with at("openai", server) as client, pytest.raises(Exception, match="empty"):
        client.speak("hello")


def test_minutes_and_letters_have_the_prices_that_are_given(server: FakeServer) -> None:
    server.add_replies(SampleOperations(), SampleOperations(), SampleOperations())
    prices = AudioModelCostData(cost_per_minute=Decimal("0.006"), cost_per_million_characters=Decimal(15))
    priced = endpoint(server.url, "openai", "whisper-1").model_copy(update={"cost_data": prices})
    with AIModelClient(priced) as client:
        assert client.transcribe(SOUND).cost.amount == Decimal("0.0001")
        assert client.speak("x" * 1000).cost.amount == Decimal("0.015")
    with at("openai", server, "whisper-of-next-year") as client:
        cost = client.transcribe(SOUND).cost
    assert cost.amount is None
    assert "whisper-of-next-year" in cost.reason
