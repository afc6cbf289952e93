"""Output files are never overwritten without a word, and what was paid for is not paid for again."""

from __future__ import annotations

import inspect
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AsyncAiClient, Chat
from ai_utilities.batch import run_bulk, run_bulk_async
from ai_utilities.cli import main
from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation
from dhenara.ai.errors import ConfigurationError, OutputExistsError
from dhenara.ai.testing import Answer, FakeServer, Raw, Refusal, SampleOperations
from dhenara.ai.testing.sample_operations import wav_tone
from dhenara.ai.types import GeneratedImage, SpeechResponse, SpokenAudio
from support.kit import run as run_kit, settings
from support.worlds import World, endpoint

EXISTS = "exists. Pass overwrite=True to replace it"


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def rows() -> Path:
    path = Path("rows.jsonl")
    path.write_text('{"prompt": "one"}\n{"prompt": "two"}\n')
    return path


def bulk(world: World, url: str, *args: Any, **options: Any) -> Any:
    """A bulk run in this world, whose answers cost nothing of a cache."""

    async def script(client: Any) -> Any:
        work = run_bulk if isinstance(client.client, AiClient) else run_bulk_async
        report = work(*args, client=client.client, concurrency=1, **options)
        return await report if inspect.isawaitable(report) else report

    return run_kit(world, script, settings(url, max_retries=0))


def test_a_finished_bulk_run_is_not_made_again(rows: Path, server: FakeServer, world: World) -> None:
    server.add_replies(*[Answer(text="first")] * 2)
    bulk(world, server.url, rows, "out.jsonl")
    with pytest.raises(OutputExistsError, match=EXISTS):
        bulk(world, server.url, rows, "out.jsonl")
    assert len(server.exchanges) == 2
    assert sorted(os.listdir()) == ["out.jsonl", "rows.jsonl"]


def test_a_finished_bulk_run_is_made_again_if_requested(rows: Path, server: FakeServer, world: World) -> None:
    server.add_replies(*[Answer(text="first")] * 2, *[Answer(text="second")] * 2)
    bulk(world, server.url, rows, "out.jsonl")
    bulk(world, server.url, rows, "out.jsonl", overwrite=True)
    assert [json.loads(line)["text"] for line in Path("out.jsonl").read_text().splitlines()] == ["second"] * 2


def test_an_unfinished_bulk_run_completes_its_output(rows: Path, server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="first"), Refusal(400), Answer(text="second"))
    assert bulk(world, server.url, rows, "out.jsonl").failed == 1
    assert bulk(world, server.url, rows, "out.jsonl").ok
    assert [json.loads(line)["text"] for line in Path("out.jsonl").read_text().splitlines()] == ["first", "second"]


def test_an_output_that_was_edited_meanwhile_is_stored(rows: Path, server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="first"), Refusal(400), Answer(text="second"))
    bulk(world, server.url, rows, "out.jsonl")
    Path("out.jsonl").write_text("my notes")
    with pytest.raises(OutputExistsError, match=EXISTS):
        bulk(world, server.url, rows, "out.jsonl")
    assert Path("out.jsonl").read_text() == "my notes"
    bulk(world, server.url, rows, "out.jsonl", overwrite=True)
    assert len(server.exchanges) == 3  # the answer of the first run is not paid for again


def test_a_file_that_appears_during_the_run_is_stored(rows: Path, server: FakeServer, world: World) -> None:
    server.add_replies(*[Answer(text="first")] * 2)

    def appear(_: object) -> None:
        Path("out.jsonl").write_text("somebody else's")

    with pytest.raises(OutputExistsError, match=r"All answers are kept in out.jsonl.journal"):
        bulk(world, server.url, rows, "out.jsonl", on_progress=appear)
    assert Path("out.jsonl").read_text() == "somebody else's"
    bulk(world, server.url, rows, "out.jsonl", overwrite=True)
    assert len(server.exchanges) == 2


def test_a_broken_link_counts_as_an_existing_output(rows: Path, server: FakeServer, world: World) -> None:
    Path("out.jsonl").symlink_to("nowhere.jsonl")
    with pytest.raises(OutputExistsError, match=EXISTS):
        bulk(world, server.url, rows, "out.jsonl")
    assert server.exchanges == []


def test_a_journal_of_something_else_is_left_alone(rows: Path, server: FakeServer, world: World) -> None:
    Path("out.jsonl.journal").write_text("dear diary")
    with pytest.raises(ConfigurationError, match="is not the journal of a bulk run"):
        bulk(world, server.url, rows, "out.jsonl")
    assert Path("out.jsonl.journal").read_text() == "dear diary"


def by_another_spelling(path: Path) -> str:
    return f"./folder/../{path}"


