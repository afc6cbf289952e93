"""Redirects: a key stays with the host it was meant for, whatever is asked of it and wherever that host points."""

from __future__ import annotations

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError, ConfigurationError, UnsupportedError
from dhenara.ai.providers import provider as registry
from dhenara.ai.testing import Answer, FakeServer, Raw
from dhenara.ai.types import AIModel
from support.worlds import World, endpoint

PLACES = sorted({registry.load_provider(name).name for name in registry.KNOWN} - {"local"})
NEEDED = {"region": "us-east-1", "resource": "r", "project_id": "p"}


def moved(status: int, elsewhere: FakeServer) -> Raw:
    return Raw(b"", status, headers={"location": f"{elsewhere.url}/v1/chat/completions"})


@pytest.mark.parametrize("provider", PLACES)
def test_no_provider_sends_a_request_on_to_where_it_is_pointed(provider: str, server: FakeServer) -> None:
    with FakeServer(Answer(text="stolen"), forever=True) as elsewhere:
        client = AIModelClient(endpoint(server.url, provider, **NEEDED))
        server.add_replies(*[moved(status, elsewhere) for status in (301, 302, 307, 308)])
        requested = 0
        for ask in (
            lambda: client.generate("?", retries=0),
            lambda: client.generate("?", retries=0, streaming=True),
            lambda: client.list_models(retries=0),
            lambda: client.embed("?", retries=0),
        ):
            try:
                with pytest.raises(BadRequestError, match="keys do not follow redirects"):
                    ask()
            except (UnsupportedError, ConfigurationError):
                continue
            requested += 1
        client.close()
        assert requested == len(server.exchanges) >= 1
        assert elsewhere.exchanges == []


def test_it_is_so_in_every_world(world: World, server: FakeServer) -> None:
    with FakeServer(Answer(text="stolen"), forever=True) as elsewhere:
        server.add_replies(moved(307, elsewhere), moved(308, elsewhere), moved(302, elsewhere))
        client = AIModelClient(endpoint(server.url).model_copy(update={"ai_model": AIModel(model_name="m")}))
        with pytest.raises(BadRequestError, match="redirects to"):
            world.run(client, "?", retries=0)
        with pytest.raises(BadRequestError, match="redirects to"):
            world.stream(client, "?", retries=0)
        with pytest.raises(BadRequestError, match="redirects to"):
            world.ask(client, "list_models", retries=0)
        world.close(client)
        assert elsewhere.exchanges == []
