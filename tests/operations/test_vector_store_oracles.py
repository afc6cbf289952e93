"""The vendors' own clients send the same requests about vector stores, and read the same in the fake's answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest
from google import genai

from dhenara.ai import AIModelClient
from dhenara.ai.client import vector_stores
from dhenara.ai.testing import FakeServer, FakeVectorStores, ServerExchange
from dhenara.ai.types import UploadedFile
from support.worlds import endpoint

mistral = pytest.importorskip("mistralai.client")
HANDBOOK = b"The office opens at nine."


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_stores, "FIRST_PAUSE", 0.001)


def exchanges_of(use: Callable[[str], Any]) -> tuple[Any, list[ServerExchange]]:
    """What `use` returns at the URL of a fake provider, and the requests that it sent."""
    with FakeServer(FakeVectorStores(), forever=True) as server:
        return use(server.url), server.exchanges


def requests(sent: list[ServerExchange]) -> list[tuple[str, str, Any]]:
    """Method, path and JSON of each request; forms and uploads without their bodies."""
    return [
        (
            one.method,
            one.path.partition("?")[0],
            (one.json or None) if one.headers.get("content-type") == "application/json" else None,
        )
        for one in sent
    ]


def ours(provider: str, use: Callable[[vector_stores.VectorStores], Any]) -> Callable[[str], Any]:
    def run(url: str) -> Any:
        with AIModelClient(endpoint(url, provider, "any")) as client:
            return use(client.vector_stores)

    return run


def openai_steps(url: str) -> list[Any]:
    with openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as sdk:
        uploaded = sdk.files.create(file=("a.txt", HANDBOOK), purpose="assistants")
        store = sdk.vector_stores.create(name="handbook", metadata={"a": "b"})
        added = sdk.vector_stores.files.create(store.id, file_id=uploaded.id, attributes={"year": "2026"})
        ready = sdk.vector_stores.files.retrieve(added.id, vector_store_id=store.id)
        matches = sdk.vector_stores.search(store.id, query="office", max_num_results=3)
        sdk.vector_stores.files.delete(added.id, vector_store_id=store.id)
        sdk.vector_stores.delete(store.id)
        return [store.id, store.name, added.id, ready.status, [one.content[0].text for one in matches.data]]


def test_openai() -> None:
    def use(stores: vector_stores.VectorStores) -> list[Any]:
        store = stores.create("handbook", metadata={"a": "b"})
        added = stores.add(store.store_id, [UploadedFile(file_id="file-1")], metadata={"year": "2026"}).files[0]
        matches = stores.search(store.store_id, "office", max_results=3)
        stores.remove(store.store_id, added.file_id)
        stores.delete(store.store_id)
        return [store.store_id, store.name, added.file_id, added.state, [match.text for match in matches]]

    def run(url: str) -> list[Any]:
        with AIModelClient(endpoint(url, "openai", "any")) as client:
            client.upload_file(HANDBOOK, name="a.txt", purpose="assistants")
            return use(client.vector_stores)

    theirs, expected = exchanges_of(openai_steps)
    result, sent = exchanges_of(run)
    assert requests(sent) == requests(expected)
    assert [one.headers.get("openai-beta") for one in sent[1:]] == [
        one.headers.get("openai-beta") for one in expected[1:]
    ]
    assert result == [*theirs[:3], "ready", theirs[4]]
    assert theirs[3] == "completed"


def test_gemini() -> None:
    """Files are left out: the path of the SDK's uploads has an unfilled placeholder; recordings show them."""

    def google(url: str) -> list[Any]:
        with genai.Client(api_key="k", http_options={"base_url": url, "api_version": "v1beta"}) as sdk:
            store = sdk.file_search_stores.create(config={"display_name": "handbook"})
            listed = [one.name for one in sdk.file_search_stores.list()]
            read = sdk.file_search_stores.get(name=str(store.name))
            documents = list(sdk.file_search_stores.documents.list(parent=str(store.name)))
            sdk.file_search_stores.delete(name=str(store.name), config={"force": True})
            return [store.name, read.display_name, listed, documents]

    def use(stores: vector_stores.VectorStores) -> list[Any]:
        store = stores.create("handbook")
        listed = [one.store_id for one in stores.list()]
        read = stores.get(store.store_id)
        documents = stores.files(store.store_id)
        stores.delete(store.store_id)
        return [store.store_id, read.name, listed, documents]

    theirs, expected = exchanges_of(google)
    result, sent = exchanges_of(ours("google_ai", use))
    assert requests(sent) == requests(expected)
    assert [one.path.partition("?")[2].lower() for one in (sent[-1], expected[-1])] == ["force=true"] * 2
    assert result == theirs


def test_mistral() -> None:
    def vendor(url: str) -> list[Any]:
        with mistral.Mistral(api_key="k", server_url=url) as sdk:
            libraries = sdk.beta.libraries
            library = libraries.create(name="handbook")
            document = libraries.documents.upload(
                library_id=library.id, file={"file_name": "a.txt", "content": HANDBOOK}
            )
            ready = libraries.documents.get(library_id=library.id, document_id=document.id)
            libraries.documents.delete(library_id=library.id, document_id=document.id)
            libraries.delete(library_id=library.id)
            return [library.id, library.name, document.id, ready.process_status]

    theirs, expected = exchanges_of(vendor)

    def use(stores: vector_stores.VectorStores) -> list[Any]:
        store = stores.create("handbook")
        added = stores.add(store.store_id, [HANDBOOK]).files[0]
        stores.remove(store.store_id, added.file_id)
        stores.delete(store.store_id)
        return [store.store_id, store.name, added.file_id, "done" if added.state == "ready" else added.state]

    result, sent = exchanges_of(ours("mistral", use))
    assert [request[:2] for request in requests(sent)] == [request[:2] for request in requests(expected)]
    assert requests(sent)[0] == requests(expected)[0]
    assert result == theirs
