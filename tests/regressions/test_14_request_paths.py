"""Values that become part of a request path stay one path segment of the provider's own host."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.common.request import quote_segment
from dhenara.ai.codecs.gemini.codec import full_name
from dhenara.ai.codecs.operations.operation import SupportsBackground
from dhenara.ai.errors import ConfigurationError, UnsupportedError
from dhenara.ai.http.protocol.message import StreamedLines
from dhenara.ai.providers.provider import KNOWN, load_provider
from dhenara.ai.providers.target import ResolvedTarget, resolve
from dhenara.ai.testing import FakeServer
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    AudioContent,
    Call,
    FileContent,
    Prompt,
)
from dhenara.ai.types.operations.audio import SpeechRequest, TranscriptionRequest
from dhenara.ai.types.operations.batch import BatchRequest
from dhenara.ai.types.operations.files import FileRequest, StoreRequest
from dhenara.ai.types.operations.images import ImageRequest
from dhenara.ai.types.operations.text_operations import EmbeddingRequest, ModerationRequest, OcrRequest, RerankRequest

UNSAFE = frozenset("#\\ ")
EVIL = "../../evil?x=1#f"
HOSTILE = [
    EVIL,
    "..",
    ".",
    "a/../../evil",
    "a/evil",
    "evil:delete",
    "a?x=evil",
    "a#evil",
    "%2e%2e%2fevil",
    "a\\evil",
    "a\r\nevil: 1",
    "models/../../evil",
    "publishers/google/models/../../evil",
    "projects/p/locations/l/../../evil?x=1",
    "endpoints/..",
    "files/../evil",
    "batches/../evil?x=1",
    "gemini-embedding-2/../evil",
    "imagen/../../evil?x",
    "amazon.titan-embed/../evil?x",
    "claude-sonnet-5@evil/../evil?x#f",
]
FOREIGN = ["us-east-1.evil.com/", "evil.com#", "x@evil.com", "..", "a/../b", "a\nb", "a b", "é"]
CONFIG = {"region": "us-east-1", "location": "us-central1", "project_id": "p", "resource": "r", "base_url": None}
LOCAL = {"openai_compatible", "local"}
SOUND = AudioContent(data=b"RIFF0000WAVE", mime_type="audio/wav")
USUAL: dict[str, list[Any]] = {
    "chat": [None],
    "count_tokens": [None],
    "embed": [EmbeddingRequest(texts=("a",))],
    "image": [ImageRequest()],
    "transcribe": [TranscriptionRequest(audio=SOUND)],
    "speak": [SpeechRequest(text="a")],
    "rerank": [RerankRequest(query="a", documents=("b",))],
    "moderate": [ModerationRequest(inputs=("a",))],
    "ocr": [OcrRequest(document=FileContent(data=b"%PDF-1", mime_type="application/pdf"))],
}
HOSTS: dict[str, set[str]] = defaultdict(
    set,
    amazon_bedrock={"bedrock-mantle.us-east-1.api.aws", "bedrock-runtime.us-east-1.amazonaws.com"},
    microsoft_azure_ai={"r.services.ai.azure.com"},
)
"""Hosts that only some models of a provider have."""

LINES = StreamedLines([], lambda index, body: body)
PROMPT = (Prompt(contents=[{"type": "text", "text": "a"}]),)
PROVIDERS = sorted(set(KNOWN.values()) - {"local"})


def make_target(provider: str, model: str, operation: str, **config: Any) -> ResolvedTarget:
    given = {name: value for name, value in {**CONFIG, **config}.items() if value is not None}
    known = {"base_url": "http://127.0.0.1:1/v1"} if provider in LOCAL else {}
    api = AIModelAPI(provider=provider, api_key="k", config={**known, **given})
    return resolve(AIModelEndpoint(api=api, ai_model=AIModel(model_name=model)), {}, operation)


def requests_about(value: str) -> dict[str, list[Any]]:
    """Requests with the value in every field that names something at the provider."""
    files = [FileRequest(action=action, file_id=value) for action in ("get", "download", "lines", "delete")]
    files.append(FileRequest(action="list", cursor=value))
    batches = [
        BatchRequest(action=action, batch_id=value, lines=LINES) for action in ("add", "get", "cancel", "results")
    ]
    batches += [BatchRequest(action="list", cursor=value), BatchRequest(action="create", lines=LINES, file_id=value)]
    stores: list[Any] = [
        StoreRequest(action=action, store_id=value, file_id=value, name="a", content=b"a", size=1)
        for action in ("create", "get", "delete", "begin", "add", "files", "file", "remove")
    ]
    stores += [StoreRequest(action="list", cursor=value), StoreRequest(action="files", store_id="a", cursor=value)]
    return {
        "files": files,
        "vector_stores": stores,
        "search_vector_store": [StoreRequest(action="search", store_id=value, query="a")],
        "batches": batches,
        "speak": [SpeechRequest(text="a", voice=value)],
        "transcribe": [TranscriptionRequest(audio=SOUND, language=value)],
    }


def operations_of(provider: str) -> list[str]:
    known = load_provider(provider)
    chat = ["chat"] if known.routes else []
    return [*chat, *sorted({*(route.operation for route in known.operations), *known.by_chat})]


def urls(provider: str, model: str, operation: str, requests: list[Any], **config: Any) -> Iterator[str]:
    """Addresses of every request that is not refused before it is sent."""
    try:
        target = make_target(provider, model, operation, **config)
    except (ConfigurationError, UnsupportedError):
        return
    for request in requests:
        for streaming in (False, True):
            call = Call(
                target.endpoint,
                PROMPT,
                AIModelCallConfig(streaming=streaming, max_output_tokens=9),
                operation=operation,
                request=request,
            )
            try:
                yield target.request(target.codec.encode(call, target.quirks), call, 0.0).url
            except (ConfigurationError, UnsupportedError):
                continue


def hosts_of(urls: Iterable[str]) -> set[str]:
    return {urlsplit(url).netloc for url in urls}


def check(url: str, value: str, hosts: set[str]) -> None:
    """No part of the value acts as a separator: what has a part of it, has the whole of it, quoted."""
    parts = urlsplit(url)
    shown = f"{value!r} in {url}"
    assert parts.netloc in hosts, shown
    assert UNSAFE.isdisjoint(url), shown
    assert url.isascii(), shown
    assert url.isprintable(), shown
    whole = value.removeprefix("models/").removeprefix("files/").removeprefix("batches/")
    for segment in parts.path.split("/"):
        assert unquote(segment) not in (".", ".."), shown
        if "evil" in segment:
            assert whole in unquote(segment), shown
    for pair in filter(lambda pair: "evil" in pair, parts.query.split("&")):
        assert value in unquote_plus(pair.partition("=")[2]), shown


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_model_name_is_one_path_segment(provider: str) -> None:
    for operation in operations_of(provider):
        requests = USUAL.get(operation) or requests_about("a")[operation]
        hosts = HOSTS[provider] | hosts_of(urls(provider, "m", operation, requests))
        for value in HOSTILE:
            for url in urls(provider, value, operation, requests):
                check(url, value, hosts)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_ids_and_cursors_are_one_path_segment_or_one_query_value(provider: str) -> None:
    for operation in operations_of(provider):
        usual = hosts_of(urls(provider, "m", operation, requests_about("a").get(operation, [])))
        for value in HOSTILE:
            for url in urls(provider, "m", operation, requests_about(value).get(operation, [])):
                check(url, value, usual)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("provider", ["openai", "microsoft_openai", "xai"])
def test_a_response_id_is_one_path_segment(provider: str, value: str) -> None:
    target = make_target(provider, "gpt-6-sol", "chat", protocol="openai_responses")
    assert isinstance(target.codec, SupportsBackground)
    call = Call(target.endpoint, (), AIModelCallConfig())
    for ask in (target.codec.retrieve_request, target.codec.stop):
        try:
            url = target.request(ask(value, target.quirks), call, 0.0).url
        except ConfigurationError:
            continue
        check(url, value, hosts_of([target.base_url]))


@pytest.mark.parametrize("name", ["region", "location", "project_id", "resource", "api_version", "host", "scope"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_settings_cannot_change_the_host(provider: str, name: str) -> None:
    for operation in operations_of(provider):
        requests = USUAL.get(operation) or requests_about("a")[operation]
        for value in FOREIGN:
            for url in urls(provider, "m", operation, requests, **{name: value}):
                shown = f"{value!r} in {url}"
                assert "evil" not in url, shown
                assert ".." not in url, shown
                assert url.isascii(), shown
                assert url.isprintable(), shown


@pytest.mark.parametrize(
    ("provider", "model", "path"),
    [
        ("google_ai", "gemini-3.8-flash", "/v1beta/models/gemini-3.8-flash:generateContent"),
        ("google_ai", "tunedModels/mine", "/v1beta/tunedModels/mine:generateContent"),
        (
            "google_vertex_ai",
            "publishers/x/models/y@1",
            "/v1beta1/publishers/x/models/y@1:generateContent",
        ),
        (
            "google_vertex_ai",
            "projects/p/locations/l/endpoints/7",
            "/v1beta1/projects/p/locations/l/endpoints/7:generateContent",
        ),
        ("amazon_bedrock", "us.amazon.nova-2-lite-v1:0", "/model/us.amazon.nova-2-lite-v1%3A0/converse"),
    ],
)
def test_resource_names_have_their_documented_segments(provider: str, model: str, path: str) -> None:
    assert urlsplit(next(urls(provider, model, "chat", [None]))).path == path


def test_a_model_that_is_a_path_is_refused_before_anything_is_sent() -> None:
    with FakeServer() as server:
        api = AIModelAPI(provider="google_ai", api_key="k", config={"base_url": server.url + "/v1beta"})
        with (
            AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="models/.."))) as client,
            pytest.raises(ConfigurationError, match="cannot be part of an API path"),
        ):
            client.generate("?")
        assert not server.exchanges


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_segment_that_names_nothing_or_a_parent_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be part of an API path"):
        quote_segment(value)


def test_bodies_still_name_models_unquoted() -> None:
    assert full_name("a b") == "models/a b"
