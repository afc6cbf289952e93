"""The kit's tests know no variable and no `.env` of whoever runs them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ai_utilities.providers.facts import facts_of, known_providers


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    known = [facts_of(name) for name in known_providers()]
    names = {
        name for facts in known for name in (*facts.key, *facts.model, *facts.base_url, *facts.credentials.values())
    }
    names |= {name for facts in known for entry in facts.entries.values() for name in entry}
    for name in [*names, *(name for name in os.environ if name.upper().startswith("AI_"))]:
        monkeypatch.delenv(name, raising=False)
