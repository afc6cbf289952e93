"""The web example in a real browser: the page shows the answer that came as server-sent events."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, HangUp

WEB = Path(__file__).resolve().parents[2] / "examples" / "web"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
PROVIDED = "The sky is blue because of scattering."
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


@pytest.fixture
def site(server: FakeServer) -> Iterator[str]:
    """The example, served by uvicorn, with a fake OpenAI behind it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    environment = {
        **os.environ,
        "AI_PROVIDER": "openai",
        "AI_MODEL": "fake-1",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": f"{server.url}/v1",
    }
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=WEB, env=environment)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(200)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("the example did not start")


def shown(url: str, profile: Path) -> str:
    """The page's document after its scripts had their time."""
    options = ["--headless", "--no-sandbox", f"--user-data-dir={profile}", "--virtual-time-budget=20000"]
    done = subprocess.run([str(BROWSER), *options, "--dump-dom", url], capture_output=True, text=True, timeout=250)
    return done.stdout


def test_a_browser_shows_the_answer(site: str, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(DialectReply(Answer(text=PROVIDED), pause=0.01))
    document = shown(f"{site}/?prompt=why", tmp_path)
    assert PROVIDED in document
    assert 'data-state="done"' in document


def test_a_browser_shows_what_arrived_before_an_error(site: str, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text=PROVIDED), pause=0.01), 5, HangUp()))
    document = shown(f"{site}/?prompt=why", tmp_path)
    assert "The sky" in document
    assert "connection broke" in document
    assert 'data-state="failed"' in document
