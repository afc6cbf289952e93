"""The web examples in a real browser: the pages show the answers that came as server-sent events."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
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
    if (!(READY)) return;
    clearInterval(watching);
    fetch("REPORT", { method: "POST", mode: "no-cors", body: document.documentElement.outerHTML });
  }, 50);
</script>
"""
"""Sends the document when the page is ready."""

WRITTEN = """["done", "failed"].includes(document.querySelector("#answer").dataset.state)"""
"""The page of `examples/web` has its answer."""

CHATTED = """(() => {
    const [, answer] = chat.messages;
    const button = [...document.querySelectorAll("button")].find((one) => one.textContent === "BUTTON");
    if (answer?.parts.some((part) => part.text?.length >= 7)) button?.click();
    const state = document.body.dataset.state;
    if (!["ready", "failed"].includes(state) || !answer) return false;
    const waits = ["approval-requested", "approval-responded"];
    return !(state === "ready" && answer.parts.some((part) => waits.includes(part.state)));
})()"""
"""The page of `examples/chat_page` has its answer; clicks a button until then."""


@contextmanager
def serving(folder: Path, server: FakeServer) -> Iterator[str]:
    environment = {
        **os.environ,
        "AI_PROVIDER": "openai",
        "AI_MODEL": "fake-1",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": f"{server.url}/v1",
    }
    # The process listens where this one does: the port is never free for others, and early connections wait.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "uvicorn", "app:app", "--fd", str(listener.fileno()), "--log-level", "warning"]
        process = subprocess.Popen(command, cwd=folder, env=environment, pass_fds=[listener.fileno()])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(200)


def shown_at_the_end(
    example: str, server: FakeServer, folder: Path, prompt: str, ready: str, late: tuple[str, str] = ("", "")
) -> str:
    """The document of an example's page in a browser as soon as a condition in JavaScript is true there.

    `late` is a piece of the page and what stands for it, such as the same with a pause.
    """
    documents: Queue[str] = Queue()

    class Report(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            documents.put(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    shutil.copytree(EXAMPLES / example, folder / "site")
    with ThreadingHTTPServer(("127.0.0.1", 0), Report) as reports, serving(folder / "site", server) as url:
        threading.Thread(target=reports.serve_forever, args=(0.01,), daemon=True).start()
        report = f"http://127.0.0.1:{reports.server_address[1]}/"
        script = WATCHING.replace("READY", ready).replace("REPORT", report)
        page = folder / "site" / "page.html"
        page.write_text(page.read_text(encoding="utf-8").replace(*late) + script, encoding="utf-8")
        options = ["--headless", "--no-sandbox", f"--user-data-dir={folder / 'profile'}", "--remote-debugging-port=0"]
        browser = subprocess.Popen([str(BROWSER), *options, f"{url}/?prompt={prompt}"], stderr=subprocess.DEVNULL)
        try:
            return documents.get(timeout=200)
        finally:
            browser.terminate()
            browser.wait(200)
            reports.shutdown()


def test_a_browser_shows_the_answer(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(DialectReply(Answer(text=PROVIDED), pause=0.01))
    document = shown_at_the_end("web", server, tmp_path, "why", WRITTEN)
    assert PROVIDED in document
    assert 'data-state="done"' in document


def test_a_browser_shows_what_arrived_before_an_error(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text=PROVIDED), pause=0.01), 5, HangUp()))
    document = shown_at_the_end("web", server, tmp_path, "why", WRITTEN)
    assert "The sky" in document
    assert "connection broke" in document
    assert 'data-state="failed"' in document


LATE_END = ("    chat.busy = false;", "    await new Promise((go) => setTimeout(go, 200));\n    chat.busy = false;")
"""An answer whose end comes some time after its last piece, as from a server that is busy."""


@pytest.mark.parametrize("late", [("", ""), LATE_END], ids=["", "late"])
@pytest.mark.parametrize(
    ("button", "outcome"), [("Allow", "the note travel is deleted"), ("Decline", '<div class="failed">declined</div>')]
)
def test_the_chat_page_shows_tools_and_asks_for_approval(
    button: str, outcome: str, late: tuple[str, str], server: FakeServer, tmp_path: Path
) -> None:
    listing = Answer(text="Let me look.", reasoning="Which notes?", tool_calls=(FakeToolCall("list_notes", {}, "c1"),))
    deletion = Answer(tool_calls=(FakeToolCall("delete_note", {"name": "travel"}, "c2"),))
    server.add_replies(listing, deletion, DialectReply(Answer(text=PROVIDED), pause=0.1 if late[0] else 0.01))
    document = shown_at_the_end("chat_page", server, tmp_path, "clean+up", CHATTED.replace("BUTTON", button), late)
    for text in ("clean up", "Which notes?", "Let me look.", '["shopping","travel"]', outcome, PROVIDED):
        assert text in document
    assert 'data-state="ready"' in document


def test_the_chat_page_shows_an_error(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text=PROVIDED), pause=0.01), 5, HangUp()))
    document = shown_at_the_end("chat_page", server, tmp_path, "why", CHATTED)
    assert "The sky" in document
    assert "The connection to the model failed. Try again." in document
    assert 'data-state="failed"' in document


def test_the_stop_button_of_the_chat_page_ends_the_request(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text=PROVIDED), pause=0.01), 5, Stall()))
    document = shown_at_the_end("chat_page", server, tmp_path, "why", CHATTED.replace("BUTTON", "Stop"))
    assert "The sky" in document
    assert 'data-state="ready"' in document
    assert server.exchanges[0].wait_left(200)
