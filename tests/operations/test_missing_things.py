"""A 404 says what to check: the id of what was asked for, and the name of the model only where one was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import NotFoundError
from dhenara.ai.testing import FakeServer, Refusal
from dhenara.ai.types import FileContent
from support.worlds import Blocking, World, endpoint

IN_CONTAINER = FileContent(file_id="file-9", extras={"container_id": "cntr_1"})


REQUESTS: dict[str, tuple[Callable[[AIModelClient], Any], str, tuple[Any, ...], str]] = {
    "a store": (lambda c: c.vector_stores, "get", ("vs_9",), "Check the id of the vector store, and"),
    "a store to delete": (lambda c: c.vector_stores, "delete", ("vs_9",), "Check the id of the vector store, and"),
    "a store to search": (lambda c: c.vector_stores, "search", ("vs_9", "?"), "Check the id of the vector store, and"),
    "files of a store": (lambda c: c.vector_stores, "files", ("vs_9",), "Check the id of the vector store, and"),
    "a file of a store": (
        lambda c: c.vector_stores,
        "remove",
        ("vs_9", "file-9"),
        "Check the ids of the vector store and of the file, and",
    ),
    "a file": (lambda c: c, "get_file", ("file-9",), "Check the id of the file, and"),
    "a file to download": (lambda c: c, "download_file", ("file-9",), "Check the id of the file, and"),
    "a file of code": (lambda c: c, "download_file", (IN_CONTAINER,), "Check the ids of the container and of the"),
    "a skill": (lambda c: c, "delete_skill", ("skill_9",), "Check the id of the skill, and"),
    "a batch": (lambda c: c, "get_batch", ("batch_9",), "Check the id of the batch, and"),
    "a batch to cancel": (lambda c: c, "cancel_batch", ("batch_9",), "Check the id of the batch, and"),
    "a model": (lambda c: c, "generate", ("?",), "Check the model name and the base URL."),
}


def ask(world: World, owner: Any, method: str, *given: Any, **settings: Any) -> Any:
    if isinstance(world, Blocking):
        return getattr(owner, method)(*given, **settings)
    return world._start(lambda: getattr(owner, f"{method}_async")(*given, **settings))


@pytest.mark.parametrize("name", REQUESTS)
def test_the_advice_names_what_was_not_there(name: str, world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(404, "Not found"))
    owner, method, given, advice = REQUESTS[name]
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(NotFoundError) as failed:
        ask(world, owner(client), method, *given)
    world.close(client)
    assert advice in str(failed.value)
    assert name == "a model" or "model name" not in str(failed.value)


def test_a_background_response_that_is_not_there_is_named(world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(404, "Not found"))
    client = AIModelClient(endpoint(server.url, protocol="openai_responses"))
    with pytest.raises(NotFoundError, match="Check the id of the response, and that it was stored with this key"):
        ask(world, client, "retrieve", "resp_9")
    world.close(client)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("Vector store vs_9 not found", "Check the id of the vector store, and"),
        ("Previous response with id 'resp_9' not found.", "Check the id of the response, and"),
        ("The model `gpt-9` does not exist or you do not have access to it.", "Check the model name and the base URL."),
    ],
)
def test_a_chat_call_names_what_the_provider_names(text: str, advice: str, world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(404, text))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(NotFoundError) as failed:
        ask(world, client, "generate", "?")
    world.close(client)
    assert advice in str(failed.value)
