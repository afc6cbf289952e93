"""Classes of version 1 without a counterpart: audio processor, token counts, rate limit facts, metric exporters."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from ..client import AiClient
from ..exceptions import ProviderConfigurationError
from .audio import (
    AnyPath,
    AudioFile,
    AudioFormat,
    AudioGenerationResult,
    TranscriptionResult,
    describe_audio_file,
)

if TYPE_CHECKING:
    from ..exceptions import Json, JsonObject
    from .metrics import MetricsCollector


class AudioProcessor:
    """Transcribes and speaks with a client.

    Args:
        client: The client; None makes one from the environment.
    """

    def __init__(self, client: AiClient | None = None) -> None:
        if client is None:
            client = AiClient()
        self.client = client

    def transcribe_audio(
        self,
        audio_file: AnyPath | AudioFile,
        language: str | None = None,
        model: str | None = None,
        prompt: str | None = None,
        temperature: float = 0.0,
        response_format: str = "json",
        timestamp_granularities: list[str] | None = None,
    ) -> TranscriptionResult:
        """Transcribe a recording."""
        path = audio_file.file_path if isinstance(audio_file, AudioFile) else audio_file
        form = "verbose_json" if timestamp_granularities else response_format
        method = getattr(self.client, "transcribe_audio")  # noqa: B009  # a method of version 1, which types do not show
        answer: JsonObject = method(path, language, model, prompt, temperature, form)
        facts = {name: value for name, value in answer.items() if name not in ("word_count", "character_count")}
        return TranscriptionResult.model_validate({**facts, "model_used": facts["model_used"] or "unknown"})

    def generate_audio(
        self,
        text: str,
        voice: str = "alloy",
        model: str | None = None,
        speed: float = 1.0,
        response_format: AudioFormat | str = AudioFormat.MP3,
    ) -> AudioGenerationResult:
        """Convert text to speech."""
        began = time.monotonic()
        method = getattr(self.client, "generate_audio")  # noqa: B009  # a method of version 1, which types do not show
        data: bytes = method(text, voice, model, speed, str(response_format))
        return AudioGenerationResult(
            audio_data=data,
            format=AudioFormat(response_format),
            text=text,
            voice=voice,
            model_used=model or "default",
            processing_time_seconds=time.monotonic() - began,
            file_size_bytes=len(data),
        )

    def transcribe_and_generate(
        self, audio_file: AnyPath | AudioFile, target_voice: str = "alloy", translation_prompt: str | None = None
    ) -> tuple[TranscriptionResult, AudioGenerationResult]:
        """Transcribe a recording, let the model change its text as the prompt says, and convert the text to speech."""
        transcript = self.transcribe_audio(audio_file)
        text = (
            str(self.client.ask(f"{translation_prompt}\n\n{transcript.text}"))
            if translation_prompt
            else transcript.text
        )
        return transcript, self.generate_audio(text, target_voice)

    def get_supported_voices(self) -> list[JsonObject]:
        """Return the voices that version 1 listed."""
        voices: list[JsonObject] = getattr(self.client, "get_audio_voices")()  # noqa: B009  # as above
        return voices

    def get_supported_models(self, operation: str = "transcription") -> list[str]:
        """Return the usual models for `transcription` or `generation`."""
        return {"transcription": ["whisper-1"], "generation": ["tts-1", "tts-1-hd"]}.get(operation, [])

    def validate_audio_for_transcription(self, audio_file: AnyPath) -> JsonObject:
        """Return whether a file can be transcribed."""
        return describe_audio_file(audio_file)


@dataclass
class RateLimitInfo:
    """Limits of a model."""

    model_name: str
    requests_per_minute: int
    tokens_per_minute: int
    tokens_per_day: int
    last_updated: datetime


class TokenCounter:
    """Estimates numbers of tokens from words and characters."""

    WORD_TO_TOKEN_RATIO = 0.75
    CHAR_TO_TOKEN_RATIO = 4.0
    MESSAGE_OVERHEAD = 4

    @staticmethod
    def count_tokens(text: str, method: str = "word") -> int:
        """Estimate the tokens of a text.

        Args:
            text: The text.
            method: What the estimate uses: `word`, `char` or `combined`.

        Raises:
            ProviderConfigurationError: There is no such method.
        """
        words = int(len(text.split()) / TokenCounter.WORD_TO_TOKEN_RATIO)
        characters = int(len(text) / TokenCounter.CHAR_TO_TOKEN_RATIO)
        estimates = {"word": words, "char": characters, "combined": (words + characters) // 2}
        if method not in estimates:
            raise ProviderConfigurationError(f"method must be one of {', '.join(estimates)}, not {method!r}.")
        return estimates[method]

    @staticmethod
    def count_message_tokens(messages: Sequence[Mapping[str, str]], method: str = "word") -> int:
        """Estimate the tokens of messages with `role` and `content`."""
        texts = (message.get(name) or "" for message in messages for name in ("content", "role"))
        return sum(TokenCounter.count_tokens(text, method) for text in texts) + 4 * len(messages)

    @staticmethod
    def estimate_response_tokens(prompt_tokens: int, response_length_factor: float = 1.5) -> int:
        """Estimate the tokens of an answer."""
        return int(prompt_tokens * response_length_factor)

    @staticmethod
    def count_tokens_for_model(text: str, model: str = "") -> int:
        """Estimate the tokens of a text, for any model alike."""
        return TokenCounter.count_tokens(text, "combined")


class ResponseProcessor:
    """Finds JSON and code in texts."""

    @staticmethod
    def is_valid_json(text: str) -> bool:
        """Whether a text is JSON."""
        try:
            json.loads(text)
        except ValueError:
            return False
        return True

    @staticmethod
    def extract_json(response: str) -> str:
        """Return the text from the first to the last brace if it is JSON, else the whole text."""
        matches = response[response.find("{") : response.rfind("}") + 1] if "{" in response else ""
        return matches if ResponseProcessor.is_valid_json(matches) else response

    @staticmethod
    def clean_text(response: str) -> str:
        """Return a text with single spaces."""
        return " ".join(response.split())

    @staticmethod
    def format_response(response: str, return_format: str = "text") -> str:
        """Return the JSON in a text, or the text with single spaces."""
        return (
            ResponseProcessor.extract_json(response)
            if return_format == "json"
            else ResponseProcessor.clean_text(response)
        )

    @staticmethod
    def extract_code_blocks(response: str, language: str | None = None) -> list[str]:
        """Return the contents of fenced blocks, of one language if it is given."""
        name = re.escape(language) if language else r"(?:\w+)?"
        return re.findall(rf"```{name}\n(.*?)\n```", response, re.DOTALL)


def stable_hash(data: Json) -> str:
    """Return a hash of JSON data that does not depend on the order of keys."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def normalize_prompt(prompt: str) -> str:
    """Return a prompt without spaces at its end."""
    return prompt.rstrip()


