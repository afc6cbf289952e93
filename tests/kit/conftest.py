"""The kit's tests know no variable and no `.env` of whoever runs them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ai_utilities.providers.facts import facts_of, known_providers

KNOWN = [facts_of(name) for name in known_providers()]
NAMES = {name for facts in KNOWN for name in (*facts.key, *facts.model, *facts.base_url, *facts.credentials.values())}
NAMES |= {name for facts in KNOWN for entry in facts.entries.values() for name in entry}


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name in NAMES or name.upper().startswith("AI_")]:
        monkeypatch.delenv(name)
