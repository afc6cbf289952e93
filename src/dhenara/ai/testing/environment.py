"""Environment variables that lead every provider to one address, with a key that opens nothing."""

from __future__ import annotations

import os
from functools import lru_cache

from ..providers.registry import KNOWN, load_provider

KEY = "sk-of-the-fake-provider"
VERSIONS = ("/v1", "/v1beta")
"""Versions that are part of some providers' base URL and not of their paths."""

PLATFORMS = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_SESSION_TOKEN": "",
    "AZURE_OPENAI_AD_TOKEN": "",
    "GOOGLE_CLOUD_PROJECT": "fake-project",
    "GOOGLE_CLOUD_LOCATION": "us-central1",
}
"""What cloud platforms need besides a key; no identity of this machine is used."""


def fake_environment(url: str) -> dict[str, str]:
    """Return variables under which clients of every provider call this address.

    Args:
        url: Root of the fake server.

    Returns:
        Values by name; an empty one means that the variable is not to be set.
    """
    keys, addresses = provider_variables()
    return {
        **PLATFORMS,
        **dict.fromkeys(keys, KEY),
        **{name: url + version for name, version in addresses},
        **{name: value for name, value in (("AI_API_KEY", KEY), ("AI_BASE_URL", f"{url}/v1")) if name in os.environ},
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


@lru_cache(1)
def provider_variables() -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the variables of all providers: those of keys, and those of base URLs with the version they end with."""
    keys: list[str] = []
    addresses: list[tuple[str, str]] = []
    for provider in map(load_provider, KNOWN):
        version = next((end for end in VERSIONS if provider.base_url.endswith(end)), "")
        keys += provider.key_env
        addresses += ((name, version) for name in provider.base_url_env)
    return tuple(dict.fromkeys(keys)), tuple(addresses)