class MetricType(Enum):
    """Kinds of metrics."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    TIMER = "timer"


@dataclass
class MetricValue:
    """The value of a metric at one time."""

    name: str
    value: float
    metric_type: MetricType
    timestamp: float
    labels: dict[str, str]
    unit: str = ""
    description: str = ""


@dataclass
class HistogramBucket:
    """The number of values up to a bound."""

    upper_bound: float
    count: int


@dataclass
class PrometheusExporter:
    """Writes metrics in Prometheus' text format."""

    collector: MetricsCollector

    def export(self) -> str:
        """Return the text."""
        lines: list[str] = []
        last = None
        for metric in self.collector.get_all_metrics():
            if metric.name != last:
                last = metric.name
                lines += [f"# HELP {last} {metric.description}", f"# TYPE {last} {metric.metric_type.value}"]
            labels = ",".join(f'{name}="{escape(value)}"' for name, value in metric.labels.items())
            lines.append(f"{metric.name}{f'{{{labels}}}' if labels else ''} {metric.value}")
        return "\n".join(lines)


def escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@dataclass
class JSONExporter:
    """Writes metrics as JSON."""

    collector: MetricsCollector

    def export(self) -> str:
        """Return the text: a list of metrics."""
        matches = self.collector.get_all_metrics()
        return json.dumps([{**asdict(one), "metric_type": one.metric_type.value} for one in matches], indent=2)


@dataclass
class OpenTelemetryExporter:
    """Writes metrics in OpenTelemetry's JSON format."""

    collector: MetricsCollector

    def export(self) -> JsonObject:
        """Return the JSON object."""
        matches = [otel_metric(metric) for metric in self.collector.get_all_metrics()]
        scope = {"scope": {"name": "ai-utilities"}, "metrics": matches}
        return {"resource_metrics": [{"resource": {}, "scope_metrics": [scope]}]}


def otel_metric(metric: MetricValue) -> JsonObject:
    attributes = [{"key": name, "value": {"string_value": value}} for name, value in metric.labels.items()]
    point = {"as_double": metric.value, "time_unix_nano": int(metric.timestamp * 1e9), "attributes": attributes}
    kind = "sum" if metric.metric_type.value == "counter" else "gauge"
    return {"name": metric.name, "description": metric.description, "unit": metric.unit, kind: {"data_points": [point]}}
