"""A machine that knows nobody: no credentials in files, in the environment, or next door."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CLOUDS = ("AWS_", "AZURE_", "GOOGLE_", "GCLOUD_", "CLOUDSDK_", "CLOUD_ML_", "GCE_", "ANTHROPIC_", "OPENAI_")


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith(CLOUDS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # A port on which nobody listens.
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:9")
    return monkeypatch
