"""The web examples in a real browser: the pages show the answers that came as server-sent events."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import pytest

from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, HangUp, Stall

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
PROVIDED = "The sky is blue because of scattering."
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


WATCHING = """
<script>
  const watching = setInterval(() => {
    const [, answer] = chat.messages;
    const button = [...document.querySelectorAll("button")].find((one) => one.textContent === "BUTTON");
    if (answer?.parts.some((part) => part.text?.length >= 7)) button?.click();
    const state = document.body.dataset.state;
    if (!["ready", "failed"].includes(state) || !answer) return;
    const waits = ["approval-requested", "approval-responded"];
    if (state === "ready" && answer.parts.some((part) => waits.includes(part.state))) return;
    clearInterval(watching);
    fetch("REPORT", { method: "POST", mode: "no-cors", body: document.documentElement.outerHTML });
  }, 50);
</script>
"""
"""Clicks a button, and sends the document when the page is ready."""


@pytest.fixture
def site(server: FakeServer) -> Iterator[str]:
    """The example, served by uvicorn, with a fake OpenAI behind it."""
    with serving(EXAMPLES / "web", server) as url:
        yield url


@contextmanager
def serving(folder: Path, server: FakeServer) -> Iterator[str]:
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
    process = subprocess.Popen(command, cwd=folder, env=environment)
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


def shown_at_the_end(server: FakeServer, folder: Path, prompt: str, button: str = "") -> str:
    """The document of the chat page when its answer is complete."""
    documents: Queue[str] = Queue()

    class Report(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            documents.put(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    shutil.copytree(EXAMPLES / "chat_page", folder / "site")
    with ThreadingHTTPServer(("127.0.0.1", 0), Report) as reports, serving(folder / "site", server) as url:
        threading.Thread(target=reports.serve_forever, daemon=True).start()
        report = f"http://127.0.0.1:{reports.server_address[1]}/"
        script = WATCHING.replace("BUTTON", button).replace("REPORT", report)
        page = folder / "site" / "page.html"
        page.write_text(page.read_text(encoding="utf-8") + script, encoding="utf-8")
        options = ["--headless", "--no-sandbox", f"--user-data-dir={folder / 'profile'}", "--remote-debugging-port=0"]
        browser = subprocess.Popen([str(BROWSER), *options, f"{url}/?prompt={prompt}"], stderr=subprocess.DEVNULL)
        try:
            return documents.get(timeout=200)
        finally:
            browser.terminate()
            browser.wait(200)
            reports.shutdown()


@pytest.mark.parametrize(
    ("button", "outcome"), [("Allow", "the note travel is deleted"), ("Decline", '<div class="failed">declined</div>')]
)
def test_the_chat_page_shows_tools_and_asks_for_approval(
    button: str, outcome: str, server: FakeServer, tmp_path: Path
) -> None:
    listing = Answer(text="Let me look.", reasoning="Which notes?", tool_calls=(FakeToolCall("list_notes", {}, "c1"),))
    deletion = Answer(tool_calls=(FakeToolCall("delete_note", {"name": "travel"}, "c2"),))
    server.add_replies(listing, deletion, DialectReply(Answer(text=PROVIDED), pause=0.01))
    document = shown_at_the_end(server, tmp_path, "clean+up", button)
    for text in ("clean up", "Which notes?", "Let me look.", '["shopping","travel"]', outcome, PROVIDED):
        assert text in document
    assert 'data-state="ready"' in document


def test_the_chat_page_shows_an_error(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text=PROVIDED), pause=0.01), 5, HangUp()))
    document = shown_at_the_end(server, tmp_path, "why")
    assert "The sky" in document
    assert "The connection to the model failed. Try again." in document
    assert 'data-state="failed"' in document


def test_the_stop_button_of_the_chat_page_ends_the_request(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text=PROVIDED), pause=0.01), 5, Stall()))
    document = shown_at_the_end(server, tmp_path, "why", "Stop")
    assert "The sky" in document
    assert 'data-state="ready"' in document
    assert server.exchanges[0].wait_left(200)
