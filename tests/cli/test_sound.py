"""`ai-utilities transcribe` and `speak`."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.testing import FakeServer, Raw, Refusal

RECEIVED = {
    "text": "Good morning.",
    "language": "english",
    "duration": 1.0,
    "segments": [{"id": 0, "start": 0.0, "end": 0.9, "text": "Good morning."}],
}


def sound(path: Path) -> Path:
    """A second of silence."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000)
    path.write_bytes(made.getvalue())
    return path


@pytest.fixture
def hearing(at_server: FakeServer, tmp_path: Path) -> FakeServer:
    sound(tmp_path / "talk.wav")
    at_server.add_replies(Raw(json.dumps(RECEIVED).encode()))
    return at_server


def test_a_transcript_goes_to_standard_output(cli: Any, hearing: FakeServer) -> None:
    done = cli("transcribe", "talk.wav", "--language", "en", "--prompt", "Dhenara")
    assert (done.code, done.out) == (0, "Good morning.\n"), done.err
    body = hearing.exchanges[0].body
    assert hearing.exchanges[0].path.endswith("/audio/transcriptions")
    assert all(word in body for word in (b"RIFF", b"Dhenara", b'name="language"'))


@pytest.mark.parametrize(("form", "begins"), [("srt", "1\n00:00:00,000 --> "), ("vtt", "WEBVTT"), ("json", "{")])
def test_subtitles_and_json_are_written_to_a_file(
    form: str, begins: str, cli: Any, hearing: FakeServer, tmp_path: Path
) -> None:
    done = cli("transcribe", "talk.wav", "--format", form, "-o", f"talk.{form}", "-m", "whisper-1")
    assert (done.code, done.out) == (0, f"talk.{form}\n"), done.err
    written = (tmp_path / f"talk.{form}").read_text()
    assert written.startswith(begins)
    assert "Good morning." in written


def test_a_recording_may_be_translated_to_english(cli: Any, hearing: FakeServer) -> None:
    assert cli("transcribe", "talk.wav", "--translate").out == "Good morning.\n"
    assert hearing.exchanges[0].path.endswith("/audio/translations")


def test_a_text_is_read_aloud_into_a_file_and_none_is_overwritten(
    cli: Any, at_server: FakeServer, tmp_path: Path
) -> None:
    at_server.add_replies(*[Raw(b"ID3 sound", headers={"content-type": "audio/mpeg"})] * 2)
    first = cli("speak", "Dinner is ready.", "--voice", "coral", "--format", "mp3", "-o", "dinner.mp3")
    second = cli("speak", "-o", "dinner.mp3", stdin="Dinner is ready.\n")
    assert (first.out, second.out) == ("dinner.mp3\n", "dinner-2.mp3\n"), first.err + second.err
    assert (tmp_path / "dinner.mp3").read_bytes() == b"ID3 sound"
    body = at_server.exchanges[0].json
    assert (body["input"], body["voice"], body["response_format"]) == ("Dinner is ready.", "coral", "mp3")


def test_a_failure_is_one_line(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    at_server.add_replies(Refusal(401, "Incorrect API key provided"))
    sound(tmp_path / "talk.wav")
    done = cli("transcribe", "talk.wav")
    assert (done.code, "Traceback" in done.err) == (1, False)
    assert cli("transcribe", "nowhere.wav").code == 2


def test_units_and_cost_are_shown_on_request(cli: Any, hearing: FakeServer) -> None:
    done = cli("transcribe", "talk.wav", "-m", "whisper-1", "--usage")
    assert (done.code, done.out) == (0, "Good morning.\n"), done.err
    assert done.err.startswith("[openai: 1 second, ")
    hearing.add_replies(Raw(b"ID3\x04" + bytes(40), headers={"content-type": "audio/mpeg"}))
    spoken = cli("speak", "Hello there.", "-m", "tts-1", "-u")
    assert spoken.code == 0, spoken.err
    assert spoken.err.startswith("[openai: 12 characters, ")
