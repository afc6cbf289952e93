"""Methods and options that clients had in version 1."""

from __future__ import annotations

import inspect
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import missing_attribute

from ..cache.policy import caching
from ..concurrency import check_concurrency
from ..exceptions import ProviderConfigurationError
from . import KNOWLEDGE, MODELS
from .audio import describe_audio_file
from .usage import print_summary, read_stats

if TYPE_CHECKING:
    from dhenara.ai.types import ImageResponse, TranscriptionResponse

    from ..async_client import AsyncAiClient
    from ..client import AiClient
    from ..exceptions import Json, Options

    Client = AiClient | AsyncAiClient

Method = Callable[..., "Json"]
VOICES = ("alloy", "echo", "fable", "onyx", "nova", "shimmer")
FORMATS = ("text", "json")
RETRIES_AFTER = 1.0
"""Seconds between two attempts of `ask_many_with_retry`."""


def then(value: Json, read: Callable[[Json], Json]) -> Json:
    """Return what a value becomes; for a value to be awaited, an awaitable of that."""
    if not inspect.isawaitable(value):
        return read(value)

    async def awaited(value: Awaitable[Json]) -> Json:
        return read(await value)

    return awaited(value)


def ask_as_before(client: Client) -> Method:
    def ask(prompt: Json, options: Options) -> Json:
        options = dict(options)
        namespace, form = options.pop("cache_namespace", None), options.pop("return_format", "text")
        if form not in FORMATS:
            raise ProviderConfigurationError(f"return_format is 'text' or 'json', not {form!r}; or call ask_json.")
        method = client.ask_json if form == "json" else client.ask
        if not isinstance(prompt, list):
            return within(namespace, client, method, prompt, options)
        if form == "text":
            return then(within(namespace, client, client.ask_many, prompt, options), raise_first_error)
        answers = [within(namespace, client, method, one, options) for one in prompt]
        return gather(answers) if answers and inspect.isawaitable(answers[0]) else answers

    return ask


async def gather(answers: Sequence[Awaitable[Json]]) -> list[Json]:
    return [await answer for answer in answers]


def raise_first_error(results: Json) -> Json:
    """Return results as a list of texts; an error that one of them has is raised."""
    for result in results:
        if result.error is not None:
            raise result.error
    return results


def within(namespace: str | None, client: Client, method: Method, prompt: Json, options: Options) -> Json:
    """Call a method, with answers cached in a namespace of their own if one is given."""
    if namespace is None or client.cache is None:
        return method(prompt, **options)
    with caching(namespace=str(namespace)):
        value = method(prompt, **options)
    return in_namespace(namespace, value) if inspect.isawaitable(value) else value


async def in_namespace(namespace: str, value: Awaitable[Json]) -> Json:
    with caching(namespace=namespace):
        return await value


def ask_many_with_retry(client: Client) -> Method:
    def ask_many(
        prompts: Sequence[str], *, max_retries: int = 3, retry_delay: float = RETRIES_AFTER, **options: Json
    ) -> Json:
        """Ask prompts; each request is repeated as often as given, with pauses that the server or the library sets."""
        check_concurrency(options.get("concurrency", 1))
        given: Options = {"retries": max_retries, **options}
        return client.ask_many(prompts, **given)

    return ask_many


def get_embeddings(client: Client) -> Method:
    def embed(texts: Sequence[str], *, model: str | None = None, **options: Json) -> Json:
        """Return one vector for each text."""
        named: Options = {} if model is None else {"model": model}
        return client.embed(texts, **named, **options)

    return embed


class ImageUrls(list[str]):
    """The URLs of images; `data:` URLs where the provider sent bytes.

    Attributes:
        response: The response, with the bytes of the images.
    """

    def __init__(self, response: ImageResponse) -> None:
        super().__init__(image_url(image.url, image.data, image.mime_type) for image in response.images)
        self.response = response


def image_url(url: str | None, data: bytes | None, mime: str | None) -> str:
    return url or f"data:{mime or 'image/png'};base64,{b64encode(data or b'').decode()}"


