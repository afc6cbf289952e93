"""What comes from outside cannot steer a terminal, in whatever command and place, nor script the usage page."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.cli import main
from ai_utilities.cli.streams import OutputStream, visible
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.testing.answer import Raw
from dhenara.ai.testing.replies import RawStream

ATTACKS = {
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "colour": "\x1b[31m",
    "cursor": "\x1b[2J\x1b[1;1H",
    "device": "\x1bP$q\x1b\\",
    "apc": "\x1b_Gf=100\x1b\\",
    "c1 csi": "\x9b31m",
    "c1 osc": "\x9d0;owned\x9c",
    "c1 dcs": "\x90q\x9c",
    "backspace": "safe\x08\x08\x08\x08evil",
    "return": "safe\revil",
    "bidi": "\u202eevil\u202c",
    "isolate": "\u2066evil\u2069",
    "marks": "\u200f\u061c",
    "line": "a\u2028b",
    "bell": "\x07",
    "null": "\x00",
    "delete": "\x7f",
    "tags": "\U000e0041",
    "swapping": "\u206a\u206b\u206c\u206d\u206e\u206f",
    "annotation": "\ufff9a\ufffab\ufffb",
    "operators": "\u2060\u2061\u2062\u2063\u2064\u180e",
}
EVIL = "".join(ATTACKS.values())
STEERING = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
STEERING |= set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u2028\u2029\U000e0041")
STEERING |= set("\u206a\u206b\u206c\u206d\u206e\u206f\ufff9\ufffa\ufffb\u2060\u2061\u2062\u2063\u2064\u180e")


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def at_server(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    for name, value in {"API_KEY": "sk-of-the-test", "BASE_URL": f"{server.url}/v1", "MODEL": "fake-1"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    monkeypatch.setenv("AI_MAX_RETRIES", "0")
    return server


def at_terminal(monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: str = "") -> str:
    """What a command writes to a terminal, on both streams."""
    out, err = Tty(), Tty()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        patched.setattr(sys, "stdin", io.StringIO(stdin))
        main(arguments)
    return out.getvalue() + err.getvalue()


def steering(text: str) -> set[str]:
    return {letter for letter in text if letter in STEERING}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_character_that_steers_is_printed(name: str) -> None:
    assert steering(visible(ATTACKS[name])) == set()
    assert visible("plain text, ümläut, 漢字, 👍🏽, \t tabs\n") == "plain text, ümläut, 漢字, 👍🏽, \t tabs\n"


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("streamed", ["--stream", "--no-stream"])
def test_an_answer(name: str, streamed: str, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    at_server.add_replies(Answer(text=f"before {ATTACKS[name]} after"))
    shown = at_terminal(monkeypatch, "ask", "?", streamed)
    assert steering(shown) == set()
    assert "before" in shown
    assert "after" in shown


def test_a_sequence_that_is_split_over_chunks(at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [
        b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": letter}}]}).encode() + b"\n\n"
        for letter in EVIL + "end\r\nnext"
    ]
    last = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    at_server.add_replies(RawStream([*pieces, last]))
    shown = at_terminal(monkeypatch, "ask", "?", "--stream")
    assert steering(shown) == set()
    assert "end\nnext" in shown


def test_errors_of_a_server(at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for status in (400, 401, 404, 429, 500):
        body = json.dumps({"error": {"message": EVIL, "type": EVIL, "code": EVIL}}).encode()
        at_server.add_replies(Raw(body, status, {"content-type": "application/json", "x-request-id": "a\x1b[31mb"}))
        shown = at_terminal(monkeypatch, "ask", "?")
        assert steering(shown) == set()
        assert "ai-utilities: openai" in shown


def test_the_list_of_models(at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    at_server.add_replies(Raw(json.dumps({"object": "list", "data": [{"id": f"m{EVIL}", "object": "model"}]}).encode()))
    shown = at_terminal(monkeypatch, "models", "-p", "openai")
    assert steering(shown) == set()


@pytest.mark.parametrize("command", [["usage"], ["usage", "--by", "tag:team"], ["usage", "--plot"], ["cache", "stats"]])
def test_accounts_and_caches(command: list[str], at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    at_server.add_replies(Answer(text=EVIL, model=f"m{EVIL}"))
    assert steering(at_terminal(monkeypatch, "ask", "?", "--cache", "--tag", f"team={EVIL}", "--no-stream")) == set()
    assert steering(at_terminal(monkeypatch, *command)) == set()
    assert steering(at_terminal(monkeypatch, "cache", "inspect")) == set()
    key = "default:"
    assert steering(at_terminal(monkeypatch, "cache", "inspect", key)) == set()


def test_settings_and_names_of_files(at_server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = EVIL.replace("/", "").replace("\x00", "")
    monkeypatch.setenv("AI_SYSTEM_PROMPT", name)
    shown = at_terminal(monkeypatch, "settings")
    assert steering(shown) == set()
    (tmp_path / ".env").write_text(f"AI_CACHE_NAMESPACE='{name}'\n", encoding="utf-8")
    at_server.add_replies(*[Answer(text="Hello!")] * 8)
    for command in (
        ["settings"], ["providers"], ["ask", "?", "-f", name], ["ask", "?", "--schema", name], ["batch", name, name],
        ["replay", name], ["transcribe", name], ["chat", "--load", name], ["ask", "-m", name, "?"], ["nonsense" + name],
        ["ask", f"--{name}"], ["ask", "?", "-p", name], ["usage", "--since", name], ["ask", "?", "--tag", name],
        ["setup", "-y", "-p", name], ["doctor", "--offline", "-p", name], ["local", name], ["cache", "inspect", name],
    ):  # fmt: skip
        assert (command, steering(at_terminal(monkeypatch, *command))) == (command, set())


def test_doctor_and_setup(at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"error": {"message": EVIL}}).encode()
    for command in (["doctor"], ["setup", "-y", "-p", "openai", "--api-key", "sk-x", "--dry-run"]):
        at_server.add_replies(*[Raw(body, 401, {"content-type": "application/json"})] * 4)
        assert steering(at_terminal(monkeypatch, *command)) == set()


def test_a_conversation_with_errors(at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    at_server.add_replies(Answer(text=EVIL), Refusal(400, EVIL))
    provided = f"hello\n/model {EVIL.replace(chr(10), '')}\n/nothing{EVIL}\nagain\n/plan\n/usage\n/load {EVIL}\n"
    assert steering(at_terminal(monkeypatch, "chat", stdin=provided.replace("\r", ""))) == set()


def test_warnings_of_the_interpreter_and_mistakes_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise LookupError(EVIL)

    monkeypatch.setattr("ai_utilities.cli.commands.ask.read_prompt", broken)
    shown = at_terminal(monkeypatch, "ask", "?")
    assert steering(shown) == set()
    assert "LookupError" in shown


def test_programs_get_every_byte(
    at_server: FakeServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    at_server.add_replies(Answer(text="a\x1b[31mb"))
    main(["ask", "?"])
    assert "a\x1b[31mb" in capsys.readouterr().out


def test_what_the_command_draws_itself_is_drawn() -> None:
    terminal = Tty()
    OutputStream(terminal, "x").draw("\r\x1b[K")
    assert terminal.getvalue() == "\r\x1b[K"


def test_on_a_real_terminal(at_server: FakeServer) -> None:
    at_server.add_replies(Answer(text=EVIL))
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "ai_utilities.cli", "ask", "?"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=follower, stderr=follower) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        process.wait()
    os.close(leader)
    # The terminal's own driver writes each line feed with a carriage return.
    assert steering(shown.decode().replace("\r\n", "\n")) == set()


CHROMIUM = next(
    (actual for name in ("chromium", "chromium-browser", "google-chrome") if (actual := shutil.which(name))), ""
)
SCRIPTS = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "'-document.title='owned'-'",
    "</script><script>document.title='owned'</script>",
    "<svg onload=document.title='owned'>",
    "</title><script>document.title='owned'</script>",
    "javascript:document.title='owned'",
    "]]><script>document.title='owned'</script>",
    "\\u003cscript\\u003edocument.title='owned'\\u003c/script\\u003e",
    "--><script>document.title='owned'</script>",
]


@pytest.fixture
def page(at_server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    at_server.add_replies(
        *[Answer(text="hi", model=script) for script in SCRIPTS], *[Refusal(400, one) for one in SCRIPTS]
    )
    for script in SCRIPTS * 2:
        at_terminal(
            monkeypatch, "ask", "?", "-m", script, "--tag", f"team={script}", "--tag", f"{script.replace('=', '')}=x"
        )
    place = tmp_path / "usage.html"
    at_terminal(monkeypatch, "usage", "--html", str(place))
    return place


def test_the_usage_page_has_no_tags_of_others(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "owned" in text
    for script in SCRIPTS:
        assert "<" not in script or script not in text
    assert "<script>document.title" not in text
    assert "<img src=x" not in text
    assert "<svg onload" not in text


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
def test_the_usage_page_runs_no_script_of_others(page: Path, tmp_path: Path) -> None:
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    # A profile of its own: a second browser with the same one would hand its page to the first and print nothing.
    flags += ["--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"]
    shown = subprocess.run(
        [CHROMIUM, *flags, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True, timeout=300
    ).stdout
    title = shown.partition("<title>")[2].partition("</title>")[0]
    assert title
    assert "owned" not in title
