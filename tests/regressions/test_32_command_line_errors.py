"""Whatever a command is given, and wherever its output goes: one line and an exit code, never a traceback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.cli import main
from dhenara.ai.testing import Answer, FakeServer

CODES = {0, 1, 2, 3, 130}


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
    server.add_replies(*[Answer(text="Hello!")] * 12)
    return server


class Done:
    def __init__(self, code: int, err: str) -> None:
        self.code, self.err = code, err


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, out: Any = None, stdin: Any = "") -> Done:
    err = io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", io.StringIO() if out is None else out())
        patched.setattr(sys, "stderr", err)
        patched.setattr(sys, "stdin", io.StringIO(stdin) if isinstance(stdin, str) else None)
        return Done(main(arguments), err.getvalue())


def one_line(done: Done, code: int) -> None:
    assert done.code == code
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("ai-utilities: ")
    assert "Traceback" not in done.err


def make_files(place: Path) -> dict[str, str]:
    """Files that cannot be what was asked for."""
    (place / "folder").mkdir()
    made = {
        "not-json": b"nonsense",
        "bytes": b"\xff\xfe\x00\x01",
        "cut": b'{"type": "obj',
        "deep": b"[" * 100_000,
        "list": b"[1, 2]",
        "number": b"5",
        "string": b'"x"',
        "null": b"null",
        "type": b'{"type": "nonsense"}',
        "reference": b'{"$ref": "#/nowhere"}',
        "required": b'{"type": "object", "required": 5}',
        "properties": b'{"type": "object", "properties": 5}',
        "pattern": b'{"type": "string", "pattern": "("}',
        "nan": b'{"minimum": NaN}',
        "empty": b"",
    }
    for name, data in made.items():
        (place / name).write_bytes(data)
    return {name: str(place / name) for name in ("missing", "folder", *made)}


NO_SCHEMA = [
    "missing", "folder", "not-json", "bytes", "cut", "deep", "list", "number", "string", "null", "type", "reference",
    "required", "properties", "pattern", "empty",
]  # fmt: skip


@pytest.mark.parametrize("name", NO_SCHEMA)
def test_a_schema_that_is_none(
    name: str, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = make_files(tmp_path)[name]
    done = run(monkeypatch, "ask", "?", "--schema", path)
    one_line(done, 2)
    assert "--schema" in done.err
    assert at_server.exchanges == []


TAKES_FILES: dict[str, list[str]] = {
    "ask": ["ask", "?", "--file", "FILE"],
    "ask --env-file": ["ask", "?", "--env-file", "FILE"],
    "ask --save": ["ask", "?", "--save", "FILE/x"],
    "chat": ["chat", "--load", "FILE"],
    "batch": ["batch", "FILE", "out.jsonl", "--prompt", "{a}"],
    "batch output": ["batch", "rows.jsonl", "FILE/out.jsonl", "--prompt", "{a}"],
    "replay": ["replay", "FILE"],
    "transcribe": ["transcribe", "FILE"],
    "transcribe output": ["transcribe", "sound.wav", "-o", "FILE/x"],
    "image": ["image", "?", "--file", "FILE"],
    "image mask": ["image", "?", "--mask", "FILE"],
    "image output": ["image", "?", "-o", "FILE/x"],
    "speak": ["speak", "?", "-o", "FILE/x"],
    "setup": ["setup", "-y", "--no-test", "-p", "openai", "--api-key", "sk-x", "--env-file", "FILE"],
    "usage": ["usage", "--html", "FILE/x"],
    "usage --env-file": ["usage", "--env-file", "FILE"],
    "settings": ["settings", "--env-file", "FILE"],
    "models": ["models", "--env-file", "FILE"],
    "doctor": ["doctor", "--offline", "--env-file", "FILE"],
    "cache": ["cache", "stats", "--env-file", "FILE"],
    "embed": ["embed", "a", "--env-file", "FILE"],
}


@pytest.mark.parametrize("command", TAKES_FILES)
@pytest.mark.parametrize("name", ["missing", "folder", "bytes", "not-json", "empty"])
def test_files_of_every_command(
    command: str, name: str, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = make_files(tmp_path)[name]
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n')
    (tmp_path / "sound.wav").write_bytes(b"RIFF")
    done = run(monkeypatch, *[part.replace("FILE", path) for part in TAKES_FILES[command]])
    assert done.code in CODES
    assert "Traceback" not in done.err
    assert "mistake of ours" not in done.err
    if done.code in (1, 2) and "doctor" not in command and "batch" not in command:
        assert done.err.strip().splitlines()[-1].startswith("ai-utilities: ")


WRONG: list[list[str]] = [
    ["ask", "?", "--timeout", "soon"], ["ask", "?", "--timeout", "-1"], ["ask", "?", "--timeout", "nan"],
    ["ask", "?", "--timeout", "inf"], ["ask", "?", "--temperature", "9"], ["ask", "?", "--temperature", "nan"],
    ["ask", "?", "--max-tokens", "many"], ["ask", "?", "--max-tokens", "0"], ["ask", "?", "--max-tokens", "9" * 5000],
    ["ask", "?", "--tag", "x"], ["ask", "?", "-p", "openia"], ["ask", "?", "-p", ""],
    ["ask", "--nonsense"], ["nonsense"],
    ["usage", "--since", "soon"], ["usage", "--since", "999999w"], ["usage", "--by", "nonsense"],
    ["usage", "--since", "2026-13-01"],
    ["embed", "a", "--dimensions", "-1"], ["embed", "a", "-p", "nonsense"], ["image", "?", "-p", "nonsense"],
    ["speak", "?", "--speed", "0"], ["speak", "?", "--speed", "nan"], ["batch", "x"],
    ["cache", "inspect", "--most", "0"],
    ["cache", "nonsense"], ["models", "-p", "nonsense"],
    ["chat", "-p", "nonsense"], ["setup", "-p", "nonsense", "-y"], ["setup", "--key-home", "nonsense"], ["ask", ""],
    ["local", "nonsense"], ["transcribe", "x", "--format", "nonsense"], ["ask", "?", "-p", "a\nb"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", WRONG, ids=lambda given: " ".join(given)[:40])
def test_values_that_cannot_be_used(
    arguments: list[str], at_server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(monkeypatch, *arguments)
    assert at_server.exchanges == []
    one_line(done, 2)
    assert "mistake of ours" not in done.err


@pytest.mark.parametrize("variable", [
    {"AI_TIMEOUT": "soon"}, {"AI_TEMPERATURE": "9"}, {"AI_EXTRA_HEADERS": "x"}, {"AI_CACHE_BACKEND": "nonsense"},
    {"OPENAI_BASE_URL": "ftp://x"}, {"OPENAI_BASE_URL": "http://[::1"}, {"OPENAI_API_KEY": "a b"},
    {"AI_PROVIDER": "openia"},
    {"AI_BUDGET_USD": "much"}, {"AI_USAGE_PATH": "/dev/null/x"}, {"AI_LIMIT_STORE": "nonsense"},
], ids=str)  # fmt: skip
def test_variables_that_cannot_be_used(
    variable: dict[str, str], at_server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    one_line(run(monkeypatch, "ask", "?"), 2)


def closed() -> None:
    return None


def full() -> Any:
    return open("/dev/full", "w", encoding="utf-8")  # closed by whoever collects it


PRINTING = [
    ["ask", "?"], ["ask", "?", "--stream"], ["ask", "?", "--json"], ["embed", "a"], ["models", "--all"],
    ["models", "--offline"],
    ["providers"], ["settings"], ["settings", "--json"], ["usage", "--json"], ["cache", "stats"],
    ["doctor", "--offline"],
    ["setup", "-y", "--no-test", "-p", "openai", "--api-key", "sk-x", "--dry-run"], ["replay", "call.json"],
    ["speak", "?"], ["image", "?"], ["transcribe", "sound.wav"], ["--version"], ["--help"], ["ask", "--help"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
@pytest.mark.parametrize("out", [closed, full])
def test_output_that_cannot_be_written(
    out: Callable[[], Any], arguments: list[str], at_server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if out is full and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    if "call.json" in arguments:
        run(monkeypatch, "ask", "?", "--save", "call.json")
    (tmp_path / "sound.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00" + bytes(20))
    stream = out()
    done = run(monkeypatch, *arguments, out=lambda: stream)
    if stream is not None:
        stream.close()
    assert done.code in (1, 2)
    assert "Traceback" not in done.err
    assert "mistake of ours" not in done.err
    assert done.err.strip().splitlines()[-1].startswith("ai-utilities: ")


def test_nothing_is_sent_when_the_output_cannot_be_written(
    at_server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(monkeypatch, "ask", "?", out=closed)
    one_line(done, 2)
    assert "standard output" in done.err
    assert at_server.exchanges == []


NO_INPUT = [
    ["ask"],
    ["ask", "-"],
    ["ask", "?"],
    ["chat"],
    ["embed"],
    ["speak"],
    ["image"],
    ["setup"],
    ["cache", "clear"],
]


@pytest.mark.parametrize("arguments", NO_INPUT, ids=" ".join)
def test_a_closed_standard_input(arguments: list[str], at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, *arguments, stdin=None)
    assert done.code == (0 if arguments in (["ask", "?"], ["chat"]) else 2)
    assert "Traceback" not in done.err
    assert "mistake of ours" not in done.err


def test_texts_that_the_encoding_of_the_output_lacks(at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    at_server.add_replies()
    written = io.BytesIO()
    for text in ("caf\u00e9 \u2603", "half \ud800"):
        with monkeypatch.context() as patched:
            patched.setenv("AI_SYSTEM_PROMPT", text.encode("utf-8", "replace").decode())
            out = io.TextIOWrapper(written, encoding="ascii", write_through=True)
            assert run(patched, "settings", out=lambda out=out: out).code == 0
            out.detach()


SHELL = {
    "ask '?' >&-": 2,
    "ask '?' > /dev/full": 2,
    "ask '?' <&-": 0,
    "ask '?' 2>&-": 0,
    "ask '?' >&- 2>&-": 2,
    "models --all | head -1": 0,
    "ask '?' --schema nowhere.json": 2,
    "settings > /dev/full": 2,
}
TRIED_WITHOUT_A_SHELL = ("ask '?' <&-", "ask '?' --schema nowhere.json", "settings > /dev/full")
"""Lines that the tests above run in this process, without an interpreter of their own."""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "line", [pytest.param(line, marks=pytest.mark.slow if line in TRIED_WITHOUT_A_SHELL else ()) for line in SHELL]
)
def test_in_a_shell(line: str, at_server: FakeServer) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f'"{sys.executable}" -m ai_utilities.cli {line}'],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == SHELL[line]
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1
    assert json.dumps(done.stdout)
