"""Vector stores through the client: in every world, in each dialect, and as they were recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.client import vector_stores
from dhenara.ai.errors import AuthenticationError, ConfigurationError, NotFoundError, UnsupportedError
from dhenara.ai.testing import Answer, FakeServer, FakeVectorStores, Raw, Refusal
from dhenara.ai.types import AddedFiles, FileContent, FileSearch, UploadedFile, VectorStoreFile
from support.corpus import Exchange, as_parameters, body_bytes, exchanges
from support.worlds import ASYNC_WORLDS, Async, Blocking, World, endpoint

PROVIDERS = ["openai", "google_ai", "mistral", "xai"]
SEARCHING = ["openai", "xai"]
HANDBOOK = b"The office opens at nine."


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_stores, "FIRST_PAUSE", 0.001)


def at(provider: str, server: FakeServer, **config: Any) -> AIModelClient:
    return AIModelClient(endpoint(server.url, provider, "any", **config))


def ask(world: World, client: AIModelClient, name: str, *args: Any, **kwargs: Any) -> Any:
    """What a method of the vector stores of the client returns in this world."""
    if isinstance(world, Blocking):
        return getattr(client.vector_stores, name)(*args, **kwargs)
    return world.start(lambda: getattr(client.vector_stores, f"{name}_async")(*args, **kwargs))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_store_is_created_filled_listed_and_deleted(provider: str, world: World, tmp_path: Path) -> None:
    path = tmp_path / "handbook.txt"
    path.write_bytes(HANDBOOK)
    stores = FakeVectorStores(polls=2)
    with FakeServer(stores, forever=True) as server:
        client = at(provider, server)
        store = ask(world, client, "create", "handbook")
        assert (store.name, store.provider, store.file_counts.total) == ("handbook", provider, 0)
        part = FileContent(data=b"More.", mime_type="text/plain", name="more.txt")
        added = ask(world, client, "add", store.store_id, [path, b"Bytes.", part])
        assert [(file.name, file.state, file.error) for file in added.files] == [
            ("handbook.txt", "ready", None),
            ("file.txt", "ready", None),
            ("more.txt", "ready", None),
        ]
        assert [file.data for file in stores.stores[store.store_id].files.values()] == [HANDBOOK, b"Bytes.", b"More."]
        assert ask(world, client, "get", store.store_id).file_counts.total == 3
        assert [one.store_id for one in ask(world, client, "list")] == [store.store_id]
        files = ask(world, client, "files", store.store_id, most=2)
        assert [(file.file_id, file.store_id) for file in files] == [
            (file.file_id, store.store_id) for file in added.files[:2]
        ]
        ask(world, client, "remove", store.store_id, files[0].file_id)
        assert len(ask(world, client, "files", store.store_id)) == 2
        ask(world, client, "delete", store.store_id)
        assert ask(world, client, "list") == []
        world.close(client)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_file_that_fails_stops_no_other_and_is_reported(provider: str, world: World, tmp_path: Path) -> None:
    for name in ("good.txt", "bad.txt"):
        (tmp_path / name).write_bytes(HANDBOOK)
    finished: list[tuple[str | None, str, int, int]] = []

    def on_progress(file: VectorStoreFile, count: int, total: int) -> None:
        finished.append((file.name, file.state, count, total))

    with FakeServer(FakeVectorStores(failing=["bad.txt"]), forever=True) as server:
        client = at(provider, server)
        store = ask(world, client, "create", "handbook")
        paths = [tmp_path / "bad.txt", tmp_path / "absent.txt", tmp_path / "good.txt"]
        added = ask(world, client, "add", store.store_id, paths, on_progress=on_progress)
        world.close(client)
    assert [file.name for file in added.ready] == ["good.txt"]
    assert [file.name for file in added.failed] == ["bad.txt", "absent.txt"]
    assert all(file.error for file in added.failed)
    assert "absent.txt cannot be read" in added.failed[1].error
    assert finished == [
        ("absent.txt", "failed", 1, 3),
        ("bad.txt", "failed", 2, 3),
        ("good.txt", "ready", 3, 3),
    ]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_file_that_disappears_while_it_is_read_is_reported(provider: str, world: World) -> None:
    stores = FakeVectorStores(polls=50)

    def remove_others(file: VectorStoreFile, count: int, total: int) -> None:
        for one in stores.stores.values():
            one.files.clear()

    with FakeServer(stores, forever=True) as server:
        client = at(provider, server)
        store = ask(world, client, "create", "handbook")
        added = ask(world, client, "add", store.store_id, [HANDBOOK, "absent.txt"], on_progress=remove_others)
        world.close(client)
    assert [file.state for file in added.files] == ["failed", "failed"]
    assert "HTTP 404" in str(added.files[0].error)
    assert added.files[0].file_id


@pytest.mark.parametrize("provider", SEARCHING)
def test_a_store_is_searched_without_a_model(provider: str, world: World) -> None:
    with FakeServer(FakeVectorStores(), forever=True) as server:
        client = at(provider, server)
        store = ask(world, client, "create", "handbook")
        ask(world, client, "add", store.store_id, [HANDBOOK, b"Nothing."], metadata={"year": "2026"})
        matches = ask(world, client, "search", store.store_id, "when opens the office", max_results=3)
        world.close(client)
    assert [(match.text, match.metadata) for match in matches] == [(HANDBOOK.decode(), {"year": "2026"})]
    assert matches[0].score == 0.75


@pytest.mark.parametrize("provider", ["google_ai", "mistral"])
def test_a_provider_without_such_a_search_says_so(provider: str, world: World) -> None:
    with FakeServer() as server:
        client = at(provider, server)
    with pytest.raises(UnsupportedError, match="searches in vector stores not offered"):
        ask(world, client, "search", "fileSearchStores/s1", "?")
    world.close(client)


def test_a_provider_without_stores_says_who_has_them(world: World) -> None:
    with FakeServer() as server:
        client = at("anthropic", server)
    with pytest.raises(UnsupportedError, match=r"vector stores not offered.*such as .*openai"):
        ask(world, client, "create", "handbook")
    with pytest.raises(UnsupportedError, match="vector stores not offered"):
        ask(world, client, "add", "vs_1", [b"x"])
    world.close(client)


def test_files_that_are_still_being_read_are_reported_when_the_time_is_over(world: World) -> None:
    with FakeServer(FakeVectorStores(polls=10_000), forever=True) as server:
        client = at("openai", server)
        store = ask(world, client, "create", "handbook")
        late = ask(world, client, "add", store.store_id, [HANDBOOK], wait=0.05)
        at_once = ask(world, client, "add", store.store_id, [HANDBOOK], wait=0)
        world.close(client)
    for added in (late, at_once):
        assert isinstance(added, AddedFiles)
        assert [file.state for file in added.processing] == ["processing"]


def test_an_uploaded_file_is_added_by_its_id(world: World) -> None:
    with FakeServer(FakeVectorStores(), forever=True) as server:
        client = at("openai", server)
        file: UploadedFile = world.ask(client, "upload_file", HANDBOOK, name="a.txt", purpose="assistants")
        store = ask(world, client, "create")
        added = ask(world, client, "add", store.store_id, [file])
        world.close(client)
        uploads = [one for one in server.exchanges if one.path.endswith("/files") and "vector" not in one.path]
    assert [one.file_id for one in added.ready] == [file.file_id]
    assert len(uploads) == 1


def test_a_file_that_the_provider_refuses_is_reported_and_a_wrong_key_is_an_error(world: World) -> None:
    upload = Raw(b'{"id": "file-1", "filename": "a.txt", "bytes": 1}')
    with FakeServer(upload, Refusal(400, "files of this type are not supported"), Refusal(401, "wrong key")) as server:
        client = at("openai", server)
        added = ask(world, client, "add", "vs_1", [b"x"], retries=0)
        assert "files of this type are not supported" in added.failed[0].error
        with pytest.raises(AuthenticationError):
            ask(world, client, "add", "vs_1", [b"x"], retries=0)
        world.close(client)


def test_a_store_that_does_not_exist_is_an_error(world: World) -> None:
    with FakeServer(FakeVectorStores(), forever=True) as server:
        client = at("openai", server)
        with pytest.raises(NotFoundError):
            ask(world, client, "get", "vs_9")
        world.close(client)


@pytest.mark.parametrize("world", ASYNC_WORLDS, ids=lambda world: world.name)
def test_pages_are_read_until_there_are_enough(world: Async) -> None:
    def page(*numbers: int, more: bool) -> Raw:
        entries = [
            {"id": f"vs_{n}", "object": "vector_store", "name": "a", "status": "completed", "file_counts": {}}
            for n in numbers
        ]
        return Raw(json.dumps({"object": "list", "data": entries, "has_more": more}).encode())

    with FakeServer(page(1, 2, more=True), page(3, more=False), page(1, 2, more=True)) as server:
        client = at("openai", server)
        assert [one.store_id for one in ask(world, client, "list")] == ["vs_1", "vs_2", "vs_3"]
        assert [one.store_id for one in ask(world, client, "list", most=1)] == ["vs_1"]
        world.close(client)
        assert [one.path.partition("after=")[2] for one in server.exchanges] == ["", "vs_2", ""]


def test_xai_gets_the_management_key_for_collections_and_the_key_of_the_api_for_searches(world: World) -> None:
    with FakeServer(FakeVectorStores(), forever=True) as server:
        client = at("xai", server, management_api_key="xai-token-management-1")
        store = ask(world, client, "create", "handbook")
        ask(world, client, "search", store.store_id, "?")
        world.close(client)
        keys = [one.headers["authorization"] for one in server.exchanges]
    assert keys == ["Bearer xai-token-management-1", "Bearer sk-test-secret"]
    assert "xai-token-management-1" not in repr(client.model_endpoint)


def test_expiry_of_openai_is_in_days_and_elsewhere_a_warning(world: World) -> None:
    with FakeServer(FakeVectorStores(), forever=True) as server:
        client = at("openai", server)
        store = ask(world, client, "create", "a", expires_in=100_000, metadata={"a": "b"})
        assert server.exchanges[-1].json["expires_after"] == {"anchor": "last_active_at", "days": 2}
        assert server.exchanges[-1].json["metadata"] == {"a": "b"}
        assert [one.parameter for one in store.warnings] == ["expires_in"]
        world.close(client)
        client = at("google_ai", server)
        store = ask(world, client, "create", "a", expires_in=86_400, metadata={"a": "b"})
        assert [one.parameter for one in store.warnings] == ["metadata", "expires_in"]
        world.close(client)


def test_a_store_is_handed_to_the_tool() -> None:
    stores = FakeVectorStores(answer=Answer(text="At nine."))
    with FakeServer(stores, forever=True) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5-codex"))
        store = client.vector_stores.create("handbook")
        response = client.generate("When?", tools=[FileSearch(store_ids=(store.store_id,))])
        client.close()
        assert server.exchanges[-1].json["tools"] == [{"type": "file_search", "vector_store_ids": [store.store_id]}]
    assert response.text == "At nine."


def is_about_stores(exchange: Exchange) -> bool:
    return "vector_stores" in exchange["path"] or "fileSearchStores" in exchange["path"]


@pytest.mark.parametrize("exchange", as_parameters(exchanges("files", is_about_stores)))
def test_recorded_requests_are_sent_as_they_were(exchange: Exchange, server: FakeServer) -> None:
    body = body_bytes(exchange)
    headers = {"content-type": "application/json", "x-goog-upload-url": "http://127.0.0.1/up?upload_id=REDACTED"}
    server.add_replies(Raw(body, headers=headers))
    client = at("google_ai" if exchange["path"].count("v1beta") else "openai", server)
    stores, path, method = client.vector_stores, exchange["path"], exchange["method"]
    sent = exchange["request_body"]
    if method == "DELETE":
        stores.delete(path.rpartition("vector_stores/")[2])
    elif path.endswith("/files"):
        file = UploadedFile(file_id=sent["file_id"])
        added = stores.add(path.split("/")[-2], [file], wait=0)
        assert added.processing[0].file_id == sent["file_id"]
    elif path.endswith(":uploadToFileSearchStore"):
        client.close()
        pytest.skip("one of two requests of an upload")
    else:
        store = stores.create(sent.get("name") or sent["displayName"])
        assert store.store_id == json.loads(body).get("id", json.loads(body)["name"])
    client.close()
    ours = server.exchanges[0]
    assert (ours.method, ours.path) == (method, path)
    if method == "POST":
        assert ours.json == sent


@pytest.mark.parametrize("provider", PROVIDERS)
def test_one_file_may_be_given_without_a_list(provider: str, world: World, tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_bytes(HANDBOOK)
    with FakeServer(FakeVectorStores(), forever=True) as server:
        client = at(provider, server)
        store = ask(world, client, "create", "a").store_id
        for one in (str(path), path, b"Bytes."):
            added = ask(world, client, "add", store, one)
            assert [file.state for file in added.files] == ["ready"]
        world.close(client)


def test_removing_a_file_of_gemini_never_deletes_a_store(world: World) -> None:
    with FakeServer(FakeVectorStores(), forever=True) as server:
        client = at("google_ai", server)
        store = ask(world, client, "create", "a").store_id
        other = ask(world, client, "create", "b").store_id
        file = ask(world, client, "add", store, [HANDBOOK]).files[0].file_id
        for wrong in (store, other, f"{other}/documents/d1", f"{store}/documents/", f"{store}/documents/../../s2"):
            with pytest.raises(ConfigurationError):
                ask(world, client, "remove", store, wrong)
        with pytest.raises(NotFoundError):
            ask(world, client, "remove", store, other.rpartition("/")[2])
        ask(world, client, "remove", store, file.rpartition("/")[2])
        assert len(ask(world, client, "list")) == 2
        assert ask(world, client, "files", store) == []
        world.close(client)
