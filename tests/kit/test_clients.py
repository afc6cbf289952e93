"""Clients: one prompt in every form, the same in both colours and every world."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from ai_utilities import AiClient, AsyncAiClient, JsonParseError, ProviderConfigurationError, create_client
from dhenara.ai.errors import BadRequestError, BrokenStreamError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, HangUp, Refusal, Stall
from support.kit import Uniform, run, settings
from support.worlds import World

PROVIDED = "The capital of France is Paris."


class City(BaseModel):
    name: str
    people: int


@dataclasses.dataclass
class Point:
    x: int
    y: int


def test_ask_returns_text_that_knows_the_rest(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text=PROVIDED, model="fake-1"))

    async def script(client: Uniform) -> None:
        result = await client.ask("Capital of France?")
        assert result == PROVIDED
        assert (result.usage.prompt_tokens, result.usage.completion_tokens, result.usage.total_tokens) == (11, 7, 18)
        assert (result.provider, result.model, result.cached, result.prompt) == (
            "openai",
            "fake-1",
            False,
            "Capital of France?",
        )
        assert result.duration_s > 0
        assert result.response.chat_response.text() == PROVIDED
        assert result.finish_reason == "stop"

    run(world, script, settings(server.url))
    assert server.exchanges[0].json == {
        "model": "fake-1",
        "messages": [{"role": "user", "content": "Capital of France?"}],
    }


def test_what_a_call_says_wins_over_the_settings(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="a"), Answer(text="b"))
    provided = settings(
        server.url, temperature=0.1, max_tokens=5, system_prompt="Be kind.", extra_headers={"x-team": "a"}
    )

    async def script(client: Uniform) -> None:
        await client.ask("one")
        await client.ask("two", model="fake-2", temperature=1.5, max_tokens=9, system="Be brief.", seed=4, stop="!")

    run(world, script, provided)
    first, second = (exchange.json for exchange in server.exchanges)
    assert (first["temperature"], first["max_completion_tokens"]) == (0.1, 5)
    assert first["messages"][0] == {"role": "system", "content": "Be kind."}
    assert (second["model"], second["temperature"], second["max_completion_tokens"]) == ("fake-2", 1.5, 9)
    assert (second["seed"], second["stop"]) == (4, ["!"])
    assert second["messages"][0] == {"role": "system", "content": "Be brief."}
    assert server.exchanges[0].headers["x-team"] == "a"


def test_one_call_may_go_to_another_provider(server: FakeServer, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    server.add_replies(Answer(text="claude says hi"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)

    async def script(client: Uniform) -> None:
        result = await client.ask("hi", provider="anthropic", model="claude-x")
        assert (result, result.provider) == ("claude says hi", "anthropic")

    run(world, script, settings("http://127.0.0.1:9"))
    assert server.exchanges[0].headers["x-api-key"] == "sk-ant"


def test_files_go_with_the_prompt(server: FakeServer, world: World, tmp_path: Path) -> None:
    server.add_replies(Answer(text="a dot"))
    picture = tmp_path / "dot.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n....")
    (tmp_path / "notes.md").write_text("# Notes")

    async def script(client: Uniform) -> None:
        await client.ask("What is this?", files=[picture, str(tmp_path / "notes.md")])

    run(world, script, settings(server.url))
    image, notes, prompt = server.exchanges[0].json["messages"][0]["content"]
    assert image["image_url"]["url"].startswith("data:image/png;base64,")
    assert "# Notes" in notes["text"]
    assert prompt["text"] == "What is this?"


def test_a_missing_file_is_reported_before_sending(server: FakeServer, world: World) -> None:
    async def script(client: Uniform) -> None:
        await client.ask("What is this?", files=["missing.png"])

    with pytest.raises(ProviderConfigurationError, match=r"cannot read the file .*missing\.png"):
        run(world, script, settings(server.url))
    assert server.exchanges == []


@pytest.mark.parametrize("prompt", ["", "  \n", None])
def test_nothing_is_sent_for_nothing(server: FakeServer, world: World, prompt: object) -> None:
    async def script(client: Uniform) -> None:
        await client.ask(prompt)

    with pytest.raises(ProviderConfigurationError, match="empty"):
        run(world, script, settings(server.url))
    assert server.exchanges == []


def test_a_misspelt_option_is_an_error(server: FakeServer, world: World) -> None:
    async def script(client: Uniform) -> None:
        await client.ask("hello", temprature=1)

    with pytest.raises(ProviderConfigurationError, match="did you mean 'temperature'"):
        run(world, script, settings(server.url))


def test_a_stream_yields_its_text_and_ends_with_the_result(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text=PROVIDED, reasoning="hm"))

    async def script(client: Uniform) -> None:
        stream = await client.ask_stream("Capital?")
        pieces = await client.pieces(stream)
        assert "".join(pieces) == stream.result == PROVIDED
        assert len(pieces) > 2
        assert stream.result.usage.total_tokens == 18
        assert await client.pieces(stream) == []

    run(world, script, settings(server.url))


def test_a_stream_that_breaks_raises_and_keeps_what_had_arrived(server: FakeServer, world: World) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text=PROVIDED)), 5, HangUp()))

    async def script(client: Uniform) -> None:
        stream = await client.ask_stream("Capital?")
        with pytest.raises(BrokenStreamError):
            await client.pieces(stream)
        assert stream.result
        assert PROVIDED.startswith(stream.result)
        assert stream.result.answer.interrupted

    run(world, script, settings(server.url))


def test_leaving_a_stream_ends_the_request(server: FakeServer, world: World) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text=PROVIDED * 50)), 5, Stall()))

    async def script(client: Uniform) -> None:
        stream = await client.ask_stream("Capital?")
        if world.name == "blocking":
            with stream:
                next(stream)
        else:
            async with stream:
                await anext(stream)

    run(world, script, settings(server.url))
    assert server.exchanges[0].wait_left()


def test_json_is_parsed_and_invalid_json_is_sent_back(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text='Sure!\n```json\n{"a": [1]}\n```'), Answer(text="no idea"), Answer(text="[1, 2]"))

    async def script(client: Uniform) -> None:
        assert await client.ask_json("one") == {"a": [1]}
        assert await client.ask_json("two", schema={"type": "array", "items": {"type": "integer"}}) == [1, 2]

    run(world, script, settings(server.url))
    assert len(server.exchanges) == 3
    assert "no idea" in str(server.exchanges[2].json["messages"])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(text='[1, {"a": 1}, {"b', finish="length"), "was cut off"),
        (Answer(text='So: {"a": 1} or {"a": 2', finish="length"), "was cut off"),
        (Answer(text="12", finish="length"), "was cut off"),
        (Answer(refusal='I do not answer {"a": 1}'), "refused"),
    ],
)
def test_a_part_of_an_answer_that_was_cut_off_or_declined_is_no_json(
    server: FakeServer, world: World, answer: Answer, message: str
) -> None:
    server.add_replies(answer)

    async def script(client: Uniform) -> None:
        await client.ask_json("one")

    with pytest.raises(JsonParseError, match=message):
        run(world, script, settings(server.url))
    assert len(server.exchanges) == 1


def test_json_that_is_whole_at_the_limit_is_an_answer(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text='{"a": 1}', finish="length"))

    async def script(client: Uniform) -> None:
        assert await client.ask_json("one") == {"a": 1}

    run(world, script, settings(server.url))


def test_json_that_never_comes_is_an_error_with_the_words(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="never"), Answer(text="ever"))

    async def script(client: Uniform) -> None:
        await client.ask_json("one")

    with pytest.raises(JsonParseError) as caught:
        run(world, script, settings(server.url))
    assert caught.value.text == "ever"
    assert len(server.exchanges) == 2


def test_typed_answers_are_instances(server: FakeServer, world: World) -> None:
    server.add_replies(
        Answer(text='{"name": "Paris", "people": "many"}'),
        Answer(text='{"name": "Paris", "people": 2100000}'),
        Answer(text='{"x": 1, "y": 2}'),
    )

    async def script(client: Uniform) -> None:
        assert await client.ask_typed("Capital?", City) == City(name="Paris", people=2100000)
        assert await client.ask_typed("Where?", Point) == Point(1, 2)

    run(world, script, settings(server.url))
    assert "people" in str(server.exchanges[1].json["messages"])


def test_an_answer_that_does_not_fit_names_the_field(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text='{"name": "Paris", "people": "many"}'))

    async def script(client: Uniform) -> None:
        await client.ask_typed("Capital?", City, max_repairs=0)

    with pytest.raises(JsonParseError, match="people"):
        run(world, script, settings(server.url))


def test_a_conversation_remembers(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="Paris."), Answer(text="Two million."), Refusal(400, "no"), Answer(text="Yes."))

    async def script(client: Uniform) -> None:
        chat = client.client.chat(system="Be brief.")
        talk = Uniform(chat)
        assert await talk.ask("Capital of France?") == "Paris."
        assert await client.pieces(await talk.ask_stream("How many live there?")) == ["Two mi", "llion."]
        with pytest.raises(BadRequestError, match="no"):
            await talk.ask("bad")
        assert len(chat.messages) == 4
        chat.undo()
        await talk.ask("Sure?")
        assert chat.total_tokens == 36

    run(world, script, settings(server.url))
    provided = [message["content"] for message in server.exchanges[3].json["messages"]]
    assert provided == ["Be brief.", "Capital of France?", "Paris.", "Sure?"]


def test_both_colours_have_the_same_methods() -> None:
    """Their own and those that they inherit, down to defaults and annotations."""
    sync, waiting = ({name for name in dir(kind) if not name.startswith("_")} for kind in (AiClient, AsyncAiClient))
    assert sync - {"close"} == waiting - {"aclose"}
    for name in sync - {"close"}:
        ours, theirs = (inspect.getattr_static(kind, name) for kind in (AiClient, AsyncAiClient))
        if callable(ours):
            one, other = inspect.signature(ours), inspect.signature(theirs)
            assert list(one.parameters.values()) == list(other.parameters.values()), name
            provided, reported = (re.sub("A?[Ss]ync", "", str(each.return_annotation)) for each in (one, other))
            assert provided == reported, name
    assert inspect.signature(AiClient) == inspect.signature(AsyncAiClient)


def test_a_client_from_a_few_words(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(Answer(text="hi"))
    (tmp_path / "x.env").write_text(f"OPENAI_BASE_URL={server.url}/v1\nOPENAI_MODEL=from-file\n")
    with create_client("sk-x", env_file=tmp_path / "x.env", temperature=0) as client:
        assert client.ask("hello") == "hi"
    assert server.exchanges[0].json["model"] == "from-file"
    assert server.exchanges[0].json["temperature"] == 0
    assert server.exchanges[0].headers["authorization"] == "Bearer sk-x"


def test_a_default_temperature_does_not_make_a_strict_call_fail(server: FakeServer) -> None:
    server.add_replies(Answer(text="hi"))
    with AiClient(settings(server.url, strict=True)) as client:
        client.ask("hello")
    assert "temperature" not in server.exchanges[0].json


def test_a_dotenv_file_is_all_it_takes(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="hi"))
    Path(".env").write_text(f"OPENAI_API_KEY=sk-dotenv\nOPENAI_BASE_URL={server.url}/v1\n")

    async def script(client: Uniform) -> None:
        assert await client.ask("hello") == "hi"

    run(world, script)
    assert server.exchanges[0].headers["authorization"] == "Bearer sk-dotenv"


def test_a_closed_client_may_be_used_again(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="a"), Answer(text="b"))

    async def script(client: Uniform) -> None:
        assert await client.ask("one") == "a"
        await client.close()
        assert await client.ask("two") == "b"

    run(world, script, settings(server.url))
