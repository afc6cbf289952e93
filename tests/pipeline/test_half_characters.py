"""Text that no encoding can write is refused before anything is sent, and says why."""

from __future__ import annotations

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import FakeServer
from support.worlds import World, endpoint


@pytest.mark.parametrize("fingerprint", [True, False])
def test_a_lone_surrogate_raises_a_clear_error(server: FakeServer, world: World, fingerprint: bool) -> None:
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(ConfigurationError, match=r"nothing was sent to openai.*surrogates"):
        world.run(client, "half: \ud83d", fingerprint=fingerprint)
    assert server.exchanges == []
    world.close(client)
