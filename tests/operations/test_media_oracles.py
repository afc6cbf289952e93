"""Speech, files and batches: the vendors' own clients send the same requests, and read the same in the answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, Raw, SampleOperations, ServerExchange
from dhenara.ai.testing.sample_operations import wav_tone
from dhenara.ai.types import AudioContent
from support.forms import form
from support.worlds import endpoint

cohere = pytest.importorskip("cohere")
mistral = pytest.importorskip("mistralai.client")

SOUND = wav_tone(0.1)
TALK = AudioContent(data=SOUND, name="talk.wav", mime_type="audio/wav")
FILE = ("talk.wav", SOUND, "audio/wav")
RETAINED = Raw(
    json.dumps({"id": "file-1", "object": "file", "bytes": 3, "created_at": 1, "filename": "a.txt"}).encode()
)
SDK = Callable[[str], Any]


def with_openai(ask: Callable[[openai.OpenAI], Any]) -> SDK:
    def run(url: str) -> Any:
        with openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as sdk:
            return ask(sdk)

    return run


def with_anthropic(ask: Callable[[anthropic.Anthropic], Any]) -> SDK:
    def run(url: str) -> Any:
        with anthropic.Anthropic(api_key="k", base_url=url, max_retries=0) as sdk:
            return ask(sdk)

    return run


def with_mistral(ask: Callable[[Any], Any]) -> SDK:
    def run(url: str) -> Any:
        with mistral.Mistral(api_key="k", server_url=url) as sdk:
            return ask(sdk)

    return run


def with_cohere(ask: Callable[[Any], Any]) -> SDK:
    def run(url: str) -> Any:
        with cohere.ClientV2(api_key="k", base_url=url) as sdk:
            return ask(sdk)

    return run


Case = tuple[str, str, Any, Callable[[AIModelClient], Any], SDK]
CASES: dict[str, Case] = {
    "openai-words": (
        "openai",
        "whisper-1",
        SampleOperations(),
        lambda client: [word.text for word in client.transcribe(TALK, timestamps="word", language="en").words],
        with_openai(
            lambda sdk: [
                word.word
                for word in sdk.audio.transcriptions.create(
                    model="whisper-1",
                    file=FILE,
                    language="en",
                    response_format="verbose_json",
                    timestamp_granularities=["word", "segment"],
                ).words
                or ()
            ]
        ),
    ),
    "openai-translate": (
        "openai",
        "whisper-1",
        SampleOperations(),
        lambda client: client.translate(TALK, prompt="names").text,
        with_openai(lambda sdk: sdk.audio.translations.create(model="whisper-1", file=FILE, prompt="names").text),
    ),
    "openai-speak": (
        "openai",
        "gpt-4o-mini-tts",
        SampleOperations(),
        lambda client: client.speak("Hello", voice="ash", format="wav", speed=2, instructions="Whisper.").bytes,
        with_openai(
            lambda sdk: (
                sdk.audio.speech.create(
                    model="gpt-4o-mini-tts",
                    input="Hello",
                    voice="ash",
                    response_format="wav",
                    speed=2,
                    instructions="Whisper.",
                ).content
            )
        ),
    ),
    "openai-upload": (
        "openai",
        "any",
        RETAINED,
        lambda client: client.upload_file(b"abc", name="a.txt", expires_in=3600).file_id,
        with_openai(
            lambda sdk: (
                sdk.files.create(
                    file=("a.txt", b"abc", "text/plain"),
                    purpose="user_data",
                    expires_after={"anchor": "created_at", "seconds": 3600},
                ).id
            )
        ),
    ),
    "anthropic-batch": (
        "anthropic",
        "claude-haiku-4-5",
        Raw(json.dumps({"id": "b", "processing_status": "in_progress", "request_counts": {}}).encode()),
        lambda client: client.submit_batch(["hello"], max_output_tokens=20).batch_id,
        with_anthropic(
            lambda sdk: (
                sdk.messages.batches.create(
                    requests=[
                        {
                            "custom_id": "0",
                            "params": {
                                "model": "claude-haiku-4-5",
                                "max_tokens": 20,
                                "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
                            },
                        }
                    ]
                ).id
            )
        ),
    ),
    "mistral-transcribe": (
        "mistral",
        "voxtral-mini-latest",
        Raw(json.dumps({"model": "m", "text": "Hello", "language": None, "usage": {}, "segments": []}).encode()),
        lambda client: client.transcribe(TALK, diarize=True, timestamps="segment").text,
        with_mistral(
            lambda sdk: (
                sdk.audio.transcriptions.complete(
                    model="voxtral-mini-latest",
                    file={"file_name": "talk.wav", "content": SOUND, "content_type": "audio/wav"},
                    diarize=True,
                    timestamp_granularities=["segment"],
                ).text
            )
        ),
    ),
    "mistral-speak": (
        "mistral",
        "voxtral-mini-tts-latest",
        SampleOperations(),
        lambda client: len(client.speak("Hello", voice="paul", format="wav").bytes),
        with_mistral(
            lambda sdk: len(
                base64.b64decode(
                    sdk.audio.speech.complete(
                        model="voxtral-mini-tts-latest", input="Hello", voice_id="paul", response_format="wav"
                    ).audio_data
                )
            )
        ),
    ),
    "cohere-transcribe": (
        "cohere",
        "cohere-transcribe-03-2026",
        SampleOperations(),
        lambda client: client.transcribe(TALK, language="en").text,
        with_cohere(
            lambda sdk: (
                sdk.audio.transcriptions.create(model="cohere-transcribe-03-2026", language="en", file=FILE).text
            )
        ),
    ),
}


def provided(exchange: ServerExchange) -> Any:
    """The request, without what says nothing."""
    if exchange.headers["content-type"].startswith("multipart"):
        requested: Any = form(exchange)
    else:
        requested = exchange.json
    return without_defaults(requested)


def without_defaults(requested: Any) -> Any:
    if isinstance(requested, dict):
        return {k: without_defaults(v) for k, v in requested.items() if v not in (False, "false", None)}
    if isinstance(requested, list):
        return [without_defaults(one) for one in requested]
    return requested


# Their clients warn of what will go; as long as it is there they know the wire.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_requests_and_answers_are_those_of_the_vendors_client(case: Case, server: FakeServer) -> None:
    provider, model, reply, ours, theirs = case
    server.add_replies(reply, reply)
    with AIModelClient(endpoint(server.url, provider, model)) as client:
        mine = ours(client)
    assert mine == theirs(server.url)
    first, second = server.exchanges
    assert first.path.partition("?")[0] == second.path.partition("?")[0]
    assert provided(first) == provided(second)
