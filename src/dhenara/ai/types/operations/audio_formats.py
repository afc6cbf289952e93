"""Audio formats and WAV files, and transcripts as subtitles."""

import re
from collections.abc import Iterable, Iterator

from ...wire.media_types import (
    SUFFIXES as SUFFIXES,
    Wav as Wav,
    audio_type as audio_type,
    read_wav as read_wav,
    write_wav as write_wav,
)
from ..model_base import FrozenModel

TIMES = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})")
LONGEST_LINE = 84
LONGEST_CUE = 7.0


class SpokenWord(FrozenModel):
    """One word with its times, in seconds from the beginning.

    Attributes:
        text: The text.
        start: Start in seconds.
        end: End in seconds.
        speaker: The speaker, if speakers were told apart.
        confidence: Confidence from 0 to 1, if the provider returns it.
    """

    text: str
    start: float
    end: float
    speaker: str | None = None
    confidence: float | None = None


class SpokenSegment(SpokenWord):
    """A segment of speech: a sentence, or a turn of one speaker."""


def cues_of(words: Iterable[SpokenWord]) -> Iterator[SpokenSegment]:
    """Group words into lines; a pause, a sentence end or another speaker starts a new line."""
    line: list[SpokenWord] = []
    for word in words:
        if line and is_line_full(line, word):
            yield merge_words(line)
            line = []
        line.append(word)
    if line:
        yield merge_words(line)


def is_line_full(line: list[SpokenWord], word: SpokenWord) -> bool:
    last = line[-1]
    length = sum(len(one.text) + 1 for one in line) + len(word.text)
    return (
        last.speaker != word.speaker
        or length > LONGEST_LINE
        or word.end - line[0].start > LONGEST_CUE
        or word.start - last.end > 1.0
        or last.text.endswith((".", "!", "?"))
    )


def merge_words(line: list[SpokenWord]) -> SpokenSegment:
    text = " ".join(word.text.strip() for word in line)
    return SpokenSegment(text=text, start=line[0].start, end=line[-1].end, speaker=line[0].speaker)


def write_srt(segments: Iterable[SpokenSegment]) -> str:
    """Write SRT: numbered cues, with speaker names before the text."""
    cues = (
        f"{number}\n{format_time(cue.start, ',')} --> {format_time(cue.end, ',')}\n{srt_speaker(cue)}\n"
        for number, cue in enumerate(segments, 1)
    )
    return "\n".join(cues)


def write_vtt(segments: Iterable[SpokenSegment]) -> str:
    """Write WebVTT, with speakers as voice tags."""
    cues = (f"{format_time(cue.start, '.')} --> {format_time(cue.end, '.')}\n{vtt_speaker(cue)}\n" for cue in segments)
    return "\n".join(["WEBVTT\n", *cues])


def read_cues(text: str) -> list[SpokenSegment]:
    """Parse the cues of an SRT or WebVTT text; empty if it is neither."""
    match: list[SpokenSegment] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines = block.strip().split("\n")
        at = next((n for n, line in enumerate(lines[:2]) if " --> " in line), None)
        times = [] if at is None else TIMES.findall(lines[at])
        if at is not None and len(times) >= 2:
            words = " ".join(line.strip() for line in lines[at + 1 :])
            match.append(SpokenSegment(text=words, start=seconds(times[0]), end=seconds(times[1])))
    return match


def seconds(instructions: tuple[str, str, str, str]) -> float:
    hours, minutes, whole, thousandths = instructions
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(whole) + int(thousandths) / 1000


def format_time(at: float, point: str) -> str:
    thousandths = max(0, round(at * 1000))
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def srt_speaker(cue: SpokenSegment) -> str:
    return f"{cue.speaker}: {cue.text.strip()}" if cue.speaker else cue.text.strip()


def vtt_speaker(cue: SpokenSegment) -> str:
    words = cue.text.strip().replace("&", "&amp;").replace("<", "&lt;")
    return f"<v {cue.speaker}>{words}" if cue.speaker else words
