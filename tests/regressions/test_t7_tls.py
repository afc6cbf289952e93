"""TLS: wrong certificates are not retried, and each client has trust and a certificate of its own."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from ai_utilities import AiClient, AiSettings, AsyncAiClient, ProviderConfigurationError
from conformance.peers import Peer, read, secured, send, serving, stall
from conformance.row import head, sized
from conformance.scripts import run_program
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CertificateError, ConfigurationError
from dhenara.ai.http.transport_selection import TRANSPORTS
from support.worlds import World, endpoint

BODY = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"safe"},"finish_reason":"stop"}]}'
ANSWER = sized(BODY, "content-type: application/json")

ON_ASYNCIO = ("asyncio", "uvloop")


class Files:
    """An authority, a server of it, and the files that a client names."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.bundle, self.pem = str(folder / "ca.pem"), str(folder / "client.pem")
        self.cert, self.key = str(folder / "client.crt"), str(folder / "client.key")
        self.ca.cert_pem.write_to_path(self.bundle)
        issued = self.ca.issue_cert("client.example")
        issued.private_key_and_cert_chain_pem.write_to_path(self.pem)
        issued.cert_chain_pems[0].write_to_path(self.cert)
        issued.private_key_pem.write_to_path(self.key)

    def server(self, *names: str, wants_certificate: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        if wants_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            self.ca.configure_trust(context)
        return context


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def https(peer: Peer) -> str:
    return f"https://localhost:{peer.port}"


def offered(world: World) -> list[str]:
    """The transports that this world has."""
    return [name for name in TRANSPORTS if name != "aiohttp" or world.name in ON_ASYNCIO]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("names", [("localhost",), ("other.example",)], ids=["unknown authority", "other name"])
def test_a_wrong_certificate_is_one_attempt(
    names: tuple[str, ...], streaming: bool, world: World, files: Files
) -> None:
    verify: Any = True if "localhost" in names else files.bundle
    with Peer([[secured(files.server(*names)), *serving(ANSWER)]]) as peer:
        for transport in offered(world):
            before = peer.connections
            client = AIModelClient(endpoint(https(peer)), transport=transport, verify=verify)  # type: ignore[arg-type]
            with pytest.raises(CertificateError, match="verify=") as failed:
                (world.stream if streaming else world.run)(client, "?", retries=3)
            assert (len(failed.value.attempts), peer.connections - before) == (1, 1)
            world.close(client)


def test_a_server_that_wants_a_certificate_gets_that_of_the_client(world: World, files: Files) -> None:
    with Peer([[secured(files.server("localhost", wants_certificate=True)), *serving(ANSWER)]]) as peer:
        for transport in offered(world):
            for cert in (files.pem, (files.cert, files.key), [files.cert, files.key]):
                client = AIModelClient(
                    endpoint(https(peer)),
                    transport=transport,  # type: ignore[arg-type]
                    verify=files.bundle,
                    cert=cert,  # type: ignore[arg-type]
                )
                assert world.run(client, "?").chat_response.text() == "safe"  # type: ignore[union-attr]
                world.close(client)
    assert all(one is not None for one in peer.secured)


def test_a_missing_certificate_says_what_to_do(world: World, files: Files) -> None:
    with Peer([[secured(files.server("localhost", wants_certificate=True)), *serving(ANSWER)]]) as peer:
        client = AIModelClient(endpoint(https(peer)), verify=files.bundle)
        with pytest.raises(CertificateError, match=r"cert=") as failed:
            world.run(client, "?", retries=3)
        assert len(failed.value.attempts) == 1
        world.close(client)


def test_the_config_of_an_endpoint_sets_trust_for_it_alone(world: World, files: Files) -> None:
    with Peer([[secured(files.server("localhost")), *serving(ANSWER)]]) as peer:
        client = AIModelClient(endpoint(https(peer), verify=files.bundle))
        assert world.run(client, "?").chat_response.text() == "safe"  # type: ignore[union-attr]
        world.close(client)
        other = AIModelClient(endpoint(https(peer)))
        with pytest.raises(CertificateError):
            world.run(other, "?")
        world.close(other)


@pytest.mark.parametrize(
    "settings",
    [
        lambda files: {"verify": files.bundle, "cert": files.pem},
        lambda files: {"verify": files.bundle, "cert": (files.cert, files.key), "transport": "httpx2"},
    ],
)
def test_the_settings_of_the_kit_set_both(settings: Any, files: Files) -> None:
    with Peer([[secured(files.server("localhost", wants_certificate=True)), *serving(ANSWER)]]) as peer:
        made = AiSettings(_env_file=None, api_key="sk-test", base_url=f"{https(peer)}/v1", **settings(files))
        with AiClient(made) as client:
            assert client.ask("?") == "safe"


def test_variables_of_the_environment_set_both(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer([[secured(files.server("localhost", wants_certificate=True)), *serving(ANSWER)]]) as peer:
        for name, value in {
            "AI_API_KEY": "sk-test",
            "AI_BASE_URL": f"{https(peer)}/v1",
            "AI_VERIFY": files.bundle,
            "AI_CERT": f"{files.cert}, {files.key}",
            "AI_TRANSPORT": "aiohttp",
        }.items():
            monkeypatch.setenv(name, value)

        async def ask() -> str:
            async with AsyncAiClient(AiSettings(_env_file=None)) as client:
                return str(await client.ask("?"))

        import asyncio

        assert asyncio.run(ask()) == "safe"


@pytest.mark.parametrize(("value", "expected"), [("false", False), ("0", False), ("true", True), ("ca.pem", "ca.pem")])
def test_a_variable_may_be_a_word_or_a_path(value: str, expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_VERIFY", value)
    assert AiSettings(_env_file=None).verify == expected


def test_a_transport_that_does_not_exist_is_refused_with_the_settings() -> None:
    with pytest.raises(ProviderConfigurationError, match="transport"):
        AiSettings(_env_file=None, transport="curl")


@pytest.mark.parametrize(
    "wrong",
    [
        {"verify": "nowhere.pem"},
        {"verify": 7},
        {"cert": "nowhere.pem"},
        {"cert": ("a", "b", "c", "d")},
        {"cert": 7},
        {"transport": "curl"},
        {"transport": "aiohttp", "is_async": False},
    ],
)
def test_what_cannot_work_is_refused_when_the_client_is_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        AIModelClient(endpoint("https://api.example"), **wrong)


def test_a_file_that_is_no_certificate_is_a_configuration_error(world: World, files: Files, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nothing")
    with Peer([[stall]]) as peer:
        for options in ({"verify": str(wrong)}, {"verify": files.bundle, "cert": str(wrong)}):
            client = AIModelClient(endpoint(https(peer)), **options)  # type: ignore[arg-type]
            with pytest.raises(ConfigurationError, match="PEM"):
                world.run(client, "?")
            world.close(client)


@pytest.mark.parametrize("transport", ["httpx2", "aiohttp"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dhenara.ai.http.transport_selection.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=rf"pip install 'dhenara\[{transport}\]'"):
        AIModelClient(endpoint("https://api.example"), transport=transport)


def test_a_world_that_a_transport_does_not_have_is_named(world: World) -> None:
    if world.name in ON_ASYNCIO:
        pytest.skip("this is the world that aiohttp has")
    client = AIModelClient(endpoint("https://api.example"), transport="aiohttp")
    with pytest.raises(ConfigurationError, match="aiohttp"):
        world.run(client, "?")
    world.close(client)


ENDS = {
    "sync": 'kept = client.generate("?", streaming=True).stream_generator; next(kept)',
    "asyncio": (
        "async def main():\n"
        "    global kept\n"
        '    kept = (await client.generate_async("?", streaming=True)).async_stream_generator\n'
        "    await anext(aiter(kept))\n"
        "asyncio.run(main())"
    ),
    "global client": "class Holder:\n    def __del__(self): client.close()\nholder = Holder(); holder.me = holder\n"
    'client.generate("?", streaming=True)',
}


@pytest.mark.parametrize("end", list(ENDS))
def test_a_program_ends_without_a_word(end: str) -> None:
    event = b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"w"}}]}\n\n'
    begun = head(200, "content-type: text/event-stream") + event
    with Peer([[read, send(begun), stall]]) as peer:
        finished = run_program(ENDS[end], peer.url, "builtin")
    assert (finished.returncode, finished.stderr) == (0, ""), sys.version