def generate_image(client: Client) -> Method:
    def draw(prompt: str, *, size: str | None = None, quality: str = "standard", n: int = 1, **options: Json) -> Json:
        """Draw images and return their URLs."""
        if not 1 <= n <= 10:
            raise ProviderConfigurationError(f"n must be from 1 to 10, not {n}.")
        extras = {"size": size, "quality": None if quality == "standard" else quality}
        extra = {**{name: value for name, value in extras.items() if value}, **options.pop("options", {})}
        return then(client.image(prompt, n=n, options=extra, **options), ImageUrls)

    return draw


def transcribe_audio(client: Client) -> Method:
    def transcribe(
        audio_file: Json,
        language: str | None = None,
        model: str | None = None,
        prompt: str | None = None,
        temperature: float = 0.0,
        response_format: str = "json",
        **options: Json,
    ) -> Json:
        """Transcribe a recording and return a dict."""
        given: Options = {"language": language, "model": model, "prompt": prompt, "temperature": temperature or None}
        if response_format == "verbose_json":
            given["timestamps"] = "segment"
        began = time.monotonic()
        given = {**{name: value for name, value in given.items() if value is not None}, **options}
        return then(
            client.transcribe(audio_file, **given), lambda transcript: describe_transcript(transcript, began, model)
        )

    return transcribe


def describe_transcript(transcript: TranscriptionResponse, began: float, model: str | None) -> Options:
    """The dict that version 1 returned for a transcript."""
    text = str(transcript.text)
    return {
        "text": text,
        "language": transcript.language,
        "duration_seconds": transcript.duration,
        "model_used": transcript.model or model,
        "processing_time_seconds": time.monotonic() - began,
        "word_count": len(text.split()),
        "character_count": len(text),
        "segments": [
            {"start_time": part.start, "end_time": part.end, "text": part.text, "confidence": None}
            for part in transcript.segments
        ],
        "metadata": {},
    }


def generate_audio(client: Client) -> Method:
    def speak(
        text: str,
        voice: str | None = "alloy",
        model: str | None = None,
        speed: float = 1.0,
        response_format: str = "mp3",
        **options: Json,
    ) -> Json:
        """Convert text to speech and return the bytes."""
        form = getattr(response_format, "value", response_format)
        given: Options = {"voice": voice, "model": model, "speed": None if speed == 1.0 else speed, "format": form}
        given = {**{name: value for name, value in given.items() if value is not None}, **options}
        return then(client.speak(text, **given), lambda speech: speech.bytes)

    return speak


def list_voices(client: Client) -> Method:
    return lambda: [{"id": voice, "name": voice.capitalize(), "language": "en"} for voice in VOICES]


def validate_audio_file(client: Client) -> Method:
    return describe_audio_file


def usage_stats(client: Client) -> Method:
    tracker = client._operations.middleware.usage_tracker
    return lambda: None if tracker is None else read_stats(tracker)


def print_usage_summary(client: Client) -> Method:
    return lambda: print_summary(client._operations.middleware.usage_tracker)


METHODS: Mapping[str, Callable[[Client], Method]] = {
    "_ask_as_before": ask_as_before,
    "ask_many_with_retry": ask_many_with_retry,
    "ask_text": lambda client: client.ask,
    "generate_audio": generate_audio,
    "generate_image": generate_image,
    "get_audio_voices": list_voices,
    "get_embeddings": get_embeddings,
    "get_usage_stats": usage_stats,
    "print_usage_summary": print_usage_summary,
    "transcribe_audio": transcribe_audio,
    "validate_audio_file": validate_audio_file,
}
"""Methods of version 1 that clients still have under these names."""

REMOVED: Mapping[str, str] = {
    "ask_with_knowledge": KNOWLEDGE,
    "check_for_updates": MODELS,
    "index_knowledge": KNOWLEDGE,
    "reconfigure": "Run `ai-utilities setup`, or make another client.",
    "search_knowledge": KNOWLEDGE,
}
"""Methods of version 1 that clients do not have, and what to use."""


def old_method(client: Client, name: str) -> Method:
    """Return a method that clients had in version 1.

    Args:
        client: The client, sync or async.
        name: The name of the method.

    Raises:
        AttributeError: They had none of this name, or it was left out; then the message says what to use.
    """
    if name in REMOVED:
        raise AttributeError(f"{type(client).__name__}.{name} of ai-utilities 1.x does not exist. {REMOVED[name]}")
    if name not in METHODS:
        raise missing_attribute(client, name)
    return METHODS[name](client)
