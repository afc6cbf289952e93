"""What `upload_file` takes, and what it says of the rest."""

from __future__ import annotations

import json

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import FileContent, ImageContent
from support.worlds import World, endpoint

FILE = {"id": "file-1", "object": "file", "bytes": 3, "created_at": 1, "filename": "a.txt", "purpose": "user_data"}


def test_a_content_part_is_uploaded_with_its_name_and_type(world: World, server: FakeServer) -> None:
    server.add_replies(Raw(json.dumps(FILE).encode(), headers={"content-type": "application/json"}))
    client = AIModelClient(endpoint(server.url))
    file = world.ask(client, "upload_file", FileContent(data=b"abc", mime_type="text/plain", name="a.txt"))
    world.close(client)
    assert file.file_id == "file-1"
    body = server.exchanges[0].body
    assert b'filename="a.txt"' in body
    assert b"text/plain" in body
    assert b"abc" in body


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (FileContent(file_id="f"), "must have data"),
        (ImageContent(url="https://example.com/a.png"), "must have data"),
        (5, "must be a path, bytes or a content part, not int"),
        (None, "must be a path, bytes or a content part, not NoneType"),
    ],
)
def test_what_cannot_be_uploaded_is_a_configuration_error(
    given: object, reason: str, world: World, server: FakeServer
) -> None:
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(ConfigurationError, match=reason):
        world.ask(client, "upload_file", given)
    world.close(client)


@pytest.mark.parametrize("messages", [[5], [{"role": "tool", "odd": 1}], []])
def test_a_message_that_cannot_be_read_is_an_error_of_the_model_it_was_for(messages: list[object]) -> None:
    client = AIModelClient(endpoint("http://127.0.0.1:9"))
    for method in (client.generate, client.count_tokens):
        with pytest.raises(ConfigurationError, match=r"^openai \(fake-1\): "):
            method(messages=messages)
