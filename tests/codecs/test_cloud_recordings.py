"""Recorded traffic of cloud providers: every protocol that our routes use is among the recorded ones."""

from __future__ import annotations

import pytest

from support.corpus import CORPUS, Exchange, load
from support.protocols import PROTOCOLS

# Bodies that only InvokeModel has, where Converse serves the same models.
INVOKED = "amazon.nova-"


def spoken_in_clouds() -> list[Exchange]:
    files = sorted(path.name for cloud in ("azure", "bedrock", "vertex") for path in CORPUS.glob(f"{cloud}-*.jsonl.gz"))
    return [e for name in files for e in load(name) if e["expected"]["kind"] == "generate"]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not available")
def test_recorded_responses_of_cloud_providers_are_read() -> None:
    read = {e["id"] for protocol in PROTOCOLS for e in protocol.exchanges(lambda e: True)}
    left = [e["path"] for e in spoken_in_clouds() if e["id"] not in read]
    assert len(spoken_in_clouds()) > 200
    assert all(INVOKED in path and "/invoke" in path for path in left)
    assert len(left) <= 7
