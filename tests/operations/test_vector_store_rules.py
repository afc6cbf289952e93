"""What of the arguments of vector stores is sent, when pages are enough, and how long files are waited for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.client import vector_stores
from dhenara.ai.io.sync_io import BlockingIO
from dhenara.ai.testing import FakeServer, FakeVectorStores, Raw
from support.worlds import Blocking, World, endpoint


def ask(world: World, owner: Any, method: str, *given: Any, **settings: Any) -> Any:
    if isinstance(world, Blocking):
        return getattr(owner, method)(*given, **settings)
    return world.start(lambda: getattr(owner, f"{method}_async")(*given, **settings))


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("openai", {"query": "?", "max_num_results": 2, "filters": {"type": "eq", "key": "a", "value": 1}}),
        ("xai", {"query": "?", "limit": 2, "filter": {"type": "eq", "key": "a", "value": 1}}),
    ],
)
def test_the_number_of_results_and_filters_of_a_search_are_sent(
    provider: str, expected: dict[str, Any], world: World, server: FakeServer
) -> None:
    server.add_replies(Raw(b'{"data": [], "matches": []}'))
    client = AIModelClient(endpoint(server.url, provider))
    filters = {"type": "eq", "key": "a", "value": 1}
    assert ask(world, client.vector_stores, "search", "vs_1", "?", max_results=2, filters=filters) == []
    world.close(client)
    sent = server.exchanges[0].json
    assert {name: sent[name] for name in expected} == expected


@pytest.mark.parametrize(("most", "pages"), [(1, 1), (2, 1), (3, 2), (None, 2)])
@pytest.mark.parametrize("method", ["list", "files"])
def test_no_page_is_read_after_the_one_that_is_enough(
    method: str, most: int | None, pages: int, world: World, server: FakeServer
) -> None:
    for numbers, more in (((1, 2), True), ((3, 4), False)):
        of_file = {"vector_store_id": "vs_1"} if method == "files" else {"name": "a", "file_counts": {}}
        entries = [{"id": f"id_{n}", "status": "completed", **of_file} for n in numbers]
        server.add_replies(Raw(json.dumps({"object": "list", "data": entries, "has_more": more}).encode()))
    client = AIModelClient(endpoint(server.url))
    listed = ask(world, client.vector_stores, method, *(("vs_1",) if method == "files" else ()), most=most)
    world.close(client)
    assert (len(listed), len(server.exchanges)) == (4 if most is None else most, pages)
    assert {one.provider for one in listed} == {"openai"}


def test_metadata_goes_with_a_file_and_a_store_and_expiry_with_a_store(world: World) -> None:
    with FakeServer(FakeVectorStores(), forever=True) as serving:
        client = AIModelClient(endpoint(serving.url))
        store = ask(world, client.vector_stores, "create", "mine", metadata={"team": "a"}, expires_in=86_400)
        ask(world, client.vector_stores, "add", store.store_id, b"text", metadata={"year": "2026"}, wait=0)
        world.close(client)
        sent = [exchange.json for exchange in serving.exchanges]
    assert (sent[0]["metadata"], sent[0]["expires_after"]["days"]) == ({"team": "a"}, 1)
    assert [one["attributes"] for one in sent if "attributes" in one] == [{"year": "2026"}]
    assert b'name="purpose"\r\n\r\nassistants\r\n' in serving.exchanges[1].body


@pytest.mark.parametrize(("wait", "pauses"), [(0, []), (0.3, [0.3]), (2.0, [0.5, 0.75, 0.75])])
def test_files_are_polled_no_longer_than_the_given_time(
    wait: float, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    with FakeServer(FakeVectorStores(polls=10_000), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        store = client.vector_stores.create("mine")
        monkeypatch.setattr(BlockingIO, "monotonic", lambda self: sum(slept))

        async def sleep(self: object, seconds: float) -> None:
            slept.append(seconds)

        monkeypatch.setattr(BlockingIO, "sleep", sleep)
        added = client.vector_stores.add(store.store_id, b"text", wait=wait)
        client.close()
    assert [file.state for file in added.files] == ["processing"]
    assert slept == pauses


def test_a_file_keeps_its_name_where_the_provider_does_not_report_it(
    monkeypatch: pytest.MonkeyPatch, server: FakeServer
) -> None:
    file = {"id": "file-1", "object": "file", "bytes": 4, "filename": "a.txt", "purpose": "assistants"}
    reading, ready = (
        {"id": "file-1", "status": state, "vector_store_id": "vs_1"} for state in ("in_progress", "completed")
    )
    server.add_replies(*(Raw(json.dumps(one).encode()) for one in (file, reading, ready)))
    monkeypatch.setattr(vector_stores, "FIRST_PAUSE", 0.001)
    client = AIModelClient(endpoint(server.url))
    added = client.vector_stores.add("vs_1", [b"text"])
    client.close()
    assert [(one.name, one.state, one.store_id) for one in added.files] == [("file.txt", "ready", "vs_1")]