def by_a_symlink(path: Path) -> str:
    Path("link.jsonl").symlink_to(path)
    return "link.jsonl"


def by_a_hard_link(path: Path) -> str:
    Path("hard.jsonl").hardlink_to(path)
    return "hard.jsonl"


@pytest.mark.parametrize("name", [str, by_another_spelling, by_a_symlink, by_a_hard_link])
def test_the_source_is_never_the_output(
    name: Callable[[Path], str], rows: Path, server: FakeServer, world: World
) -> None:
    Path("folder").mkdir()
    before = rows.read_bytes()
    with pytest.raises(ConfigurationError, match="is the source of this run, and is never overwritten"):
        bulk(world, server.url, rows, name(rows), overwrite=True)
    assert rows.read_bytes() == before
    assert server.exchanges == []


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ("not json", "line 3, is not JSON"),
        ("[1]", "a row is a string or an object"),
        ('{"other": "x"}', "row 3: the row has no field prompt"),
        ("\udcff", "is not UTF-8 text"),
    ],
)
def test_a_mistake_in_the_last_row_costs_nothing(
    last: str, message: str, rows: Path, server: FakeServer, world: World
) -> None:
    rows.write_bytes(rows.read_bytes() + last.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(ConfigurationError, match=message):
        bulk(world, server.url, rows, "out.jsonl")
    assert server.exchanges == []
    assert os.listdir() == ["rows.jsonl"]


def test_a_mistake_in_the_last_item_of_a_list_costs_nothing(server: FakeServer, world: World) -> None:
    with pytest.raises(ConfigurationError, match="item 1 is a int"):
        bulk(world, server.url, ["one", 2], "out.jsonl")
    assert server.exchanges == []


def test_an_image_does_not_replace_a_file() -> None:
    image = GeneratedImage(data=b"new", mime_type="image/png")
    Path("image.png").write_bytes(b"old")
    with pytest.raises(OutputExistsError, match=EXISTS):
        image.save("image.png")
    assert Path("image.png").read_bytes() == b"old"
    assert image.save("image", overwrite=True).read_bytes() == b"new"


def test_speech_does_not_replace_a_file() -> None:
    speech = SpeechResponse(audio=SpokenAudio(data=b"new", mime_type="audio/mpeg"))
    Path("speech.mp3").write_bytes(b"old")
    with pytest.raises(OutputExistsError, match=EXISTS):
        speech.save("speech.mp3")
    assert Path("speech.mp3").read_bytes() == b"old"
    assert speech.save("speech.mp3", overwrite=True).read_bytes() == b"new"


def test_streamed_speech_does_not_replace_a_file(world: World) -> None:
    Path("speech.wav").write_bytes(b"old")
    with FakeServer(SampleOperations(), forever=True) as server:
        client = AIModelClient(endpoint(server.url, model="gpt-4o-mini-tts"))

        def save(**options: Any) -> None:
            if world.name == "blocking":
                client.speak_stream("hi").save("speech.wav", **options)
            else:

                async def script() -> None:
                    await (await client.speak_stream_async("hi")).save("speech.wav", **options)

                world.start(script)

        with pytest.raises(OutputExistsError, match=EXISTS):
            save()
        assert Path("speech.wav").read_bytes() == b"old"
        save(overwrite=True)
        assert Path("speech.wav").read_bytes() != b"old"
        world.close(client)


def test_a_download_does_not_replace_a_file(server: FakeServer, world: World) -> None:
    Path("file.bin").write_bytes(b"old")
    server.add_replies(Raw(b"new"))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(OutputExistsError, match=EXISTS):
        world.ask(client, "download_file", "file-1", to_path="file.bin")
    assert server.exchanges == []
    world.ask(client, "download_file", "file-1", to_path="file.bin", overwrite=True)
    assert Path("file.bin").read_bytes() == b"new"
    world.close(client)


def test_a_download_of_the_kit_does_not_replace_a_file(server: FakeServer, world: World) -> None:
    Path("file.bin").write_bytes(b"old")
    server.add_replies(Raw(b"new"))

    async def script(client: Any) -> None:
        with pytest.raises(OutputExistsError, match=EXISTS):
            await client.download_file("file-1", to_path="file.bin")
        await client.download_file("file-1", to_path="file.bin", overwrite=True)

    run_kit(world, script, settings(server.url))
    assert Path("file.bin").read_bytes() == b"new"


def test_a_conversation_is_saved_again_to_its_own_file(server: FakeServer) -> None:
    server.add_replies(*[Answer(text="hi")] * 3)
    with AiClient(settings(server.url)) as client:
        chat = client.chat()
        chat.ask("one")
        chat.save("chat.json")
        chat.ask("two")
        chat.save("chat.json")
        chat.undo()
        chat.save("chat.json")
        again = Chat.load("chat.json", client)
        again.undo()
        again.save("chat.json")
        copy = Chat.from_json(Path("chat.json").read_bytes(), client)
        copy.ask("three")
        copy.save("chat.json")  # it continues what the file holds
        assert len(Chat.load("chat.json", client).turns) == 1


def test_a_conversation_does_not_replace_another_one(server: FakeServer) -> None:
    server.add_replies(*[Answer(text="hi")] * 2)
    with AIModelClient(endpoint(server.url)) as client:
        first, second = client.conversation(), client.conversation()
        first.ask("one")
        first.save("chat.json")
        second.ask("two")
        with pytest.raises(OutputExistsError, match=EXISTS):
            second.save("chat.json")
        branch = first.branch()
        branch.undo()
        with pytest.raises(OutputExistsError, match=EXISTS):
            branch.save("chat.json")
        second.save("chat.json", overwrite=True)
        assert Conversation.load("chat.json", client).to_json() == second.to_json()
    Path("notes.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match=EXISTS):
        second.save("notes.txt")


def test_a_saved_conversation_keeps_the_permissions_of_its_file(server: FakeServer) -> None:
    server.add_replies(Answer(text="hi"))
    with AIModelClient(endpoint(server.url)) as client:
        chat = client.conversation()
        chat.ask("one")
        chat.save("chat.json")
        Path("chat.json").chmod(0o600)
        chat.save("chat.json")
    assert Path("chat.json").stat().st_mode & 0o777 == 0o600
    assert os.listdir() == ["chat.json"]


@pytest.fixture
def at_server(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for name, value in {"API_KEY": "sk-of-the-test", "BASE_URL": f"{server.url}/v1", "MODEL": "fake-1"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    return server


COMMANDS: dict[str, tuple[list[str], str]] = {
    "ask": (["ask", "?", "--save", "there"], "there"),
    "transcribe": (["transcribe", "sound.wav", "-o", "there"], "there"),
    "usage": (["usage", "--html", "there"], "there"),
    "batch": (["batch", "rows.jsonl", "there.jsonl"], "there.jsonl"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_overwrites_a_file_without_force(
    command: str, rows: Path, at_server: FakeServer, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, place = COMMANDS[command]
    Path("sound.wav").write_bytes(wav_tone())
    Path(place).write_text("mine")
    assert main(arguments) == 2
    assert capsys.readouterr().err == (
        f"ai-utilities: {place} exists. Pass --force to replace it, or choose another path.\n"
    )
    assert Path(place).read_text() == "mine"
    assert at_server.exchanges == []
    at_server.add_replies(SampleOperations() if command == "transcribe" else Answer(text="hi"), Answer(text="hi"))
    assert main([*arguments, "--force"]) == 0
    assert Path(place).read_text() != "mine"


def test_commands_that_make_media_number_their_files(at_server: FakeServer) -> None:
    at_server.add_replies(*[SampleOperations()] * 4)
    for flags in ([], [], ["--force"]):
        assert main(["speak", "hello", "-o", "hello.wav", *flags]) == 0
    assert main(["image", "a cat", "-m", "gpt-image-1", "-o", "hello.wav"]) == 0
    assert sorted(os.listdir()) == ["hello-2.wav", "hello-3.wav", "hello.wav", "state"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["transcribe", "sound.wav", "-o", "sound.wav", "--force"],
        ["image", "?", "--file", "sound.wav", "-o", "./sound.wav", "--force"],
        ["image", "?", "--mask", "sound.wav", "-o", "sound.wav", "--force"],
        ["ask", "?", "--file", "sound.wav", "--save", "sound.wav", "--force"],
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_no_command_writes_over_the_file_that_it_reads(arguments: list[str], at_server: FakeServer) -> None:
    Path("sound.wav").write_bytes(b"RIFF")
    assert main(arguments) == 2
    assert Path("sound.wav").read_bytes() == b"RIFF"
    assert at_server.exchanges == []


def test_a_chat_at_the_terminal_keeps_other_files(
    at_server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_server.add_replies(Answer(text="hi"))
    Path("notes.json").write_text("mine")
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello\n/save notes.json\n/save! notes.json\n/save notes.json\n"))
    assert main(["chat"]) == 0
    shown = capsys.readouterr()
    assert shown.err.count("Type /save! notes.json to replace it") == 1
    assert Path("notes.json").read_text() != "mine"


def test_the_async_client_has_the_same_rules() -> None:
    assert inspect.signature(AsyncAiClient.download_file) == inspect.signature(AiClient.download_file)
    assert inspect.signature(run_bulk_async).parameters.keys() == inspect.signature(run_bulk).parameters.keys()
