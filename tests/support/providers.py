"""The environment of somebody who has every key, with all providers at one fake server."""

from __future__ import annotations

import pytest

from dhenara.ai.providers.provider import KNOWN, load_provider

VERSIONED = ("/v1", "/v1beta")


def all_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that open nothing, and base URLs that keep their provider's version."""
    for name in KNOWN:
        provider = load_provider(name)
        version = next((end for end in VERSIONED if provider.base_url.endswith(end)), "")
        for variable in provider.base_url_env:
            monkeypatch.setenv(variable, url + version)
        for variable in provider.key_env:
            monkeypatch.setenv(variable, "sk-test-of-a-page")
