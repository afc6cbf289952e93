"""`ai-utilities settings`: every setting and its source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.testing import FakeServer


def test_settings_show_their_sources(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AI_TIMEOUT=20\n")
    reported = json.loads(cli("settings", "--json").out)
    assert reported["timeout"] == {"value": "20.0", "source": ".env (AI_TIMEOUT)"}
    assert reported["model"] == {"value": "fake-1", "source": "environment (OPENAI_MODEL)"}
    assert reported["usage_store"] == {"value": "sqlite", "source": "default"}


def test_keys_are_masked(cli: Any, at_server: FakeServer) -> None:
    out = cli("settings").out
    assert "sk-of-the-test" not in out
    assert "OPENAI_API_KEY" in out


def test_only_the_named_settings_are_shown(cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_CACHE_TTL_S", "60")
    assert [line.split()[0] for line in cli("settings", "--set", "cache").out.splitlines()[2:]] == ["cache_ttl_s"]
    assert "no such setting is set" in cli("settings", "--set", "redis").err
