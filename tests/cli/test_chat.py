"""`ai-utilities chat`: a conversation from a pipe, and one at a real terminal."""

from __future__ import annotations

import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pexpect
import pytest

from dhenara.ai.conversation import read_saved
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, Refusal, Stall
from dhenara.ai.types import Message

PROVIDED = [Answer(text="Paris."), Answer(text="Two million.")]


def test_each_prompt_is_sent_with_the_history(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(*PROVIDED)
    done = cli("chat", stdin="The capital of France?\nHow many people live there?\n/usage\n")
    assert done.code == 0
    assert done.out.startswith("Paris.\nTwo million.\n")
    assert "tokens in 2 answers" in done.out
    roles = [message["role"] for message in at_server.exchanges[1].json["messages"]]
    assert roles == ["user", "assistant", "user"]


def test_model_instructions_and_history_may_change_midway(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(*PROVIDED, Answer(text="Again."), Answer(text="New."))
    lines = ["one", "/model fake-2", "/system Be brief.", "two", "/undo", "three", "/new", "four"]
    cli("chat", stdin="\n".join(lines))
    first, second, third, fourth = (exchange.json for exchange in at_server.exchanges)
    assert (first["model"], second["model"]) == ("fake-1", "fake-2")
    assert second["messages"][0] == {"role": "system", "content": "Be brief."}
    assert [m["content"] for m in third["messages"][1:]] == ["one", "Paris.", "three"]
    assert [m["content"] for m in fourth["messages"][1:]] == ["four"]


def test_a_conversation_is_saved_and_continued_later(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    at_server.add_replies(*PROVIDED)
    assert "saved 1 turn to talk.json" in cli("chat", stdin="The capital of France?\n/save talk.json\n").out
    assert [turn.text for turn in read_saved((tmp_path / "talk.json").read_bytes()).turns] == ["Paris."]
    cli("chat", "--load", "talk.json", stdin="How many people live there?\n")
    provided = [m["content"] for m in at_server.exchanges[1].json["messages"]]
    assert provided == ["The capital of France?", "Paris.", "How many people live there?"]


def test_a_conversation_that_was_saved_as_messages_still_loads(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    at_server.add_replies(PROVIDED[1])
    provided = [Message(role="user", text="The capital of France?"), Message(role="assistant", text="Paris.")]
    retained = {"format": 1, "messages": [message.model_dump(mode="json") for message in provided]}
    (tmp_path / "old.json").write_text(json.dumps(retained))
    assert cli("chat", "--load", "old.json", stdin="How many people live there?\n").out.startswith(
        "loaded 1 turn from old.json"
    )
    reported = [m["content"] for m in at_server.exchanges[0].json["messages"]]
    assert reported == ["The capital of France?", "Paris.", "How many people live there?"]


def test_a_file_that_is_no_conversation_is_rejected(cli: Any, at_server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "talk.json").write_text("{]")
    (tmp_path / "list.json").write_text("[1]")
    done = cli("chat", stdin="/load talk.json\n/load list.json\n/load\n/load nowhere.json\n")
    reported = done.err.splitlines()
    assert all("is not a saved conversation" in line for line in reported[:2])
    assert "/load needs an argument" in reported[2]
    assert "nowhere.json" in reported[3]


def test_a_failure_does_not_end_the_conversation(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(Refusal(400, "no such thing"), Answer(text="Still here."))
    done = cli("chat", stdin="one\n/what\ntwo\n")
    assert "no such thing" in done.err
    assert "unknown command /what" in done.err
    assert done.out == "Still here.\n"


def test_a_line_may_go_on(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(PROVIDED[0])
    cli("chat", stdin="first \\\nsecond\n")
    assert at_server.exchanges[0].json["messages"][0]["content"] == "first \nsecond"


@pytest.fixture
def terminal(at_server: FakeServer, tmp_path: Path) -> Any:
    """A command at a terminal of its own."""

    def start(*arguments: str, **more: str) -> Any:
        environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", **more}
        return pexpect.spawn(
            sys.executable,
            ["-m", "ai_utilities.cli", *arguments],
            env=environment,  # type: ignore[arg-type]  # any mapping of strings will do
            cwd=str(tmp_path),
            encoding="utf-8",
            timeout=200,
            dimensions=(40, 120),
            # A job in the background is started deaf to Ctrl-C, and so would be what it starts.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
        )

    return start


def test_ctrl_c_stops_an_answer_and_not_the_program(terminal: Any, at_server: FakeServer) -> None:
    long = Answer(text=" ".join(f"word{number}" for number in range(2000)))
    at_server.add_replies(CutReply(DialectReply(long), 60, Stall()), Answer(text="Still here."))
    shell = terminal("chat")
    shell.expect("Ctrl-D ends")
    shell.expect("2004h.*>")
    shell.send("tell me everything\r")
    shell.expect("word20")
    shell.sendintr()
    shell.expect("stopped; /undo removes this turn")
    shell.expect("2004h.*>")
    shell.send("and now?\r")
    shell.expect("Still here")
    shell.expect("2004h.*>")
    shell.send("\x04")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0
    assert at_server.exchanges[0].wait_left()


def test_the_wizard_at_a_real_terminal(terminal: Any, at_server: FakeServer, tmp_path: Path) -> None:
    at_server.add_replies(Refusal(404, "no listing here"), Answer(text="ready"))
    shell = terminal("setup")
    shell.expect("Which provider")
    shell.sendline("")
    shell.expect("OPENAI_API_KEY is set")
    shell.send("y")
    shell.expect("Which model")
    shell.sendline("")
    shell.expect("openai answers")
    shell.expect("Set up another")
    shell.send("n")
    shell.expect("Now try")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0
    assert "AI_PROVIDER=openai" in (tmp_path / ".env").read_text()
    assert "sk-of-the-test" not in (tmp_path / ".env").read_text()
