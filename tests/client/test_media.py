"""Media on their way: passed on, fetched for those who cannot, and never from where they should not be."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError, FetchError, UnsupportedError
from dhenara.ai.http.protocol.addresses import is_public
from dhenara.ai.testing import Answer, CutReply, FakeServer, Raw, RawStream, Refusal, Stall
from dhenara.ai.types import AudioContent, Fetching, FileContent, ImageContent, Prompt, Uploading, VideoContent
from support.worlds import World, endpoint

PNG = b"\x89PNG\r\n\x1a\n" + b"." * 20
PDF = b"%PDF-1.7 ..."
HERE = Fetching(private=True)
PROVIDERS = ("openai", "anthropic", "google_ai", "amazon_bedrock", "cohere")


@pytest.fixture
def web() -> Iterator[FakeServer]:
    """Somebody's web server."""
    with FakeServer() as running:
        yield running


def picture(data: bytes = PNG, kind: str = "image/png") -> Raw:
    return Raw(data, headers={"content-type": kind})


def requested(parts: list[Any]) -> Prompt:
    return Prompt(contents=["What is this?", *parts])


def test_a_picture_goes_to_everybody(world: World) -> None:
    for provider in PROVIDERS:
        with FakeServer(Answer(text="A cat."), strict=True) as server:
            client = AIModelClient(endpoint(server.url, provider))
            answer = world.run(client, ["What is this?", PNG])
            assert answer.chat_response.text() == "A cat."
            assert base64.b64encode(PNG) in server.exchanges[0].body
            world.close(client)


def test_a_path_is_read_wherever_it_stands(tmp_path: Path, server: FakeServer) -> None:
    place = tmp_path / "notes.txt"
    place.write_text("Cats sleep.")
    server.add_replies(Answer(text="Yes."), Answer(text="Yes."))
    with AIModelClient(endpoint(server.url)) as client:
        client.generate(["Is it so?", place])
        client.generate(place)
    assert server.exchanges[0].json["messages"][0]["content"][1] == {"type": "text", "text": "notes.txt:\nCats sleep."}
    assert server.exchanges[1].json["messages"][0]["content"] == [{"type": "text", "text": "notes.txt:\nCats sleep."}]


@pytest.mark.parametrize("provider", ["openai", "anthropic", "cohere"])
def test_an_address_is_passed_on_where_the_provider_fetches_it(provider: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="A cat."))
    with AIModelClient(endpoint(server.url, provider)) as client:
        client.generate(requested([ImageContent.from_url("https://example.org/cat.png")]))
    assert b"https://example.org/cat.png" in server.exchanges[0].body


@pytest.mark.parametrize("provider", ["google_ai", "amazon_bedrock"])
def test_it_is_fetched_for_those_who_cannot(provider: str, world: World, server: FakeServer, web: FakeServer) -> None:
    server.add_replies(Answer(text="A cat."))
    web.add_replies(picture())
    client = AIModelClient(endpoint(server.url, provider))
    answer = world.run(client, requested([ImageContent.from_url(f"{web.url}/cat")]), fetching=HERE)
    assert base64.b64encode(PNG) in server.exchanges[0].body
    assert "authorization" not in web.exchanges[0].headers
    assert answer.plan is not None
    world.close(client)


def test_text_is_fetched_and_read_out(server: FakeServer, web: FakeServer) -> None:
    server.add_replies(Answer(text="Yes."))
    web.add_replies(picture(b"Cats sleep.", "text/plain"))
    with AIModelClient(endpoint(server.url)) as client:
        client.generate(requested([FileContent.from_url(f"{web.url}/notes.txt")]), fetching=HERE)
    assert server.exchanges[0].json["messages"][0]["content"][1]["text"] == "notes.txt:\nCats sleep."


def test_a_plan_reports_it_without_fetching(server: FakeServer, web: FakeServer) -> None:
    with AIModelClient(endpoint(server.url, "google_ai")) as client:
        plan = client.plan(requested([ImageContent.from_url(f"{web.url}/cat.png")]))
    assert plan.translated[0].reason == "it is downloaded here and sent as bytes"
    assert web.exchanges == []


def test_what_was_fetched_is_not_fetched_again_for_another_try(server: FakeServer, web: FakeServer) -> None:
    server.add_replies(Refusal(500, headers={"retry-after": "0"}), Answer(text="A cat."))
    web.add_replies(picture())
    with AIModelClient(endpoint(server.url, "google_ai")) as client:
        client.generate(requested([ImageContent.from_url(f"{web.url}/cat")]), fetching=HERE)
    assert (len(server.exchanges), len(web.exchanges)) == (2, 1)


def test_what_the_provider_does_not_fetch_is_fetched_for_a_batch(server: FakeServer, web: FakeServer) -> None:
    server.add_replies(Refusal(400, "no batch today"))
    web.add_replies(picture())
    with AIModelClient(endpoint(server.url, "google_ai")) as client, pytest.raises(BadRequestError):
        client.submit_batch([requested([ImageContent.from_url(f"{web.url}/cat")])], fetching=HERE)
    assert base64.b64encode(PNG) in server.exchanges[0].body


