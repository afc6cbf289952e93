"""Recordings of any length through the kit's clients, in every world; real speech where it can be made here."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.audio import (
    AudioProcessingError,
    UnfinishedTranscriptError,
    check_audio,
    convert_audio,
    read_audio_info,
    split_wav,
)
from ai_utilities.audio.long_transcription import AudioPart
from ai_utilities.usage import tagged
from dhenara.ai.errors import AuthenticationError, BadRequestError, UnsupportedError
from dhenara.ai.testing import FakeServer, Raw, Refusal, SampleOperations
from dhenara.ai.testing.answer import Reply, Step
from dhenara.ai.testing.sample_operations import wav_tone
from dhenara.ai.types.operations.audio import read_wav, write_wav
from support.forms import read_form
from support.kit import Uniform, run, settings
from support.waiting import HANGS, wait_until
from support.worlds import World

HUSH = bytes(2 * 8000)
TONES = wav_tone(2.0)[44:]
TALK = write_wav(TONES + HUSH + TONES + HUSH + TONES, 8000)

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
needs_voice = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


def received(text: str, seconds: float) -> Raw:
    provided = {"start": 0.5, "end": 1.0, "text": text}
    words = [{"start": 0.5, "end": 1.0, "word": text}]
    body = {"text": text, "duration": seconds, "segments": [provided], "words": words}
    return Raw(json.dumps(body).encode())


@dataclass
class Hearing:
    """Knows the pieces of a recording by their sound, in whatever order they come; to some of them it is deaf."""

    parts: Sequence[AudioPart]
    begin: Callable[[int], object] = lambda number: None
    deaf: set[int] = field(default_factory=set)
    refusal: Reply = field(default_factory=lambda: Refusal(400, "too much noise"))
    requested: list[int] = field(default_factory=list)

    def steps(self, requested: Any) -> Iterator[Step]:
        number = next(n for n, part in enumerate(self.parts) if part.data in requested.body)
        self.requested.append(number)
        self.begin(number)
        yield from (
            self.refusal if number in self.deaf else received(f"piece {number}", self.parts[number].seconds)
        ).steps(requested)


def pieces(sound: Any = TALK, most: float = 4.0) -> list[AudioPart]:
    return list(split_wav(sound, most_seconds=most))


def spoken(text: str, path: Path) -> Path:
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "130", "-w", str(path), text], check=True, capture_output=True)
    return path


def test_a_recording_is_cut_where_nobody_speaks() -> None:
    parts = list(split_wav(TALK, most_seconds=4.0))
    starts = [part.start for part in parts]
    assert len(starts) == 3
    assert 2.0 <= starts[1] <= 3.0
    assert 5.0 <= starts[2] <= 6.0
    assert b"".join(part.data[44:] for part in parts) == TALK[44:]
    assert sum(part.seconds for part in parts) == pytest.approx(8.0)
    assert all(len(part.data) <= 40_000 for part in split_wav(TALK, most_bytes=40_000))


@pytest.mark.parametrize(("kind", "bits"), [(1, 8), (1, 24), (1, 32), (3, 32)])
def test_samples_of_every_width_are_cut_in_silence(kind: int, bits: int) -> None:
    loud, still = {
        (1, 8): (b"\xf0\x10", b"\x80\x80"),
        (1, 24): (b"\0\0\x40\0\0\xc0", bytes(6)),
        (1, 32): (struct.pack("<ii", 1 << 30, -(1 << 30)), bytes(8)),
        (3, 32): (struct.pack("<ff", 0.5, -0.5), bytes(8)),
    }[kind, bits]
    talk = write_wav(loud * 4000 + still * 2000 + loud * 4000, 4000, bits=bits, kind=kind)
    first, *_ = split_wav(talk, most_seconds=3.5)
    assert first.seconds == pytest.approx(2.5, abs=0.4)
    reported = read_wav(first.data)
    assert reported is not None
    assert (reported.bits, reported.format) == (bits, kind)


def test_what_cannot_be_cut_says_why() -> None:
    with pytest.raises(AudioProcessingError, match="only WAV"):
        list(split_wav(b"ID3" + bytes(100), most_seconds=5))
    with pytest.raises(AudioProcessingError, match="less than a second"):
        list(split_wav(TALK, most_seconds=0.1))


def test_a_long_recording_is_transcribed_in_pieces_and_joined(world: World, server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(TALK)
    server.add_replies(*[Hearing(pieces())] * 3)

    async def script(client: Uniform) -> Any:
        return await client.transcribe(tmp_path / "talk.wav", timestamps="word", most_seconds=4.0, tags={"of": "test"})

    reported = run(world, script, settings(server.url, provider="groq"))
    assert reported.text == "piece 0 piece 1 piece 2"
    starts = [part.start for part in split_wav(TALK, most_seconds=4.0)]
    assert [word.start for word in reported.words] == [start + 0.5 for start in starts]
    assert [one.end for one in reported.segments] == [start + 1.0 for start in starts]
    assert reported.duration == pytest.approx(8.0)
    assert reported.usage.units == {"seconds": 8.0}
    assert reported.to_srt().count("-->") == 3
    assert len(server.exchanges) == 3
    fields = read_form(server.exchanges[0].headers["content-type"], server.exchanges[0].body)
    assert fields["model"] == "whisper-large-v3-turbo"
    assert "temperature" not in fields


LONG = write_wav(b"".join(wav_tone(2.0 + n / 50)[44:] + HUSH for n in range(6)), 8000)
"""No two pieces of it sound alike."""


class Groups:
    """Lets pieces be transcribed when `size` of them have come, and counts how many come before one is answered."""

    def __init__(self, size: int) -> None:
        self.most = self.running = 0
        self._lock = threading.Lock()
        self._together = threading.Barrier(size)

    def begin(self, number: int) -> None:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self._together.wait(HANGS)
        with self._lock:
            self.running -= 1


def test_pieces_are_transcribed_concurrently_and_joined_in_order(world: World, server: FakeServer) -> None:
    parts, groups = pieces(LONG, 3.5), Groups(3)
    hearing = Hearing(parts, groups.begin)
    server.add_replies(*[hearing] * len(parts))

    async def script(client: Uniform) -> Any:
        with tagged(of="test"):
            reported = await client.transcribe(LONG, most_seconds=3.5, concurrency=3)
        return reported, list(client.usage_tracker.ledger.rows())

    reported, rows = run(world, script, settings(server.url, provider="groq", usage_store="memory"))
    assert reported.text == " ".join(f"piece {n}" for n in range(len(parts)))
    assert groups.most == 3
    assert [row.tags for row in rows] == [{"of": "test"}] * len(parts)


def test_transcribed_pieces_are_reused_and_only_the_rest_is_requested(world: World, server: FakeServer) -> None:
    parts = pieces(LONG, 3.5)
    for _ in range(20):
        if reuse_transcribed_pieces(world, server, parts) < len(parts):
            return
        # This machine was so busy that every other piece was transcribed before the failure of one was seen.
    raise AssertionError("after a failure, every other piece was requested")


def reuse_transcribed_pieces(world: World, server: FakeServer, parts: list[AudioPart]) -> int:
    """Returns how many pieces were requested before a run ended with the failure of one."""

    def begin(number: int) -> None:
        if hearing.deaf and number == 1:
            wait_until(lambda: 2 in hearing.requested)  # the piece before it is transcribed, the next one on its way

    hearing = Hearing(parts, begin, deaf={1})
    server.add_replies(*[hearing] * (len(parts) + 1))

    async def script(client: Uniform) -> Any:
        with pytest.raises(UnfinishedTranscriptError, match="too much noise") as failed:
            await client.transcribe(LONG, timestamps="segment", most_seconds=3.5, concurrency=2)
        lost = pickle.loads(pickle.dumps(failed.value))  # noqa: S301  # errors cross processes
        first = list(hearing.requested)
        hearing.deaf = set()
        whole = await client.transcribe(LONG, timestamps="segment", most_seconds=3.5, concurrency=2, resume=lost)
        return lost, first, whole

    lost, first, whole = run(world, script, settings(server.url, provider="groq", max_retries=0))
    rest = [(part.start, None) for part in parts[max(first) + 1 :]][:1]
    assert lost.partial.text == " ".join(f"piece {n}" for n in sorted(first) if n != 1)
    assert lost.missing[0] == pytest.approx((parts[1].start, parts[2].start))
    assert list(lost.missing[1:]) == rest
    assert sorted(hearing.requested[len(first) :]) == [1, *range(max(first) + 1, len(parts))]
    assert whole.text == " ".join(f"piece {n}" for n in range(len(parts)))
    assert [one.start for one in whole.segments] == [part.start + 0.5 for part in parts]
    return len(first)


def test_when_the_last_piece_fails_nothing_else_is_missing(world: World, server: FakeServer) -> None:
    parts = pieces()
    server.add_replies(*[Hearing(parts, deaf={2})] * 3)

    async def script(client: Uniform) -> Any:
        return await client.transcribe(TALK, most_seconds=4.0, concurrency=1)

    with pytest.raises(UnfinishedTranscriptError) as failed:
        run(world, script, settings(server.url, provider="groq", max_retries=0))
    assert failed.value.missing == ((parts[2].start, parts[2].start + parts[2].seconds),)
    assert isinstance(failed.value.__cause__, BadRequestError)


def test_when_nothing_was_transcribed_the_reason_is_the_error(world: World, server: FakeServer) -> None:
    server.add_replies(*[Hearing(pieces(), deaf={0, 1, 2}, refusal=Refusal(401, "who are you?"))] * 3)

    async def script(client: Uniform) -> Any:
        return await client.transcribe(TALK, most_seconds=4.0)

    with pytest.raises(AuthenticationError):
        run(world, script, settings(server.url, provider="groq"))


def test_a_piece_is_tried_again_by_itself_and_a_cache_remembers_pieces(world: World, server: FakeServer) -> None:
    later = Refusal(503, "later", headers={"retry-after-ms": "5"})
    server.add_replies(later, *[Hearing(pieces())] * 3)

    async def script(client: Uniform) -> Any:
        return [await client.transcribe(TALK, most_seconds=4.0) for _ in range(2)]

    first, again = run(world, script, settings(server.url, provider="groq", cache_enabled=True))
    assert len(server.exchanges) == 4
    assert again.text == first.text == "piece 0 piece 1 piece 2"
    assert (again.cost.amount, again.cost.source) == (0, "cache")


def test_a_short_one_goes_as_it_is_and_the_account_names_what_was_done(world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations(), SampleOperations())
    provided = settings(server.url, provider="openai", usage_tracking=True, usage_store="memory")
    with pytest.raises(UnsupportedError, match="speech not offered"):
        run(world, lambda client: client.speak("x"), settings(server.url, provider="perplexity"))

    async def local(client: Uniform) -> Any:
        first = await client.transcribe(TALK)
        return first, await client.speak("Hello", voice="ash"), client.usage_tracker

    first, spoke, tracker = run(world, local, provided)
    assert first.text == "Hello there."
    assert TALK in server.exchanges[0].body
    assert read_wav(spoke.bytes) is not None
    rows = list(tracker.ledger.rows())
    assert [row.operation for row in rows] == ["transcribe", "speak"]


def test_speech_streams_through_the_kit(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(SampleOperations())

    async def script(client: Uniform) -> bytes:
        stream = await client.speak_stream("Hello", model="aura-2-zeus-en")
        return b"".join(await client.pieces(stream))  # type: ignore[arg-type]  # pieces of sound are bytes

    assert run(world, script, settings(server.url, provider="deepgram", model=None)) == wav_tone(0.25)


def test_what_is_no_sound_is_refused_before_it_is_sent(server: FakeServer, tmp_path: Path) -> None:
    liar = tmp_path / "liar.mp3"
    liar.write_bytes(b"<html>not found</html>")

    async def script(client: Uniform) -> Any:
        return await client.transcribe(liar)

    class Here:
        name = "blocking"

    with pytest.raises(AudioProcessingError, match="not audio in a known format"):
        run(Here(), script, settings(server.url, provider="groq"))
    assert server.exchanges == []
    with pytest.raises(AudioProcessingError, match="cannot read the audio file"):
        read_audio_info(tmp_path / "nothing.wav")
    with pytest.raises(AudioProcessingError, match="is empty"):
        read_audio_info(b"")
    with pytest.raises(AudioProcessingError, match="Split it"):
        check_audio(TALK, most_bytes=1000)
    with pytest.raises(AudioProcessingError, match="has 8 s"):
        check_audio(TALK, most_seconds=5)


@needs_ffmpeg
@pytest.mark.parametrize(
    ("to", "kind"),
    [("mp3", "audio/mpeg"), ("flac", "audio/flac"), ("ogg", "audio/ogg"), ("opus", "audio/ogg"), ("wav", "audio/wav")],
)
def test_files_of_every_kind_tell_how_long_they_last(to: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(TALK)
    made = convert_audio(tmp_path / "talk.wav", to, rate=16_000 if to != "opus" else None, channels=1)
    path = tmp_path / "misnamed.bin"
    path.write_bytes(made)
    info = read_audio_info(path)
    assert info.mime_type == kind
    assert info.size == len(made)
    assert info.channels == 1
    if to != "flac":  # ffmpeg cannot go back in a pipe to count the samples
        assert info.seconds == pytest.approx(8.0, abs=0.15)


@needs_ffmpeg
def test_a_long_compressed_recording_is_converted_and_cut(world: World, server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "talk.mp3").write_bytes(convert_audio(TALK, "mp3"))
    wav = convert_audio(tmp_path / "talk.mp3", "wav", rate=16_000, channels=1)
    server.add_replies(*[Hearing(pieces(wav))] * 3)

    async def script(client: Uniform) -> Any:
        return await client.transcribe(tmp_path / "talk.mp3", most_seconds=4.0)

    assert run(world, script, settings(server.url, provider="groq")).text == "piece 0 piece 1 piece 2"
    with pytest.raises(AudioProcessingError, match="ffmpeg cannot read"):
        convert_audio(b"no sound at all", "mp3")


def test_without_ffmpeg_the_error_names_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(AudioProcessingError, match=r"apt install ffmpeg"):
        convert_audio(TALK, "mp3")
    with pytest.raises(AudioProcessingError, match="unknown audio format 'xyz'"):
        convert_audio(TALK, "xyz")


@needs_voice
def test_real_speech_is_cut_between_its_sentences(tmp_path: Path) -> None:
    numbers = count(1)
    talk = spoken(" ".join(f"This is sentence {next(numbers)}. ... " for _ in range(12)), tmp_path / "talk.wav")
    whole = read_audio_info(talk)
    assert whole.seconds is not None
    parts = list(split_wav(talk, most_seconds=6.0))
    assert len(parts) >= 3
    assert sum(part.seconds for part in parts) == pytest.approx(whole.seconds)


@needs_voice
def test_the_transcript_is_joined_from_its_pieces(tmp_path: Path) -> None:
    sphinx = pytest.importorskip("pocketsphinx")
    provided = ["one two three four", "five six seven eight"]
    talk = spoken(f"{provided[0]}. ... ... {provided[1]}.", tmp_path / "talk.wav")
    spoken_wav = convert_audio(talk, "wav", rate=16_000, channels=1) if shutil.which("ffmpeg") else talk.read_bytes()
    whole = read_wav(spoken_wav)
    assert whole is not None
    decoder = sphinx.Decoder(samprate=float(whole.rate), loglevel="FATAL", **grammar(tmp_path))
    words = []
    for part in split_wav(spoken_wav, most_seconds=whole.seconds * 0.7):
        decoder.start_utt()
        decoder.process_raw(part.data[44:], full_utt=True)
        decoder.end_utt()
        words += decoder.hyp().hypstr.split() if decoder.hyp() else []
    wanted = " ".join(provided).split()
    assert sum(word in words for word in wanted) >= 5, words


def grammar(folder: Path) -> dict[str, Any]:
    path = folder / "numbers.gram"
    path.write_text("#JSGF V1.0;\ngrammar n;\npublic <n> = (one|two|three|four|five|six|seven|eight)+;\n")
    return {"jsgf": str(path), "lm": None}
