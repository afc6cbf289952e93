"""What the headers of recordings say, how they are converted and cut, and how the texts of pieces are joined."""

from __future__ import annotations

import subprocess
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from ai_utilities.audio import convert_audio, long_transcription as module, read_audio_info, split_wav
from ai_utilities.audio.long_transcription import AudioPart, PieceQueue, join_transcripts, prepare_audio
from dhenara.ai.testing.sample_operations import wav_tone
from dhenara.ai.types import Attempt, AudioContent, CallWarning, Cost, TranscriptionResponse, Usage
from dhenara.ai.types.operations.audio import write_wav


class Converted:
    """Notes the call of ffmpeg in place of running it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, output: bytes = b"sound") -> None:
        self.output = output
        self.command: list[str] = []
        self.options: dict[str, Any] = {}
        monkeypatch.setattr(module.shutil, "which", lambda name: f"/bin/{name}")
        monkeypatch.setattr(subprocess, "run", self.run)

    def run(self, command: list[str], **options: Any) -> Any:
        self.command, self.options = command, options
        return SimpleNamespace(returncode=0, stdout=self.output, stderr=b"")

    def value(self, option: str) -> str | None:
        return self.command[self.command.index(option) + 1] if option in self.command else None


def test_a_conversion_passes_all_its_arguments_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ffmpeg = Converted(monkeypatch)
    assert convert_audio(b"x", "aac", rate=8000, channels=2, timeout=7.0) == b"sound"
    assert [ffmpeg.value(option) for option in ("-i", "-ar", "-ac", "-f")] == ["pipe:0", "8000", "2", "adts"]
    assert (ffmpeg.options["input"], ffmpeg.options["timeout"]) == (b"x", 7.0)
    convert_audio("talk.mp3")
    assert [ffmpeg.value(option) for option in ("-i", "-ar", "-ac", "-f")] == ["talk.mp3", None, None, "wav"]
    assert (ffmpeg.options["input"], ffmpeg.options["timeout"]) == (None, 600.0)


@pytest.mark.parametrize(("channels", "bits"), [(1, 8), (1, 16), (2, 16), (2, 24)])
def test_pieces_fit_into_their_limits_and_follow_one_another(channels: int, bits: int) -> None:
    rate, frame = 1000, channels * bits // 8
    whole = write_wav(bytes(range(1, 251)) * (10 * rate * frame // 250), rate, channels, bits)
    for limits in ({"most_bytes": 3 * rate * frame + 44}, {"most_seconds": 3.0}):
        parts = list(split_wav(whole, **limits))
        assert max(len(part.data) for part in parts) <= 3 * rate * frame + 44
        assert max(part.seconds for part in parts) <= 3
        assert [part.start for part in parts] == pytest.approx(
            [sum(part.seconds for part in parts[:number]) for number in range(len(parts))]
        )
        assert sum(part.seconds for part in parts) == pytest.approx(10)
        assert b"".join(part.data[44:] for part in parts) == whole[44:]


def test_a_recording_is_one_request_unless_it_is_too_large_or_too_long() -> None:
    talk = wav_tone(4.0)
    info = read_audio_info(talk)
    whole = prepare_audio(talk, info.size, info.seconds)
    assert isinstance(whole, AudioContent)
    assert whole.data == talk
    for most_bytes, most_seconds in ((info.size - 1, None), (None, 3.9)):
        parts = prepare_audio(talk, most_bytes, most_seconds)
        assert not isinstance(parts, AudioContent)
        assert len(list(parts)) == 2


def test_another_format_is_converted_to_what_speech_recognition_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    ffmpeg = Converted(monkeypatch, wav_tone(4.0))
    parts = prepare_audio(CONSTANT, None, 0.01)
    assert not isinstance(parts, AudioContent)
    assert [ffmpeg.value(option) for option in ("-ar", "-ac", "-f")] == ["16000", "1", "wav"]


FRAME = bytes.fromhex("fffb9000") + bytes(413)
"""A frame of MP3 with 128,000 bits per second and 44,100 samples per second."""

CONSTANT = FRAME * 50


def test_the_tag_before_an_mp3_file_is_no_part_of_its_duration() -> None:
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 40, 8]) + bytes(40 * 128 + 8)
    for data in (CONSTANT, tag + CONSTANT):
        info = read_audio_info(data)
        assert (info.rate, info.channels) == (44_100, 2)
        assert info.seconds == pytest.approx(len(CONSTANT) * 8 / 128_000)


def test_samples_that_opus_skips_are_no_part_of_its_duration() -> None:
    first = b"OggS\x00\x02" + bytes(21) + b"\x13OpusHead\x01\x02" + (312).to_bytes(2, "little") + bytes(7)
    last = b"OggS\x00\x04" + (3 * 48_000 + 312).to_bytes(8, "little") + bytes(13)
    info = read_audio_info(first + bytes(500) + last)
    assert (info.mime_type, info.seconds, info.rate, info.channels) == ("audio/ogg", 3.0, 48_000, 2)


def transcript(text: str, speaker: str | None = None, **more: Any) -> TranscriptionResponse:
    timed = {"start": 0.5, "end": 1.5, "text": text, "speaker": speaker}
    return TranscriptionResponse.model_validate(
        {
            "text": f" {text} ",
            "segments": [timed],
            "words": [{"start": 0.5, "end": 1.5, "text": text}],
            "usage": Usage(units={"seconds": 2.0}),
            "cost": Cost(amount=Decimal(1)),
            "attempts": [Attempt(number=1, outcome="answered", request_id=text)],
            "duration_seconds": 0.25,
            **more,
        }
    )


PARTS = [AudioPart(0.0, 2.0, b""), AudioPart(2.0, 1.5, b"")]


def test_a_joined_transcript_has_everything_of_its_pieces() -> None:
    loud = CallWarning(code="dropped_content", message="too loud")
    joined = join_transcripts(
        PARTS,
        [
            transcript("one", language="en", model="m", provider="p", id="1", warnings=[loud]),
            transcript("two", warnings=[loud]),
        ],
    )
    assert (joined.text, joined.language, joined.duration) == ("one two", "en", 3.5)
    assert (joined.id, joined.model, joined.provider) == ("1", "m", "p")
    for timed in (joined.segments, joined.words):
        assert [(one.start, one.end) for one in timed] == [(0.5, 1.5), (2.5, 3.5)]
    assert (joined.usage.units, joined.cost.amount) == ({"seconds": 4.0}, 2)
    assert [one.request_id for one in joined.attempts] == ["one", "two"]
    assert (joined.warnings, joined.duration_seconds) == ([loud], 0.5)


def test_labels_of_speakers_are_not_the_same_in_all_pieces() -> None:
    joined = join_transcripts(PARTS, [transcript("one", "A"), transcript("two", "A")])
    assert [warning.parameter for warning in joined.warnings] == ["diarize"]


def test_after_a_failure_no_further_piece_is_taken() -> None:
    parts = [AudioPart(float(number), 1.0, bytes([number])) for number in range(3)]
    queue = PieceQueue(iter(parts), {})
    assert queue.next_piece() == (0, parts[0])
    queue.record_failure(0, ValueError("no"))
    assert queue.next_piece() is None
    with pytest.raises(ValueError, match="no"):
        queue.result()