def test_redirects_are_followed_and_checked(world: World, server: FakeServer, web: FakeServer) -> None:
    server.add_replies(Answer(text="A cat."))
    web.add_replies(Raw(status=302, headers={"location": "/moved", "content-length": "0"}), picture())
    client = AIModelClient(endpoint(server.url, "google_ai"))
    world.run(client, requested([ImageContent.from_url(f"{web.url}/cat")]), fetching=HERE)
    assert [exchange.path for exchange in web.exchanges] == ["/cat", "/moved"]
    world.close(client)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/",
        "http://localhost/cat.png",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://0x7f000001/",
        "http://10.1.2.3/",
        "http://127.1/",
    ],
)
def test_private_addresses_are_never_fetched(address: str, world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, "google_ai"))
    with pytest.raises(FetchError, match=r"not a public address|could not be fetched"):
        world.run(client, requested([ImageContent.from_url(address)]))
    assert server.exchanges == []
    world.close(client)


def test_a_redirect_into_the_private_net_is_not_followed(
    world: World, server: FakeServer, web: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first name passes as public here; where it leads to does not."""
    web.add_replies(Raw(status=302, headers={"location": "http://169.254.169.254/secret", "content-length": "0"}))
    monkeypatch.setattr(
        "dhenara.ai.pipeline.media_fetch.is_public", lambda address: address == "127.0.0.1" or is_public(address)
    )
    client = AIModelClient(endpoint(server.url, "google_ai"))
    with pytest.raises(FetchError, match=r"169\.254\.169\.254/secret is not a public address"):
        world.run(client, requested([ImageContent.from_url(f"{web.url}/cat.png")]))
    assert len(web.exchanges) == 1
    world.close(client)


def test_the_address_that_was_checked_is_the_one_that_is_used(
    server: FakeServer, web: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers differently the second time gains nothing: there is no second time."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def no_replay(host: Any, *args: Any, **kwargs: Any) -> Any:
        looked_up.append(str(host))
        return real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", no_replay)
    monkeypatch.setattr("dhenara.ai.pipeline.media_fetch.is_public", lambda address: True)
    server.add_replies(Answer(text="A cat."))
    web.add_replies(picture())
    port = web.url.rsplit(":", 1)[1]
    with AIModelClient(endpoint(server.url, "google_ai")) as client:
        client.generate(requested([ImageContent.from_url(f"http://cats.example:{port}/cat.png")]))
    assert looked_up.count("cats.example") == 1
    assert web.exchanges[0].headers["host"] == f"cats.example:{port}"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("nonsense", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("reply", "rules", "why"),
    [
        (Raw(status=404), HERE, "status 404"),
        (picture(b"<html>Log in</html>", "text/html"), HERE, "not a picture|web page"),
        (picture(PNG * 100), Fetching(private=True, max_bytes=100), "more than 100 bytes"),
        (
            CutReply(RawStream([PNG] * 100), 3, Stall()),
            Fetching(private=True, timeout=0.3),
            "was interrupted|could not be fetched",
        ),
        (picture(), Fetching(allowed=False), "fetching is disabled"),
        (
            Raw(status=301, headers={"location": "/", "content-length": "0"}),
            Fetching(private=True, max_redirects=0),
            "redirects",
        ),
    ],
)
def test_a_failed_fetch_raises_with_the_reason(
    reply: Any, rules: Fetching, why: str, world: World, server: FakeServer, web: FakeServer
) -> None:
    web.add_replies(reply)
    client = AIModelClient(endpoint(server.url, "google_ai"))
    with pytest.raises(FetchError, match=why):
        world.run(client, requested([ImageContent.from_url(f"{web.url}/cat.png")]), fetching=rules)
    assert server.exchanges == []
    world.close(client)


@pytest.mark.parametrize(
    ("provider", "part", "why"),
    [
        ("anthropic", ImageContent.from_bytes(b"BM......", name="cat.bmp"), "cat.bmp is image/bmp, and anthropic"),
        ("amazon_bedrock", ImageContent.from_bytes(PNG + b"." * 4_000_000), "at most 3750000"),
        ("anthropic", FileContent.from_bytes(b"PK\x03\x04", name="a.zip"), "accepts only pdf"),
    ],
)
def test_what_would_be_refused_is_not_sent(provider: str, part: Any, why: str, server: FakeServer) -> None:
    with AIModelClient(endpoint(server.url, provider)) as client, pytest.raises(UnsupportedError, match=why):
        client.generate(requested([part]))
    assert server.exchanges == []


def test_what_is_too_large_is_not_sent_where_uploading_is_switched_off(server: FakeServer) -> None:
    film = VideoContent(data=b"." * 21_000_000, mime_type="video/mp4")
    client = AIModelClient(endpoint(server.url, "google_ai"))
    with client, pytest.raises(UnsupportedError, match=r"disabled.*[Uu]pload it"):
        client.generate(requested([film]), uploading=Uploading(allowed=False))
    assert server.exchanges == []


def test_unsupported_audio_is_sent_as_its_transcript(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello."))
    sound = AudioContent(data=b"RIFF....WAVE", mime_type="audio/wav", transcript="Hello!")
    with AIModelClient(endpoint(server.url, "anthropic")) as client:
        answer = client.generate(requested([sound]))
    assert b"Hello!" in server.exchanges[0].body
    assert answer.chat_response.warnings[0].code == "translated_content"
