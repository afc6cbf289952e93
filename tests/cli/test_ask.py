"""`ai-utilities ask`, as a shell uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.cli.streams import show
from dhenara.ai.testing import Answer, DialectReply, FakeServer, FakeUsage, Raw, Refusal

HELLO = Answer(text="Hello!", usage=FakeUsage(12, 3))


def test_a_question_is_answered_on_standard_output(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(HELLO)
    done = cli("ask", "Say hello")
    assert (done.code, done.out, done.err) == (0, "Hello!\n", "")


def test_what_is_piped_in_goes_with_the_question(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(HELLO, HELLO)
    cli("ask", "Summarise this.", stdin="A long report.\n")
    cli("ask", "-", stdin="Only this.\n")
    requested = [exchange.json["messages"][-1]["content"] for exchange in at_server.exchanges]
    assert requested == ["Summarise this.\n\nA long report.", "Only this."]


def test_any_parameter_can_be_passed(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(HELLO)
    assert cli("ask", "Hi", "--param", "seed=7", "--param", 'stop=["A", "B"]', "--param", "user=ann").code == 0
    body = at_server.exchanges[0].json
    assert (body["seed"], body["stop"], body["user"]) == (7, ["A", "B"], "ann")


def test_a_stream_prints_the_same(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(Answer(text="one two three"))
    assert cli("ask", "Count", "--stream").out == "one two three\n"
    assert at_server.exchanges[0].json["stream"] is True


def test_json_has_everything(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(HELLO)
    reported = json.loads(cli("ask", "Say hello", "--json").out)
    assert reported["text"] == "Hello!"
    assert reported["provider"] == "openai"
    assert reported["usage"] == {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    assert reported["finish_reason"] == "stop"


def test_usage_goes_to_standard_error(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(HELLO)
    done = cli("ask", "Say hello", "--usage")
    assert done.out == "Hello!\n"
    assert "12 + 3 tokens" in done.err


def test_usage_that_the_provider_did_not_report_is_unknown(cli: Any, at_server: FakeServer) -> None:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello!"}}
    at_server.add_replies(*[Raw(json.dumps({"id": "1", "model": "m", "choices": [choice]}).encode())] * 2)
    assert "tokens unknown, cost unknown" in cli("ask", "Say hello", "--usage").err
    reported = json.loads(cli("ask", "Say hello", "--json").out)
    assert (set(reported["usage"].values()), reported["cost"]) == ({None}, None)


def test_flags_reach_the_provider(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(HELLO)
    cli("ask", "Hi", "-m", "fake-2", "-s", "Be brief.", "--temperature", "0", "--max-tokens", "9")
    body = at_server.exchanges[0].json
    assert body["model"] == "fake-2"
    assert body["messages"][0]["content"] == "Be brief."
    assert body["temperature"] == 0
    assert 9 in (body.get("max_tokens"), body.get("max_completion_tokens"))


def test_a_schema_is_sent(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}')
    at_server.add_replies(Answer(text='{"name": "Ada"}'))
    done = cli("ask", "Invent a person", "--schema", str(schema))
    assert json.loads(done.out) == {"name": "Ada"}
    assert "json_schema" in json.dumps(at_server.exchanges[0].json["response_format"])


def test_a_call_is_stored_and_replayed_with_another_model(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    at_server.add_replies(HELLO, Answer(text="Good day!"))
    cli("ask", "Greet me", "-s", "Be kind.", "--save", "call.json")
    assert "sk-of-the-test" not in (tmp_path / "call.json").read_text()
    done = cli("replay", "call.json", "-m", "fake-9", "--diff")
    assert "-Hello!" in done.out
    assert "+Good day!" in done.out
    assert "then: openai" in done.err
    assert at_server.exchanges[1].json["model"] == "fake-9"
    assert at_server.exchanges[1].json["messages"] == at_server.exchanges[0].json["messages"]


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        (["ask"], 2, "no text given"),
        (["ask", "Hi", "--provider", "opnai"], 2, "Did you mean 'openai'"),
        (["ask", "Hi", "--temperature", "9"], 2, "temperature"),
        (["ask", "Hi", "--param", "top_p"], 2, "--param takes name=value"),
        (["ask", "Hi", "--param", "top_q=0.5"], 2, "unknown parameter 'top_q'. Did you mean 'top_p'?"),
        (["ask", "Hi", "--param", "xyz=1"], 2, "unknown parameter 'xyz'. All are listed at https://"),
        (["ask", "Hi", "--file", "nowhere.png"], 2, "nowhere.png"),
        (["ask", "Hi", "--schema", "nowhere.json"], 2, "nowhere.json"),
        (["aks", "Hi"], 2, "Did you mean 'ask'"),
        (["replay", "nowhere.json"], 2, "nowhere.json"),
    ],
)
def test_mistakes_are_one_line_and_not_a_traceback(
    arguments: list[str], code: int, reported: str, cli: Any, at_server: FakeServer
) -> None:
    done = cli(*arguments)
    assert done.code == code
    assert reported in done.err
    assert "Traceback" not in done.err
    assert not at_server.exchanges


def test_a_failure_of_the_provider_is_exit_code_1(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(Refusal(401, "Incorrect API key provided"))
    done = cli("ask", "Hi")
    assert done.code == 1
    assert "Check the API key" in done.err
    assert "sk-of-the-test" not in done.err


def test_without_any_provider_the_ways_out_are_named(cli: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ai_utilities.providers.defaults.is_reachable", lambda address: False)
    monkeypatch.setattr("ai_utilities.providers.defaults.find_spec", lambda name: None)
    done = cli("ask", "Hi")
    assert done.code == 2
    assert "no provider is configured" in done.err


def test_every_command_has_help_worth_reading(cli: Any) -> None:
    listed = cli("--help").out
    for command in ("ask", "chat", "setup", "doctor", "providers", "replay"):
        assert command in listed
        reported = cli(command, "--help").out
        assert reported.startswith(f"Usage: ai-utilities {command}")
        assert "--help" in reported


def test_completion_can_be_installed(cli: Any) -> None:
    assert "--install-completion" in cli("--help").out


def test_the_version_is_shown(cli: Any) -> None:
    assert cli("--version").out.startswith("ai-utilities ")


def test_what_is_piped_in_must_be_text(at_server: FakeServer) -> None:
    for command in ("ask", "chat", "embed"):
        done = subprocess.run(
            [sys.executable, "-m", "ai_utilities.cli", command], input=b"gr\xfc\xdfe", capture_output=True, check=False
        )
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"not UTF-8 text" in done.stderr
    assert at_server.exchanges == []


def test_a_locale_without_unicode_asks_what_was_typed(at_server: FakeServer) -> None:
    at_server.add_replies(Answer(text="ok"))
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    reported = [sys.executable, "-m", "ai_utilities.cli", "ask", "grüße"]
    subprocess.run(reported, env={**os.environ, **bare}, stdin=subprocess.DEVNULL, check=True)
    assert at_server.exchanges[0].json["messages"][0]["content"] == "grüße"


def test_whoever_stops_reading_is_no_failure(at_server: FakeServer) -> None:
    at_server.add_replies(DialectReply(Answer(text="word " * 2000), pause=0.001))
    reported = [sys.executable, "-m", "ai_utilities.cli", "ask", "hi", "--stream"]
    with subprocess.Popen(
        reported, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.read(4) == b"word"
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(200) == 0


def test_a_file_that_is_not_there_is_named_without_numbers(cli: Any, at_server: FakeServer) -> None:
    done = cli("ask", "hi", "--schema", "nowhere.json")
    assert (done.code, done.err) == (
        2,
        "ai-utilities: --schema: nowhere.json cannot be read: No such file or directory\n",
    )


def test_an_answer_cannot_steer_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    steering = "a\x1b]0;owned\x07b\tc\r\nd\x9b1m"
    show(steering)
    assert capsys.readouterr().out == steering + "\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show(steering)
    assert capsys.readouterr().out == "a␛]0;owned␇b\tc\nd�1m\n"
